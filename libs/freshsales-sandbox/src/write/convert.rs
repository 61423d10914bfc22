//! Lead conversion: a lead becomes a contact, and a company and a deal where it names them.
//! Source: official support article on converting leads; what the reply holds beyond the contact is inferred.
//!
//! Flow: read what is wanted of each kind, check all of it, then write the account, the contact and the deal.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{check_create, check_update, create, update};
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

/// Converts a live lead; the body's attributes win over the lead's own. What would be refused of any part converts nothing.
pub(crate) fn convert(state: &mut State, lead: &Arc<Record>, body: &Map<String, Value>) -> Result<Converted, Refusal> {
    let wanted = Wanted::read(state, lead, body)?;
    wanted.check(state)?;
    let account = wanted.ensure_account(state)?;
    let contact = wanted.write_contact(state, account.as_deref())?;
    let deal = wanted.create_deal(state, &contact, account.as_deref())?;
    let qualified = state.catalog.by_name(List::LeadStages, "Qualified").map(|stage| stage.id);
    let now = state.now();
    state.edit(Kind::Lead, lead.id, |lead| {
        lead.converted = true;
        lead.set("lead_stage_id", json!(qualified));
        lead.stage_updated_at = now;
    });
    Ok(Converted { contact, account, deal })
}

/// What a conversion is to make, read before anything is made.
struct Wanted {
    contact: Map<String, Value>,
    /// A contact that is there already.
    existing: Option<Arc<Record>>,
    /// Nothing where the lead names no company.
    account: Option<AccountWanted>,
    /// Nothing unless both name and value are filled.
    deal: Option<Map<String, Value>>,
}

enum AccountWanted {
    Existing(Arc<Record>),
    New(Map<String, Value>),
}

impl Wanted {
    fn read(state: &State, lead: &Record, body: &Map<String, Value>) -> Result<Self, Refusal> {
        let contact = contact_attributes(state, lead, body);
        if contact.get("last_name").and_then(Value::as_str).is_none_or(|name| name.trim().is_empty()) {
            return Err(Refusal::about("last_name", "Last name can't be empty"));
        }
        let part = |name: &str| body.get(name).filter(|part| part.is_object()).unwrap_or_else(|| lead.get(name));
        let account = account_wanted(state, lead, part("company"));
        if account.is_none() && state.rules.conversion.company_required {
            return Err(Refusal::about("company", "Company name can't be empty"));
        }
        let deal = part("deal");
        if deal.get("amount").is_some_and(|amount| !amount.is_null() && Money::parse(amount).is_none()) {
            return Err(Refusal::about("amount", "Invalid value for amount."));
        }
        let deal = deal_attributes(state, lead, deal);
        let existing = existing_contact(state, &contact);
        Ok(Self { contact, existing, account, deal })
    }

    /// Refuses what any of the writes would refuse. Links that are made on the way count as filled.
    fn check(&self, state: &mut State) -> Result<(), Refusal> {
        let mut contact = self.contact.clone();
        if let Some(account) = &self.account {
            contact.insert("sales_account".to_owned(), json!({}));
            if let AccountWanted::New(attributes) = account {
                check_create(state, Kind::SalesAccount, Generation::Classic, attributes)?;
            }
        }
        match &self.existing {
            Some(existing) => check_update(state, existing, Generation::Classic, &contact)?,
            None => check_create(state, Kind::Contact, Generation::Classic, &contact)?,
        }
        let Some(mut deal) = self.deal.clone() else { return Ok(()) };
        deal.insert("contacts_added_list".to_owned(), json!([null]));
        if self.account.is_some() {
            deal.insert("sales_account".to_owned(), json!({}));
        }
        check_create(state, Kind::Deal, Generation::Classic, &deal)
    }

    fn ensure_account(&self, state: &mut State) -> Result<Option<Arc<Record>>, Refusal> {
        match &self.account {
            None => Ok(None),
            Some(AccountWanted::Existing(account)) => Ok(Some(Arc::clone(account))),
            Some(AccountWanted::New(body)) => create(state, Kind::SalesAccount, Generation::Classic, body).map(Some),
        }
    }

