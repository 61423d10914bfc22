//! `leadgate sandbox`: Freshsales accounts of your own, in memory, for as long as the process runs, or longer with a snapshot.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use freshsales_sandbox::{
    AccountSpec, Clock, Generation, Language, Plan, Profile, Sandbox, SandboxConfig, SnapshotOptions, Switches,
};
use jiff::SignedDuration;
use serde_json::json;

use super::Session;
use crate::config::ConfigError;
use crate::config::LogFormat;
use crate::exit::{CommandResult, Exit, Failure};
use crate::logs;
use crate::shutdown::Shutdown;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Port to listen on; 0 for any
    #[arg(long, default_value_t = 8401)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The account's subdomain
    #[arg(long, default_value = "acme", value_name = "NAME")]
    subdomain: String,
    /// The API key that opens it
    #[arg(long, default_value = "sandbox-key")]
    key: String,
    /// Which API it speaks [default: both]
    #[arg(long)]
    profile: Option<ProfileChoice>,
    /// Whose request quota it has [default: off]
    #[arg(long, value_name = "PLAN")]
    quota: Option<QuotaChoice>,
    /// How long a write takes to reach searches [default: 3s]
    #[arg(long, value_name = "DURATION")]
    index_lag: Option<SignedDuration>,
    /// Its time: real, ×60 (or x60), stepped, or stepped:2026-06-15T12:00:00Z [default: real]
    #[arg(long)]
    clock: Option<Clock>,
    /// Seed of its chance: the same seed gives the same faults and the same seeded records
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Sets a behaviour that is not known for certain (docs/sandbox-switches.md); can be repeated
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    switches: Vec<String>,
    /// Language of sentences and view names: en, nl, es, de, or pseudo for one that nobody understands [default: en]
    #[arg(long, value_name = "CODE", value_parser = language)]
    language: Option<Language>,
    /// Seed a new account with this many contacts, and companies, deals, notes and tasks in proportion
    #[arg(long, value_name = "CONTACTS")]
    records: Option<usize>,
    /// Load the accounts from this file at the start, if it is there, and save them to it at the end
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Another account in the same process, such as name=globex,key=k2,plan=pro,language=nl,switch.mobile_unique=true; repeatable
    #[arg(long, value_name = "SPEC")]
    account: Vec<AccountSpec>,
    /// More accounts, from a JSON file with a list of them
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// Write the port to this file once connections are accepted
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// End when standard input closes, as it does when the program that started this one ends
    #[arg(long)]
    until_stdin_closes: bool,
}

fn language(code: &str) -> Result<Language, String> {
    serde_json::from_value(json!(code)).map_err(|_| "en, nl, es, de or pseudo is expected".to_owned())
}

/// Which API a sandbox account speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProfileChoice {
    /// Both generations, one account
    Both,
    /// Freshsales Classic, with leads
    Classic,
    /// Freshsales Suite, where a lead is a contact
    Suite,
    /// Classic in the dialect of the integration guide
    Tutorial,
}

impl ProfileChoice {
    pub(super) fn profile(self) -> Profile {
        match self {
            ProfileChoice::Both => Profile::Both,
            ProfileChoice::Classic => Profile::Classic,
            ProfileChoice::Suite => Profile::Suite,
            ProfileChoice::Tutorial => Profile::Tutorial,
        }
    }

    /// The generation that a gateway in front of it speaks.
    pub(super) fn generation(self) -> Generation {
        match self {
            ProfileChoice::Both | ProfileChoice::Suite => Generation::Suite,
            ProfileChoice::Classic | ProfileChoice::Tutorial => Generation::Classic,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            ProfileChoice::Both => "both",
            ProfileChoice::Classic => "classic",
            ProfileChoice::Suite => "suite",
            ProfileChoice::Tutorial => "tutorial",
        }
    }
}

/// Whose request quota a sandbox account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum QuotaChoice {
    /// None
    Off,
    /// 1000 requests an hour
    Free,
    /// 1000 requests an hour
    Growth,
    /// 2000 requests an hour
    Pro,
    /// 5000 requests an hour
    Enterprise,
}

impl QuotaChoice {
    pub(super) fn plan(self) -> Plan {
        match self {
            QuotaChoice::Off => Plan::Off,
            QuotaChoice::Free => Plan::Free,
            QuotaChoice::Growth => Plan::Growth,
            QuotaChoice::Pro => Plan::Pro,
            QuotaChoice::Enterprise => Plan::Enterprise,
        }
    }
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let started = Instant::now();
    let mut settings = session.settings(None, Vec::new())?.settings.log;
    settings.format = if session.screen.json { LogFormat::Json } else { settings.format };
    logs::start(&settings, session.verbosity, &session.screen);
    let shutdown = Shutdown::on_signals().context("listening for signals failed")?;
    if flags.until_stdin_closes {
        end_with_stdin(shutdown.clone());
    }
    let others = others(&flags)?;
    let (port, host) = (flags.port, flags.host);
    let sandbox = Sandbox::start(config_of(&flags)?, (host, port).into()).await;
    let mut sandbox =
        sandbox.with_context(|| format!("listening on {host} port {port} failed; choose another --port"))?;
    furnish(&sandbox, &flags, &others, session)?;
    if let Some(file) = &flags.port_file {
        write_port(file, sandbox.addr().port()).with_context(|| format!("writing {} failed", file.display()))?;
    }
    announce(&sandbox, &flags, session, started);
    shutdown.requested().await;
    sandbox.stop().await;
    if let Some(file) = &flags.snapshot {
        let saved = sandbox.save(file, SnapshotOptions::default());
        saved.with_context(|| format!("saving the accounts to {} failed", file.display()))?;
    }
    Ok(Exit::Done)
}

