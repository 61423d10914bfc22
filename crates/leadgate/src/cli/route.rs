//! `leadgate route`: who would own a lead and why, and what draft rules would have changed.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use leadgate_core::clock::Clock as _;
use leadgate_core::intake::{self, ReadingRules, Submission};
use leadgate_core::routing::{Decided, LeadFacts, Replay, Routing, RoutingMoment, RoutingState};
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use super::listing::{at_desk, text};
use super::since::Since;
use crate::desk::Desk;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::GatewayFlags;
use crate::wiring::{self, SystemClock};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say who would own a lead, and why
    Explain(ExplainFlags),
    /// Say what draft rules would have decided of the leads that came, where it differs
    Replay(ReplayFlags),
}

#[derive(Debug, Args)]
pub(super) struct ExplainFlags {
    /// A file with a lead as `POST /v1/leads` takes it; - for standard input
    #[arg(required_unless_present = "submission", conflicts_with = "submission", value_name = "LEAD.json")]
    lead: Option<PathBuf>,
    /// A submission that was made: say what was decided of it
    #[arg(long, value_name = "ID")]
    submission: Option<SubmissionId>,
    /// Use this rules file instead of the configured one
    #[arg(long, value_name = "FILE", conflicts_with = "submission")]
    rules: Option<String>,
    /// As if it came at this moment, such as 2026-06-15T14:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "submission")]
    at: Option<Timestamp>,
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Debug, Args)]
pub(super) struct ReplayFlags {
    /// How far back: 30d, 12h, or a moment such as 2026-06-15T14:00:00Z
    #[arg(long, default_value = "30d", value_name = "SPAN")]
    since: Since,
    /// The draft rules
    #[arg(long, value_name = "FILE")]
    rules: String,
    /// Show what the rules look at of each lead that differs; never its name or address
    #[arg(long)]
    show: bool,
    #[command(flatten)]
    gateway: GatewayFlags,
}

/// A lead in a page of the gateway.
#[derive(Debug, Deserialize)]
struct Listed {
    id: SubmissionId,
    accepted_at: Timestamp,
    facts: Option<LeadFacts>,
    routing: Option<Decided>,
    owner_named: bool,
}

#[derive(Debug, Deserialize)]
struct Page {
    submissions: Vec<Listed>,
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    match command {
        Command::Explain(flags) => match flags.submission {
            Some(id) => explain_submission(id, &flags, session).await,
            None => explain_lead(&flags, session),
        },
        Command::Replay(flags) => replay(&flags, session).await,
    }
}

async fn explain_submission(id: SubmissionId, flags: &ExplainFlags, session: &Session) -> CommandResult {
    let story = at_desk(&flags.gateway, session, async |desk| desk.submission(id).await).await?;
    let document = json!({"submission": id, "routing": story["routing"], "reasons": story["decisions"]});
    session.screen.show(&document, || told(&document["routing"], &document["reasons"]));
    Ok(Exit::Done)
}

fn explain_lead(flags: &ExplainFlags, session: &Session) -> CommandResult {
    let effective = session.settings(None, Vec::new())?;
    let mut reading = wiring::reading(&effective.settings);
    if let Some(file) = &flags.rules {
        reading.rules = session.sources.rules(Some(file))?.into();
    }
    let facts = read_facts(flags.lead.as_ref(), &reading)?;
    let now = flags.at.unwrap_or_else(|| SystemClock.now());
    let document = explained(&reading.rules.routing, &facts, now);
    session.screen.show(&document, || {
        let mut lines = vec![told(&document["routing"], &document["reasons"])];
        let passed = document["passed_over"].as_array().map(Vec::as_slice).unwrap_or_default();
        lines.extend(passed.iter().map(|rule| format!("passed over  {}: {}", text(&rule["rule"]), text(&rule["why"]))));
        lines.join("\n")
    });
    Ok(Exit::Done)
}

fn read_facts(file: Option<&PathBuf>, reading: &ReadingRules) -> Result<LeadFacts, Failure> {
    let body = match file.filter(|file| file.as_os_str() != "-") {
        Some(file) => std::fs::read(file).with_context(|| format!("reading {} failed", file.display()))?,
        None => {
            let mut body = Vec::new();
            std::io::stdin().read_to_end(&mut body).context("reading standard input failed")?;
            body
        }
    };
    match intake::read(&RawSubmission::new(Route::Lead, None, body), reading) {
        Ok(Submission::Lead(lead)) => Ok(LeadFacts::of(&lead)),
        Ok(_) => Err(Failure::new(Exit::Refused, anyhow!("that is no lead"))),
        Err(error) => Err(Failure::new(Exit::Refused, anyhow!("the lead would not be taken: {error}"))),
    }
}

