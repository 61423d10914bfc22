//! `leadgate playbook try`: what the rules make of one event or one change, without doing any of it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use leadgate_core::catalog::Catalog;
use leadgate_core::clock::Clock as _;
use leadgate_core::intake;
use leadgate_core::mirror::{Change, Mirrored, SeenBy, Told};
use leadgate_core::plan::PlanContext;
use leadgate_core::playbook::forecast::Forecast;
use leadgate_core::playbook::{Trigger, forecast};
use leadgate_core::record::{Fields, RecordKind, RecordRef};
use leadgate_core::submission::SubmissionId;
use serde::Deserialize;
use serde_json::Value;

use super::Session;
use crate::exit::{CommandResult, Exit};
use crate::wiring::SystemClock;

/// The id that deliveries are shown with, since there is no submission.
const NO_SUBMISSION: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what the rules make of one event or change: which rules fire, the steps, the requests and their cost. Nothing is sent
    Try(TryFlags),
}

#[derive(Debug, Args)]
pub(super) struct TryFlags {
    /// File with an event: {"event": "Trial Started", "email": …, "properties": {…}}; `-` reads standard input
    #[arg(value_name = "EVENT.json", required_unless_present = "change", conflicts_with = "change")]
    event: Option<PathBuf>,
    /// File with a change: {"kind": "deal", "id": 7, "field": "stage", "from": "New", "to": "Won", "record": {…}}
    #[arg(long, value_name = "CHANGE.json")]
    change: Option<PathBuf>,
    /// Count the requests for an account that keeps leads beside contacts (Freshsales Classic)
    #[arg(long)]
    classic: bool,
}

#[derive(Deserialize)]
struct ChangeFile {
    kind: RecordKind,
    #[serde(default)]
    id: i64,
    field: String,
    from: Option<Value>,
    to: Value,
    at: Option<Timestamp>,
    #[serde(default)]
    record: Fields,
}

pub(super) fn run(command: Command, session: &Session) -> CommandResult {
    let Command::Try(flags) = command;
    let effective = session.settings(None, Vec::new())?;
    let reading = crate::wiring::reading(&effective.settings);
    let now = SystemClock.now();
    let catalog = Catalog::default();
    let submission: SubmissionId = NO_SUBMISSION.parse().context("the id of no submission is one")?;
    let context = PlanContext::new(submission, now, &catalog, &reading);
    let playbook = &reading.rules.playbook;
    let told = if let Some(file) = &flags.change {
        let (change, record) = change_of(understood(file, |text| serde_json::from_slice(text))?, now);
        forecast(playbook, Trigger::Change(&change, &record), &context, flags.classic)
    } else {
        let event = understood(flags.event.as_deref().unwrap_or(Path::new("-")), intake::read_event_loosely)?;
        forecast(playbook, Trigger::Event(&event), &context, flags.classic)
    };
    session.screen.show(&serde_json::to_value(&told).context("the forecast could not be written")?, || in_words(&told));
    Ok(Exit::Done)
}

/// What a file says, or standard input for `-`.
fn understood<T, E>(file: &Path, read: impl Fn(&[u8]) -> Result<T, E>) -> anyhow::Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut text = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut text).context("standard input could not be read")?;
    } else {
        text = std::fs::read(file).with_context(|| format!("{} could not be read", file.display()))?;
    }
    read(&text).with_context(|| format!("{} is not understood", file.display()))
}

fn change_of(file: ChangeFile, now: Timestamp) -> (Change, Mirrored) {
    let record = RecordRef { kind: file.kind, id: file.id };
    let ChangeFile { field, from, to, .. } = file;
    let mut fields = file.record;
    fields.entry(field.clone()).or_insert_with(|| to.clone());
    let change = Change { record, field, from, to, at: file.at.unwrap_or(now), by: SeenBy::Webhook };
    (change, Mirrored { record, version: None, fields, revision: 0, told: Told::default() })
}

fn in_words(told: &Forecast) -> String {
    let mut lines = told.decisions.clone();
    if lines.is_empty() {
        lines.push("there are no rules; write some into the rules file, under [[playbook.rules]]".to_owned());
    }
    lines.extend(told.steps.iter().zip(1..).map(|(step, count)| format!("  {count}. {step}")));
    for (who, requests) in [("known", &told.requests_if_known), ("unknown", &told.requests_if_unknown)] {
        let named = if requests.is_empty() { String::new() } else { format!(": {}", requests.join(", ")) };
        lines.push(format!("requests if the person is {who}: {}{named}", requests.len()));
    }
    lines.join("\n")
}
