//! `leadgate conformance`: does an account answer in the shapes that the sandbox answers in?
//!
//! The same requests go to the account and to a sandbox account in this process. What differs is printed and written into a report that holds shapes
//! only, so that it can be attached to a report of a fault.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use freshsales::{Client, Credentials, Generation};
use freshsales_sandbox::{Kind, Plan, Profile, Sandbox, SandboxConfig};
use leadgate_core::conformance::{Recorded, Report};
use leadgate_crm_freshsales::conformance::Script;
use leadgate_crm_freshsales::marked::{Ledger, Mark};
use leadgate_crm_freshsales::wire::Wire;
use serde_json::{Value, json};
use url::Url;

use super::Session;
use super::doctor::broken_off;
use crate::config;
use crate::data_folder::write_private;
use crate::exit::{CommandResult, Exit};
use crate::screen::harmless;
use crate::shutdown::Shutdown;
use crate::wiring::SystemClock;
use crate::{app_keys, examine};

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Also make, change and delete marked records in the account; they are removed, also after a failure or Ctrl-C
    #[arg(long)]
    write: bool,
    /// Where to write the report
    #[arg(long, default_value = "leadgate-conformance.json", value_name = "FILE")]
    report: PathBuf,
}

/// An account under comparison.
struct Side {
    wire: Wire,
    root: Url,
    generation: Generation,
    ledger: Option<Ledger>,
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let settings = session.settings(None, Vec::new())?.settings;
    let credentials = config::account_of(&settings.crm)?;
    let shutdown = Shutdown::on_signals().context("listening for signals failed")?;
    let timeout = settings.crm.total_timeout;
    let mark = Mark::new(examine::nonce());
    let real = Side::open(&credentials, timeout, flags.write.then(|| mark.clone())).await?;
    let (recorded, left) = tokio::select! {
        recorded = real.answers() => (recorded, real.remove_all().await),
        () = shutdown.requested() => return Err(broken_off(&real.remove_all().await)),
    };
    let reference = reference_answers(&real, &recorded, timeout, flags.write.then_some(mark)).await?;
    let report = Report::new(recorded, &reference, salt());
    let document = document(&report, &real, &flags);
    write_private(&flags.report, &format!("{document:#}"))
        .with_context(|| format!("writing {} failed; name another with --report", flags.report.display()))?;
    session.screen.show(&document, || text(&report, &real, &flags));
    for record in &left {
        session.screen.warn(&format!("the marked {record} could not be removed: delete it by hand"));
    }
    Ok(if report.difference_count() > 0 || !left.is_empty() { Exit::Failed } else { Exit::Done })
}

impl Side {
    async fn open(credentials: &Credentials, timeout: std::time::Duration, mark: Option<Mark>) -> anyhow::Result<Side> {
        let client = Client::builder(credentials.clone()).timeout(timeout).detect().await;
        let client = client.context("the account does not let this command in; `leadgate doctor` says why")?;
        let wire = Wire::new(credentials, timeout, Arc::new(SystemClock)).context("TLS could not be set up")?;
        let (root, generation) = (client.root().clone(), client.generation());
        Ok(Side { wire, root, generation, ledger: mark.map(Ledger::new) })
    }

    async fn answers(&self) -> Vec<Recorded> {
        let mut script = Script::new(&self.wire, &self.root, self.generation);
        script.read().await;
        if let Some(ledger) = &self.ledger {
            script.write(ledger).await;
        }
        script.into_recorded()
    }

    async fn remove_all(&self) -> Vec<String> {
        match &self.ledger {
            Some(ledger) => ledger.remove_all(&self.wire).await,
            None => Vec::new(),
        }
    }
}

/// What a sandbox account of the same generation answers. It has a quota if the account says that it has one.
async fn reference_answers(
    real: &Side,
    recorded: &[Recorded],
    timeout: std::time::Duration,
    mark: Option<Mark>,
) -> anyhow::Result<Vec<Recorded>> {
    let has_quota = recorded.iter().any(|reply| reply.headers.contains_key("x-ratelimit-limit"));
    let (profile, generation) = match real.generation {
        Generation::Classic => (Profile::Classic, freshsales_sandbox::Generation::Classic),
        Generation::Suite => (Profile::Suite, freshsales_sandbox::Generation::Suite),
    };
    let plan = if has_quota { Plan::Enterprise } else { Plan::Off };
    let config = SandboxConfig { profile, plan, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.context("starting a sandbox failed")?;
    seed(&sandbox, real.generation);
    let credentials = Credentials::parse(&SandboxConfig::default().key, &sandbox.url(generation));
    let credentials = credentials.context("the sandbox's own address was not understood")?;
    let answers = Side::open(&credentials, timeout, mark).await?.answers().await;
    sandbox.shutdown().await;
    Ok(answers)
}

/// A full and a sparse record of each kind, so that lists have rows to compare with, and nulls where there may be some.
fn seed(sandbox: &Sandbox, generation: Generation) {
    let account = sandbox.account();
    let company = json!({"name": "Reference", "city": "Accra", "phone": "+233 30 000 0000", "website": "example.com"});
    let company = account.seed(Kind::SalesAccount, &company);
    account.seed(Kind::SalesAccount, &json!({"name": "Sparse"}));
    let contact = account.seed(
        Kind::Contact,
        &json!({
            "first_name": "Reference", "last_name": "Person", "email": "reference@example.com", "city": "Accra",
            "mobile_number": "+233 20 000 0000", "sales_accounts": [{"id": company, "is_primary": true}],
        }),
    );
    account.seed(Kind::Contact, &json!({"last_name": "Sparse", "email": "sparse@example.com"}));
    account.seed(Kind::Deal, &json!({"name": "Reference", "amount": 100, "sales_account_id": company}));
    account.seed(Kind::Deal, &json!({"name": "Sparse", "amount": 0}));
    if generation == Generation::Classic {
        let lead =
            json!({"first_name": "Reference", "last_name": "Lead", "email": "lead@example.com", "city": "Accra"});
        account.seed(Kind::Lead, &lead);
        account.seed(Kind::Lead, &json!({"last_name": "Sparse", "email": "sparse-lead@example.com"}));
    }
    let due = "2030-01-01T12:00:00Z";
    let task = json!({"title": "Reference", "due_date": due, "targetable_type": "Contact", "targetable_id": contact});
    account.seed(Kind::Task, &task);
}

/// New for each report, so that nobody can guess hidden keys by their digests.
fn salt() -> String {
    use secrecy::ExposeSecret as _;
    app_keys::generate().expose_secret().to_owned()
}

fn document(report: &Report, real: &Side, flags: &Flags) -> Value {
    let mut document = json!({
        "leadgate": env!("CARGO_PKG_VERSION"),
        "generation": real.generation.to_string(),
        "mode": if flags.write { "write" } else { "read-only" },
        "requests": report.request_count(),
    });
    if let (Value::Object(document), Value::Object(compared)) = (&mut document, report.document()) {
        document.extend(compared);
    }
    document
}

fn text(report: &Report, real: &Side, flags: &Flags) -> String {
    let mut lines: Vec<String> = report.lines().iter().map(|line| harmless(line)).collect();
    lines.push(format!(
        "{} differences in {} replies of {}; {} requests were made to the account",
        report.difference_count(),
        report.request_count(),
        real.generation,
        real.wire.sent()
    ));
    lines.push(format!("the report in {} holds shapes only and can be attached to an issue", flags.report.display()));
    lines.join("\n")
}
