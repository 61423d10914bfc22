//! `leadgate imports`: what became of imports; having them wait, go on, and taking them back.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::super::Session;
use super::super::listing::text;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::{Ask, GatewayFlags, Remote};

/// How long to wait before undoing is asked for again.
const UNDONE_AGAIN_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// List imports, the youngest first
    List(ListFlags),
    /// Show one import
    Show(OneFlags),
    /// Have the rows of an import wait
    Pause(OneFlags),
    /// Have the rows of a paused import go on
    Resume(OneFlags),
    /// Put whom an import created into the CRM's recycle bin, unless somebody has changed them since
    Undo(OneFlags),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListFlags {
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct OneFlags {
    /// The import's id
    id: String,
    #[command(flatten)]
    gateway: GatewayFlags,
}

pub(in crate::cli) async fn run(command: Command, session: &Session) -> CommandResult {
    let effective = session.settings(None, Vec::new())?;
    let (flags, action) = match command {
        Command::List(flags) => {
            let remote = Remote::of(&flags.gateway, &effective)?;
            let listed = remote.ask(Ask::get("/v1/imports")).await?.successful()?;
            session.screen.show(&listed, || list(&listed, session));
            return Ok(Exit::Done);
        }
        Command::Show(flags) => (flags, None),
        Command::Pause(flags) => (flags, Some("pause")),
        Command::Resume(flags) => (flags, Some("resume")),
        Command::Undo(flags) => (flags, Some("undo")),
    };
    let remote = Remote::of(&flags.gateway, &effective)?;
    let id: String = flags.id.chars().filter(|sign| sign.is_ascii_hexdigit() || *sign == '-').collect();
    let path = match action {
        None => format!("/v1/imports/{id}"),
        Some(action) => format!("/v1/imports/{id}/{action}"),
    };
    let import = match action {
        None => remote.ask(Ask::get(&path)).await?.successful()?,
        Some("undo") => undo(&remote, &path, session).await?,
        Some(_) => remote.ask(Ask::post(&path)).await?.successful()?,
    };
    session.screen.show(&import, || told(&import));
    Ok(Exit::Done)
}

/// Asks for it again until every row has ended that was being written when it was asked for first: only then it is known whom such a row made.
async fn undo(remote: &Remote, path: &str, session: &Session) -> Result<Value, Failure> {
    let mut told = false;
    loop {
        let import = remote.ask(Ask::post(path)).await?.successful()?;
        let waiting = import["counts"]["waiting"].as_u64().unwrap_or(0);
        if waiting == 0 {
            return Ok(import);
        }
        if !std::mem::replace(&mut told, true) {
            session.screen.note(&format!(
                "{waiting} rows were being written and are undone when they have ended; stopped before that, run this command again"
            ));
        }
        tokio::time::sleep(UNDONE_AGAIN_AFTER).await;
    }
}

fn list(document: &Value, session: &Session) -> String {
    let row = |import: &Value| {
        let count = |name: &str| text(&import["counts"][name]);
        [
            text(&import["id"]),
            text(&import["name"]),
            text(&import["state"]),
            text(&import["rows"]),
            count("waiting"),
            count("created"),
            count("updated"),
            count("parked"),
            count("refused"),
        ]
    };
    let header = ["ID", "FILE", "STATE", "ROWS", "WAITING", "CREATED", "UPDATED", "PARKED", "REFUSED"];
    let imports = document["imports"].as_array().map(Vec::as_slice).unwrap_or_default();
    session.screen.table(header, imports.iter().map(row).collect())
}

/// An import in words.
pub(super) fn told(import: &Value) -> String {
    let counts = &import["counts"];
    let names = [
        "created",
        "updated",
        "unchanged",
        "duplicate",
        "parked",
        "refused",
        "waiting",
        "withdrawn",
        "removed",
        "left_alone",
    ];
    let some = |name: &&str| counts[*name].as_u64().is_some_and(|count| count > 0);
    let of_rows: Vec<String> = names
        .iter()
        .filter(|name| some(name))
        .map(|name| format!("{} {}", counts[*name], name.replace('_', " ")))
        .collect();
    let mut lines = vec![
        format!("import {} of {} ({})", text(&import["id"]), text(&import["name"]), text(&import["state"])),
        format!("{} rows: {}", import["rows"], of_rows.join(", ")),
        format!("{} requests so far", import["requests"]),
    ];
    let to_come = import["requests_expected"].as_u64().unwrap_or(0);
    if to_come > 0 {
        let seconds = import["seconds_expected"].as_u64();
        let time = seconds.map_or(String::new(), |seconds| format!(", in about {} minutes", seconds.div_ceil(60)));
        lines.push(format!("about {to_come} more{time}"));
    }
    if counts["parked"].as_u64().unwrap_or(0) > 0 {
        lines.push("see the parked ones with: leadgate jobs list --status parked".to_owned());
    }
    lines.join("\n")
}