fn config_of(flags: &Flags) -> Result<SandboxConfig, Failure> {
    let default = SandboxConfig::default();
    let lag = flags.index_lag.map(std::time::Duration::try_from).transpose();
    let lag = lag.map_err(|_| ConfigError::one("--index-lag is negative; 0s is the least".to_owned()))?;
    Ok(SandboxConfig {
        subdomain: flags.subdomain.clone(),
        key: flags.key.clone(),
        profile: flags.profile.map_or(default.profile, ProfileChoice::profile),
        plan: flags.quota.map_or(default.plan, QuotaChoice::plan),
        clock: flags.clock.unwrap_or(default.clock),
        index_lag: lag.unwrap_or(default.index_lag),
        seed: flags.seed,
        switches: switches_of(flags)?,
        language: flags.language.unwrap_or(default.language),
        ..SandboxConfig::default()
    })
}

fn switches_of(flags: &Flags) -> anyhow::Result<Switches> {
    let mut switches = Switches::default();
    for setting in &flags.switches {
        let (name, value) = setting.split_once('=').with_context(|| format!("--switch {setting} has no `=`"))?;
        let set = switches.set(name, value).map_err(anyhow::Error::msg);
        set.with_context(|| {
            format!("--switch {setting} cannot be set; docs/sandbox-switches.md lists names and values")
        })?;
    }
    Ok(switches)
}

/// The accounts beside the first, with their configurations.
fn others(flags: &Flags) -> Result<Vec<(AccountSpec, SandboxConfig)>, Failure> {
    let mut specs = flags.account.clone();
    if let Some(file) = &flags.accounts {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {} failed", file.display()))?;
        let listed: Vec<AccountSpec> = serde_json::from_str(&text)
            .map_err(|error| ConfigError::one(format!("{} is not a list of accounts: {error}", file.display())))?;
        specs.extend(listed);
    }
    let with_config = |spec: AccountSpec| {
        let config = spec.config().map_err(|mistake| ConfigError::one(format!("account {}: {mistake}", spec.name)))?;
        Ok((spec, config))
    };
    specs.into_iter().map(with_config).collect()
}

/// Brings in what was saved, adds the other accounts, and seeds those that are new.
fn furnish(
    sandbox: &Sandbox,
    flags: &Flags,
    others: &[(AccountSpec, SandboxConfig)],
    session: &Session,
) -> Result<(), Failure> {
    let saved = flags.snapshot.as_deref().filter(|file| file.exists());
    if let Some(file) = saved {
        let restored = sandbox.restore(file);
        restored.with_context(|| format!("loading the accounts from {} failed", file.display()))?;
        warn_of_ignored(flags, file, session);
    } else if let Some(records) = flags.records {
        sandbox.account().seed_records(records, flags.seed);
    }
    for (spec, config) in others {
        match sandbox.add_account(config.clone()) {
            Ok(account) => account.seed_records(spec.records.unwrap_or(0), config.seed),
            // It came back with the snapshot.
            Err(_) if saved.is_some() => {}
            Err(error) => return Err(ConfigError::one(format!("account {}: {error}", spec.name)).into()),
        }
    }
    Ok(())
}

/// An account that comes back is as it was, so what was asked for of a new one does not hold.
fn warn_of_ignored(flags: &Flags, file: &Path, session: &Session) {
    let given = [
        ("--profile", flags.profile.is_some()),
        ("--quota", flags.quota.is_some()),
        ("--index-lag", flags.index_lag.is_some()),
        ("--clock", flags.clock.is_some()),
        ("--switch", !flags.switches.is_empty()),
        ("--language", flags.language.is_some()),
        ("--records", flags.records.is_some()),
    ];
    let ignored: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    if !ignored.is_empty() {
        let (file, ignored) = (file.display(), ignored.join(", "));
        session
            .screen
            .warn(&format!("the account in {file} is as it was saved; for {ignored} to hold, move that file away"));
    }
}

/// In one step, so that a reader who waits for the file never sees half a number.
fn write_port(file: &Path, port: u16) -> std::io::Result<()> {
    let mut beside = file.to_owned().into_os_string();
    beside.push(".new");
    std::fs::write(&beside, format!("{port}\n"))?;
    std::fs::rename(&beside, file)
}

/// A thread of its own, because nothing can interrupt it and the process must not wait for it.
fn end_with_stdin(shutdown: Shutdown) {
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut thrown_away = [0; 1024];
        while matches!(stdin.read(&mut thrown_away), Ok(1..)) {}
        shutdown.begin();
    });
}

/// One line, once connections are accepted: scripts wait for it.
fn announce(sandbox: &Sandbox, flags: &Flags, session: &Session, started: Instant) {
    let url = sandbox.root_url();
    let profile = flags.profile.unwrap_or(ProfileChoice::Both).name();
    let names: Vec<String> = sandbox.accounts().iter().map(freshsales_sandbox::Account::subdomain).collect();
    let document = json!({
        "url": url,
        "port": sandbox.addr().port(),
        "key": flags.key,
        "subdomain": flags.subdomain,
        "profile": profile,
        "accounts": names,
        "control": format!("{url}/__sandbox"),
        "ready_in_ms": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    session.screen.show(&document, || {
        format!("sandbox account ready at {url} (key {}, profile {profile}, control {url}/__sandbox)", flags.key)
    });
}
