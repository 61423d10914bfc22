//! `leadgate export`: rows of one stream, read from the account and written to a file or a database, whole or not at all.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, anyhow};
use clap::Args;
use leadgate_core::clock::Clock as _;
use leadgate_core::sync::export::{DealEnd, Names, Wanted, chosen, columns, nameless_contacts, reduced};
use leadgate_core::sync::{Part, Row, RowsPage, Schema, Shaped, Shaper, Stream, grouped};
use leadgate_engine::sync::{Given, RowsReader, Shaping, SyncProgress};
use leadgate_warehouse::{RowWriter, SinkSpec, find_rows};
use serde_json::json;

use super::Session;
use super::since::Since;
use crate::config::{self, ConfigError};
use crate::exit::{CommandResult, Exit, Failure};
use crate::logs;
use crate::progress::Watched;
use crate::shutdown::Shutdown;
use crate::syncing::{self, Reader, wait_until};
use crate::wiring::SystemClock;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// What to export: deals, contacts, leads, sales_accounts, tasks, …
    #[arg(value_name = "STREAM", value_parser = config::stream_of)]
    stream: Stream,
    /// Where to: won.csv, won.ndjson, won.parquet, copy.db, postgres://…, s3://…, or - for the standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    to: String,
    /// Only deals that are won
    #[arg(long, conflicts_with_all = ["lost", "open"])]
    won: bool,
    /// Only deals that are lost
    #[arg(long, conflicts_with = "open")]
    lost: bool,
    /// Only deals that are neither
    #[arg(long)]
    open: bool,
    /// Only what changed since (30d, 12h, or a moment); with --won and --lost: what was closed since
    #[arg(long, value_name = "SPAN")]
    since: Option<Since>,
    /// Only these columns, such as amount,owner_name,cf_region; the id comes first in any case
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
}

/// What an export came to.
struct Exported {
    rows: u64,
    withheld: u64,
    /// Cells that were left blank since their value did not fit.
    unfit: u64,
    requests: u64,
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let settings = session.settings(None, Vec::new())?.settings;
    let sink = SinkSpec::parse(&flags.to).map_err(|error| ConfigError::one(format!("--to: {error}")))?;
    let wanted = wanted(&flags)?;
    logs::start(&settings.log, session.verbosity, &session.screen);
    let shutdown = Shutdown::on_signals().context("listening for signals failed")?;
    let reader = Reader::open(&settings).await?;
    let (pages, copy) = (settings.sync.pages, Mutex::new(Some(syncing::copy_file(&settings))));
    let watched = Watched::begin(&session.screen);
    let export = Export { reader: &reader, flags: &flags, wanted, pages, copy, watched };
    let done = tokio::select! {
        done = export.write(&sink) => done,
        () = shutdown.requested() => Err(anyhow!("stopped: nothing was written to {sink}").into()),
    };
    export.watched.end();
    reader.close().await;
    let done = done?;
    tell(&done, &sink, flags.stream, session);
    Ok(if done.withheld + done.unfit > 0 { Exit::Incomplete } else { Exit::Done })
}

fn wanted(flags: &Flags) -> Result<Wanted, Failure> {
    let ends = [(flags.won, DealEnd::Won), (flags.lost, DealEnd::Lost), (flags.open, DealEnd::Open)];
    let end = ends.into_iter().find_map(|(is_asked, end)| is_asked.then_some(end));
    if end.is_some() && flags.stream != Stream::Deals {
        return Err(ConfigError::one("--won, --lost and --open are about deals: export deals with them").into());
    }
    if flags.stream == Stream::Notes {
        let mend = "the CRM has no list of all notes: `leadgate sync` keeps those of contacts and leads";
        return Err(ConfigError::one(mend).into());
    }
    Ok(Wanted { end, since: flags.since.map(|since| since.moment(SystemClock.now())) })
}

/// An export under way.
struct Export<'a> {
    reader: &'a Reader,
    flags: &'a Flags,
    wanted: Wanted,
    pages: u32,
    /// The copy of the account, if there is one; none any more once it could not be read.
    copy: Mutex<Option<PathBuf>>,
    watched: Watched,
}

