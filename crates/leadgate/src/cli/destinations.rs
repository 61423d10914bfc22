//! `leadgate destinations`: where deliveries go, and whether they arrive there.

use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::Session;
use super::deliveries::told;
use super::listing::text;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::{Ask, GatewayFlags, Remote};

/// How often and how long to look for what came of a test.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const LOOKS: u32 = 300;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the destinations and what waits for them
    List(AllFlags),
    /// Send a test the way everything else goes, and tell what came of it
    Test(OneFlags),
    /// Switch a destination on again that said it was gone
    Enable(OneFlags),
}

#[derive(Debug, Args)]
pub(super) struct AllFlags {
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Debug, Args)]
pub(super) struct OneFlags {
    /// The destination's name in the rules file
    name: String,
    #[command(flatten)]
    gateway: GatewayFlags,
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let effective = session.settings(None, Vec::new())?;
    match &command {
        Command::List(flags) => list(&Remote::of(&flags.gateway, &effective)?, session).await,
        Command::Test(flags) => test(&flags.name, &Remote::of(&flags.gateway, &effective)?, session).await,
        Command::Enable(flags) => enable(&flags.name, &Remote::of(&flags.gateway, &effective)?, session).await,
    }
}

async fn list(remote: &Remote, session: &Session) -> CommandResult {
    let document = remote.ask(Ask::get("/v1/destinations")).await?.successful()?;
    session.screen.show(&document, || {
        let destinations = document["destinations"].as_array().map(Vec::as_slice).unwrap_or_default();
        let columns = ["name", "kind", "waiting", "parked", "oldest_waiting"];
        let row = |destination: &Value| {
            let [name, kind, waiting, parked, oldest] = columns.map(|column| text(&destination[column]));
            [name, kind, waiting, parked, oldest, text(&destination["switched_off"]["why"])]
        };
        let header = ["NAME", "KIND", "WAITING", "PARKED", "OLDEST", "SWITCHED OFF"];
        session.screen.table(header, destinations.iter().map(row).collect())
    });
    Ok(Exit::Done)
}

async fn test(name: &str, remote: &Remote, session: &Session) -> CommandResult {
    let sent = remote.ask(Ask::post(&format!("/v1/destinations/{name}/test"))).await?.successful()?;
    let path = format!("/v1/deliveries/{}", text(&sent["delivery"]));
    for _ in 0..LOOKS {
        let story = remote.ask(Ask::get(&path)).await?.successful()?;
        if story["status"] != "waiting" {
            session.screen.show(&story, || told(&story, session));
            return Ok(if story["status"] == "delivered" { Exit::Done } else { Exit::Failed });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let what =
        anyhow!("the test did not come to an end; see it with: leadgate deliveries show {}", text(&sent["delivery"]));
    Err(Failure::new(Exit::NotYet, what))
}

async fn enable(name: &str, remote: &Remote, session: &Session) -> CommandResult {
    let document = remote.ask(Ask::post(&format!("/v1/destinations/{name}/enable"))).await?.successful()?;
    session.screen.show(&document, || match document["was_off"].as_bool() {
        Some(true) => format!("{name} takes deliveries again"),
        _ => format!("{name} was not switched off"),
    });
    Ok(Exit::Done)
}
