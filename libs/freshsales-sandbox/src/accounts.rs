//! The accounts of one process, and which of them a request is for: by the first label of the host name, by the path prefix
//! `/@name`, or, on a bare loopback address, the first one.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::model::State;
use crate::workflows::sender;
use crate::{Account, Clock, Language, Plan, Profile, SandboxConfig, Switches};

/// An account to add beside the first, as a configuration file, a flag or the control API describes it. Only the name is
/// needed; what is left out is as in [`SandboxConfig::default`].
///
/// ```
/// use freshsales_sandbox::{AccountSpec, Plan};
/// let spec: AccountSpec = "name=globex,key=k2,plan=pro,profile=suite".parse()?;
/// assert_eq!((spec.name.as_str(), spec.plan), ("globex", Some(Plan::Pro)));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AccountSpec {
    /// The subdomain it is reached by.
    pub name: String,
    /// The API key of its first user.
    pub key: Option<String>,
    /// The password of its first user, for Classic's `sign_in` and HTTP Basic.
    pub password: Option<String>,
    /// Whose request quota it has.
    pub plan: Option<Plan>,
    /// Which paths and dialect it serves.
    pub profile: Option<Profile>,
    /// The language of its sentences and view names.
    pub language: Option<Language>,
    /// Its switches that are not at their defaults, by name.
    pub switches: Map<String, Value>,
    /// Where its time comes from.
    pub clock: Option<Clock>,
    /// The zone its datetimes are printed in, as an offset like `+05:30`, or as an IANA name where the program knows these.
    pub zone: Option<String>,
    /// How long a write takes to reach searches, in seconds.
    pub index_lag: Option<f64>,
    /// How long a bulk job runs, in seconds.
    pub job_duration: Option<f64>,
    /// Seed of its chance.
    pub seed: Option<u64>,
    /// How many contacts it is seeded with, see [`Account::seed_records`].
    pub records: Option<usize>,
}

impl FromStr for AccountSpec {
    type Err = String;

    /// Reads `name=acme,key=k,plan=pro,clock=×60,switch.mobile_unique=true`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (mut fields, mut switches) = (Map::new(), Switches::default());
        for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| format!("{pair} is not of the form name=value"))?;
            let (name, value) = (name.trim().replace('-', "_"), value.trim());
            if let Some(switch) = name.strip_prefix("switch.") {
                switches.set(switch, value)?;
                let set = json!(switches)[switch].take();
                let all = fields.entry("switches").or_insert_with(|| json!({}));
                all[switch] = set;
                continue;
            }
            let value = match name.as_str() {
                "clock" => json!(value.parse::<Clock>()?),
                "index_lag" | "job_duration" | "seed" | "records" => {
                    serde_json::from_str(value).map_err(|_| format!("{name}={value} is not a number"))?
                }
                _ => Value::String(value.to_owned()),
            };
            fields.insert(name, value);
        }
        let spec: Self = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
        spec.checked()
    }
}

impl AccountSpec {
    /// An account of this name, with every setting at its default.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn checked(self) -> Result<Self, String> {
        let usable = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if self.name.is_empty() || !self.name.chars().all(usable) {
            return Err(format!(
                "an account's name is made of letters, digits and dashes, which {:?} is not",
                self.name
            ));
        }
        Ok(self)
    }

    /// The configuration it describes.
    ///
    /// # Errors
    /// Where the name, a switch, the zone or a duration is not usable; the message says which.
    pub fn config(&self) -> Result<SandboxConfig, String> {
        let spec = self.clone().checked()?;
        let default = SandboxConfig::default();
        let seconds = |name: &str, sent: Option<f64>, otherwise: Duration| {
            let read = sent.map(Duration::try_from_secs_f64).transpose();
            read.map(|read| read.unwrap_or(otherwise)).map_err(|_| format!("{name} is not a number of seconds"))
        };
        let zone = spec.zone.as_deref().map(crate::config::zone::parse).transpose()?;
        Ok(SandboxConfig {
            subdomain: spec.name,
            key: spec.key.unwrap_or(default.key),
            password: spec.password.unwrap_or(default.password),
            profile: spec.profile.unwrap_or(default.profile),
            plan: spec.plan.unwrap_or(default.plan),
            language: spec.language.unwrap_or(default.language),
            switches: default.switches.with(spec.switches)?,
            clock: spec.clock.unwrap_or(default.clock),
            zone: zone.unwrap_or(default.zone),
            index_lag: seconds("index_lag", spec.index_lag, default.index_lag)?,
            job_duration: seconds("job_duration", spec.job_duration, default.job_duration)?,
            seed: spec.seed.unwrap_or(default.seed),
            ..SandboxConfig::default()
        })
    }
}

/// The accounts that are served, shared by all connections.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    first: Account,
    by_name: Arc<RwLock<BTreeMap<String, Hosted>>>,
    /// Where the senders of webhooks run.
    runtime: Handle,
    stop: watch::Receiver<bool>,
}

/// An account that is served, and the task that sends its webhooks.
#[derive(Debug)]
struct Hosted {
    account: Account,
    /// Taken when its end is awaited.
    sending: Option<JoinHandle<()>>,
}

