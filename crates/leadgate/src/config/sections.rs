//! The settings as types, one struct for each concern. What each means is said once, in `config.default.toml`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use leadgate_core::rules::Rules;
use leadgate_core::sync::{Schedule, Stream};
use leadgate_engine::sync::{NotesRead, WithheldRows};
use leadgate_warehouse::SinkSpec;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

/// Every setting.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Settings {
    pub(crate) server: ServerSettings,
    pub(crate) access: AccessSettings,
    pub(crate) accounts: AccountsSection,
    pub(crate) crm: CrmSettings,
    pub(crate) names: NameSettings,
    pub(crate) engine: WorkSettings,
    pub(crate) budget: BudgetShares,
    pub(crate) retry: RetrySettings,
    pub(crate) retention: RetentionSettings,
    pub(crate) intake: IntakeSettings,
    pub(crate) broker: BrokerSection,
    pub(crate) rules: RulesSettings,
    pub(crate) sync: SyncSection,
    pub(crate) store: StoreSettings,
    pub(crate) log: LogSettings,
}

/// Where the gateway listens and how it ends.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ServerSettings {
    pub(crate) host: String,
    pub(crate) port: u16,
    #[serde(deserialize_with = "text")]
    pub(crate) public_url: Option<String>,
    #[serde(deserialize_with = "duration")]
    pub(crate) shutdown_deadline: Duration,
}

impl ServerSettings {
    /// Where this machine reaches the gateway: at the one address that it listens on, or at the machine's own.
    pub(crate) fn local_url(&self) -> String {
        let host = match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) if !address.is_unspecified() => address.to_string(),
            Ok(IpAddr::V6(address)) if !address.is_unspecified() => format!("[{address}]"),
            Ok(IpAddr::V6(_)) => format!("[{}]", Ipv6Addr::LOCALHOST),
            Ok(IpAddr::V4(_)) | Err(_) => Ipv4Addr::LOCALHOST.to_string(),
        };
        format!("http://{host}:{}", self.port)
    }
}

/// Who may call.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AccessSettings {
    #[serde(deserialize_with = "secret")]
    pub(crate) app_key: Option<SecretString>,
    pub(crate) open_to_anyone: bool,
    #[serde(deserialize_with = "secret")]
    pub(crate) operator_key: Option<SecretString>,
}

/// What further accounts need.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AccountsSection {
    #[serde(deserialize_with = "secret")]
    pub(crate) master_key: Option<SecretString>,
    #[serde(deserialize_with = "text")]
    pub(crate) master_key_file: Option<String>,
}

/// The account.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CrmSettings {
    #[serde(deserialize_with = "secret")]
    pub(crate) api_key: Option<SecretString>,
    #[serde(deserialize_with = "text")]
    pub(crate) subdomain: Option<String>,
    #[serde(deserialize_with = "duration")]
    pub(crate) total_timeout: Duration,
}

/// What the account must have under these names.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct NameSettings {
    #[serde(deserialize_with = "list")]
    pub(crate) stages: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) sources: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) owners: Vec<String>,
}

/// How the engine works.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct WorkSettings {
    pub(crate) worker: String,
    pub(crate) concurrency: usize,
    pub(crate) plan_ahead: u32,
    pub(crate) pack_from: usize,
    #[serde(deserialize_with = "duration")]
    pub(crate) known_for: Duration,
}

/// How much the account may be asked; 0 is no limit.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BudgetShares {
    pub(crate) per_hour: u32,
    pub(crate) per_minute: u32,
    pub(crate) reserve_interactive: f64,
    pub(crate) reserve_event: f64,
    pub(crate) reserve_bulk: f64,
    pub(crate) minute_for_bulk: f64,
}

/// When to try again.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RetrySettings {
    #[serde(deserialize_with = "duration")]
    pub(crate) base: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) cap: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) settle: Duration,
    pub(crate) max_failures: u32,
}

