//! Lead conversion: a lead becomes a contact, and a company and a deal where it names them.
//! Source: official support article on converting leads; what the reply holds beyond the contact is inferred.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{create, update};
use crate::Generation;
use crate::model::table::Key;
use crate::model::{Kind, List, Record, State};
use crate::wire::{Money, Refusal};

/// What a conversion made or matched.
pub(crate) struct Converted {
    pub(crate) contact: Arc<Record>,
    pub(crate) account: Option<Arc<Record>>,
    pub(crate) deal: Option<Arc<Record>>,
}

const COPIED: &[&str] = &[
    "first_name",
    "last_name",
    "job_title",
    "department",
    "mobile_number",
    "work_number",
    "address",
    "city",
    "state",
    "zipcode",
    "country",
    "time_zone",
    "keyword",
    "medium",
    "facebook",
    "twitter",
    "linkedin",
    "tags",
    "owner_id",
    "lead_source_id",
    "campaign_id",
    "territory_id",
];

/// Converts a live lead; the body's attributes win over the lead's own.
pub(crate) fn convert(state: &mut State, lead: &Arc<Record>, body: &Map<String, Value>) -> Result<Converted, Refusal> {
    let attributes = contact_attributes(state, lead, body);
    if attributes.get("last_name").and_then(Value::as_str).is_none_or(|name| name.trim().is_empty()) {
        return Err(Refusal::invalid("Last name can't be empty"));
    }
    let part = |name: &str| body.get(name).filter(|part| part.is_object()).unwrap_or_else(|| lead.get(name)).clone();
    let (company, deal) = (part("company"), part("deal"));
    if deal.get("amount").is_some_and(|amount| !amount.is_null() && Money::parse(amount).is_none()) {
        return Err(Refusal::invalid("Invalid value for amount."));
    }
    let contact = write_contact(state, &attributes)?;
    let account = match company.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty()) {
        Some(name) => Some(ensure_account(state, name, &company)?),
        None => None,
    };
    let contact = link_account(state, contact, account.as_deref())?;
    let deal = create_deal(state, &deal, &contact, account.as_deref())?;
    let qualified = state.catalog.by_name(List::LeadStages, "Qualified").map(|stage| stage.id);
    let now = state.now();
    state.edit(Kind::Lead, lead.id, |lead| {
        lead.converted = true;
        lead.set("lead_stage_id", json!(qualified));
        lead.stage_updated_at = now;
    });
    Ok(Converted { contact, account, deal })
}

fn contact_attributes(state: &State, lead: &Record, body: &Map<String, Value>) -> Map<String, Value> {
    let mut attributes = Map::new();
    for name in COPIED {
        if !lead.get(name).is_null() {
            attributes.insert((*name).to_owned(), lead.get(name).clone());
        }
    }
    if !lead.emails.is_empty() {
        let emails = lead.emails.iter().map(|email| json!({"value": email.address, "is_primary": email.primary}));
        attributes.insert("emails".to_owned(), Value::Array(emails.collect()));
    }
    let known: Vec<_> = state.custom_fields_of(Kind::Contact).map(|field| field.name.as_str()).collect();
    let custom = lead.custom.iter().filter(|(name, _)| known.contains(&name.as_str()));
    let custom: Map<String, Value> = custom.map(|(name, value)| (name.clone(), value.clone())).collect();
    if !custom.is_empty() {
        attributes.insert("custom_field".to_owned(), Value::Object(custom));
    }
    let overrides = body.iter().filter(|(name, _)| !matches!(name.as_str(), "company" | "deal" | "sales_account"));
    attributes.extend(overrides.map(|(name, value)| (name.clone(), value.clone())));
    attributes
}

/// A contact with the same primary address is the natural target where addresses are unique; else a new one.
fn write_contact(state: &mut State, attributes: &Map<String, Value>) -> Result<Arc<Record>, Refusal> {
    let address = match (attributes.get("email"), attributes.get("emails")) {
        (Some(Value::String(address)), _) | (None, Some(Value::String(address))) => Some(address.clone()),
        (_, Some(Value::Array(emails))) => emails.first().and_then(|e| e["value"].as_str()).map(str::to_owned),
        _ => None,
    };
    let table = state.table(Kind::Contact);
    let unique = state.switches.contact_email_unique;
    let same = address.filter(|_| unique).and_then(|address| table.find(Key::Email, &address).first().copied());
    match same.and_then(|id| table.get(id)).cloned() {
        Some(existing) => update(state, &existing, Generation::Classic, attributes),
        None => create(state, Kind::Contact, Generation::Classic, attributes),
    }
}

fn ensure_account(state: &mut State, name: &str, company: &Value) -> Result<Arc<Record>, Refusal> {
    let table = state.table(Kind::SalesAccount);
    if let Some(account) = table.find(Key::Name, name).first().and_then(|&id| table.get(id)) {
        return Ok(Arc::clone(account));
    }
    let mut attributes = company.as_object().cloned().unwrap_or_default();
    attributes.retain(|_, value| !value.is_null());
    create(state, Kind::SalesAccount, Generation::Classic, &attributes)
}

fn link_account(state: &mut State, contact: Arc<Record>, account: Option<&Record>) -> Result<Arc<Record>, Refusal> {
    let Some(account) = account else { return Ok(contact) };
    let mut link = Map::new();
    link.insert("sales_account_id".to_owned(), json!(account.id));
    update(state, &contact, Generation::Classic, &link)
}

/// A deal is made only when both its name and its value are filled.
fn create_deal(
    state: &mut State,
    deal: &Value,
    contact: &Record,
    account: Option<&Record>,
) -> Result<Option<Arc<Record>>, Refusal> {
    let filled = |name: &str| deal.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""));
    let (Some(name), Some(amount)) = (filled("name"), filled("amount")) else { return Ok(None) };
    let attributes = json!({
        "name": name,
        "amount": amount,
        "expected_close": deal.get("expected_close"),
        "contacts_added_list": [contact.id],
        "sales_account_id": account.map(|account| account.id),
        "owner_id": contact.get("owner_id"),
    });
    let Value::Object(attributes) = attributes else { return Ok(None) };
    create(state, Kind::Deal, Generation::Classic, &attributes).map(Some)
}