/// Whom a request is for.
pub(crate) struct Addressee<'a> {
    pub(crate) account: Account,
    /// Whether the account was meant; else the request named one that does not exist.
    pub(crate) exists: bool,
    /// The path without the prefix that names the account.
    pub(crate) path: &'a str,
    /// Host and prefix, for absolute links.
    pub(crate) base: String,
}

/// Why an account was not added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountsError {
    /// There is one of this name.
    NameTaken,
    /// There is none of this name.
    Unknown,
    /// The first account stays as long as the sandbox.
    First,
}

impl fmt::Display for AccountsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NameTaken => "there is an account of this name",
            Self::Unknown => "there is no account of this name",
            Self::First => "the first account cannot be removed",
        })
    }
}

impl std::error::Error for AccountsError {}

impl Accounts {
    /// Call it within a runtime.
    pub(crate) fn new(config: SandboxConfig, stop: watch::Receiver<bool>) -> Self {
        let name = config.subdomain.to_lowercase();
        let first = Account::new(State::new(config));
        let accounts = Self { first: first.clone(), by_name: Arc::default(), runtime: Handle::current(), stop };
        accounts.write().insert(name, accounts.host(first));
        accounts
    }

    fn host(&self, account: Account) -> Hosted {
        let sending = self.runtime.spawn(sender::run(account.clone(), self.stop.clone()));
        Hosted { account, sending: Some(sending) }
    }

    /// Waits until no webhook is sent any more; call it once the stop signal was given. The accounts stay.
    pub(crate) async fn senders_ended(&self) {
        let senders: Vec<_> = self.write().values_mut().filter_map(|hosted| hosted.sending.take()).collect();
        for sending in senders {
            // An error here means the task panicked, and then it sends nothing either.
            drop(sending.await);
        }
    }

    pub(crate) fn first(&self) -> &Account {
        &self.first
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Hosted>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Hosted>> {
        self.by_name.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, name: &str) -> Option<Account> {
        self.read().get(&name.to_lowercase()).map(|hosted| hosted.account.clone())
    }

    /// The first account, then the others by name.
    pub(crate) fn all(&self) -> Vec<Account> {
        let others = self.others();
        std::iter::once(self.first.clone()).chain(others).collect()
    }

    fn others(&self) -> Vec<Account> {
        let accounts = self.read();
        let others = accounts.values().map(|hosted| &hosted.account).filter(|account| !account.is(&self.first));
        others.cloned().collect()
    }

    pub(crate) fn add(&self, config: SandboxConfig) -> Result<Account, AccountsError> {
        let mut accounts = self.write();
        let name = config.subdomain.to_lowercase();
        if accounts.contains_key(&name) {
            return Err(AccountsError::NameTaken);
        }
        let account = Account::new(State::new(config));
        accounts.insert(name, self.host(account.clone()));
        Ok(account)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), AccountsError> {
        let mut accounts = self.write();
        let name = name.to_lowercase();
        match accounts.get(&name) {
            None => Err(AccountsError::Unknown),
            Some(hosted) if hosted.account.is(&self.first) => Err(AccountsError::First),
            Some(hosted) => {
                if let Some(sending) = &hosted.sending {
                    sending.abort();
                }
                accounts.remove(&name);
                Ok(())
            }
        }
    }

    /// Finds the account of a request; one that names no account is shown to the first, which refuses it.
    pub(crate) fn addressee<'a>(&self, host: &str, path: &'a str) -> Addressee<'a> {
        if let Some(rest) = path.strip_prefix("/@") {
            let (name, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let found = self.get(name);
            let exists = found.is_some();
            let account = found.unwrap_or_else(|| self.first.clone());
            return Addressee { account, exists, path, base: format!("{host}/@{name}") };
        }
        let named = host_label(host).map(|label| self.get(label));
        let exists = !matches!(named, Some(None));
        let account = named.flatten().unwrap_or_else(|| self.first.clone());
        Addressee { account, exists, path, base: host.to_owned() }
    }
}

/// Whether a host names an account, or is a bare loopback address.
pub(crate) fn names(subdomain: &str, host: &str) -> bool {
    host_label(host).is_none_or(|label| label.eq_ignore_ascii_case(subdomain))
}

/// The host without its port.
pub(crate) fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').filter(|(name, _)| !name.contains(':')).map_or(host, |(name, _)| name),
    }
}

/// The label that names an account; nothing for a bare loopback address.
fn host_label(host: &str) -> Option<&str> {
    let name = name_of(host);
    let loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let bare = loopback || name.is_empty() || name.eq_ignore_ascii_case("localhost");
    (!bare).then(|| name.split('.').next().unwrap_or(name))
}

/// Whether a host is this machine by its name: a loopback address, `localhost`, or a name below it, which browsers ask no DNS for.
pub(crate) fn is_loopback_name(host: &str) -> bool {
    let name = name_of(host).to_ascii_lowercase();
    let local = name == "localhost" || name.ends_with(".localhost");
    local || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Domains below which real accounts have their names, so that nobody else can lead such a name here.
const DOMAINS: [&str; 3] = [".freshsales.io", ".myfreshworks.com", ".freshworks.com"];

/// Whether no other site can have this name: a page of one whose DNS leads here would be of the same origin as this sandbox.
pub(crate) fn is_nobody_else_s(host: &str) -> bool {
    let name = name_of(host).to_ascii_lowercase();
    is_loopback_name(host) || !name.contains('.') || DOMAINS.iter().any(|domain| name.ends_with(domain))
}
