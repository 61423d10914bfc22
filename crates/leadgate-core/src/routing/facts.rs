//! What the rules look at of a lead. Neither address nor name of the person is among it, so it can be shown to whoever keeps the rules.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{free_mail, text};
use crate::intake::Lead;
use crate::record::field;

/// The five parameters that links of campaigns carry.
pub(crate) const UTM: [&str; 5] = ["source", "medium", "campaign", "term", "content"];

/// What the rules look at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadFacts {
    /// The domain of the e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_domain: Option<String>,
    /// Whether anybody can have an address at that domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_mail: Option<bool>,
    /// The company's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Its number of employees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employees: Option<u32>,
    /// Country, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// State or region, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Lead source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// Parameters of the campaign's link, such as `source`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub utm: BTreeMap<String, String>,
    /// Custom fields by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom: BTreeMap<String, Value>,
    /// Language, such as `de-AT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
}

impl LeadFacts {
    /// The facts of a lead. What it does not say by itself is looked for in custom fields of the usual names: `cf_utm_source`, `cf_language`.
    pub fn of(lead: &Lead) -> LeadFacts {
        let domain = lead.email.as_ref().and_then(|email| Some(email.as_str().rsplit_once('@')?.1.to_owned()));
        let plain = |name: &str| lead.fields.get(name).cloned();
        LeadFacts {
            free_mail: domain.as_deref().map(|domain| free_mail::is_free(text::registrable(domain))),
            email_domain: domain,
            company: lead.company.as_ref().map(|company| company.name.clone()),
            employees: lead.company.as_ref().and_then(|company| company.employees).or(lead.employees),
            country: plain(field::COUNTRY),
            state: plain(field::STATE),
            source: lead.source.clone(),
            campaign: lead.campaign.clone(),
            utm: utm(lead),
            custom: lead.custom.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            language: lead.language.clone().or_else(|| custom_text(lead, "cf_language")),
            tags: lead.tags.iter().cloned().collect(),
        }
    }
}

fn utm(lead: &Lead) -> BTreeMap<String, String> {
    let found = UTM.into_iter().filter_map(|name| {
        let said = lead.utm.get(name).cloned().or_else(|| custom_text(lead, &format!("cf_utm_{name}")));
        let medium = || lead.fields.get(field::MEDIUM).filter(|_| name == "medium").cloned();
        Some((name.to_owned(), said.or_else(medium)?))
    });
    found.collect()
}

fn custom_text(lead: &Lead, name: &str) -> Option<String> {
    lead.custom.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// The facts as they are compared, worked out once for all rules.
pub(super) struct Compared<'a> {
    pub(super) facts: &'a LeadFacts,
    pub(super) registrable: Option<&'a str>,
    pub(super) company: Option<String>,
    pub(super) country: Option<String>,
    pub(super) state: Option<String>,
    pub(super) source: Option<String>,
    pub(super) campaign: Option<String>,
    pub(super) utm: BTreeMap<&'a str, String>,
    pub(super) custom: BTreeMap<&'a str, String>,
    pub(super) language: Option<String>,
    pub(super) tags: Vec<String>,
}

impl<'a> Compared<'a> {
    pub(super) fn of(facts: &'a LeadFacts) -> Compared<'a> {
        let folded = |text: &Option<String>| text.as_deref().map(text::fold);
        Compared {
            facts,
            registrable: facts.email_domain.as_deref().map(text::registrable),
            company: facts.company.as_deref().map(text::company_name),
            country: facts.country.as_deref().map(country_key),
            state: folded(&facts.state),
            source: folded(&facts.source),
            campaign: folded(&facts.campaign),
            utm: facts.utm.iter().map(|(name, value)| (name.as_str(), text::fold(value))).collect(),
            custom: facts.custom.iter().map(|(name, value)| (name.as_str(), value_key(value))).collect(),
            language: facts.language.as_deref().map(text::language),
            tags: facts.tags.iter().map(|tag| text::fold(tag)).collect(),
        }
    }
}

/// A country by its two letters; one that is not known, by its folded name.
pub(super) fn country_key(written: &str) -> String {
    text::country(written).map_or_else(|| text::fold(written), str::to_owned)
}

/// A value of a custom field as it is compared: folded text, a number, or `true` or `false`.
pub(super) fn value_key(value: &Value) -> String {
    match value {
        Value::String(text) => text::fold(text),
        Value::Number(number) => text::fold(&number.to_string()),
        other => other.to_string(),
    }
}
