//! Names and values of the CRM, put into the gateway's own: the same whether a webhook or the API showed them.
//!
//! A webhook says `deal_stage_name: "Won"` and `amount: 5600` where the API says `deal_stage_id: 404` and `amount: "5600.0"`. Here both become
//! `stage: "Won"` and `amount: "5600"`. Numbers are decimal texts, times are in UTC, tags are one text, and what is blank is null. What belongs
//! to another record, or changes without anybody doing anything, is left out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::HookRules;
use crate::catalog::{Catalog, Section, SectionContent};
use crate::record::{Fields, RecordKind};

/// What a look shows of a record besides its fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// Its id.
    pub id: Option<i64>,
    /// When it was last changed.
    pub version: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Its fields. Ids that only the account's names can tell are still ids: see [`resolve`].
    pub fields: Fields,
}

/// Things with a name of their own: the CRM's name, the gateway's, and where the names of ids are kept.
const NAMED: [(&str, &str, Option<Section>); 19] = [
    ("deal_stage", "stage", Some(Section::Stages)),
    ("deal_pipeline", "pipeline", Some(Section::Stages)),
    ("owner", "owner", Some(Section::Owners)),
    ("lead_source", "source", Some(Section::Sources)),
    ("campaign", "campaign", Some(Section::Campaigns)),
    ("lead_stage", "stage", None),
    ("contact_status", "status", None),
    ("lifecycle_stage", "lifecycle_stage", None),
    ("deal_type", "type", None),
    ("deal_reason", "lost_reason", None),
    ("lead_reason", "lost_reason", None),
    ("lost_reason", "lost_reason", None),
    ("deal_payment_status", "payment_status", None),
    ("deal_product", "product", None),
    ("currency", "currency", None),
    ("territory", "territory", None),
    ("industry_type", "industry", None),
    ("business_type", "business_type", None),
    ("sales_account", "company", None),
];

/// What changes by itself, or follows from something else that is looked at.
const VOLATILE: [&str; 32] = [
    "age",
    "avatar",
    "base_currency_amount",
    "closed_date",
    "customer_fit",
    "deal_prediction",
    "deal_prediction_last_updated_at",
    "display_name",
    "emails",
    "expected_deal_value",
    "first_seen_chat",
    "forecast_category",
    "freddy_forecast_metrics",
    "has_authority",
    "keyword",
    "last_assigned_at",
    "last_deal_prediction",
    "last_seen",
    "last_seen_chat",
    "lead_quality",
    "lead_score",
    "open_deals_amount",
    "open_deals_count",
    "partial",
    "probability",
    "recent_note",
    "rotten_days",
    "stage_updated_time",
    "total_sessions",
    "upcoming_activities_time",
    "won_deals_amount",
    "won_deals_count",
];

/// Texts that are never taken for a number, a time or a yes.
const TEXTUAL: [&str; 8] =
    ["name", "first_name", "last_name", "mobile_number", "work_number", "phone", "zipcode", "external_id"];

/// Reads what is shown of one record, by the CRM's names without the kind in front.
pub fn read(kind: RecordKind, shown: &Map<String, Value>, rules: &HookRules) -> Words {
    let mut words = Words::default();
    for (name, value) in shown {
        match name.as_str() {
            "id" => words.id = id(value),
            "updated_at" => words.version = moment(value, &rules.time_zone),
            "created_at" => words.created_at = moment(value, &rules.time_zone),
            "is_deleted" => deleted(value, &mut words.fields),
            "custom_field" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    take(kind, name, value, rules, &mut words.fields);
                }
            }
            _ => take(kind, name, value, rules, &mut words.fields),
        }
    }
    words.fields.retain(|name, _| !rules.ignore.contains(name));
    words
}

/// A number above zero, or the same as a text.
pub fn id(value: &Value) -> Option<i64> {
    let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|id| *id > 0)
}

/// That a record is not deleted is no news.
fn deleted(value: &Value, fields: &mut Fields) {
    if matches!(value, Value::Bool(true)) || value.as_str().is_some_and(|text| text.trim() == "true") {
        fields.insert(crate::mirror::DELETED.to_owned(), Value::Bool(true));
    }
}

fn take(kind: RecordKind, name: &str, value: &Value, rules: &HookRules, fields: &mut Fields) {
    let by_name = |base: &str| NAMED.iter().find(|(theirs, ..)| *theirs == base).copied();
    if name == "owner_email" {
        fields.insert("owner".to_owned(), lower(value));
    } else if name == "owner_name" {
        fields.insert("owner_name".to_owned(), plain(name, value, &rules.time_zone));
    } else if let Some((_, ours, section)) = name.strip_suffix("_id").and_then(by_name) {
        take_id(ours, section, value, fields);
    } else if let Some((_, ours, _)) = name.strip_suffix("_name").and_then(by_name).or_else(|| by_name(name)) {
        take_named(ours, value, fields);
    } else if is_of_this_record(kind, name) && !VOLATILE.contains(&name) && !name.starts_with("last_contacted") {
        take_plain(name, value, rules, fields);
    }
}

/// The id of a company is told beside its name; that of a stage is told where the name is not.
fn take_id(ours: &str, section: Option<Section>, value: &Value, fields: &mut Fields) {
    let id = id(value).map_or(Value::Null, |id| Value::from(id.to_string()));
    if section.is_some() || ours == "company" {
        fields.insert(format!("{ours}_id"), id);
    } else if id.is_null() {
        // No id means no name.
        fields.entry(ours.to_owned()).or_insert(Value::Null);
    }
}

