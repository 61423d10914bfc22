//! Conditions of a rule: all of them must hold. A condition with several values holds if one of them does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::availability::{Hours, HoursFile};
use super::facts::{Compared, UTM, country_key, value_key};
use super::text;
use crate::rules::Compiling;

/// The longest list of values that is shown whole.
const MOST_SHOWN: usize = 8;

/// Conditions as they are written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConditionsFile {
    employees: Option<Bounds>,
    country: Option<OneOrMany>,
    state: Option<OneOrMany>,
    email_domain: Option<OneOrMany>,
    free_mail: Option<bool>,
    company: Option<OneOrMany>,
    source: Option<OneOrMany>,
    campaign: Option<OneOrMany>,
    utm: BTreeMap<String, OneOrMany>,
    custom: BTreeMap<String, CustomFile>,
    language: Option<OneOrMany>,
    tags: Option<OneOrMany>,
    hours: Option<HoursFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a value, a list of values, or an object with min and max")]
enum CustomFile {
    Bounds(Bounds),
    Many(Vec<Value>),
    One(Value),
}

/// From and up to, both included.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    min: Option<f64>,
    max: Option<f64>,
}

/// A condition, ready to be applied, and as it is shown.
#[derive(Clone, Debug)]
struct Condition {
    test: Test,
    shown: String,
}

#[derive(Clone, Debug)]
enum Test {
    Employees(Bounds),
    Country(Vec<String>),
    State(Vec<String>),
    EmailDomain(Vec<String>),
    FreeMail(bool),
    Company(Vec<String>),
    Source(Vec<String>),
    Campaign(Vec<String>),
    Utm(String, Vec<String>),
    Custom(String, Vec<String>),
    CustomNumber(String, Bounds),
    Language(Vec<String>),
    Tags(Vec<String>),
    Hours(Hours),
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions(Vec<Condition>);

impl Conditions {
    pub(super) fn compile(
        file: ConditionsFile,
        zone: &TimeZone,
        place: &str,
        compiling: &mut Compiling<'_>,
    ) -> Conditions {
        let mut made = Making { conditions: Vec::new(), place, compiling };
        made.bounds("employees", file.employees, Test::Employees);
        made.list("country", file.country, country_key, Test::Country);
        made.list("state", file.state, pattern, Test::State);
        made.list("email_domain", file.email_domain, domain_pattern, Test::EmailDomain);
        if let Some(free) = file.free_mail {
            made.add(Test::FreeMail(free), if free { "free_mail is true" } else { "free_mail is false" }.to_owned());
        }
        made.list("company", file.company, company_pattern, Test::Company);
        made.list("source", file.source, pattern, Test::Source);
        made.list("campaign", file.campaign, pattern, Test::Campaign);
        for (name, values) in file.utm {
            let path = format!("utm.{name}");
            if !UTM.contains(&name.as_str()) {
                made.problem(&path, format_args!("is none of {}", UTM.join(", ")));
            }
            made.list(&path, Some(values), pattern, |values| Test::Utm(name, values));
        }
        for (name, written) in file.custom {
            made.custom(name, written);
        }
        made.list("language", file.language, text::language, Test::Language);
        made.list("tags", file.tags, pattern, Test::Tags);
        if let Some(hours) = file.hours {
            let hours = Hours::compile(hours, zone, &format!("{place}.hours"), made.compiling);
            let shown = format!("hours {hours}");
            made.add(Test::Hours(hours), shown);
        }
        Conditions(made.conditions)
    }

    pub(super) fn hold(&self, lead: &Compared<'_>, now: Timestamp) -> bool {
        self.0.iter().all(|condition| condition.test.holds(lead, now))
    }

    /// The first condition that does not hold.
    pub(super) fn miss(&self, lead: &Compared<'_>, now: Timestamp) -> Option<&str> {
        self.0.iter().find(|condition| !condition.test.holds(lead, now)).map(|condition| condition.shown.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Conditions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown: Vec<&str> = self.0.iter().map(|condition| condition.shown.as_str()).collect();
        formatter.write_str(&shown.join("; "))
    }
}

/// Conditions in the making.
struct Making<'a, 'b> {
    conditions: Vec<Condition>,
    place: &'a str,
    compiling: &'a mut Compiling<'b>,
}

impl Making<'_, '_> {
    fn problem(&mut self, name: &str, message: impl std::fmt::Display) {
        self.compiling.problem(&format!("{}.{name}", self.place), message);
    }

    fn add(&mut self, test: Test, shown: String) {
        self.conditions.push(Condition { test, shown });
    }

