//! What a sandbox is started with: who the account is, which dialect it speaks, its plan and its clock.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rules::AccountRules;
use crate::switches::Switches;

/// A generation of the API. It decides the path prefix, whether leads exist and which keys a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// `{subdomain}.freshsales.io/api`, with leads.
    Classic,
    /// `{alias}.myfreshworks.com/crm/sales/api`, where a lead is a contact in the lifecycle stage "Lead".
    Suite,
}

impl Generation {
    /// The path every API route of the generation starts with.
    #[must_use]
    pub const fn api_prefix(self) -> &'static str {
        match self {
            Self::Classic => "/api",
            Self::Suite => "/crm/sales/api",
        }
    }
}

/// Which of the account's faces are reachable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Profile {
    /// Either generation's path reaches the same account; leads on the Classic path only.
    #[default]
    Both,
    /// Classic paths only, with leads.
    Classic,
    /// Suite paths only, without leads.
    Suite,
    /// Classic plus the dialect that a popular integration guide teaches: enveloped search, `GET /contacts?q[email]=`,
    /// `GET /settings/deal_stages`, 422 for an invalid stage.
    Tutorial,
}

impl Profile {
    /// Whether requests on this generation's paths are served.
    #[must_use]
    pub const fn serves(self, generation: Generation) -> bool {
        match generation {
            Generation::Classic => !matches!(self, Self::Suite),
            Generation::Suite => matches!(self, Self::Both | Self::Suite),
        }
    }
}

/// The request quota of the account. Every plan with a quota also allows 400 requests a minute.
/// Source: official support articles "API request limits" of both generations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Plan {
    /// No quota and no `x-ratelimit-*` headers.
    #[default]
    Off,
    /// 1000 requests an hour.
    Free,
    /// 1000 requests an hour.
    Growth,
    /// 2000 requests an hour.
    Pro,
    /// 5000 requests an hour.
    Enterprise,
    /// Numbers of your own.
    Custom {
        /// Requests in a clock hour.
        hour: u32,
        /// Requests in a clock minute.
        minute: u32,
    },
}

impl Plan {
    /// Requests per hour and per minute, or nothing where there is no quota.
    #[must_use]
    pub const fn limits(self) -> Option<(u32, u32)> {
        match self {
            Self::Off => None,
            Self::Free | Self::Growth => Some((1000, 400)),
            Self::Pro => Some((2000, 400)),
            Self::Enterprise => Some((5000, 400)),
            Self::Custom { hour, minute } => Some((hour, minute)),
        }
    }
}

/// Where the account's time comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Clock {
    /// The machine's clock; [`crate::Account::advance`] shifts it forward.
    #[default]
    Real,
    /// Runs this many times as fast as the machine's clock, from the machine's time at the start.
    Accelerated(f64),
    /// Stands still at the given instant until [`crate::Account::advance`] moves it.
    Stepped(Timestamp),
}

impl std::str::FromStr for Clock {
    type Err = String;

    /// `real`, `stepped` (at a fixed instant), `stepped:2026-06-15T12:00:00Z`, or a factor: `×60`, `x60`.
    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("{text} is no clock: real, stepped, stepped:2026-06-15T12:00:00Z and ×60 are");
        if let Some(instant) = text.strip_prefix("stepped:") {
            return instant.parse().map(Self::Stepped).map_err(|_| unknown());
        }
        match text {
            "real" => Ok(Self::Real),
            "stepped" => Ok(Self::Stepped(STEPPED_FROM)),
            _ => {
                let factor = text.strip_prefix(['×', 'x']).ok_or_else(unknown)?;
                let factor = factor.parse().ok().filter(|factor: &f64| factor.is_finite() && *factor > 0.0);
                factor.map(Self::Accelerated).ok_or_else(unknown)
            }
        }
    }
}

/// Where a stepped clock stands that was given no instant: noon of a Thursday, 1 January 2026, in UTC.
const STEPPED_FROM: Timestamp = Timestamp::constant(1_767_268_800, 0);
/// The language of the key's owner: sentences of refusals and names of views are in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Dutch.
    #[serde(rename = "nl")]
    Dutch,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
    /// German.
    #[serde(rename = "de")]
    German,
    /// No language: English with every vowel replaced, so that no program can understand a word. Names of attributes stay.
    #[serde(rename = "pseudo")]
    Pseudo,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 5] = [Self::English, Self::Dutch, Self::Spanish, Self::German, Self::Pseudo];
}

