//! What the commands that send have in common: the gateway, the idempotency key, and telling the outcome.

use anyhow::anyhow;
use clap::Args;
use serde_json::Value;

use super::Session;
use super::listing::text;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::{Ask, GatewayFlags, Remote, RemoteReply};

#[derive(Debug, Args)]
pub(super) struct SendFlags {
    /// Names this submission: sent again under the same key it is done once
    #[arg(long, value_name = "KEY")]
    pub(super) idempotency_key: Option<String>,
    #[command(flatten)]
    gateway: GatewayFlags,
}

/// Sends, waits as an app does, and tells what came of it.
pub(super) async fn send(ask: Ask<'_>, flags: &SendFlags, session: &Session) -> CommandResult {
    let effective = session.settings(None, Vec::new())?;
    let remote = Remote::of(&flags.gateway, &effective)?;
    let reply = remote.ask(ask).await?;
    if is_parked(&reply) {
        let Failure { error, .. } = reply.refusal();
        let submission = text(&reply.body["submission"]);
        let kept = "is kept and parked: mend the cause, then `leadgate jobs retry`";
        return Err(Failure::new(Exit::NotYet, anyhow!("{error}\nsubmission {submission} {kept}")));
    }
    let exit = reply.exit();
    let document = reply.successful()?;
    session.screen.show(&document, || told(&document, exit));
    Ok(exit)
}

/// A parked submission is answered with the reason, and is kept all the same.
fn is_parked(reply: &RemoteReply) -> bool {
    !reply.is_success() && reply.body["reason"].is_string() && reply.body["submission"].is_string()
}

fn told(document: &Value, exit: Exit) -> String {
    if exit == Exit::NotYet {
        return format!("accepted, not landed yet: submission {}", text(&document["id"]));
    }
    let outcome = &document["outcome"];
    let person = outcome["person"].as_object().map(|person| {
        let new = if outcome["existing"] == Value::Bool(false) { "created" } else { "was there:" };
        format!("{new} {} {}", text(&person["kind"]), text(&person["id"]))
    });
    let others = ["company", "deal", "note"].iter().filter(|name| !outcome[**name].is_null());
    let mut lines: Vec<String> = person.into_iter().collect();
    lines.extend(others.map(|name| format!("{name} {}", text(&outcome[*name]))));
    let decisions = document["decisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    lines.extend(decisions.iter().map(|decision| format!("  {}", text(decision))));
    lines.join("\n")
}
