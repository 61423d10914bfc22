//! Deals in every stage, and the notes and tasks that people left.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Seeding;
use super::people::Company;
use super::words::{NOTES, PRODUCTS, TASKS};
use crate::model::{AccountLink, Kind, List, Record};

/// What a deal has from its stage.
#[derive(Clone, Copy)]
struct Stage {
    id: i64,
    pipeline: i64,
    probability: i64,
    closed: bool,
}

fn stages(seeding: &Seeding<'_>) -> Vec<Stage> {
    let entries = seeding.state.catalog.list(List::DealStages).iter();
    let stage = |entry: &crate::model::catalog::Entry| {
        Some(Stage {
            id: entry.id,
            pipeline: entry.extra_id("deal_pipeline_id")?,
            probability: entry.extra_id("probability").unwrap_or(100),
            closed: entry.forecast() != "Open",
        })
    };
    entries.filter_map(stage).collect()
}

pub(super) fn deals(
    seeding: &mut Seeding<'_>,
    companies: &[Company],
    contacts: &[Arc<Record>],
    count: usize,
) -> Vec<Arc<Record>> {
    let stages = stages(seeding);
    let currency = seeding.state.catalog.list(List::Currencies).first().map(|currency| currency.id);
    (0..count)
        .map(|at| {
            let contact = &contacts[at * contacts.len() / count];
            let company = contact.accounts.first().map(|link| link.account);
            let place = company.and_then(|id| companies.binary_search_by_key(&id, |company| company.record.id).ok());
            let name = place.map_or("Private", |place| companies[place].name.as_str()).to_owned();
            let created = seeding.later(contact.created_at);
            let mut deal = seeding.record(Kind::Deal, created);
            deal.set("name", json!(format!("{name} {}", seeding.one_of(&PRODUCTS))));
            deal.set("amount", json!(format!("{}.0", 100 * (2 + seeding.below(250) * (1 + seeding.below(8))))));
            deal.set("currency_id", json!(currency));
            let stage = seeding.one_of(&stages);
            set_stage(seeding, &mut deal, stage);
            deal.contacts = vec![contact.id];
            deal.accounts = company.map(|account| AccountLink { account, primary: true }).into_iter().collect();
            seeding.finish(deal)
        })
        .collect()
}

fn set_stage(seeding: &mut Seeding<'_>, deal: &mut Record, stage: Stage) {
    deal.set("deal_pipeline_id", json!(stage.pipeline));
    deal.set("deal_stage_id", json!(stage.id));
    deal.set("probability", json!(stage.probability));
    // The stage was entered between the create and the last update.
    let entered = seeding.chance.fraction();
    deal.stage_updated_at = seeding.between(deal.created_at, deal.updated_at, entered);
    let day = |moment: Timestamp| json!(moment.to_zoned_datetime(jiff::tz::TimeZone::UTC).date().to_string());
    if stage.closed {
        deal.set("closed_date", day(deal.stage_updated_at));
    } else {
        let days = i64::try_from(seeding.below(120)).unwrap_or_default() - 30;
        let closes = seeding.now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(seeding.now);
        deal.set("expected_close", day(closes));
    }
}

pub(super) fn notes(
    seeding: &mut Seeding<'_>,
    contacts: &[Arc<Record>],
    deals: &[Arc<Record>],
    count: usize,
) -> Vec<Arc<Record>> {
    (0..count)
        .map(|at| {
            let about = if at % 3 == 0 && !deals.is_empty() { deals } else { contacts };
            let target = &about[at * about.len() / count];
            let written = seeding.later(target.created_at);
            let mut note = seeding.record(Kind::Note, written);
            note.set("description", json!(seeding.one_of(&NOTES)));
            note.targets = vec![(target.kind, target.id)];
            seeding.finish(note)
        })
        .collect()
}

pub(super) fn tasks(seeding: &mut Seeding<'_>, contacts: &[Arc<Record>], count: usize) -> Vec<Arc<Record>> {
    (0..count)
        .map(|at| {
            let target = &contacts[at * contacts.len() / count];
            let made = seeding.later(target.created_at);
            let mut task = seeding.record(Kind::Task, made);
            task.set("title", json!(seeding.one_of(&TASKS)));
            // Due within two weeks of the day it was made.
            let hours = i64::try_from(seeding.below(14 * 24)).unwrap_or_default();
            let due = made.checked_add(SignedDuration::from_hours(hours)).unwrap_or(made);
            task.set("due_date", json!(due.to_string()));
            if due < seeding.now && seeding.likely(0.8) {
                task.set("status", json!(1));
                task.set("completed_date", json!(task.updated_at.to_string()));
            }
            task.set("user_ids", json!([task.id_in("owner_id")]));
            task.targets = vec![(target.kind, target.id)];
            seeding.finish(task)
        })
        .collect()
}
