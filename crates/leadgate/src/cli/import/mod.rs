//! `leadgate import FILE`: leads of a file through a running gateway.
//!
//! Cast: [`mod@file`] reads the file and says what each of its rows is to become; [`report`] tells that without sending anything; [`look_up`] asks the
//! account who of them is there; [`upload`] hands the rows over; [`follow`] writes down what came of each. The file is read several times rather
//! than held in memory.

mod file;
mod follow;
mod look_up;
pub(super) mod manage;
mod report;
mod upload;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use leadgate_core::import::{DuplicateRule, RowRules};
use serde_json::Value;

use self::file::{Options, Prepared};
use super::Session;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::{GatewayFlags, Remote};
use crate::wiring;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The file: .csv, .tsv, .xlsx or .ndjson, whose first row names the columns
    file: PathBuf,
    /// What a column is, such as "Mail Adresse=email"; "Column=" leaves it out. May be given several times; the rest is guessed
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// The sheet of a workbook [default: the first]
    #[arg(long)]
    sheet: Option<String>,
    /// What to do about rows of the same person
    #[arg(long, default_value = "merge", value_name = "RULE")]
    duplicates: Duplicates,
    /// Replace values that the CRM has, rather than fill blanks only
    #[arg(long)]
    overwrite: bool,
    /// Tag for every row; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Lead source of the rows that name none
    #[arg(long)]
    source: Option<String>,
    /// Send nothing: tell what the columns are, which rows cannot be read and what it would cost
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: ask the account who of them is there already
    #[arg(long, requires = "dry_run")]
    look_up: bool,
    /// Write what came of each row to this file: .csv, else NDJSON
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Have the results tell the id of everybody whom a file of 250 people or more makes: a request more for each hundred on a Suite account. With --resume it counts for rows that had not arrived: say it again
    #[arg(long)]
    ids: bool,
    /// Go on with an import of this file that stopped on its way
    #[arg(long)]
    resume: bool,
    /// Do not wait for the rows to land
    #[arg(long, conflicts_with = "results")]
    no_wait: bool,
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Duplicates {
    /// The first row counts
    First,
    /// The last row counts
    Last,
    /// The first row counts, its blanks filled from the others
    Merge,
    /// The file is refused
    Error,
}

impl Duplicates {
    fn rule(self) -> DuplicateRule {
        match self {
            Duplicates::First => DuplicateRule::First,
            Duplicates::Last => DuplicateRule::Last,
            Duplicates::Merge => DuplicateRule::Merge,
            Duplicates::Error => DuplicateRule::Error,
        }
    }
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let effective = session.settings(None, Vec::new())?;
    let options = Options {
        path: flags.file.clone(),
        sheet: flags.sheet.clone(),
        said: flags.map.clone(),
        rules: RowRules {
            overwrite: flags.overwrite,
            tags: flags.tags.clone(),
            source: flags.source.clone(),
            without_ids: false,
        },
        ids: flags.ids,
        duplicates: flags.duplicates.rule(),
        reading: wiring::reading(&effective.settings),
    };
    let prepared = Arc::new(Prepared::of(options)?);
    if flags.dry_run {
        let in_crm = match flags.look_up {
            true => Some(look_up::look_up(&prepared, &effective, &session.screen).await?),
            false => None,
        };
        let document = report::document(&prepared, in_crm);
        session.screen.show(&document, || report::text(&document, &session.screen));
        return Ok(if prepared.tally.refused > 0 { Exit::Refused } else { Exit::Done });
    }
    if prepared.options.duplicates == DuplicateRule::Error && prepared.tally.duplicates > 0 {
        return Err(Failure::new(Exit::Refused, anyhow!(report::duplicates_refused(&prepared))));
    }
    let remote = Remote::of(&flags.gateway, &effective)?;
    check_results(&flags)?;
    let import = upload::upload(&prepared, &remote, flags.resume).await?;
    if flags.no_wait {
        session.screen.show(&import, || manage::told(&import));
        return Ok(Exit::NotYet);
    }
    let id = super::listing::text(&import["id"]);
    let ended = follow::follow(&remote, &id, (flags.results.as_deref(), flags.resume)).await?;
    session.screen.show(&ended, || manage::told(&ended));
    Ok(exit_of(&ended))
}

/// A file of results that is there is gone on with only where that is meant, and never replaced: it may be the very file that is imported.
fn check_results(flags: &Flags) -> Result<(), Failure> {
    let Some(path) = flags.results.as_ref().filter(|path| path.exists()) else { return Ok(()) };
    let same = |path: &PathBuf| path.canonicalize().ok();
    let is_source = same(path) == same(&flags.file);
    if flags.resume && !is_source {
        return Ok(());
    }
    let why = if is_source { "is the file that is imported" } else { "is there already; --resume goes on with it" };
    Err(Failure::new(Exit::Refused, anyhow!("{} {why}; name another file for the results", path.display())))
}

/// Parked and waiting rows need another look, refused ones another file.
fn exit_of(import: &Value) -> Exit {
    let count = |name: &str| import["counts"][name].as_u64().unwrap_or(0);
    if count("parked") + count("waiting") > 0 {
        Exit::NotYet
    } else if count("refused") > 0 {
        Exit::Refused
    } else {
        Exit::Done
    }
}
