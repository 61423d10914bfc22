//! `leadgate sandbox`: a Freshsales account of your own, in memory, for as long as the process runs.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use freshsales_sandbox::{Generation, Language, Plan, Profile, Sandbox, SandboxConfig, Switches};
use jiff::SignedDuration;
use serde_json::json;

use super::Session;
use crate::config::LogFormat;
use crate::exit::{CommandResult, Exit};
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
    /// Which API it speaks
    #[arg(long, default_value = "both")]
    profile: ProfileChoice,
    /// Whose request quota it has
    #[arg(long, default_value = "off", value_name = "PLAN")]
    quota: QuotaChoice,
    /// How long a write takes to reach searches
    #[arg(long, default_value = "3s", value_name = "DURATION")]
    index_lag: SignedDuration,
    /// Seed of its chance: the same seed gives the same faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Sets a behaviour that is not known for certain (docs/sandbox-switches.md); can be repeated
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    switches: Vec<String>,
    /// Language of sentences and view names: en, nl, es, de, or pseudo for one that nobody understands
    #[arg(long, default_value = "en", value_parser = language)]
    language: Language,
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
    let mut settings = session.settings(None, Vec::new())?.settings.log;
    settings.format = if session.screen.json { LogFormat::Json } else { settings.format };
    logs::start(&settings, session.verbosity, &session.screen);
    let shutdown = Shutdown::on_signals().context("listening for signals failed")?;
    let (port, host) = (flags.port, flags.host);
    let sandbox = Sandbox::start(config_of(&flags)?, (host, port).into()).await;
    let sandbox = sandbox.with_context(|| format!("listening on {host} port {port} failed; choose another --port"))?;
    announce(&sandbox, &flags, session);
    shutdown.requested().await;
    sandbox.shutdown().await;
    Ok(Exit::Done)
}

fn config_of(flags: &Flags) -> anyhow::Result<SandboxConfig> {
    Ok(SandboxConfig {
        subdomain: flags.subdomain.clone(),
        key: flags.key.clone(),
        profile: flags.profile.profile(),
        plan: flags.quota.plan(),
        index_lag: flags.index_lag.try_into().context("--index-lag is negative; 0s is the least")?,
        seed: flags.seed,
        switches: switches_of(flags)?,
        language: flags.language,
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

/// One line, once connections are accepted: scripts wait for it.
fn announce(sandbox: &Sandbox, flags: &Flags, session: &Session) {
    let url = sandbox.root_url();
    let document = json!({
        "url": url,
        "port": sandbox.addr().port(),
        "key": flags.key,
        "subdomain": flags.subdomain,
        "profile": flags.profile.name(),
        "control": format!("{url}/__sandbox"),
    });
    session.screen.show(&document, || {
        format!(
            "sandbox account ready at {url} (key {}, profile {}, control {url}/__sandbox)",
            flags.key,
            flags.profile.name()
        )
    });
}
