//! What an admin does in the CRM's settings, over the control API: rules, mandatory and unique fields, assignment, language, lifecycle stages,
//! pipelines, restoring.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{Outcome, parse, stage_id};
use crate::model::{Kind, List, State, fields};
use crate::wire::Reply;
use crate::{AccountRules, AssignmentRule, Language, StageOutcome, UNIQUE_FIELDS_MAXIMUM};

/// The state of what an admin can change, by control path.
pub(super) fn read(state: &State, path: &[&str]) -> Option<Value> {
    match path {
        ["rules"] => Some(json!(state.rules)),
        ["language"] => Some(json!({"language": state.language})),
        _ => None,
    }
}

/// Carries out a change; nothing where the path is not one of these.
pub(super) fn change(state: &mut State, method: &Method, path: &[&str], body: &Bytes) -> Option<Outcome> {
    Some(match (method, path) {
        (&Method::PUT, ["rules"]) => replace_rules(state, body),
        (&Method::DELETE, ["rules"]) => set(state, AccountRules::default()),
        (&Method::POST, ["fields", "required"]) => mark(state, body, |rules| &mut rules.required),
        (&Method::POST, ["fields", "unique"]) => mark(state, body, |rules| &mut rules.unique),
        (&Method::POST, ["assignment-rules"]) => parse::<AssignmentRule>(body).and_then(|rule| {
            let rules = state.rules.clone().assign(rule);
            set(state, rules)
        }),
        (&Method::DELETE, ["assignment-rules"]) => {
            let rules = AccountRules { assignment: Vec::new(), ..state.rules.clone() };
            set(state, rules)
        }
        (&Method::PUT, ["language"]) => parse::<LanguageSetting>(body).map(|setting| {
            state.language = setting.language;
            Reply::json(json!({"language": state.language}))
        }),
        (&Method::POST, ["restore"]) => restore(state, body),
        (&Method::POST, ["lifecycle-stages", "add"]) => add_lifecycle_stage(state, body),
        (&Method::POST, ["contact-statuses", "add"]) => add_contact_status(state, body),
        (&Method::PUT, ["pipelines", id]) => set_rotting_days(state, id, body),
        (&Method::POST, ["currencies", "add"]) => add_currency(state, body),
        _ => return None,
    })
}

#[derive(serde::Deserialize)]
struct LanguageSetting {
    language: Language,
}

/// Rules that are not sent stay as they are.
fn replace_rules(state: &mut State, body: &Bytes) -> Outcome {
    let sent: serde_json::Map<String, Value> = parse(body)?;
    let mut merged = json!(state.rules);
    for (name, value) in sent {
        match merged.get_mut(&name) {
            Some(rule) => *rule = value,
            None => return Err(format!("there is no rule {name}")),
        }
    }
    let rules = serde_json::from_value(merged).map_err(|error| format!("cannot set the rules: {error}"))?;
    set(state, rules)
}

fn set(state: &mut State, rules: AccountRules) -> Outcome {
    check(state, &rules)?;
    state.rules = rules;
    Ok(Reply::json(json!(state.rules)))
}

#[derive(serde::Deserialize)]
struct Mark {
    kind: Kind,
    name: String,
    #[serde(default = "yes")]
    on: bool,
}

const fn yes() -> bool {
    true
}

type Marked = std::collections::BTreeMap<Kind, std::collections::BTreeSet<String>>;

/// Marks a field of a kind, or with `"on": false` takes the mark away.
fn mark(state: &mut State, body: &Bytes, of: fn(&mut AccountRules) -> &mut Marked) -> Outcome {
    let Mark { kind, name, on } = parse(body)?;
    let mut rules = state.rules.clone();
    let names = of(&mut rules).entry(kind).or_default();
    names.remove(&name);
    names.extend(on.then_some(name));
    set(state, rules)
}