    fn list(
        &mut self,
        name: &str,
        written: Option<OneOrMany>,
        compared: impl Fn(&str) -> String,
        test: impl FnOnce(Vec<String>) -> Test,
    ) {
        let written = match written {
            None => return,
            Some(OneOrMany::One(value)) => vec![value],
            Some(OneOrMany::Many(values)) => values,
        };
        let values: Vec<String> = written.iter().map(|value| compared(value)).collect();
        if values.is_empty() || values.iter().any(String::is_empty) {
            self.problem(name, "has no value, or an empty one");
        }
        self.add(test(values), format!("{name} is {}", any_of(&written)));
    }

    fn bounds(&mut self, name: &str, written: Option<Bounds>, test: impl FnOnce(Bounds) -> Test) {
        let Some(bounds) = written else { return };
        let shown = match (bounds.min, bounds.max) {
            (Some(min), Some(max)) if min <= max => format!("{name} is {min} to {max}"),
            (Some(min), None) => format!("{name} is {min} or more"),
            (None, Some(max)) => format!("{name} is {max} or less"),
            _ => {
                self.problem(name, "needs min, max or both, the smaller first");
                return;
            }
        };
        self.add(test(bounds), shown);
    }

    fn custom(&mut self, name: String, written: CustomFile) {
        let path = format!("custom.{name}");
        if !name.starts_with("cf_") {
            self.problem(&path, "is not a custom field's name; the CRM's own start with cf_");
        }
        let values = match written {
            CustomFile::Bounds(bounds) => {
                return self.bounds(&path, Some(bounds), |bounds| Test::CustomNumber(name, bounds));
            }
            CustomFile::Many(values) => values,
            CustomFile::One(value) => vec![value],
        };
        if values.is_empty() || values.iter().any(|value| value.is_object() || value.is_array()) {
            self.problem(&path, "needs a text, a number, true or false, or a list of these");
        }
        let shown: Vec<String> =
            values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
        let compared = |value: &Value| value.as_str().map_or_else(|| value_key(value), pattern);
        let test = Test::Custom(name, values.iter().map(compared).collect());
        self.add(test, format!("{path} is {}", any_of(&shown)));
    }
}

impl Test {
    fn holds(&self, lead: &Compared<'_>, now: Timestamp) -> bool {
        match self {
            Test::Employees(bounds) => lead.facts.employees.is_some_and(|count| bounds.contain(f64::from(count))),
            Test::Country(codes) => lead.country.as_ref().is_some_and(|country| codes.contains(country)),
            Test::State(values) => any(values, lead.state.as_deref()),
            Test::EmailDomain(domains) => {
                any(domains, lead.facts.email_domain.as_deref()) || any(domains, lead.registrable)
            }
            Test::FreeMail(wanted) => lead.facts.free_mail == Some(*wanted),
            Test::Company(values) => any(values, lead.company.as_deref()),
            Test::Source(values) => any(values, lead.source.as_deref()),
            Test::Campaign(values) => any(values, lead.campaign.as_deref()),
            Test::Utm(name, values) => any(values, lead.utm.get(name.as_str()).map(String::as_str)),
            Test::Custom(name, values) => any(values, lead.custom.get(name.as_str()).map(String::as_str)),
            Test::CustomNumber(name, bounds) => {
                let value = lead.facts.custom.get(name);
                let number = value.and_then(|value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()));
                number.is_some_and(|number| bounds.contain(number))
            }
            Test::Language(wanted) => lead.language.as_deref().is_some_and(|spoken| speaks(wanted, spoken)),
            Test::Tags(values) => lead.tags.iter().any(|tag| any(values, Some(tag))),
            Test::Hours(hours) => hours.contain(now),
        }
    }
}

impl Bounds {
    fn contain(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }
}

fn any(patterns: &[String], text: Option<&str>) -> bool {
    text.is_some_and(|text| patterns.iter().any(|pattern| text::matches_pattern(pattern, text)))
}

/// `de` is spoken by `de-at` too, but not the other way round.
fn speaks(wanted: &[String], spoken: &str) -> bool {
    let is = |wanted: &String| spoken.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    wanted.iter().any(is)
}

/// A pattern as folded texts are compared with it.
fn pattern(written: &str) -> String {
    written.split('*').map(text::fold).collect::<Vec<_>>().join("*")
}

fn company_pattern(written: &str) -> String {
    if written.contains('*') { pattern(written) } else { text::company_name(written) }
}

fn domain_pattern(written: &str) -> String {
    written.trim().trim_start_matches('@').to_lowercase()
}

fn any_of(values: &[String]) -> String {
    let shown = values.iter().take(MOST_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = values.len().saturating_sub(MOST_SHOWN);
    match (values.len(), more) {
        (1, _) => shown,
        (_, 0) => format!("one of {shown}"),
        _ => format!("one of {shown} and {more} more"),
    }
}
