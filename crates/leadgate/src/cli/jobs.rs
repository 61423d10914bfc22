//! `leadgate jobs`: what became of submissions.

use clap::{Args, Subcommand, ValueEnum};
use leadgate_store::model::{JobId, Progress};
use serde_json::Value;

use super::Session;
use super::listing::{ListingFlags, at_desk, rows, table, text};
use crate::desk::Desk;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::GatewayFlags;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List jobs, the youngest first
    List(ListFlags),
    /// Show one job: what was decided and why, and every request made for it
    Show(OneFlags),
    /// Let a parked job try again
    Release(OneFlags),
    /// Let every parked job try again
    Retry(GatewayFlags),
}

#[derive(Debug, Args)]
pub(super) struct ListFlags {
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    status: Option<StatusChoice>,
    #[command(flatten)]
    listing: ListingFlags,
}

#[derive(Debug, Args)]
pub(super) struct OneFlags {
    /// The job's number, as `jobs list` shows it
    id: i64,
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
            Command::List(flags) => &flags.listing.gateway,
            Command::Show(flags) | Command::Release(flags) => &flags.gateway,
            Command::Retry(gateway) => gateway,
        }
    }
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let work = async |desk: &Desk| match &command {
        Command::List(flags) => list(flags, desk, session).await,
        Command::Show(flags) => show(JobId(flags.id), desk, session).await,
        Command::Release(flags) => release(JobId(flags.id), desk, session).await,
        Command::Retry(_) => retry(desk, session).await,
    };
    at_desk(command.gateway(), session, work).await.map(|()| Exit::Done)
}

async fn list(flags: &ListFlags, desk: &Desk, session: &Session) -> Result<(), Failure> {
    let columns = [
        ("ID", "/id"),
        ("STATUS", "/status"),
        ("STEP", "/step"),
        ("LANE", "/lane"),
        ("FAILURES", "/failures"),
        ("ACCEPTED", "/accepted_at"),
        ("WHY PARKED", "/parking/message"),
    ];
    let document = desk.jobs(flags.status.map(StatusChoice::progress), flags.listing.limit).await?;
    session.screen.show(&document, || match rows(&document["jobs"]) {
        [] => "no jobs".to_owned(),
        _ => table(&session.screen, &document["jobs"], columns),
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
    lines.extend(rows(&document["decisions"]).iter().map(|decision| format!("decided     {}", text(decision))));
    if !rows(&document["attempts"]).is_empty() {
        let columns = [
            ("AT", "/at"),
            ("CALL", "/call"),
            ("STATUS", "/status"),
            ("CLASS", "/class"),
            ("MS", "/took_ms"),
            ("MESSAGE", "/message"),
        ];
        lines.extend([String::new(), table(screen, &document["attempts"], columns)]);
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