/// What an admin could not set up in the CRM's pages.
pub(crate) fn check(state: &State, rules: &AccountRules) -> Result<(), String> {
    for (kind, names) in rules.required.iter().chain(&rules.unique) {
        if let Some(name) = names.iter().find(|name| !exists(state, *kind, name)) {
            return Err(format!("{name} is not a field of {}", kind.plural()));
        }
    }
    for (kind, names) in &rules.unique {
        if names.len() > UNIQUE_FIELDS_MAXIMUM {
            return Err(format!("at most {UNIQUE_FIELDS_MAXIMUM} fields of {} can be unique", kind.plural()));
        }
        if let Some(name) = names.iter().find(|name| !can_be_unique(state, *kind, name)) {
            return Err(format!("{name} cannot be unique: only text and numbers can"));
        }
    }
    let mut owners = rules.assignment.iter().flat_map(|rule| &rule.owners);
    if let Some(owner) = owners.find(|&&id| state.catalog.entry(List::Users, id).is_none()) {
        return Err(format!("there is no user {owner}"));
    }
    Ok(())
}

fn exists(state: &State, kind: Kind, name: &str) -> bool {
    let linked = matches!(name, "email" | "emails" | "sales_accounts" | "sales_account_id" | "contacts");
    linked
        || crate::model::columns::column(kind, name).is_some()
        || state.custom_fields_of(kind).any(|f| f.name == name)
}

fn can_be_unique(state: &State, kind: Kind, name: &str) -> bool {
    use crate::CustomFieldType::{Number, Text};
    let mut custom = state.custom_fields_of(kind).filter(|field| field.name == name);
    fields::can_be_unique(kind, name) || custom.any(|field| matches!(field.field_type, Text | Number))
}

#[derive(serde::Deserialize)]
struct Which {
    kind: Kind,
    id: i64,
}

fn restore(state: &mut State, body: &Bytes) -> Outcome {
    let Which { kind, id } = parse(body)?;
    if !state.restore(kind, id) {
        return Err(format!("{id} is not in the recycle bin of {}", kind.plural()));
    }
    Ok(Reply::json(json!({"restored": id})))
}

#[derive(serde::Deserialize)]
struct NewEntry {
    name: String,
    lifecycle_stage_id: Option<i64>,
    #[serde(default)]
    outcome: StageOutcome,
}

fn added(id: i64, name: &str) -> Outcome {
    Ok(Reply::json(json!({"id": id, "name": name})))
}

fn add_lifecycle_stage(state: &mut State, body: &Bytes) -> Outcome {
    let name = parse::<NewEntry>(body)?.name;
    added(state.catalog.add_lifecycle_stage(&name), &name)
}

fn add_contact_status(state: &mut State, body: &Bytes) -> Outcome {
    let NewEntry { name, lifecycle_stage_id, outcome } = parse(body)?;
    let stage = lifecycle_stage_id.filter(|&id| state.catalog.entry(List::LifecycleStages, id).is_some());
    let stage = stage.ok_or("lifecycle_stage_id is missing or unknown")?;
    added(state.catalog.add_contact_status(&name, stage, outcome), &name)
}

#[derive(serde::Deserialize)]
struct Pipeline {
    rotting_days: u32,
}

fn set_rotting_days(state: &mut State, id: &str, body: &Bytes) -> Outcome {
    let days = parse::<Pipeline>(body)?.rotting_days;
    let known = state.catalog.set_rotting_days(stage_id(id)?, days);
    if known { Ok(Reply::json(json!({"rotting_days": days}))) } else { Err(format!("there is no pipeline {id}")) }
}

#[derive(serde::Deserialize)]
struct Currency {
    code: String,
    exchange_rate: String,
}

fn add_currency(state: &mut State, body: &Bytes) -> Outcome {
    let Currency { code, exchange_rate } = parse(body)?;
    let id = state.catalog.add_currency(&code, &exchange_rate);
    added(id.ok_or_else(|| format!("{exchange_rate} is not an exchange rate"))?, &code)
}
