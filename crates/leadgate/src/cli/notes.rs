//! `leadgate notes add`: a note through a running gateway.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::Session;
use super::sending::{self, SendFlags};
use crate::exit::CommandResult;
use crate::remote::Ask;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a note to a person or a record
    Add(AddFlags),
}

#[derive(Debug, Args)]
pub(super) struct AddFlags {
    /// The note
    text: String,
    /// The person it is about, by e-mail address
    #[arg(long, conflicts_with = "on", required_unless_present = "on")]
    email: Option<String>,
    /// The record it is about: contact:ID, lead:ID, deal:ID or company:ID
    #[arg(long, value_name = "KIND:ID", value_parser = record)]
    on: Option<(String, i64)>,
    #[command(flatten)]
    send: SendFlags,
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let Command::Add(flags) = command;
    let ask = Ask {
        method: Method::POST,
        path: "/v1/notes",
        body: Some(flags.body()),
        idempotency_key: flags.send.idempotency_key.as_deref(),
    };
    sending::send(ask, &flags.send, session).await
}

impl AddFlags {
    fn body(&self) -> Value {
        match (&self.on, &self.email) {
            (Some((kind, id)), _) => json!({"text": self.text, "target": {"type": kind, "id": id}}),
            (None, email) => json!({"text": self.text, "email": email}),
        }
    }
}

fn record(text: &str) -> Result<(String, i64), String> {
    let parsed = text.split_once(':').and_then(|(kind, id)| Some((kind.to_owned(), id.parse().ok()?)));
    parsed.ok_or_else(|| "write it as KIND:ID, such as contact:70000001".to_owned())
}
