//! `leadgate webhook`: what to paste into a workflow of the CRM, and whether its test hit arrived and was understood.

use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};
use leadgate_core::hooks::recipe::{Recipe, recipe};
use leadgate_core::record::RecordKind;
use serde_json::{Value, json};

use super::Session;
use super::listing::text;
use crate::exit::{CommandResult, Exit};
use crate::remote::{Ask, GatewayFlags, Remote};

/// How often to look for the test hit.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print what to paste into a workflow of the CRM
    Recipe(RecipeFlags),
    /// Wait for a test hit on a running gateway, and say what was understood of it
    Verify(VerifyFlags),
}

#[derive(Debug, Args)]
pub(super) struct RecipeFlags {
    /// What the workflow is about
    #[arg(long, value_enum, default_value = "deal")]
    kind: Kind,
    /// The gateway's public address [default: the configured one]
    #[arg(long)]
    url: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyFlags {
    #[command(flatten)]
    gateway: GatewayFlags,
    /// How long to wait, in seconds
    #[arg(long, default_value_t = 120)]
    wait: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Deal,
    Contact,
    Lead,
    Company,
}

impl Kind {
    fn record(self) -> RecordKind {
        match self {
            Kind::Deal => RecordKind::Deal,
            Kind::Contact => RecordKind::Contact,
            Kind::Lead => RecordKind::Lead,
            Kind::Company => RecordKind::Company,
        }
    }
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    match command {
        Command::Recipe(flags) => print_recipe(&flags, session),
        Command::Verify(flags) => verify(&flags, session).await,
    }
}

fn print_recipe(flags: &RecipeFlags, session: &Session) -> CommandResult {
    let settings = session.settings(None, Vec::new())?.settings;
    let public = flags.url.clone().or_else(|| settings.server.public_url.clone());
    let recipe = recipe(flags.kind.record(), public.as_deref().unwrap_or("https://YOUR-GATEWAY"));
    let has_secret = !settings.rules.read.hooks.secrets.is_empty();
    session.screen.show(&recipe_document(&recipe), || told_recipe(&recipe, has_secret));
    Ok(Exit::Done)
}

fn recipe_document(recipe: &Recipe) -> Value {
    json!({
        "module": recipe.module,
        "url": recipe.url,
        "method": "POST",
        "header": recipe.header,
        "encoding": "JSON",
        "fields": recipe.fields,
        "advanced": recipe.advanced,
    })
}

fn told_recipe(recipe: &Recipe, has_secret: bool) -> String {
    let Recipe { module, url, header, fields, advanced } = recipe;
    let ticked = fields.join(", ");
    let secret = if has_secret {
        "the secret that the rules file names in [notifications] secrets"
    } else {
        "a long random text; put it into the rules file too: [notifications] secrets = [\"$FRESHSALES_WEBHOOK_SECRET\"]"
    };
    format!(
        "In the CRM: Admin settings, Workflows, New workflow\n\
         \x20 Module           {module}\n\
         \x20 Trigger          created or updated, every time\n\
         \x20 Action           Trigger webhook\n\
         \x20 Request type     POST\n\
         \x20 URL              {url}\n\
         \x20 Authentication   none\n\
         \x20 Custom header    {header}: {secret}\n\
         \x20 Encoding         JSON\n\
         \x20 Content          Simple, with these fields ticked:\n\
         \x20                  {ticked}\n\
         \n\
         Keep \"updated_at\" among them: by it a repeat and a late notification are told from a change.\n\
         If the screen has no place for a header, choose authentication by token with the secret as the token.\n\
         \n\
         Or as advanced content:\n{advanced}\n\
         \n\
         Then run `leadgate webhook verify` and change a record, or press the CRM's test button."
    )
}

/// What came before is no test hit, so the first look only says what is there already.
async fn verify(flags: &VerifyFlags, session: &Session) -> CommandResult {
    let effective = session.settings(None, Vec::new())?;
    let remote = Remote::of(&flags.gateway, &effective)?;
    let before = latest(&remote).await?.map(|document| document["id"].clone());
    session
        .screen
        .warn("waiting for a notification: change a record in the CRM, or press the test button of its webhook");
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(flags.wait) {
        match latest(&remote).await? {
            Some(document) if Some(&document["id"]) != before.as_ref() => return Ok(told(&document, session)),
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    session.screen.warn(
        "no notification arrived: look at the address and the secret in the workflow, and whether the gateway can be reached from outside",
    );
    Ok(Exit::NotYet)
}

async fn latest(remote: &Remote) -> Result<Option<Value>, crate::exit::Failure> {
    let reply = remote.ask(Ask::get("/v1/notifications/latest")).await?;
    if reply.status == 404 { Ok(None) } else { reply.successful().map(Some) }
}

fn told(document: &Value, session: &Session) -> Exit {
    session.screen.show(document, || told_latest(document));
    if document["problem"].is_string() { Exit::Failed } else { Exit::Done }
}

fn told_latest(document: &Value) -> String {
    let arrived = format!("arrived at {} as {}", text(&document["received_at"]), text(&document["encoding"]));
    if let Some(problem) = document["problem"].as_str() {
        return format!("{arrived}, and was kept, but not understood: it {problem}");
    }
    let understood = &document["understood"];
    let record = &understood["record"];
    let mut lines = vec![arrived, format!("about {} {}", text(&record["kind"]), text(&record["id"]))];
    lines.push(match understood["updated_at"].as_str() {
        Some(version) => format!("changed at {version}; if that is hours off, set [notifications] time_zone"),
        None => "without updated_at: repeats and late notifications cannot be told from changes; tick it".to_owned(),
    });
    let fields = understood["fields"].as_object().into_iter().flatten();
    lines.extend(fields.map(|(name, value)| format!("  {name} = {}", text(value))));
    lines.join("\n")
}
