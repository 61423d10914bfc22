//! `leadgate serve`: the gateway in front of a Freshsales account.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use freshsales::Credentials;
use jiff::SignedDuration;
use leadgate_core::clock::Clock as _;
use leadgate_web::Access;
use serde_json::json;

use super::Session;
use crate::config::{self, ConfigError, Effective, Layer};
use crate::exit::{CommandResult, Exit, Failure};
use crate::gateway::{self, Gateway, Plan};
use crate::shutdown::Shutdown;
use crate::stores::{self, OpenStore, left_behind};
use crate::wiring::SystemClock;
use crate::{data_folder, logs};

/// A key that can be guessed protects nothing.
const SHORT_KEY: usize = 16;
/// What is announced where there is no default account.
const MANY: &str = "the accounts that its operator adds";

#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    pub(super) listen: ListenFlags,
    /// Let anyone in without a key. Whoever reaches the port can then write into your CRM
    #[arg(long)]
    open_to_anyone: bool,
    #[command(flatten)]
    idle: IdleFlags,
}

/// When to end without being told to.
#[derive(Debug, Args)]
struct IdleFlags {
    /// Work off what waits, then end: when nothing is due for so long, or nothing that is due can be done
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "10s")]
    until_idle: Option<SignedDuration>,
    /// With --until-idle, the longest time to work; exit code 6 if work is left by then
    #[arg(long, value_name = "DURATION", default_value = "10m", requires = "until_idle")]
    within: SignedDuration,
}

/// Where to listen.
#[derive(Debug, Args)]
pub(super) struct ListenFlags {
    /// Port to listen on; 0 for any [default: PORT, else 3000]
    #[arg(long)]
    port: Option<u16>,
    /// Address to listen on
    #[arg(long)]
    host: Option<IpAddr>,
}

impl ListenFlags {
    pub(super) fn layers(&self) -> Vec<Layer> {
        let port = self.port.map(|port| Layer::of_flag("--port", "server.port", port));
        let host = self.host.map(|host| Layer::of_flag("--host", "server.host", host.to_string()));
        port.into_iter().chain(host).collect()
    }
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let mut layers = flags.listen.layers();
    layers.extend(flags.open_to_anyone.then(|| Layer::of_flag("--open-to-anyone", "access.open_to_anyone", true)));
    let effective = session.settings(None, layers)?;
    let credentials = credentials(&effective.settings)?;
    logs::start(&effective.settings.log, session.verbosity, &session.screen);
    let shutdown = Shutdown::on_signals().context("listening for signals failed")?;
    let Effective { settings, .. } = effective;
    let place = stores::place(&settings.store);
    let store = OpenStore::open(&settings.store).await?;
    left_behind::refuse_to_leave_work(&settings.store, &store, SystemClock.now()).await?;
    claim_folder(&settings, credentials.as_ref())?;
    let keys = gateway::app_keys(&settings, &*store.store()).await?;
    let access = access(&settings, keys, credentials.is_some())?;
    warn_of_access(&settings, &access, session);
    let listener = gateway::listen(&host(&settings.server.host, &access), settings.server.port).await?;
    let account = credentials.as_ref().map_or_else(|| MANY.to_owned(), |own| own.address().to_string());
    let until_idle = flags.idle.until_idle;
    let plan = Plan { settings, credentials, listener, store, access, account_since: None, until_idle };
    let gateway = Gateway::open(plan).await?;
    announce(&gateway, &account, &place, session);
    let bound = until_idle.is_some().then_some(flags.idle.within);
    run_within(gateway, bound, shutdown).await
}

/// The default account. With an operator's API there may be none, and the accounts come through that.
fn credentials(settings: &config::Settings) -> Result<Option<Credentials>, ConfigError> {
    if settings.access.operator_key.is_some() && !config::names_account(&settings.crm) {
        return Ok(None);
    }
    config::account_of(&settings.crm).map(Some)
}

/// Notes the default account in the data folder. Beside a database there is one only where rows are copied.
fn claim_folder(settings: &config::Settings, credentials: Option<&Credentials>) -> Result<(), Failure> {
    let folder = &settings.store.data;
    data_folder::make_for_copy(settings)?;
    match credentials {
        Some(credentials) if folder.is_dir() => data_folder::claim_for_account(folder, credentials.address()),
        _ => Ok(()),
    }
}

/// Runs the gateway to its end, which begins at the latest after `bound`.
async fn run_within(gateway: Gateway, bound: Option<SignedDuration>, shutdown: Shutdown) -> CommandResult {
    let Some(bound) = bound else {
        gateway.run(shutdown).await?;
        return Ok(Exit::Done);
    };
    let ended = gateway.run(shutdown.clone());
    tokio::pin!(ended);
    tokio::select! {
        ended = &mut ended => {
            ended?;
            return Ok(Exit::Done);
        }
        () = tokio::time::sleep(Duration::try_from(bound).unwrap_or_default()) => {}
    }
    tracing::warn!("work is left after {bound:#}; it is kept, and the next start goes on with it");
    shutdown.begin();
    ended.await?;
    Ok(Exit::NotYet)
}

/// Who may come in. Nobody is let in by default, so a gateway that nobody could use does not start.
fn access(
    settings: &config::Settings,
    keys: Vec<leadgate_store::model::AppKey>,
    has_default: bool,
) -> Result<Access, Failure> {
    if settings.access.open_to_anyone {
        return Ok(Access::OpenToAnyone);
    }
    if keys.is_empty() && has_default {
        let mend = "no app key is set: set LEADGATE_APP_KEY to a long random text that your app sends as `Authorization: Bearer …` \
                    (`leadgate keys add NAME` makes one), or ask for access.open_to_anyone by name";
        return Err(ConfigError::one(mend).into());
    }
    Ok(Access::Keys(keys))
}

fn warn_of_access(settings: &config::Settings, access: &Access, session: &Session) {
    use secrecy::ExposeSecret as _;
    if matches!(access, Access::OpenToAnyone) {
        session.screen.warn("open to anyone: whoever reaches this port can write into your CRM");
    }
    for (what, key) in [("app", &settings.access.app_key), ("operator", &settings.access.operator_key)] {
        if key.as_ref().is_some_and(|key| key.expose_secret().len() < SHORT_KEY) {
            session
                .screen
                .warn(&format!("the {what} key is short enough to be guessed; use at least 16 random characters"));
        }
    }
}

/// Only a key makes it safe to listen to other machines unasked.
fn host(configured: &str, access: &Access) -> String {
    match (configured, access) {
        ("", Access::Keys(_)) => "0.0.0.0".to_owned(),
        ("", Access::OpenToAnyone) => "127.0.0.1".to_owned(),
        (host, _) => host.to_owned(),
    }
}

fn announce(gateway: &Gateway, account: &str, place: &str, session: &Session) {
    let url = format!("http://{}", gateway.address());
    let document = json!({"url": url, "port": gateway.address().port(), "account": account, "data": place});
    let screen = &session.screen;
    screen.show(&document, || {
        format!(
            "{} for {account} on {}\n  send leads to   POST {url}/leads\n  health          GET  {url}/health, {url}/ready\n  data            {place}",
            screen.good("leadgate is ready"),
            screen.strong(&url),
        )
    });
}
