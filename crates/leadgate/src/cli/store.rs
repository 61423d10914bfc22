//! `leadgate store`: what is done with the gateway's own store.

use clap::{Args, Subcommand};
use leadgate_store::transfer::CopiedAccount;
use serde_json::{Value, json};

use super::Session;
use crate::config::is_postgres;
use crate::exit::{CommandResult, Exit};
use crate::stores::copying;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Carry everything over to an empty store, every account with all its rows, and make sure of it
    Copy(Places),
}

/// From where to where. A folder is a data folder; an address begins with postgres://.
#[derive(Debug, Args)]
pub(super) struct Places {
    /// The store to read: a data folder, or the address of a Postgres database. No gateway may use it meanwhile
    #[arg(long, value_name = "FOLDER|URL")]
    from: String,
    /// The empty store to write
    #[arg(long, value_name = "FOLDER|URL")]
    to: String,
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let Command::Copy(Places { from, to }) = command;
    let settings = session.settings(None, Vec::new())?.settings.store;
    if is_postgres(&from.clone().into()) {
        session.screen.warn("make sure that no gateway uses the store that is read: a database does not tell");
    }
    let copied = copying::copy(&copying::named(&from, &settings), &copying::named(&to, &settings)).await?;
    session.screen.show(&document(&copied), || {
        let lines = copied.iter().map(line).collect::<Vec<_>>().join("\n");
        format!("{}\n{lines}", session.screen.good("everything was copied, and reads back the same"))
    });
    Ok(Exit::Done)
}

fn rows(account: &CopiedAccount) -> u64 {
    account.tables.iter().map(|table| table.digest.rows).sum()
}

fn line(account: &CopiedAccount) -> String {
    let tables = account.tables.iter().filter(|table| table.digest.rows > 0);
    let tables = tables.map(|table| format!("{} {}", table.name, table.digest.rows)).collect::<Vec<_>>().join(", ");
    format!("  {}  {} rows: {tables}", account.name, rows(account))
}

fn document(copied: &[CopiedAccount]) -> Value {
    let accounts = copied.iter().map(|account| {
        let tables = account.tables.iter().map(|table| (table.name.to_owned(), table.digest.rows.into()));
        json!({"name": account.name.as_str(), "rows": rows(account), "tables": Value::Object(tables.collect())})
    });
    json!({"accounts": accounts.collect::<Vec<_>>()})
}