/// How long the past is kept; `None` is for ever.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RetentionSettings {
    #[serde(deserialize_with = "days")]
    pub(crate) done: Option<SignedDuration>,
    #[serde(deserialize_with = "days")]
    pub(crate) attempts: Option<SignedDuration>,
    #[serde(deserialize_with = "days")]
    pub(crate) deliveries: Option<SignedDuration>,
    #[serde(deserialize_with = "days")]
    pub(crate) imports: Option<SignedDuration>,
    #[serde(deserialize_with = "days")]
    pub(crate) receipts: Option<SignedDuration>,
    #[serde(deserialize_with = "days")]
    pub(crate) copy_changes: Option<SignedDuration>,
    #[serde(deserialize_with = "days")]
    pub(crate) copy_runs: Option<SignedDuration>,
    #[serde(deserialize_with = "days")]
    pub(crate) changes: Option<SignedDuration>,
    #[serde(deserialize_with = "days")]
    pub(crate) profiles: Option<SignedDuration>,
}

/// The door.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct IntakeSettings {
    #[serde(deserialize_with = "duration")]
    pub(crate) patience: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) max_wait: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) content_window: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) key_window: Duration,
    pub(crate) body_limit: usize,
    #[serde(deserialize_with = "text")]
    pub(crate) phone_region: Option<String>,
}

/// Requests of other programs that go through to the account.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BrokerSection {
    #[serde(deserialize_with = "list")]
    pub(crate) keys: Vec<String>,
    #[serde(deserialize_with = "duration")]
    pub(crate) wait: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) max_wait: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) remember: Duration,
    pub(crate) body_limit: usize,
}

/// The rules file.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RulesSettings {
    #[serde(deserialize_with = "text")]
    pub(crate) file: Option<String>,
    /// What it says.
    #[serde(skip)]
    pub(crate) read: Arc<Rules>,
}

/// The copy of the account.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SyncSection {
    #[serde(deserialize_with = "streams")]
    pub(crate) streams: Vec<Stream>,
    #[serde(deserialize_with = "schedule")]
    pub(crate) schedule: Option<Schedule>,
    #[serde(deserialize_with = "duration")]
    pub(crate) full_every: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) overlap: Duration,
    #[serde(deserialize_with = "duration")]
    pub(crate) match_for: Duration,
    pub(crate) pages: u32,
    pub(crate) withheld: WithheldRows,
    pub(crate) notes: NotesRead,
    #[serde(deserialize_with = "sinks")]
    pub(crate) sinks: Vec<SinkSpec>,
    #[serde(deserialize_with = "text")]
    pub(crate) database: Option<String>,
}

/// Where the gateway keeps its data.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct StoreSettings {
    #[serde(deserialize_with = "secret")]
    url: Option<SecretString>,
    #[serde(deserialize_with = "secret")]
    database: Option<SecretString>,
    pub(crate) schema: String,
    pub(crate) connections: u32,
    pub(crate) pooled: bool,
    #[serde(deserialize_with = "secret")]
    pub(crate) listen_url: Option<SecretString>,
    pub(crate) data: PathBuf,
    pub(crate) durability: DurabilityChoice,
}

impl StoreSettings {
    /// The Postgres database that the store is in; `None` where it is the file in the data folder.
    pub(crate) fn database(&self) -> Option<&SecretString> {
        match &self.url {
            Some(url) => Some(url).filter(|url| is_postgres(url)),
            None => self.database.as_ref().filter(|url| is_postgres(url)),
        }
    }

    /// Whether the named place is one that a store can be in.
    pub(super) fn is_known(&self) -> bool {
        self.url.as_ref().is_none_or(|url| url.expose_secret() == IN_THE_FOLDER || is_postgres(url))
    }

    /// The same for a store in a file in that folder.
    pub(crate) fn in_folder(&self, folder: PathBuf) -> StoreSettings {
        StoreSettings { url: None, database: None, data: folder, ..self.clone() }
    }

    /// The same for a store in that database.
    pub(crate) fn in_database(&self, url: SecretString) -> StoreSettings {
        StoreSettings { url: Some(url), ..self.clone() }
    }
}

/// What `store.url` says for a file in the data folder.
const IN_THE_FOLDER: &str = "sqlite";

/// Whether an address is that of a Postgres database.
pub(crate) fn is_postgres(url: &SecretString) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| url.expose_secret().starts_with(scheme))
}

/// What an acknowledged submission survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DurabilityChoice {
    Full,
    Normal,
}

