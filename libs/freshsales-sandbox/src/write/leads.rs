//! What is special to leads: the nested company and deal, the stage, the required name.

use serde_json::{Map, Value, json};

use super::Draft;
use crate::model::List;
use crate::wire::Money;

const COMPANY: &[&str] = &["name", "address", "city", "state", "zipcode", "country"];

pub(super) fn read(draft: &mut Draft<'_>) {
    let has_name = draft.record.text("last_name").is_some_and(|name| !name.trim().is_empty());
    if !has_name && draft.record.emails.is_empty() && draft.sentences.is_empty() {
        draft.wrong_about("last_name", "Last name can't be empty");
    }
    if draft.is_new() && draft.record.get("lead_stage_id").is_null() {
        let first = draft.state.catalog.list(List::LeadStages).first().map(|stage| stage.id);
        draft.record.set("lead_stage_id", json!(first));
    }
    let stage_before = draft.before.as_ref().and_then(|before| before.id_in("lead_stage_id"));
    if draft.record.id_in("lead_stage_id") != stage_before {
        draft.record.stage_updated_at = draft.state.now();
    }
    read_company(draft);
    read_deal(draft);
}

fn object<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    body.get(name).and_then(Value::as_object).filter(|object| !object.is_empty())
}

fn existing(draft: &Draft<'_>, name: &str, attribute: &str) -> Value {
    draft.record.get(name).get(attribute).cloned().unwrap_or_default()
}

/// The lead's own company record, not a sales account.
fn read_company(draft: &mut Draft<'_>) {
    let Some(sent) = object(draft.body, "company") else { return };
    let id = match existing(draft, "company", "id") {
        Value::Null => json!(draft.state.next_part_id()),
        id => id,
    };
    let mut company = Map::new();
    company.insert("id".to_owned(), id);
    let value = |name: &str| sent.get(name).cloned().unwrap_or_else(|| existing(draft, "company", name));
    let plain = ["number_of_employees", "annual_revenue", "website", "phone"];
    for name in COMPANY.iter().copied().chain(plain) {
        company.insert(name.to_owned(), value(name));
    }
    for (name, list) in [("industry_type", List::IndustryTypes), ("business_type", List::BusinessTypes)] {
        let id = value(&format!("{name}_id"));
        let entry = super::read_id(&id).and_then(|id| draft.state.catalog.entry(list, id));
        let shown = entry.map_or(Value::Null, |entry| draft.state.catalog.shown(list, entry));
        company.insert(format!("{name}_id"), id);
        company.insert(name.to_owned(), shown);
    }
    draft.record.set("company", Value::Object(company));
}

/// The lead's own deal record, not a deal in a pipeline.
fn read_deal(draft: &mut Draft<'_>) {
    let Some(sent) = object(draft.body, "deal") else { return };
    let id = match existing(draft, "deal", "id") {
        Value::Null => json!(draft.state.next_part_id()),
        id => id,
    };
    let value = |name: &str| sent.get(name).cloned().unwrap_or_else(|| existing(draft, "deal", name));
    let amount = match value("amount") {
        Value::Null => Money::default(),
        amount => match Money::parse(&amount) {
            Some(money) => money,
            None => return draft.wrong("Invalid value for amount."),
        },
    };
    let catalog = &draft.state.catalog;
    let currency = catalog.list(List::Currencies).first();
    let deal = json!({
        "id": id,
        "name": value("name"),
        "amount": amount.to_string(),
        "currency_id": currency.map(|currency| currency.id),
        "base_currency_amount": amount.to_string(),
        "expected_close": value("expected_close"),
        "deal_product_id": value("deal_product_id"),
        "deal_product": null,
        "currency": currency.map(|currency| catalog.shown(List::Currencies, currency)),
    });
    draft.record.set("deal", deal);
}
