//! `leadgate doctor`: what is wrong with this installation, and how to mend it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use freshsales::Credentials;
use jiff::SignedDuration;
use leadgate_core::clock::Clock as _;
use leadgate_core::doctor::codes::Status;
use leadgate_core::doctor::observed::{AccountSeen, Observed, Wanted};
use leadgate_core::doctor::{Finding, count, judge};
use leadgate_crm_freshsales::doctor::Examination;
use leadgate_crm_freshsales::marked::{Ledger, Mark};
use leadgate_crm_freshsales::wire::Wire;
use serde_json::{Value, json};

use super::Session;
use crate::config::{self, Effective, Settings};
use crate::exit::{CommandResult, Exit, Failure};
use crate::screen::{Screen, harmless};
use crate::shutdown::Shutdown;
use crate::wiring::SystemClock;
use crate::{data_folder, examine};

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Also make marked records in the account, to see what the key may do and how searches behave; they are removed again
    #[arg(long)]
    write: bool,
    /// Print only what failed and what is a warning
    #[arg(long)]
    brief: bool,
    /// How long a new record is searched for, with --write
    #[arg(long, default_value = "15s", value_name = "DURATION")]
    search_within: SignedDuration,
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let Effective { settings, .. } = session.settings(None, Vec::new())?;
    let shutdown = Shutdown::on_signals().context("listening for signals failed")?;
    let search_within = flags.search_within.try_into().context("--search-within is negative; 0s is the least")?;
    let ledger = flags.write.then(|| Ledger::new(Mark::new(examine::nonce())));
    let account = config::account_of(&settings.crm);
    let (seen, requests) = match &account {
        Ok(credentials) => {
            let examination = examination(credentials, &settings, (ledger, search_within));
            look_at_account(&examination, shutdown).await?
        }
        Err(error) => (AccountSeen::NotSet(error.problems.clone()), 0),
    };
    let address = account.as_ref().ok().map(Credentials::address);
    let observed = Observed {
        account: seen,
        machine: examine::look_at_machine(&settings.store, address).await,
        gateway: examine::look_at_gateway(&settings.server).await,
    };
    let findings = without_secret(judge(&observed), account.as_ref().ok());
    let report = Report { findings, requests, account: address.map(ToString::to_string), data: &settings.store.data };
    let least = if flags.brief { Status::Warning } else { Status::Ok };
    session.screen.show(&report.document(least), || report.text(least, &session.screen));
    Ok(if count(&report.findings, Status::Failed) > 0 { Exit::Failed } else { Exit::Done })
}

fn examination(
    credentials: &Credentials,
    settings: &Settings,
    (ledger, search_within): (Option<Ledger>, Duration),
) -> Examination {
    let names = &settings.names;
    let wanted = Wanted {
        stages: names.stages.clone(),
        sources: names.sources.clone(),
        owners: names.owners.clone(),
        since: SystemClock.now(),
    };
    Examination {
        credentials: credentials.clone(),
        timeout: settings.crm.total_timeout,
        clock: Arc::new(SystemClock),
        noted_account: data_folder::noted_account(&settings.store.data),
        wanted,
        ledger,
        search_within,
    }
}

/// Ctrl-C breaks the look off, but what it made is removed first.
async fn look_at_account(examination: &Examination, shutdown: Shutdown) -> Result<(AccountSeen, u32), Failure> {
    let clock = Arc::clone(&examination.clock);
    let wire = Wire::new(&examination.credentials, examination.timeout, clock);
    let wire = wire.context("TLS could not be set up; install the system's root certificates")?;
    let seen = tokio::select! {
        seen = examination.run(&wire) => seen,
        () = shutdown.requested() => {
            let left = match &examination.ledger {
                Some(ledger) => ledger.remove_all(&wire).await,
                None => Vec::new(),
            };
            return Err(broken_off(&left));
        }
    };
    Ok((AccountSeen::Asked(Box::new(seen)), wire.sent()))
}

/// What is said when somebody breaks off a command that may have made records.
pub(super) fn broken_off(left: &[String]) -> Failure {
    let what = match left {
        [] => anyhow!("broken off; nothing that it made is left in the account"),
        left => anyhow!("broken off; delete these marked records by hand: {}", left.join(", ")),
    };
    Failure::new(Exit::Failed, what)
}

/// No finding holds the key; should a server repeat it, it is taken out here.
fn without_secret(findings: Vec<Finding>, credentials: Option<&Credentials>) -> Vec<Finding> {
    let Some(credentials) = credentials else { return findings };
    let key = credentials.key().expose();
    let clean = |text: String| harmless(&text.replace(key, "********"));
    let cleaned = findings.into_iter().map(|finding| Finding {
        seen: clean(finding.seen),
        hint: finding.hint.map(clean),
        code: finding.code,
    });
    cleaned.collect()
}

/// What is printed.
struct Report<'a> {
    findings: Vec<Finding>,
    requests: u32,
    account: Option<String>,
    data: &'a Path,
}

impl Report<'_> {
    /// What is at least so bad.
    fn at_least(&self, least: Status) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.code.status >= least)
    }

    fn document(&self, least: Status) -> Value {
        let finding = |finding: &Finding| {
            json!({
                "code": finding.code.name,
                "subject": finding.code.subject.name(),
                "status": finding.code.status.name(),
                "seen": finding.seen,
                "meaning": finding.code.meaning,
                "cause": finding.code.cause,
                "mend": finding.mend(),
            })
        };
        json!({
            "account": self.account,
            "findings": self.at_least(least).map(finding).collect::<Vec<_>>(),
            "failed": count(&self.findings, Status::Failed),
            "warnings": count(&self.findings, Status::Warning),
            "skipped": count(&self.findings, Status::Skipped),
            "ok": count(&self.findings, Status::Ok),
            "requests": self.requests,
        })
    }

    fn text(&self, least: Status, screen: &Screen) -> String {
        let account = self.account.as_deref().unwrap_or("no account");
        let mut lines = vec![format!("leadgate doctor: {account}, data in {}", self.data.display())];
        let mut subject = None;
        for finding in self.at_least(least) {
            if subject != Some(finding.code.subject) {
                subject = Some(finding.code.subject);
                lines.push(format!("\n{}", screen.strong(finding.code.subject.name())));
            }
            lines.extend(finding_lines(finding, screen));
        }
        lines.push(format!("\n{}", self.sum()));
        lines.join("\n")
    }

    fn sum(&self) -> String {
        let of = |status| count(&self.findings, status);
        format!(
            "{} ok, {} skipped, {} warning(s), {} failed; {} request(s) to the account",
            of(Status::Ok),
            of(Status::Skipped),
            of(Status::Warning),
            of(Status::Failed),
            self.requests
        )
    }
}

fn finding_lines(finding: &Finding, screen: &Screen) -> Vec<String> {
    let status = format!("{:<8}", finding.code.status.name());
    let status = match finding.code.status {
        Status::Ok => screen.good(&status),
        Status::Skipped => screen.faint(&status),
        Status::Warning => screen.attention(&status),
        Status::Failed => screen.bad(&status),
    };
    let mut lines = vec![format!("  {status} {:<24} {}", finding.code.name, finding.seen)];
    let more = [("cause", finding.code.cause.to_owned()), ("mend", finding.mend())];
    let told = more.into_iter().filter(|(_, text)| !text.is_empty());
    lines.extend(told.map(|(label, text)| format!("           {} {text}", screen.faint(&format!("{label:<5}")))));
    lines
}