/// What is logged and in which form.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LogSettings {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Auto,
    Text,
    Json,
}

/// An empty text is a setting that is not set.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Several texts, or one in which commas separate them.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List {
        One(String),
        Many(Vec<String>),
    }
    let texts = match List::deserialize(deserializer)? {
        List::One(text) => text.split(',').map(str::to_owned).collect(),
        List::Many(texts) => texts,
    };
    Ok(texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).map(str::to_owned).collect())
}

/// Names of streams; none named is all of them.
fn streams<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Stream>, D::Error> {
    let named = list(deserializer)?;
    let streams = named.iter().map(|name| stream_of(name).map_err(serde::de::Error::custom));
    let streams: Vec<Stream> = streams.collect::<Result<_, _>>()?;
    Ok(if streams.is_empty() { Stream::ALL.to_vec() } else { streams })
}

/// The stream of that name, or a sentence that lists them.
pub(crate) fn stream_of(name: &str) -> Result<Stream, String> {
    Stream::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Stream::ALL.into_iter().map(Stream::name).collect();
        format!("`{name}` is no stream; there are {}", names.join(", "))
    })
}

fn schedule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Schedule>, D::Error> {
    text(deserializer)?.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// Sinks as tables, or texts in which commas separate them.
fn sinks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SinkSpec>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sinks {
        Text(String),
        Many(Vec<SinkSpec>),
    }
    match Sinks::deserialize(deserializer)? {
        Sinks::Many(sinks) => Ok(sinks),
        Sinks::Text(text) => {
            let named = text.split(',').map(str::trim).filter(|text| !text.is_empty());
            named.map(|text| SinkSpec::parse(text).map_err(serde::de::Error::custom)).collect()
        }
    }
}

/// White space around a pasted secret is never meant.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(text(deserializer)?.map(SecretString::from))
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let parsed = text.trim().parse::<SignedDuration>().ok().and_then(|parsed| Duration::try_from(parsed).ok());
    parsed.ok_or_else(|| {
        serde::de::Error::custom(format!(
            "`{text}` is not a duration; write it as \"300ms\", \"10s\", \"5m\" or \"24h\""
        ))
    })
}

/// `90 days`, `12h`, or nothing for no end.
fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SignedDuration>, D::Error> {
    text(deserializer)?.map(|text| read_days(&text).map_err(serde::de::Error::custom)).transpose()
}

fn read_days(text: &str) -> Result<SignedDuration, String> {
    let days = ["days", "day", "d"].iter().find_map(|unit| text.strip_suffix(unit));
    let parsed = match days {
        Some(days) => days.trim().parse::<u16>().ok().map(|days| SignedDuration::from_hours(24 * i64::from(days))),
        None => text.parse().ok(),
    };
    parsed.filter(SignedDuration::is_positive).ok_or_else(|| {
        format!(
            "`{text}` is no time to keep something; write it as \"90 days\" or \"12h\", or leave it empty for no end"
        )
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("90 days", Some(90 * 24))]
    #[case("1 day", Some(24))]
    #[case("30d", Some(30 * 24))]
    #[case("12h", Some(12))]
    #[case("0 days", None)]
    #[case("-1h", None)]
    #[case("soon", None)]
    #[case("1.5 days", None)]
    fn how_long_something_is_kept(#[case] text: &str, #[case] hours: Option<i64>) {
        assert_eq!(read_days(text).ok(), hours.map(SignedDuration::from_hours));
    }

    #[rstest]
    #[case::not_set("", "http://127.0.0.1:3000")]
    #[case::by_name("localhost", "http://127.0.0.1:3000")]
    #[case::every_address("0.0.0.0", "http://127.0.0.1:3000")]
    #[case::every_address_of_six("::", "http://[::1]:3000")]
    #[case::one("192.0.2.7", "http://192.0.2.7:3000")]
    #[case::one_of_six("2001:db8::7", "http://[2001:db8::7]:3000")]
    fn where_this_machine_reaches_the_gateway(#[case] host: &str, #[case] url: &str) {
        let shutdown_deadline = Duration::ZERO;
        let settings = ServerSettings { host: host.to_owned(), port: 3_000, public_url: None, shutdown_deadline };
        assert_eq!(settings.local_url(), url);
    }
}
