//! `leadgate dev`: a gateway and a sandbox account in one process, to build against without an account.
//!
//! The account is kept in the data folder beside the gateway's store: every change is in its file before the gateway hears of it, so an end of
//! any kind loses nothing that was shown. Where that file was taken away the account begins empty, and the gateway is told to disbelieve what it
//! knew before. Each profile has a store of its own, because ids and
//! capabilities differ; none of them is the store that `leadgate serve` uses.

mod feed;

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use figment::value::Value;
use freshsales::Credentials;
use freshsales_sandbox::{Plan as Quota, Sandbox, SandboxConfig};
use leadgate_store::model::JobFilter;
use leadgate_web::Access;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::Session;
use super::sandbox::{ProfileChoice, QuotaChoice};
use super::serve::ListenFlags;
use crate::config::{Effective, Layer};
use crate::exit::{CommandResult, Exit};
use crate::gateway::{self, Gateway, Plan};
use crate::shutdown::Shutdown;
use crate::stores::OpenStore;
use crate::{app_keys, data_folder, logs};

#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    listen: ListenFlags,
    /// Which kind of account to build against
    #[arg(long, default_value = "suite")]
    profile: ProfileChoice,
    /// Whose request quota the account has
    #[arg(long, default_value = "off", value_name = "PLAN")]
    quota: QuotaChoice,
    /// Port of the sandbox account; 0 for any
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    sandbox_port: u16,
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let started = Instant::now();
    let Effective { mut settings, .. } = session.settings(Some(defaults(flags.quota)), flags.listen.layers())?;
    logs::start(&settings.log, session.verbosity, &session.screen);
    let shutdown = Shutdown::on_signals().context("listening for signals failed")?;
    let data = data_folder::make_folder(&settings.store.data)?;
    let key = match &settings.access.app_key {
        Some(key) => key.clone(),
        None => app_keys::dev_key_or_new(&data)?,
    };
    settings.access.app_key = Some(key.clone());
    let folder = store_folder(&data, flags.profile);
    // The account is this process's own, and so is what is known of it. The copy of a sandbox account is kept apart from that of a real one too.
    settings.store = settings.store.in_folder(folder.clone());
    let store = OpenStore::open(&settings.store).await?;
    let sandbox = start_sandbox(&flags).await?;
    let returned = keep_account(&sandbox, &flags, &folder.join(ACCOUNT_FILE))?;
    let access = Access::Keys(gateway::app_keys(&settings, &*store.store()).await?);
    let listener = gateway::listen(&settings.server.host, settings.server.port).await?;
    let credentials = Some(credentials(&sandbox, flags.profile)?);
    let account_since = Some(sandbox.account().began());
    let gateway =
        Gateway::open(Plan { settings, credentials, listener, store, access, account_since, until_idle: None }).await?;
    let feed = feed::Feed::beginning_now(gateway.store(), sandbox.account(), session.screen).await;
    let feed = feed.context("reading the store failed")?;
    let intro = Intro {
        gateway: &gateway,
        sandbox: &sandbox,
        key: &key,
        data: &folder,
        profile: flags.profile,
        returned,
        started,
    };
    intro.show(session).await?;
    let end_feed = shutdown.clone().requested();
    tokio::spawn(async move {
        tokio::select! {
            () = feed.run() => {}
            () = end_feed => {}
        }
    });
    let ended = gateway.run(shutdown).await;
    sandbox.shutdown().await;
    ended?;
    Ok(Exit::Done)
}

/// Where dev differs from serve while nobody says otherwise.
fn defaults(quota: QuotaChoice) -> Layer {
    let (per_hour, per_minute) = quota.plan().limits().unwrap_or((0, 0));
    let entries: [(&str, Value); 6] = [
        ("server.host", Ipv4Addr::LOCALHOST.to_string().into()),
        ("server.shutdown_deadline", "3s".into()),
        ("budget.per_hour", per_hour.into()),
        ("budget.per_minute", per_minute.into()),
        ("broker.keys", "*".into()),
        ("log.level", "warn".into()),
    ];
    Layer::of_command("leadgate dev", &entries)
}

