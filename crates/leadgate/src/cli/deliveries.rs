//! `leadgate deliveries`: what went out, and what did not.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::Session;
use super::listing::{ListingFlags, at_desk, rows, table, text};
use crate::desk::Desk;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::GatewayFlags;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List deliveries, the youngest first
    List(ListFlags),
    /// Show one delivery and every attempt of it
    Show(OneFlags),
    /// Make a delivery again under its id, parked or delivered
    Retry(OneFlags),
    /// Make every parked delivery again
    RetryAll(AllFlags),
}

#[derive(Debug, Args)]
pub(super) struct ListFlags {
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    status: Option<StatusChoice>,
    /// Only those to this destination
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    #[command(flatten)]
    listing: ListingFlags,
}

#[derive(Debug, Args)]
pub(super) struct OneFlags {
    /// The delivery's id, as `deliveries list` shows it
    id: String,
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Debug, Args)]
pub(super) struct AllFlags {
    /// Only those to this destination
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StatusChoice {
    /// Due, or waiting for its turn or its time
    Waiting,
    /// The receiver has it
    Delivered,
    /// Needs a person
    Parked,
}

impl StatusChoice {
    fn name(self) -> &'static str {
        match self {
            StatusChoice::Waiting => "waiting",
            StatusChoice::Delivered => "delivered",
            StatusChoice::Parked => "parked",
        }
    }
}

impl Command {
    fn gateway(&self) -> &GatewayFlags {
        match self {
            Command::List(flags) => &flags.listing.gateway,
            Command::Show(flags) | Command::Retry(flags) => &flags.gateway,
            Command::RetryAll(flags) => &flags.gateway,
        }
    }
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let work = async |desk: &Desk| run_at(&command, desk, session).await;
    at_desk(command.gateway(), session, work).await.map(|()| Exit::Done)
}

async fn run_at(command: &Command, desk: &Desk, session: &Session) -> Result<(), Failure> {
    let screen = &session.screen;
    match command {
        Command::List(flags) => {
            let status = flags.status.map(StatusChoice::name);
            let document = desk.deliveries(status, flags.destination.as_deref(), flags.listing.limit).await?;
            screen.show(&document, || listed(&document, session));
        }
        Command::Show(flags) => {
            let document = desk.delivery(&flags.id).await?;
            screen.show(&document, || told(&document, session));
        }
        Command::Retry(flags) => {
            let document = desk.retry_delivery(&flags.id).await?;
            screen.show(&document, || format!("delivery {} is made again", flags.id));
        }
        Command::RetryAll(flags) => {
            let document = desk.retry_deliveries(flags.destination.as_deref()).await?;
            screen.show(&document, || format!("{} parked deliveries are made again", text(&document["retried"])));
        }
    }
    Ok(())
}

fn listed(document: &Value, session: &Session) -> String {
    let columns = [
        ("ID", "/id"),
        ("DESTINATION", "/destination"),
        ("STATUS", "/status"),
        ("ATTEMPTS", "/attempts"),
        ("CREATED", "/created_at"),
        ("DUE", "/due_at"),
        ("WHY PARKED", "/parked_because"),
    ];
    match rows(&document["deliveries"]) {
        [] => "no deliveries".to_owned(),
        _ => table(&session.screen, &document["deliveries"], columns),
    }
}

pub(super) fn told(document: &Value, session: &Session) -> String {
    let screen = &session.screen;
    let mut lines = vec![
        format!("{}  to {}", screen.strong(&text(&document["status"])), text(&document["destination"])),
        format!("delivery    {}", text(&document["id"])),
        format!("created     {}", text(&document["created_at"])),
        format!("due         {}", text(&document["due_at"])),
        format!("ended       {}", text(&document["ended_at"])),
    ];
    if !document["parked_because"].is_null() {
        lines.push(format!("parked      {}", text(&document["parked_because"])));
    }
    if !rows(&document["attempts_made"]).is_empty() {
        let columns =
            [("AT", "/at"), ("STATUS", "/status"), ("CLASS", "/class"), ("MS", "/took_ms"), ("MESSAGE", "/message")];
        lines.extend([String::new(), table(screen, &document["attempts_made"], columns)]);
    }
    lines.join("\n")
}