/// How a sandbox is set up. Start from [`SandboxConfig::default`] and change what matters.
///
/// ```
/// use freshsales_sandbox::{Plan, SandboxConfig};
/// let config = SandboxConfig { plan: Plan::Growth, ..SandboxConfig::default() };
/// assert_eq!(config.subdomain, "acme");
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct SandboxConfig {
    /// First label of the host name; other host names are answered as an unknown account.
    pub subdomain: String,
    /// The API key of the account's first user.
    pub key: String,
    /// The password that Classic's `sign_in` and HTTP Basic accept for the first user.
    pub password: String,
    /// Which paths and dialect are served.
    pub profile: Profile,
    /// The request quota.
    pub plan: Plan,
    /// Where time comes from.
    pub clock: Clock,
    /// How long a write takes to reach `search` and `filtered_search`.
    pub index_lag: Duration,
    /// How long a bulk job runs.
    pub job_duration: Duration,
    /// Seed of the fault draws: the same seed and the same order of requests give the same faults.
    pub seed: u64,
    /// Behaviours that are not known for certain, each with its most likely setting.
    pub switches: Switches,
    /// What an admin has set up: mandatory and unique fields, automatic assignment, conversion.
    pub rules: AccountRules,
    /// The language of sentences and view names.
    pub language: Language,
    /// Zone that datetimes are printed in; `UTC` prints `Z`.
    #[serde(with = "zone")]
    pub zone: jiff::tz::TimeZone,
    /// Custom fields the account knows; others are refused. [`crate::Account::add_custom_field`] adds more.
    pub custom_fields: Vec<CustomField>,
    /// How many requests [`crate::Account::requests`] remembers.
    pub remembered_requests: usize,
    /// Workflows the account has from the start. [`crate::Account::add_workflow`] adds more.
    pub workflows: Vec<crate::Workflow>,
    /// How many attempts [`crate::Account::deliveries`] remembers.
    pub remembered_deliveries: usize,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            subdomain: "acme".to_owned(),
            key: "sandbox-key".to_owned(),
            password: "sandbox-password".to_owned(),
            profile: Profile::default(),
            plan: Plan::default(),
            clock: Clock::default(),
            index_lag: Duration::from_secs(3),
            job_duration: Duration::from_secs(1),
            seed: 1,
            switches: Switches::default(),
            rules: AccountRules::default(),
            language: Language::default(),
            zone: jiff::tz::TimeZone::UTC,
            custom_fields: CustomField::defaults(),
            remembered_requests: 10_000,
            workflows: Vec::new(),
            remembered_deliveries: 1_000,
        }
    }
}

/// Zones by name. `UTC` is known without the system's zone database, which other names need and offsets do not.
pub(crate) mod zone {
    use jiff::fmt::temporal::DateTimeParser;
    use jiff::tz::TimeZone;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn parse(text: &str) -> Result<TimeZone, String> {
        if text == "UTC" {
            return Ok(TimeZone::UTC);
        }
        DateTimeParser::new().parse_time_zone(text).map_err(|error| error.to_string())
    }

    pub(super) fn serialize<S: Serializer>(zone: &TimeZone, serializer: S) -> Result<S::Ok, S::Error> {
        if *zone == TimeZone::UTC {
            return serializer.serialize_str("UTC");
        }
        jiff::fmt::serde::tz::required::serialize(zone, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
        parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The type of a custom field, with the name that field metadata gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CustomFieldType {
    /// One line of at most 255 characters.
    Text,
    /// Text without a limit.
    Textarea,
    /// Any number.
    Number,
    /// True or false.
    Checkbox,
    /// `YYYY-MM-DD`.
    Date,
    /// One of the choices, as text.
    Dropdown,
    /// One of the choices, as text.
    Radio,
    /// Several choices in one string, joined with `;`.
    MultiSelectDropdown,
    /// The id of another record.
    Lookup,
}

impl CustomFieldType {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Textarea => "textarea",
            Self::Number => "number",
            Self::Checkbox => "checkbox",
            Self::Date => "date",
            Self::Dropdown => "dropdown",
            Self::Radio => "radio",
            Self::MultiSelectDropdown => "multi_select_dropdown",
            Self::Lookup => "lookup",
        }
    }
}

/// A custom field of one record kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    /// The kind that has the field.
    pub kind: crate::Kind,
    /// The key inside `custom_field`, with its `cf_` prefix.
    pub name: String,
    /// What people see.
    pub label: String,
    /// What it holds.
    pub field_type: CustomFieldType,
    /// The choices of a dropdown.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Whether two records may not share a value.
    #[serde(default)]
    pub unique: bool,
    /// Whether every write must leave the field filled.
    #[serde(default)]
    pub required: bool,
}

impl CustomField {
    /// A field without choices; the label is derived from the name.
    #[must_use]
    pub fn new(kind: crate::Kind, name: &str, field_type: CustomFieldType) -> Self {
        let words = name.trim_start_matches("cf_").replace('_', " ");
        let mut letters = words.chars();
        let label = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
        Self { kind, name: name.to_owned(), label, field_type, choices: Vec::new(), unique: false, required: false }
    }

    /// The same field with these choices.
    #[must_use]
    pub fn with_choices(mut self, choices: &[&str]) -> Self {
        self.choices = choices.iter().map(|&choice| choice.to_owned()).collect();
        self
    }

    /// The same field, its values unique in the account.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// The same field, to be filled by every write.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn defaults() -> Vec<Self> {
        use crate::Kind::{Contact, Deal, Lead, SalesAccount};
        use CustomFieldType::{Checkbox, Dropdown, MultiSelectDropdown, Number, Text};
        vec![
            Self::new(Contact, "cf_region", Dropdown).with_choices(&["Nordics", "West Africa"]),
            Self::new(Contact, "cf_interests", MultiSelectDropdown).with_choices(&["Quotes", "Forecasting"]),
            Self::new(Contact, "cf_is_active", Checkbox),
            Self::new(Contact, "cf_seats", Number),
            Self::new(Contact, "cf_license_key", Text),
            Self::new(Lead, "cf_seats", Number),
            Self::new(Lead, "cf_region", Dropdown).with_choices(&["Nordics", "West Africa"]),
            Self::new(SalesAccount, "cf_is_vip", Checkbox),
            Self::new(Deal, "cf_licence_type", Dropdown).with_choices(&["Monthly", "Annual"]),
        ]
    }
}
