//! `leadgate deliveries`: what went out, and what did not.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::Session;
use super::jobs::text;
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
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    gateway: GatewayFlags,
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
            Command::List(flags) => &flags.gateway,
            Command::Show(flags) | Command::Retry(flags) => &flags.gateway,
            Command::RetryAll(flags) => &flags.gateway,
        }
    }
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let effective = session.settings(None, Vec::new())?;
    let desk = Desk::open(command.gateway(), &effective).await?;
    let result = run_at(&command, &desk, session).await;
    desk.close().await;
    result.map(|()| Exit::Done)
}

async fn run_at(command: &Command, desk: &Desk, session: &Session) -> Result<(), Failure> {
    let screen = &session.screen;
    match command {
        Command::List(flags) => {
            let status = flags.status.map(StatusChoice::name);
            let document = desk.deliveries(status, flags.destination.as_deref(), flags.limit).await?;
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
    let deliveries = document["deliveries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if deliveries.is_empty() {
        return "no deliveries".to_owned();
    }
    let columns = ["id", "destination", "status", "attempts", "created_at", "due_at", "parked_because"];
    let row = |delivery: &Value| columns.map(|name| text(&delivery[name]));
    let header = ["ID", "DESTINATION", "STATUS", "ATTEMPTS", "CREATED", "DUE", "WHY PARKED"];
    session.screen.table(header, deliveries.iter().map(row).collect())
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
    let attempts = document["attempts_made"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !attempts.is_empty() {
        let row = |attempt: &Value| ["at", "status", "class", "took_ms", "message"].map(|name| text(&attempt[name]));
        let table = screen.table(["AT", "STATUS", "CLASS", "MS", "MESSAGE"], attempts.iter().map(row).collect());
        lines.extend([String::new(), table]);
    }
    lines.join("\n")
}