    fn write_contact(&self, state: &mut State, account: Option<&Record>) -> Result<Arc<Record>, Refusal> {
        let mut attributes = self.contact.clone();
        if let Some(account) = account {
            attributes.insert("sales_account_id".to_owned(), json!(account.id));
        }
        match &self.existing {
            Some(existing) => update(state, existing, Generation::Classic, &attributes),
            None => create(state, Kind::Contact, Generation::Classic, &attributes),
        }
    }

    fn create_deal(
        &self,
        state: &mut State,
        contact: &Record,
        account: Option<&Record>,
    ) -> Result<Option<Arc<Record>>, Refusal> {
        let Some(mut attributes) = self.deal.clone() else { return Ok(None) };
        attributes.insert("contacts_added_list".to_owned(), json!([contact.id]));
        attributes.insert("sales_account_id".to_owned(), json!(account.map(|account| account.id)));
        attributes.insert("owner_id".to_owned(), contact.get("owner_id").clone());
        create(state, Kind::Deal, Generation::Classic, &attributes).map(Some)
    }
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
    add_mapped(state, lead, Kind::Contact, &mut attributes);
    let overrides = body.iter().filter(|(name, _)| !matches!(name.as_str(), "company" | "deal" | "sales_account"));
    attributes.extend(overrides.map(|(name, value)| (name.clone(), value.clone())));
    attributes
}

/// Copies the lead's custom fields that an admin has mapped to this kind.
fn add_mapped(state: &State, lead: &Record, to: Kind, attributes: &mut Map<String, Value>) {
    for mapping in state.rules.conversion.mappings.iter().filter(|mapping| mapping.to == to) {
        let Some(value) = lead.custom.get(&mapping.from) else { continue };
        if !mapping.field.starts_with("cf_") {
            attributes.insert(mapping.field.clone(), value.clone());
        } else if let Value::Object(custom) = attributes.entry("custom_field").or_insert_with(|| json!({})) {
            custom.insert(mapping.field.clone(), value.clone());
        }
    }
}

/// A contact with the same primary address is the natural target where addresses are unique; else a new one is made.
fn existing_contact(state: &State, attributes: &Map<String, Value>) -> Option<Arc<Record>> {
    let address = match (attributes.get("email"), attributes.get("emails")) {
        (Some(Value::String(address)), _) | (None, Some(Value::String(address))) => Some(address.clone()),
        (_, Some(Value::Array(emails))) => emails.first().and_then(|e| e["value"].as_str()).map(str::to_owned),
        _ => None,
    };
    let table = state.table(Kind::Contact);
    let address = address.filter(|_| state.switches.contact_email_unique)?;
    table.find(Key::Email, &address).first().and_then(|&id| table.get(id)).cloned()
}

/// The account of the company's name where names are unique; else a new one.
fn account_wanted(state: &State, lead: &Record, company: &Value) -> Option<AccountWanted> {
    let name = company.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty())?;
    let table = state.table(Kind::SalesAccount);
    let same = table.find(Key::Name, name).first().and_then(|&id| table.get(id));
    if let Some(account) = same.filter(|_| state.switches.account_name_unique) {
        return Some(AccountWanted::Existing(Arc::clone(account)));
    }
    let mut attributes = company.as_object().cloned().unwrap_or_default();
    attributes.retain(|_, value| !value.is_null());
    if !lead.get("owner_id").is_null() {
        attributes.insert("owner_id".to_owned(), lead.get("owner_id").clone());
    }
    add_mapped(state, lead, Kind::SalesAccount, &mut attributes);
    Some(AccountWanted::New(attributes))
}

/// A deal is made only when both its name and its value are filled.
fn deal_attributes(state: &State, lead: &Record, deal: &Value) -> Option<Map<String, Value>> {
    let filled = |name: &str| deal.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""));
    let mut attributes = Map::new();
    for name in ["name", "amount"] {
        attributes.insert(name.to_owned(), filled(name)?.clone());
    }
    for name in ["expected_close", "deal_product_id"] {
        attributes.extend(filled(name).map(|value| (name.to_owned(), value.clone())));
    }
    for name in ["lead_source_id", "campaign_id", "territory_id"] {
        attributes.insert(name.to_owned(), lead.get(name).clone());
    }
    add_mapped(state, lead, Kind::Deal, &mut attributes);
    Some(attributes)
}
