//! `leadgate stages`: the deal stages of the account, to copy names from.

use clap::Args;

use super::Session;
use super::listing::{at_desk, table, text};
use crate::exit::{CommandResult, Exit};
use crate::remote::GatewayFlags;

#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    gateway: GatewayFlags,
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let document = at_desk(&flags.gateway, session, async |desk| desk.stages().await).await?;
    let columns = [("PIPELINE", "/pipeline"), ("STAGE", "/name"), ("ID", "/id")];
    session.screen.show(&document, || match document["hint"].as_str() {
        Some(hint) => hint.to_owned(),
        None => {
            let table = table(&session.screen, &document["stages"], columns);
            format!("{table}\n{}", session.screen.faint(&format!("as read at {}", text(&document["read_at"]))))
        }
    });
    Ok(Exit::Done)
}
