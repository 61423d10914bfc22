//! What is special to CPQ documents: the deal they are made for, who they go to, their currency and products.

use serde_json::{Value, json};

use super::{Draft, product_lines};
use crate::model::{Kind, List};
use crate::wire::base_currency;

pub(super) fn read(draft: &mut Draft<'_>) {
    if draft.record.get("deal_id").is_null() {
        draft.wrong("Deal can't be empty");
    }
    if draft.record.text("document_type").is_none_or(|kind| kind.trim().is_empty()) {
        draft.wrong("Document type can't be empty");
    }
    for (name, kind, sentence) in [
        ("deal_id", Kind::Deal, "Invalid deal provided."),
        ("contact_id", Kind::Contact, "Invalid contact provided."),
        ("sales_account_id", Kind::SalesAccount, "Invalid account provided."),
    ] {
        // Only what is sent is checked, so that a document can outlive what it refers to.
        let sent = draft.body.get(name).is_some_and(|value| !value.is_null());
        let known = draft.record.id_in(name).is_some_and(|id| draft.state.record(kind, id).is_some());
        if sent && !known {
            draft.wrong(sentence);
        }
    }
    read_currency(draft);
    product_lines::read(draft);
}

fn read_currency(draft: &mut Draft<'_>) {
    let Some(code) = draft.record.text("currency_code").map(str::to_uppercase) else {
        let base = json!(base_currency(draft.state));
        return draft.record.set("currency_code", base);
    };
    let mut currencies = draft.state.catalog.list(List::Currencies).iter();
    if currencies.any(|currency| currency.extra("currency_code") == code.as_str()) {
        draft.record.set("currency_code", Value::String(code));
    } else {
        draft.wrong("Invalid currency provided.");
    }
}
