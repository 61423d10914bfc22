//! `leadgate jobs`: what became of submissions.

use clap::{Args, Subcommand, ValueEnum};
use leadgate_store::model::{JobId, Progress};
use serde_json::Value;

use super::Session;
use crate::desk::Desk;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::GatewayFlags;
use crate::screen::harmless;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List jobs, the youngest first
    List(ListFlags),
    /// Show one job: what was decided and why, and every request made for it
    Show(OneFlags),
    /// Let a parked job try again
    Release(OneFlags),
    /// Let every parked job try again
    Retry(AllFlags),
}

#[derive(Debug, Args)]
pub(super) struct ListFlags {
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    status: Option<StatusChoice>,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Debug, Args)]
pub(super) struct OneFlags {
    /// The job's number, as `jobs list` shows it
    id: i64,
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Debug, Args)]
pub(super) struct AllFlags {
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StatusChoice {
    /// At work or waiting
    Working,
    /// Landed
    Done,
    /// Needs a person
    Parked,
}

impl StatusChoice {
    fn progress(self) -> Progress {
        match self {
            StatusChoice::Working => Progress::Working,
            StatusChoice::Done => Progress::Done,
            StatusChoice::Parked => Progress::Parked,
        }
    }
}

impl Command {
    fn gateway(&self) -> &GatewayFlags {
        match self {
            Command::List(flags) => &flags.gateway,
            Command::Show(flags) | Command::Release(flags) => &flags.gateway,
            Command::Retry(flags) => &flags.gateway,
        }
    }
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let effective = session.settings(None, Vec::new())?;
    let desk = Desk::open(command.gateway(), &effective).await?;
    let result = match &command {
        Command::List(flags) => list(flags, &desk, session).await,
        Command::Show(flags) => show(JobId(flags.id), &desk, session).await,
        Command::Release(flags) => release(JobId(flags.id), &desk, session).await,
        Command::Retry(_) => retry(&desk, session).await,
    };
    desk.close().await;
    result.map(|()| Exit::Done)
}

async fn list(flags: &ListFlags, desk: &Desk, session: &Session) -> Result<(), Failure> {
    let document = desk.jobs(flags.status.map(StatusChoice::progress), flags.limit).await?;
    session.screen.show(&document, || {
        let jobs = document["jobs"].as_array().map(Vec::as_slice).unwrap_or_default();
        if jobs.is_empty() {
            return "no jobs".to_owned();
        }
        let row = |job: &Value| {
            let why = text(&job["parking"]["message"]);
            [
                text(&job["id"]),
                text(&job["status"]),
                text(&job["step"]),
                text(&job["lane"]),
                text(&job["failures"]),
                text(&job["accepted_at"]),
                why,
            ]
        };
        session.screen.table(
            ["ID", "STATUS", "STEP", "LANE", "FAILURES", "ACCEPTED", "WHY PARKED"],
            jobs.iter().map(row).collect(),
        )
    });
    Ok(())
}

async fn show(id: JobId, desk: &Desk, session: &Session) -> Result<(), Failure> {
    let document = desk.job(id).await?;
    session.screen.show(&document, || told(&document, session));
    Ok(())
}

fn told(document: &Value, session: &Session) -> String {
    let screen = &session.screen;
    let mut lines = vec![
        format!("{}  {}", screen.strong(&text(&document["status"])), text(&document["route"])),
        format!("submission  {}", text(&document["id"])),
        format!("accepted    {}", text(&document["accepted_at"])),
        format!("ended       {}", text(&document["ended_at"])),
        format!("cost        {} requests", text(&document["cost"])),
    ];
    if !document["parking"].is_null() {
        lines.push(format!("parked      {}", text(&document["parking"]["message"])));
    }
    let decisions = document["decisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    lines.extend(decisions.iter().map(|decision| format!("decided     {}", text(decision))));
    let attempts = document["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !attempts.is_empty() {
        let row =
            |attempt: &Value| ["at", "call", "status", "class", "took_ms", "message"].map(|name| text(&attempt[name]));
        let rows = attempts.iter().map(row).collect();
        lines.extend([String::new(), screen.table(["AT", "CALL", "STATUS", "CLASS", "MS", "MESSAGE"], rows)]);
    }
    lines.join("\n")
}

async fn release(id: JobId, desk: &Desk, session: &Session) -> Result<(), Failure> {
    let document = desk.release(id).await?;
    session.screen.show(&document, || format!("job {id} tries again"));
    Ok(())
}

async fn retry(desk: &Desk, session: &Session) -> Result<(), Failure> {
    let document = desk.release_all().await?;
    session.screen.show(&document, || format!("{} parked jobs try again", text(&document["released"])));
    Ok(())
}

/// A JSON value as a cell: texts without quotes, nothing for null.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}