impl Export<'_> {
    async fn write(&self, sink: &SinkSpec) -> Result<Exported, Failure> {
        let stream = self.flags.stream;
        let mut exported = Exported { rows: 0, withheld: 0, unfit: 0, requests: 0 };
        let schema = self.schema(&mut exported).await?;
        let places = columns(&schema, &self.flags.columns).map_err(|name| {
            ConfigError::one(format!(
                "{stream} have no column {name}; `leadgate export {stream} --to -` shows all of them"
            ))
        })?;
        let mut writer = sink.writer(&chosen(&schema, &places)).map_err(anyhow::Error::new)?;
        writer.check().await.map_err(anyhow::Error::new)?;
        let mut seen = HashSet::new();
        let mut rows = self.rows_of(stream, self.wanted.part(stream));
        let mut progress = SyncProgress { stream: Some(stream), ..SyncProgress::default() };
        while let Some(page) = self.next(&mut rows, stream).await? {
            exported.withheld += page.withheld;
            progress.rows += page.rows.len() as u64;
            progress.of = page.total.or(progress.of);
            progress.requests = exported.requests + rows.requests();
            self.watched.show(&progress, self.reader);
            let mut shaper = Shaper::new(&schema);
            let mut shaped = Vec::with_capacity(page.rows.len());
            for row in &page.rows {
                let Shaped { row, unfit } = shaper.shape_what_fits(row).map_err(anyhow::Error::new)?;
                exported.unfit += unfit.iter().filter(|error| asked(&schema, &places, &error.column)).count() as u64;
                shaped.push(row);
            }
            let names = self.names_in_copy(&schema, &shaped).await?;
            for mut row in shaped {
                names.put_into(&schema, &mut row);
                if seen.insert(row.id) && self.wanted.keeps(&schema, &row) {
                    writer.write(&reduced(row, &places)).map_err(anyhow::Error::new)?;
                    exported.rows += 1;
                }
            }
        }
        exported.requests += rows.requests();
        finish(writer).await?;
        Ok(exported)
    }

    /// The names of the contacts of deals that came without any, as far as a sync has copied them.
    async fn names_in_copy(&self, schema: &Schema, rows: &[Row]) -> Result<Names, Failure> {
        let ids: Vec<i64> = rows.iter().flat_map(|row| nameless_contacts(schema, row)).collect();
        let copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(copy) = copy.filter(|_| !ids.is_empty()) else { return Ok(Names::default()) };
        let found = tokio::task::spawn_blocking(move || find_rows(&copy, Stream::Contacts, &ids)).await;
        let found = found.context("reading the copy panicked")?.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "the copy of the account cannot be read; contacts of deals come without the names that it has");
            *self.copy.lock().unwrap_or_else(PoisonError::into_inner) = None;
            None
        });
        Ok(found.map(|(contacts, rows)| Names::of(&contacts, &rows)).unwrap_or_default())
    }

    /// The columns of the stream: the account's fields say which.
    async fn schema(&self, exported: &mut Exported) -> Result<Schema, Failure> {
        let mut fields = Vec::new();
        let mut rows = self.rows_of(Stream::Fields, Part::Whole);
        while let Some(page) = self.next(&mut rows, Stream::Fields).await? {
            fields.extend(page.rows);
        }
        exported.requests += rows.requests();
        Ok(Shaping::of_fields(&fields).schema(self.flags.stream))
    }

    /// The next page, whenever the budget has room for it.
    async fn next(&self, rows: &mut RowsReader, stream: Stream) -> Result<Option<RowsPage>, Failure> {
        loop {
            match rows.give().await {
                Ok(Given::Page(page)) => return Ok(Some(page)),
                Ok(Given::Wait(until)) => {
                    self.watched.waits(until);
                    wait_until(until).await;
                }
                Ok(Given::End) => return Ok(None),
                Err(failure) => {
                    return Err(anyhow!("{stream} could not be read, so nothing was written: {failure}").into());
                }
            }
        }
    }

    fn rows_of(&self, stream: Stream, part: Part) -> RowsReader {
        RowsReader::new(self.reader.engine.clone(), stream, part, self.pages)
    }
}

/// Whether the column is among those that are written.
fn asked(schema: &Schema, places: &[usize], column: &str) -> bool {
    schema.position(column).is_some_and(|at| places.contains(&at))
}

async fn finish(writer: RowWriter) -> Result<(), Failure> {
    writer.finish().await.map_err(anyhow::Error::new)?;
    Ok(())
}

fn tell(done: &Exported, sink: &SinkSpec, stream: Stream, session: &Session) {
    let Exported { rows, withheld, unfit, requests } = *done;
    let blank = if unfit == 0 {
        String::new()
    } else {
        format!("; {} values do not fit their columns and are blank", grouped(unfit))
    };
    let kept_back = if withheld == 0 {
        String::new()
    } else {
        format!("; {} more are kept back from the API key's user", grouped(withheld))
    };
    let text = format!("{} {stream} to {sink}, with {} requests{kept_back}{blank}", grouped(rows), grouped(requests));
    if sink.is_output() {
        // The rows have the standard output to themselves.
        if withheld + unfit > 0 {
            session.screen.warn(&text);
        }
        return;
    }
    let document = json!({"stream": stream.name(), "to": sink.to_string(), "rows": rows, "withheld": withheld, "unfit": unfit, "requests": requests});
    session.screen.show(&document, || text);
}