/// Turns in groups begin at nothing here: the account's own are where its gateway is.
fn explained(routing: &Routing, facts: &LeadFacts, now: Timestamp) -> Value {
    let decision = routing.decide(facts, &RoutingMoment::at(now), &mut RoutingState::default());
    let checks = routing.check(facts, now).into_iter();
    let passed: Vec<Value> = checks.filter_map(|check| Some(json!({"rule": check.rule, "why": check.miss?}))).collect();
    let owners: Vec<&str> = decision.candidates.iter().map(|candidate| candidate.owner.as_str()).collect();
    let routing = json!({
        "owner": owners.first(), "then": owners.get(1..).unwrap_or_default(),
        "territory": decision.territory, "rule": decision.rule,
    });
    json!({"routing": routing, "facts": facts, "reasons": decision.reasons, "passed_over": passed})
}

fn told(routing: &Value, reasons: &Value) -> String {
    if routing.is_null() {
        return "routing was not asked: no rules, no lead, or its sender named the owner".to_owned();
    }
    let or = |value: &Value, none: &str| if value.is_null() { none.to_owned() } else { text(value) };
    let mut lines = vec![
        format!("owner        {}", or(&routing["owner"], "nobody: the account's own rules may assign one")),
        format!("rule         {}", or(&routing["rule"], "the default")),
    ];
    if !routing["territory"].is_null() {
        lines.push(format!("territory    {}", text(&routing["territory"])));
    }
    let reasons = reasons.as_array().map(Vec::as_slice).unwrap_or_default();
    lines.extend(reasons.iter().map(|reason| format!("because      {}", text(reason))));
    lines.join("\n")
}

async fn replay(flags: &ReplayFlags, session: &Session) -> CommandResult {
    let reading = wiring::reading(&session.settings(None, Vec::new())?.settings);
    let draft = session.sources.rules(Some(&flags.rules))?;
    let since = flags.since.moment(SystemClock.now());
    let work = async |desk: &Desk| replayed(&draft.routing, desk, (since, &reading), flags.show).await;
    let document = at_desk(&flags.gateway, session, work).await?;
    session.screen.show(&document, || differences(&document, session));
    Ok(Exit::Done)
}

async fn replayed(
    draft: &Routing,
    desk: &Desk,
    (since, reading): (Timestamp, &ReadingRules),
    show: bool,
) -> Result<Value, Failure> {
    let (mut replay, mut named, mut changed, mut after) = (Replay::new(draft), 0_u64, Vec::new(), None);
    loop {
        let page = desk.leads_since(since, after, reading).await?;
        let page: Page = serde_json::from_value(page).context("the gateway's list of leads cannot be understood")?;
        let Some(last) = page.submissions.last() else { break };
        after = Some(last.id);
        for lead in page.submissions {
            let Some(facts) = lead.facts.filter(|_| !lead.owner_named) else {
                named += 1;
                continue;
            };
            let decided = lead.routing.unwrap_or_default();
            if let Some(anew) = replay.lead(&facts, lead.accepted_at, &decided) {
                let facts = show.then_some(facts);
                changed.push(json!({"submission": lead.id, "before": decided, "after": anew, "facts": facts}));
            }
        }
    }
    let Replay { leads, before, after, .. } = replay;
    Ok(json!({
        "since": since, "leads": leads, "not_routed": named,
        "before": before, "after": after, "changed": changed,
    }))
}

fn differences(document: &Value, session: &Session) -> String {
    let screen = &session.screen;
    let changed = document["changed"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = vec![format!("{} of {} leads would differ", changed.len(), text(&document["leads"]))];
    let names = ["before", "after"].iter().filter_map(|side| document[*side].as_object()).flat_map(|side| side.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    let count = |side: &str, name: &str| document[side][name].as_u64().unwrap_or(0).to_string();
    let rows =
        names.into_iter().map(|name| [crate::screen::harmless(name), count("before", name), count("after", name)]);
    lines.extend([String::new(), screen.table(["OWNER", "BEFORE", "AFTER"], rows.collect())]);
    if changed.is_empty() {
        return lines.join("\n");
    }
    let side = |decided: &Value| {
        let owner = if decided["owner"].is_null() { "nobody".to_owned() } else { text(&decided["owner"]) };
        let territory = text(&decided["territory"]);
        if territory.is_empty() { owner } else { format!("{owner} in {territory}") }
    };
    let row = |change: &Value| {
        let facts = &change["facts"];
        let facts = if facts.is_null() { String::new() } else { facts.to_string() };
        let rule =
            if change["after"]["rule"].is_null() { "the default".to_owned() } else { text(&change["after"]["rule"]) };
        [
            text(&change["submission"]),
            side(&change["before"]),
            side(&change["after"]),
            rule,
            crate::screen::harmless(&facts),
        ]
    };
    let rows = changed.iter().map(row).collect();
    lines.extend([String::new(), screen.table(["SUBMISSION", "WAS", "WOULD BE", "RULE", ""], rows)]);
    lines.join("\n")
}
