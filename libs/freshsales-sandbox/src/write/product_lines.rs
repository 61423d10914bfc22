//! Products on a deal or a document: `products` replaces all lines, an empty list takes all away. Source: seen on recorded replies.

use serde_json::{Value, json};

use super::{Draft, read_id};
use crate::model::{Kind, List, Record};
use crate::wire::{Money, base_currency, price_in};

pub(super) fn read(draft: &mut Draft<'_>) {
    let Some(Value::Array(sent)) = draft.body.get("products") else { return };
    let currency = currency_of(draft);
    let mut lines = Vec::new();
    for line in sent {
        match shown_line(draft, line, &currency) {
            Ok(line) => lines.push(line),
            Err(sentence) => draft.wrong(sentence),
        }
    }
    if draft.state.switches.products_set_amount && !lines.is_empty() {
        set_amount(draft, &lines);
    }
    draft.record.set("products", if lines.is_empty() { Value::Null } else { Value::Array(lines) });
}

/// The code of the currency that the record is in.
fn currency_of(draft: &Draft<'_>) -> String {
    let record = &draft.record;
    let of_deal = record.id_in("currency_id").and_then(|id| draft.state.catalog.entry(List::Currencies, id));
    let code = record.text("currency_code").or_else(|| of_deal?.extra("currency_code").as_str());
    code.unwrap_or_else(|| base_currency(draft.state)).to_owned()
}

/// The line as replies show it. A line of the same product keeps its id.
fn shown_line(draft: &mut Draft<'_>, sent: &Value, currency: &str) -> Result<Value, String> {
    let id = sent.get("id").or_else(|| sent.get("product_id")).and_then(read_id);
    let product = id.and_then(|id| draft.state.record(Kind::Product, id)).cloned();
    let product = product.ok_or("Invalid product provided.")?;
    let quantity = number(sent, "quantity")?.unwrap_or_else(|| json!(1));
    let unit_price = match number(sent, "unit_price")?.map(|price| decimal(&price)) {
        Some(price) => price,
        None => Some(price_in(&product, currency)).filter(Value::is_number).unwrap_or_else(|| json!(0.0)),
    };
    let setup_fee = number(sent, "setup_fee")?.map(|price| decimal(&price));
    let discount = number(sent, "discount")?.map_or_else(|| json!(0.0), |percent| decimal(&percent));
    let line = association_id(draft, product.id);
    let (holder, holder_id) = if draft.record.kind == Kind::Deal {
        ("deal_id", draft.record.id)
    } else {
        ("cpq_document_id", draft.record.id)
    };
    Ok(json!({
        "id": product.id,
        "product_id": product.id,
        holder: holder_id,
        "currency_code": currency,
        "billing_cycle": sent.get("billing_cycle"),
        "billing_type": sent.get("billing_type"),
        "unit_price": unit_price,
        "setup_fee": setup_fee,
        "quantity": quantity,
        "discount": discount,
        "item_id": line.to_string(),
        "name": product.get("name"),
        "pricing_type": product.get("pricing_type").as_i64().unwrap_or(0),
        "avatar": null,
        "owner_id": product.get("owner_id"),
        "association_id": line,
        "discount_type": 1,
        "custom_columns": {},
    }))
}

fn association_id(draft: &mut Draft<'_>, product: i64) -> i64 {
    let line_of = |record: &Record| {
        let lines = record.get("products").as_array()?;
        lines.iter().find(|line| line["product_id"] == product)?["association_id"].as_i64()
    };
    let kept = draft.before.as_deref().and_then(line_of);
    kept.unwrap_or_else(|| draft.state.next_part_id())
}

/// A number that is not negative, as a JSON number; integers stay integers.
fn number(line: &Value, name: &str) -> Result<Option<Value>, String> {
    let Some(value) = line.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let amount = Money::parse(value).filter(|amount| *amount >= Money::default());
    let amount = amount.ok_or_else(|| format!("Invalid value for {name}."))?;
    Ok(Some(read_id(value).map_or_else(|| amount.to_number(), Value::from)))
}

fn decimal(value: &Value) -> Value {
    Money::parse(value).map_or(Value::Null, Money::to_number)
}

/// The sum of quantities times prices less discounts, and of the fees.
fn set_amount(draft: &mut Draft<'_>, lines: &[Value]) {
    let part = |line: &Value, name: &str| Money::parse(&line[name]).unwrap_or_default();
    let mut sum = Money::default();
    for line in lines {
        sum += part(line, "unit_price").times(part(line, "quantity")).less_percent(part(line, "discount"));
        sum += part(line, "setup_fee");
    }
    let is_deal = draft.record.kind == Kind::Deal;
    draft.record.set("amount", if is_deal { json!(sum.to_string()) } else { sum.to_number() });
}
