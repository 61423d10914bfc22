//! `leadgate stages`: the deal stages of the account, to copy names from.

use clap::Args;
use serde_json::Value;

use super::Session;
use super::listing::text;
use crate::desk::Desk;
use crate::exit::{CommandResult, Exit};
use crate::remote::GatewayFlags;

#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    gateway: GatewayFlags,
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let effective = session.settings(None, Vec::new())?;
    let desk = Desk::open(&flags.gateway, &effective).await?;
    let document = desk.stages().await;
    desk.close().await;
    let document = document?;
    let stages = document["stages"].as_array().map(Vec::as_slice).unwrap_or_default();
    session.screen.show(&document, || match document["hint"].as_str() {
        Some(hint) => hint.to_owned(),
        None => {
            let row = |stage: &Value| [text(&stage["pipeline"]), text(&stage["name"]), text(&stage["id"])];
            let table = session.screen.table(["PIPELINE", "STAGE", "ID"], stages.iter().map(row).collect());
            format!("{table}\n{}", session.screen.faint(&format!("as read at {}", text(&document["read_at"]))))
        }
    });
    Ok(Exit::Done)
}
