//! The settings of one account of many: what its operator said, over those of the process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use freshsales::Credentials;
use leadgate_core::rules::{Rules, RulesError};
use leadgate_core::sync::Schedule;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::checks;
use super::sections::{Settings, stream_of};

/// How an account is served, as it is kept. What is not said is as in the settings of the process, but for rules, schedule and sinks, which each
/// account has of its own or not at all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccountSettings {
    /// Its subdomain, domain or URL.
    pub(crate) domain: String,
    per_hour: Option<u32>,
    per_minute: Option<u32>,
    concurrency: Option<usize>,
    phone_region: Option<String>,
    /// The text of a rules file. What it calls by `$NAME` is among the account's variables; the process's own are not within its reach.
    rules: Option<String>,
    /// When the copy is brought up to date.
    schedule: Option<String>,
    /// Which streams are copied.
    streams: Option<Vec<String>>,
}

/// The secrets of an account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountSecrets {
    pub(crate) api_key: Option<SecretString>,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, SecretString>,
}

/// The settings that hold for an account.
pub(crate) struct OfAccount {
    /// As types, like those of a process that serves this account alone.
    pub(crate) settings: Settings,
    /// What its CRM is asked with, or what is missing for that.
    pub(crate) credentials: Result<Credentials, String>,
}

impl AccountSettings {
    /// Reads them. The error says what cannot be used.
    pub(crate) fn read(kept: &Value) -> Result<AccountSettings, String> {
        AccountSettings::deserialize(kept).map_err(|error| format!("the account's settings cannot be used: {error}"))
    }

    /// The settings that hold for the account, whose files are in that folder. The error says every problem that makes them useless.
    pub(crate) fn over(
        &self,
        process: &Settings,
        secrets: &AccountSecrets,
        folder: PathBuf,
    ) -> Result<OfAccount, String> {
        let mut settings = without_own(process, folder);
        settings.budget.per_hour = self.per_hour.unwrap_or(settings.budget.per_hour);
        settings.budget.per_minute = self.per_minute.unwrap_or(settings.budget.per_minute);
        settings.engine.concurrency = self.concurrency.unwrap_or(settings.engine.concurrency);
        settings.intake.phone_region = self.phone_region.clone().or(settings.intake.phone_region);
        settings.rules.read = Arc::new(self.rules(secrets)?);
        settings.sync.schedule = self.schedule()?;
        if let Some(streams) = &self.streams {
            settings.sync.streams = streams.iter().map(|name| stream_of(name)).collect::<Result<_, _>>()?;
        }
        checks::check(&settings).map_err(|error| error.to_string())?;
        Ok(OfAccount { settings, credentials: self.credentials(secrets) })
    }

    fn rules(&self, secrets: &AccountSecrets) -> Result<Rules, String> {
        let Some(text) = &self.rules else { return Ok(Rules::default()) };
        let variable = |name: &str| secrets.variables.get(name).map(|value| value.expose_secret().to_owned());
        Rules::parse(text, &variable)
            .map_err(|RulesError(problems)| format!("the account's rules cannot be used: {}", problems.join("; ")))
    }

    fn schedule(&self) -> Result<Option<Schedule>, String> {
        let schedule = self.schedule.as_deref().filter(|text| !text.trim().is_empty());
        let wrong = |error| format!("the account's schedule cannot be used: {error}");
        schedule.map(|text| text.parse::<Schedule>().map_err(wrong)).transpose()
    }

    fn credentials(&self, secrets: &AccountSecrets) -> Result<Credentials, String> {
        let key =
            secrets.api_key.as_ref().ok_or("the account has no API key; `leadgate accounts change` gives it one")?;
        Credentials::parse(key.expose_secret(), &self.domain)
            .map_err(|error| format!("the account's domain and API key cannot be used: {error}"))
    }
}

/// The process's settings, as they hold for accounts whose own cannot be used.
pub(super) fn without_own(process: &Settings, folder: PathBuf) -> Settings {
    let mut settings = process.clone();
    settings.crm.api_key = None;
    settings.crm.subdomain = None;
    settings.access.app_key = None;
    settings.access.operator_key = None;
    settings.access.open_to_anyone = false;
    settings.accounts.master_key = None;
    settings.rules.file = None;
    settings.rules.read = Arc::default();
    settings.sync.schedule = None;
    settings.sync.sinks = Vec::new();
    settings.sync.database = None;
    settings.store.data = folder;
    settings
}

impl Settings {
    /// The settings of an account whose own cannot be used: enough to keep what comes in.
    pub(crate) fn without_own(&self, folder: PathBuf) -> Settings {
        without_own(self, folder)
    }
}
