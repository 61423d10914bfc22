//! `leadgate deals move`: a deal to another stage, through a running gateway.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use super::Session;
use super::sending::{self, SendFlags};
use crate::exit::CommandResult;
use crate::remote::Ask;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Move a deal to a stage
    Move(MoveFlags),
}

#[derive(Debug, Args)]
pub(super) struct MoveFlags {
    /// The deal's id in the CRM
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    deal: i64,
    /// The stage: its name, its id, or "pipeline / stage"; `leadgate stages` lists them
    stage: String,
    #[command(flatten)]
    send: SendFlags,
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let Command::Move(flags) = command;
    let ask = Ask {
        method: Method::PUT,
        path: &format!("/v1/deals/{}/stage", flags.deal),
        body: Some(json!({"stage": flags.stage})),
        idempotency_key: flags.send.idempotency_key.as_deref(),
    };
    sending::send(ask, &flags.send, session).await
}