/// Each kind of account has a store of its own.
fn store_folder(data: &std::path::Path, profile: ProfileChoice) -> PathBuf {
    data.join(format!("dev-{}", profile.name()))
}

/// The account of `leadgate dev` in its store's folder.
const ACCOUNT_FILE: &str = "account.jsonl";

/// Brings the account of the last start back, if there is one, and keeps it from now on; says whether there was one.
fn keep_account(sandbox: &Sandbox, flags: &Flags, file: &Path) -> anyhow::Result<bool> {
    let account = sandbox.account();
    let returned = match File::open(file) {
        Ok(kept) => {
            let restored = account.restore(BufReader::new(kept));
            let hint =
                || format!("reading the account in {} failed; move it away to begin with an empty one", file.display());
            restored.with_context(hint)?;
            // What was asked for now holds over what was asked for then.
            account.set_plan(flags.quota.plan());
            true
        }
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(error).with_context(|| format!("reading {} failed", file.display())),
    };
    account.keep_in(file).with_context(|| format!("writing {} failed", file.display()))?;
    Ok(returned)
}

async fn start_sandbox(flags: &Flags) -> anyhow::Result<Sandbox> {
    let plan: Quota = flags.quota.plan();
    let config = SandboxConfig { profile: flags.profile.profile(), plan, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config, (Ipv4Addr::LOCALHOST, flags.sandbox_port).into()).await;
    sandbox.with_context(|| format!("listening on port {} failed; choose another --sandbox-port", flags.sandbox_port))
}

fn credentials(sandbox: &Sandbox, profile: ProfileChoice) -> anyhow::Result<Credentials> {
    let credentials = Credentials::parse(&SandboxConfig::default().key, &sandbox.url(profile.generation()));
    credentials.context("the sandbox's own address was not understood")
}

/// What is told at the start.
struct Intro<'a> {
    gateway: &'a Gateway,
    sandbox: &'a Sandbox,
    key: &'a SecretString,
    data: &'a std::path::Path,
    profile: ProfileChoice,
    /// Whether the account is that of an earlier start.
    returned: bool,
    started: Instant,
}

impl Intro<'_> {
    async fn show(&self, session: &Session) -> anyhow::Result<()> {
        let remembers = !self.gateway.store().jobs(JobFilter { limit: 1, ..JobFilter::default() }).await?.is_empty();
        let ready_in = self.started.elapsed().as_millis();
        let (url, sandbox, key) =
            (format!("http://{}", self.gateway.address()), self.sandbox.root_url(), self.key.expose_secret());
        let sandbox_key = SandboxConfig::default().key;
        let document = json!({
            "url": url,
            "port": self.gateway.address().port(),
            "app_key": key,
            "sandbox_url": sandbox,
            "sandbox_key": sandbox_key,
            "profile": self.profile.name(),
            "data": self.data.display().to_string(),
            "account_returned": self.returned,
            "ready_in_ms": u64::try_from(ready_in).unwrap_or(u64::MAX),
        });
        let screen = &session.screen;
        screen.show(&document, || {
            let mut lines = vec![
                format!("{} in {ready_in} ms", screen.good("leadgate dev is ready")),
                format!("  gateway   {}", screen.strong(&url)),
                format!("  app key   {key}"),
                format!("  sandbox   {sandbox} (key {sandbox_key}, profile {}, open it in a browser)", self.profile.name()),
                format!("  data      {}", self.data.display()),
                String::new(),
                "Send a lead:".to_owned(),
                format!("  curl -X POST {url}/leads \\"),
                format!("    -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\"),
                "    -d '{\"email\":\"ada@example.com\",\"firstName\":\"Ada\",\"lastName\":\"Lovelace\",\"company\":\"Analytical Engines\"}'".to_owned(),
                String::new(),
                format!("The sandbox account is kept in {}; without that file it begins empty.", self.data.join(ACCOUNT_FILE).display()),
            ];
            if remembers && !self.returned {
                lines.push("The gateway has kept the submissions of earlier starts, whose records are gone from the account.".to_owned());
            }
            lines.push("Leads show up here as they land. Ctrl-C ends.".to_owned());
            lines.join("\n")
        });
        Ok(())
    }
}
