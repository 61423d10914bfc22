//! What is special to products: their prices, one per currency, and the product they are a variant of.

use serde_json::{Map, Value, json};

use super::{Draft, attributes, read_id};
use crate::model::Kind;
use crate::wire::{Money, base_currency};

pub(super) fn read(draft: &mut Draft<'_>) {
    attributes::check_name(draft);
    check_parent(draft);
    let mut pricings = draft.record.get("product_pricings").as_array().cloned().unwrap_or_default();
    let before = pricings.len();
    for row in sent_pricings(draft) {
        if let Err(sentence) = change(draft, &mut pricings, &row) {
            draft.wrong(sentence);
        }
    }
    if pricings.len() > before && draft.record.get("pricing_type").as_i64().unwrap_or(0) == 0 {
        draft.record.set("pricing_type", json!(1));
    }
    draft.record.set("product_pricings", if pricings.is_empty() { Value::Null } else { Value::Array(pricings) });
}

fn check_parent(draft: &mut Draft<'_>) {
    let sent = draft.body.contains_key("parent_product");
    let parent = draft.record.id_in("parent_product").filter(|_| sent);
    if parent.is_some_and(|id| id == draft.record.id || draft.state.record(Kind::Product, id).is_none()) {
        draft.wrong("Invalid parent product provided.");
    }
}

/// The rows of `product_pricings`, and a price that stands on the product itself, which is one in the base currency.
fn sent_pricings(draft: &Draft<'_>) -> Vec<Map<String, Value>> {
    let rows = draft.body.get("product_pricings").and_then(Value::as_array).into_iter().flatten();
    let mut rows: Vec<_> = rows.filter_map(Value::as_object).cloned().collect();
    let plain = ["unit_price", "currency_value", "base_currency_value"].iter().find_map(|name| draft.body.get(*name));
    if let Some(price) = plain.filter(|price| !price.is_null()) {
        let code = base_currency(draft.state);
        rows.extend(json!({"currency_code": code, "unit_price": price}).as_object().cloned());
    }
    rows
}

/// Adds, changes or removes the price that a row is about: by its id, else by its currency.
fn change(draft: &mut Draft<'_>, pricings: &mut Vec<Value>, row: &Map<String, Value>) -> Result<(), String> {
    let id = row.get("id").and_then(read_id);
    let code = row.get("currency_code").and_then(Value::as_str).map(str::to_uppercase);
    let at = pricings.iter().position(|pricing| match id {
        Some(id) => pricing["id"] == id,
        None => code.as_ref().is_some_and(|code| pricing["currency_code"] == *code),
    });
    if id.is_some() && at.is_none() {
        return Err("Invalid product pricing provided.".to_owned());
    }
    if row.get("_destroy") == Some(&Value::Bool(true)) {
        at.map(|at| pricings.remove(at));
        return Ok(());
    }
    let mut pricing = match at {
        Some(at) => pricings[at].clone(),
        None => blank_pricing(draft.state.next_part_id(), code.as_deref())?,
    };
    fill(&mut pricing, row)?;
    match at {
        Some(at) => pricings[at] = pricing,
        None => pricings.push(pricing),
    }
    Ok(())
}

/// A price without a value. The recorded account took currencies that it does not list, so any code of three letters is one.
fn blank_pricing(id: i64, code: Option<&str>) -> Result<Value, String> {
    let known = code.filter(|code| code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase()));
    let code = known.ok_or("Invalid currency provided.")?;
    Ok(json!({
        "id": id,
        "currency_code": code,
        "_destroy": false,
        "billing_cycle": null,
        "billing_type": null,
        "unit_price": null,
        "setup_fee": null,
        "is_locked": false,
    }))
}

fn fill(pricing: &mut Value, row: &Map<String, Value>) -> Result<(), String> {
    for (sent, stored) in [("unit_price", "unit_price"), ("currency_value", "unit_price"), ("setup_fee", "setup_fee")] {
        if let Some(value) = row.get(sent).filter(|value| !value.is_null()) {
            let price = Money::parse(value).filter(|price| *price >= Money::default());
            pricing[stored] = price.ok_or_else(|| format!("Invalid value for {sent}."))?.to_number();
        }
    }
    for name in ["billing_cycle", "billing_type"] {
        if let Some(value) = row.get(name) {
            pricing[name] = value.clone();
        }
    }
    Ok(())
}
