//! What is special to deals: stages and pipelines, closing, the contacts and the company.

use serde_json::{Value, json};

use super::{Draft, attributes, links, product_lines, read_id};
use crate::Profile;
use crate::model::{AccountLink, Kind, List};
use crate::wire::Refusal;

pub(super) fn read(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    check_named(draft);
    check_probability(draft);
    read_stage(draft)?;
    check_lost(draft);
    read_contacts(draft);
    attributes::check_required(draft);
    if draft.is_new() && draft.record.get("currency_id").is_null() {
        let currency = draft.state.catalog.list(List::Currencies).first().map(|currency| currency.id);
        draft.record.set("currency_id", json!(currency));
    }
    product_lines::read(draft);
    if let Some(account) = links::single_account(draft)? {
        draft.record.accounts = vec![AccountLink { account, primary: true }];
    } else if draft.body.get("sales_account_id") == Some(&Value::Null) {
        draft.record.accounts.clear();
    }
    Ok(())
}

fn check_named(draft: &mut Draft<'_>) {
    if draft.record.text("name").is_none_or(|name| name.trim().is_empty()) {
        draft.wrong_about("name", "Name can't be empty");
    }
    if draft.record.get("amount").is_null() && draft.sentences.is_empty() {
        draft.wrong_about("amount", "Deal value can't be empty");
    }
}

fn check_probability(draft: &mut Draft<'_>) {
    if draft.record.id_in("probability").is_some_and(|percent| !(0..=100).contains(&percent)) {
        draft.wrong_about("probability", "Invalid value for probability.");
    }
}

/// A reason belongs to a lost deal, and an admin may ask for it.
fn check_lost(draft: &mut Draft<'_>) {
    let catalog = &draft.state.catalog;
    let stage = draft.record.id_in("deal_stage_id").and_then(|id| catalog.entry(List::DealStages, id));
    let Some(lost) = stage.map(|stage| stage.forecast() == "Closed Lost") else { return };
    let moved =
        draft.before.as_ref().and_then(|before| before.id_in("deal_stage_id")) != draft.record.id_in("deal_stage_id");
    if !lost && moved && !draft.body.contains_key("deal_reason_id") {
        draft.record.set("deal_reason_id", Value::Null);
    }
    if lost && draft.state.rules.lost_deal_needs_reason && draft.record.get("deal_reason_id").is_null() {
        draft.wrong_about("deal_reason_id", "Lost reason can't be empty");
    }
}

fn invalid_stage(draft: &Draft<'_>) -> Refusal {
    let sentence = "Invalid deal stage".to_owned();
    match draft.state.config.profile {
        Profile::Tutorial => Refusal::Unprocessable(sentence),
        _ => Refusal::about("deal_stage_id", sentence),
    }
}

/// Resolves the stage the body asks for; only a stage that is sent is checked, so a deal in a stage that was removed
/// can still be edited otherwise.
fn read_stage(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let stage_sent = draft.body.get("deal_stage_id").filter(|value| !value.is_null());
    let pipeline_sent = draft.body.get("deal_pipeline_id").filter(|value| !value.is_null()).and_then(read_id);
    let catalog = &draft.state.catalog;
    let stage = match (stage_sent, pipeline_sent) {
        (Some(value), pipeline) => {
            let stage = read_id(value).and_then(|id| catalog.entry(List::DealStages, id));
            stage.filter(|stage| pipeline.is_none_or(|pipeline| stage.extra_id("deal_pipeline_id") == Some(pipeline)))
        }
        (None, Some(pipeline)) => catalog.stages_of(pipeline).next(),
        (None, None) if draft.is_new() => catalog.stages_of(catalog.default_pipeline()).next(),
        (None, None) => return Ok(()),
    };
    let Some(stage) = stage.cloned() else { return Err(invalid_stage(draft)) };
    let was = draft.before.as_ref().and_then(|before| before.id_in("deal_stage_id"));
    draft.record.set("deal_stage_id", json!(stage.id));
    draft.record.set("deal_pipeline_id", stage.extra("deal_pipeline_id").clone());
    if was == Some(stage.id) {
        return Ok(());
    }
    draft.record.stage_updated_at = draft.state.now();
    if !draft.body.contains_key("probability") {
        draft.record.set("probability", stage.extra("probability").clone());
    }
    let today = draft.state.now().to_zoned_datetime(draft.state.config.zone.clone()).date();
    let closed = stage.forecast() != "Open";
    draft.record.set("closed_date", if closed { json!(today.to_string()) } else { Value::Null });
    Ok(())
}

fn ids(value: Option<&Value>) -> Vec<i64> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(|item| read_id(item.get("id").unwrap_or(item))).collect(),
        Some(value) => read_id(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// `contacts_added_list` links, `contacts_removed_list` unlinks; unknown contacts are refused.
fn read_contacts(draft: &mut Draft<'_>) {
    for id in ids(draft.body.get("contacts_added_list")) {
        if draft.state.record(Kind::Contact, id).is_none() {
            draft.wrong("Invalid contact provided.");
        } else if !draft.record.contacts.contains(&id) {
            draft.record.contacts.push(id);
        }
    }
    let removed = ids(draft.body.get("contacts_removed_list"));
    draft.record.contacts.retain(|id| !removed.contains(id));
}
