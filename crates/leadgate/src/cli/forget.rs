//! `leadgate forget`: a person is erased, here and in the CRM, and a receipt is left.

use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use leadgate_store::erasure::ForgetId;
use leadgate_web::forget::ForgetRequest;
use serde_json::{Value, json};

use super::Session;
use super::listing::{at_desk, text};
use crate::desk::Desk;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::GatewayFlags;

/// How often a running gateway is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The person's e-mail address
    #[arg(required_unless_present_any = ["phone", "record", "receipt"])]
    email: Option<String>,
    /// The person's number, with its country's code
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// The person's record: contact:123 or lead:123
    #[arg(long, value_name = "RECORD")]
    record: Option<String>,
    /// Leave the person in the CRM
    #[arg(long)]
    keep_in_crm: bool,
    /// Count what would be erased, and erase nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for the end
    #[arg(long)]
    no_wait: bool,
    /// Wait so many seconds for the end, at most
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    wait: u64,
    /// Show how far a demand is, and its receipt
    #[arg(long, value_name = "ID", conflicts_with_all = ["email", "phone", "record", "keep_in_crm", "dry_run"])]
    receipt: Option<ForgetId>,
    #[command(flatten)]
    gateway: GatewayFlags,
}

impl Flags {
    fn request(&self) -> ForgetRequest {
        ForgetRequest {
            email: self.email.clone(),
            phone: self.phone.clone(),
            record: self.record.clone(),
            keep_in_crm: self.keep_in_crm,
            dry_run: self.dry_run,
        }
    }
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let work = async |desk: &Desk| forget(&flags, desk, session).await;
    at_desk(&flags.gateway, session, work).await
}

async fn forget(flags: &Flags, desk: &Desk, session: &Session) -> CommandResult {
    let document = match flags.receipt {
        Some(id) => desk.forget_state(id).await?,
        None => asked(flags, desk, session).await?,
    };
    session.screen.show(&document, || told(&document));
    let is_done = flags.dry_run || document["phase"] == "done";
    Ok(if is_done { Exit::Done } else { Exit::NotYet })
}

async fn asked(flags: &Flags, desk: &Desk, session: &Session) -> Result<Value, Failure> {
    let request = flags.request();
    let person = request.person().map_err(|mistakes| {
        let told: Vec<String> = mistakes.iter().map(|(field, what)| format!("the {field} {what}")).collect();
        Failure::new(Exit::Refused, anyhow!("{}", told.join("; ")))
    })?;
    let body = json!({
        "email": request.email,
        "phone": request.phone,
        "record": request.record,
        "keep_in_crm": request.keep_in_crm,
        "dry_run": request.dry_run,
    });
    let mut document = desk.forget(body, (&person, &request), session).await?;
    let id: Option<ForgetId> = document["id"].as_str().and_then(|id| id.parse().ok());
    let Some(id) = id.filter(|_| desk.is_running() && !flags.no_wait) else { return Ok(document) };
    let wait = async {
        while document["phase"] != "done" && document["crm"]["status"] != "parked" {
            tokio::time::sleep(ASK_EVERY).await;
            document = desk.forget_state(id).await?;
        }
        Ok::<_, Failure>(())
    };
    // Whoever has waited enough is told how far it is.
    if let Ok(asked) = tokio::time::timeout(Duration::from_secs(flags.wait), wait).await {
        asked?;
    }
    Ok(document)
}

/// A demand or a count in words.
fn told(document: &Value) -> String {
    if document["dry_run"] == true {
        let mut lines = vec!["would erase:".to_owned()];
        lines.extend(counts(&document["would_erase"]));
        lines.push("nothing was erased; the copy and its sinks are not counted".to_owned());
        return lines.join("\n");
    }
    let mut lines = vec![format!("demand {}: {}", text(&document["id"]), text(&document["phase"]).replace('_', " "))];
    lines.extend(counts(&document["erased"]));
    lines.push(in_crm(&document["crm"], &document["receipt"]));
    let remains = document["receipt"]["remains"].as_array().map(Vec::as_slice).unwrap_or_default();
    lines.extend(remains.iter().map(|what| format!("remains: {}", text(what))));
    if document["phase"] != "done" {
        lines.push(format!("see how far it is with: leadgate forget --receipt {}", text(&document["id"])));
    }
    lines.join("\n")
}

fn counts(places: &Value) -> Vec<String> {
    let places = places.as_object().into_iter().flatten();
    places.map(|(place, count)| format!("  {:<14}{count}", place.replace('_', " "))).collect()
}

fn in_crm(crm: &Value, receipt: &Value) -> String {
    match crm["status"].as_str() {
        Some("left_alone") => "the CRM is not asked to forget".to_owned(),
        Some("parked") => format!("the CRM: a person must look at it: {}", text(&crm["message"])),
        Some("done") => format!("the CRM has forgotten {} records", text(&receipt["crm"]["records_forgotten"])),
        _ => "the CRM is asked by the running gateway".to_owned(),
    }
}
