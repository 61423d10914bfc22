//! Attributes that products and documents derive from other parts of the record.

use serde_json::{Value, json};

use super::{Money, Render};
use crate::model::{Kind, List, Record, State};

/// The code of the currency that the account counts in.
pub(crate) fn base_currency(state: &State) -> &str {
    let base = state.catalog.list(List::Currencies).first();
    base.and_then(|currency| currency.extra("currency_code").as_str()).unwrap_or("USD")
}

/// The value, or nothing where the attribute is one that other kinds have too.
pub(super) fn computed(render: &Render<'_>, record: &Record, name: &str) -> Option<Value> {
    match record.kind {
        Kind::Product => of_product(render, record, name),
        Kind::CpqDocument => of_document(render, record, name),
        _ => None,
    }
}

fn of_product(render: &Render<'_>, product: &Record, name: &str) -> Option<Value> {
    Some(match name {
        "product_pricings" => listed(product, "product_pricings"),
        "base_currency_amount" => price_in(product, base_currency(render.state)),
        _ => return None,
    })
}

/// The product's price in a currency, null without one.
pub(crate) fn price_in(product: &Record, currency: &str) -> Value {
    let pricings = product.get("product_pricings").as_array();
    let pricing = pricings.into_iter().flatten().find(|pricing| pricing["currency_code"] == currency);
    pricing.map_or(Value::Null, |pricing| pricing["unit_price"].clone())
}

fn listed(record: &Record, name: &str) -> Value {
    record.get(name).as_array().map_or_else(|| json!([]), |items| json!(items))
}

fn of_document(render: &Render<'_>, document: &Record, name: &str) -> Option<Value> {
    Some(match name {
        "products" => listed(document, "products"),
        "has_products" => json!(!document.get("products").is_null()),
        "document_number" => json!(format!("DOC-{}", document.id - Kind::CpqDocument.first_id() + 1)),
        // Not computed yet in the reply to the creation.
        "base_currency_amount" if render.roll_ups_pending => Value::Null,
        "base_currency_amount" => Money::parse(document.get("amount")).map_or(Value::Null, Money::to_number),
        "html_content_settings" => json!({}),
        "cpq_document_template_name" => json!("Sample Template"),
        "pricing_table_settings" => json!(r#"{"show_sales_tax":true}"#),
        "signatures" => json!([]),
        "has_signatures" => json!(false),
        _ => return None,
    })
}
