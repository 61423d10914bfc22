//! `leadgate config` and `leadgate config example`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::Session;
use crate::config::{DEFAULT_TEXT, Shown};
use crate::exit::{CommandResult, Exit};

#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the settings that hold, secrets masked (the default)
    Show,
    /// Print every setting with its default and what it means, ready for leadgate.toml
    Example,
}

pub(super) fn run(flags: Flags, session: &Session) -> CommandResult {
    if let Some(Command::Example) = flags.command {
        session.screen.line(DEFAULT_TEXT.trim_end());
        return Ok(Exit::Done);
    }
    let effective = session.settings(None, Vec::new())?;
    let shown = effective.shown().into_iter();
    let document: Map<String, Value> =
        shown.map(|Shown { path, value, origin }| (path, json!({"value": value, "from": origin}))).collect();
    session.screen.show(&Value::Object(document), || effective.as_toml().trim_end().to_owned());
    Ok(Exit::Done)
}