/// A name, or an object that holds one.
fn take_named(ours: &str, value: &Value, fields: &mut Fields) {
    let name = value.get("name").unwrap_or(value);
    let name = match name {
        Value::String(text) if !text.trim().is_empty() => Value::from(text.trim()),
        Value::Number(number) => Value::from(number.to_string()),
        Value::Object(_) | Value::Array(_) => return,
        _ => Value::Null,
    };
    fields.insert(ours.to_owned(), name);
}

/// Beside its own fields a webhook can show those of the company or the first contact.
fn is_of_this_record(kind: RecordKind, name: &str) -> bool {
    let others: &[&str] = match kind {
        RecordKind::Deal => &["sales_account_", "contact_"],
        RecordKind::Contact => &["sales_account_"],
        RecordKind::Lead | RecordKind::Company => &[],
    };
    let is_other_id = name.ends_with("_id") && name != "external_id" && !name.starts_with("cf_");
    !is_other_id && !others.iter().any(|prefix| name.starts_with(prefix))
}

fn take_plain(name: &str, value: &Value, rules: &HookRules, fields: &mut Fields) {
    let value = match (name, value) {
        ("email", value) => lower(value),
        ("tags", Value::Array(tags)) => {
            let tags: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
            plain(name, &Value::from(tags.join(",")), &rules.time_zone)
        }
        (_, Value::Array(_) | Value::Object(_)) => return,
        (name, value) => plain(name, value, &rules.time_zone),
    };
    fields.insert(name.to_owned(), value);
}

fn lower(value: &Value) -> Value {
    let text = value.as_str().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
    text.map_or(Value::Null, Value::from)
}

/// One value.
fn plain(name: &str, value: &Value, zone: &TimeZone) -> Value {
    let text = match value {
        Value::Bool(_) => return value.clone(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Array(_) | Value::Object(_) => return Value::Null,
    };
    if text.is_empty() {
        return Value::Null;
    }
    if TEXTUAL.contains(&name) {
        return text.into();
    }
    match text.as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            let time = moment(value, zone).filter(|_| text.len() > 10).map(|at| at.to_string());
            time.or_else(|| day(&text)).or_else(|| decimal(&text)).unwrap_or(text).into()
        }
    }
}

/// `07-31-2026` as webhooks write it, in the order that the API writes.
fn day(text: &str) -> Option<String> {
    let date = Date::strptime("%m-%d-%Y", text).ok()?;
    Some(date.to_string())
}

/// A moment with whole seconds: with an offset as the API writes it, or `MM-DD-YYYY HH:MM:SS` in the account's zone as webhooks do.
fn moment(value: &Value, zone: &TimeZone) -> Option<Timestamp> {
    let text = value.as_str()?.trim();
    let local = || {
        let civil = DateTime::strptime("%m-%d-%Y %H:%M:%S", text).ok()?;
        zone.to_ambiguous_timestamp(civil).compatible().ok()
    };
    let moment = text.parse::<Timestamp>().ok().or_else(local)?;
    Timestamp::from_second(moment.as_second()).ok()
}

/// A number with a fraction, or one in powers of ten, as people write it. What may be a code (`007`) stays as it is.
fn decimal(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits
            .chars()
            .all(|character| character.is_ascii_digit() || matches!(character, '.' | 'e' | 'E' | '+' | '-'));
    let is_code = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if !is_number || is_code {
        return None;
    }
    let number: Decimal = text.parse().or_else(|_| Decimal::from_scientific(text)).ok()?;
    Some(number.normalize().to_string())
}

/// Puts ids into names. Returns the fields whose ids the account's names do not have (yet): they are left out, for nothing can be said of them.
pub fn resolve(fields: &mut Fields, catalog: &Catalog) -> Vec<&'static str> {
    let mut nameless = Vec::new();
    for (_, ours, section) in NAMED {
        let Some(section) = section else { continue };
        let id = fields.remove(&format!("{ours}_id"));
        let name = if ours == "owner" { fields.remove("owner_name") } else { None };
        if fields.contains_key(ours) {
            continue;
        }
        let wanted = id.filter(|id| !id.is_null() || name.is_none()).or(name);
        match wanted.map(|wanted| name_of(ours, section, &wanted, catalog)) {
            Some(Some(found)) => drop(fields.insert(ours.to_owned(), found)),
            Some(None) => nameless.push(ours),
            None => {}
        }
    }
    nameless
}

fn name_of(ours: &str, section: Section, wanted: &Value, catalog: &Catalog) -> Option<Value> {
    let Some(wanted) = wanted.as_str() else { return Some(Value::Null) };
    let names = match &catalog.get(section)?.content {
        SectionContent::Names(names) => names,
        // The key may not read names, so the id is all there will ever be.
        SectionContent::Unreadable => return Some(Value::from(wanted)),
        SectionContent::Account(_) => return None,
    };
    if ours == "pipeline" {
        let parents: BTreeMap<String, &str> = names
            .iter()
            .filter_map(|stage| stage.parent.as_ref())
            .map(|parent| (parent.id.to_string(), parent.name.as_str()))
            .collect();
        return parents.get(wanted).map(|name| Value::from(*name));
    }
    let named = names.iter().find(|named| named.id.to_string() == wanted || named.name == wanted)?;
    let email = named.alias.as_ref().filter(|_| ours == "owner").map(|email| email.to_lowercase());
    Some(Value::from(email.unwrap_or_else(|| named.name.clone())))
}
