//! The engine's metrics: names, kinds and labels in one place. Where a process serves several accounts, every number is of all of them together; the
//! operator's API tells what waits in one. Destinations of accounts other than the default one are all called `of-an-account`.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `leadgate_crm_requests_total` | counter | `call`, `class` (`ok` or the class of the failure) |
//! | `leadgate_crm_request_seconds` | histogram | `call` |
//! | `leadgate_jobs_ended_total` | counter | `step` (the last one), `end` (`done` or the reason for parking) |
//! | `leadgate_landing_seconds` | histogram | `lane`: from acceptance to the end |
//! | `leadgate_queue_jobs` | gauge | `lane`: jobs at work or waiting |
//! | `leadgate_queue_unplanned` | gauge | |
//! | `leadgate_queue_oldest_seconds` | gauge | age of the oldest submission that has not ended |
//! | `leadgate_jobs_parked` | gauge | |
//! | `leadgate_budget_room_requests` | gauge | `lane`: what it could use now; absent without a limit |
//! | `leadgate_budget_used_requests` | gauge | `by` (`gateway`, `others`): in the current hour |
//! | `leadgate_budget_limit_requests` | gauge | requests an hour |
//! | `leadgate_account_stopped` | gauge | accounts of which nothing may be asked |
//! | `leadgate_outage` | gauge | accounts whose CRM counts as down |
//! | `leadgate_outages_total` | counter | |
//! | `leadgate_notifications_total` | counter | `route` (`notification`, or `sighting` for what the gateway found itself), `outcome` (`changed`, `first`, `same`, `stale`, `unsure`) |
//! | `leadgate_changes_total` | counter | `kind`, `by` (`webhook`, `poll`): how it was seen first |
//! | `leadgate_notifications_lost` | gauge | `kind`: changes found by looking that no webhook has told of |
//! | `leadgate_notifications_lost_ratio` | gauge | `kind`: the part of the changes that no webhook told |
//! | `leadgate_delivery_attempts_total` | counter | `destination`, `class` (`ok` or the class of the failure) |
//! | `leadgate_delivery_attempt_seconds` | histogram | `destination` |
//! | `leadgate_delivery_seconds` | histogram | `destination`: from coming about to being received |
//! | `leadgate_deliveries_waiting` | gauge | `destination` |
//! | `leadgate_deliveries_parked` | gauge | `destination` |
//! | `leadgate_deliveries_oldest_seconds` | gauge | `destination`: age of the oldest that waits |
//! | `leadgate_destination_circuit_open` | gauge | `destination`: 1 while it counts as down |
//! | `leadgate_removed_rows_total` | counter | `kind` (`submissions`, `attempts`, `deliveries`, `changes`, `profiles`, `imports`, `receipts`): what was not kept any longer |
//! | `leadgate_destination_switched_off` | gauge | `destination`: 1 after it said that it is gone |
//! | `leadgate_sync_rows_total` | counter | `stream`, `outcome` (`created`, `updated`, `unchanged`, `deleted`, `restored`) |
//! | `leadgate_sync_runs_total` | counter | `outcome` (`complete`, `incomplete`, `failed`) |
//! | `leadgate_broker_requests_total` | counter | `lane`, `outcome` (`asked`, `shared`, `cached`, `refused`, `lost`): what came of requests that were to be passed through |
//!
//! Requests that are passed through are the `call` `pass` among all requests; their `class` is `refused` where the CRM answered and did not do it.
//!
//! Of several instances on one store, each counts what it did itself: counters and histograms are summed, but for `leadgate_changes_total`. That one and the
//! gauges of the queue, the budget, the account, notifications and deliveries are the store's, the same whichever instance is asked: take the
//! largest, not the sum. `leadgate_destination_circuit_open` is each instance's own.

use jiff::{SignedDuration, Timestamp};
use leadgate_core::broker::{Origin, PassAnswer, RawAnswer};
use leadgate_core::budget::Standing;
use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply};
use leadgate_core::lane::Lane;
use leadgate_core::mirror::Tally;
use leadgate_core::record::RecordKind;
use leadgate_core::sync::Stream;
use leadgate_store::deliveries::{DeliveryAttempt, DestinationStanding};
use leadgate_store::model::{Attempt, QueueStats};
use leadgate_store::retention::RemovedRows;
use leadgate_warehouse::Applied;

use crate::engine::Engine;

/// What the names that accounts of many give are called, all of them.
pub(crate) const OF_MANY: &str = "of-an-account";

pub(crate) fn called(attempt: &Attempt) {
    let call = attempt.call.clone();
    metrics::counter!("leadgate_crm_requests_total", "call" => call.clone(), "class" => attempt.class.clone())
        .increment(1);
    metrics::histogram!("leadgate_crm_request_seconds", "call" => call).record(attempt.took_ms as f64 / 1_000.0);
}

/// A request that was passed through was made.
pub(crate) fn passed(answer: &RawAnswer, took: SignedDuration) {
    let class = match (&answer.failure, &answer.reply) {
        (Some(failure), _) => failure.class(),
        (None, Ok(reply)) if reply.status < 400 => "ok",
        (None, Ok(_)) => "refused",
        (None, Err(why)) => why.name(),
    };
    metrics::counter!("leadgate_crm_requests_total", "call" => "pass", "class" => class).increment(1);
    metrics::histogram!("leadgate_crm_request_seconds", "call" => "pass").record(took.as_secs_f64().max(0.0));
}

/// What came of a request that was to be passed through.
pub(crate) fn brokered(lane: Lane, answer: &PassAnswer) {
    let outcome = match answer {
        PassAnswer::Reply(_, Origin::Asked) => "asked",
        PassAnswer::Reply(_, Origin::Shared) => "shared",
        PassAnswer::Reply(_, Origin::Remembered(_)) => "cached",
        PassAnswer::Refused(_) => "refused",
        PassAnswer::Lost(_) => "lost",
    };
    metrics::counter!("leadgate_broker_requests_total", "lane" => lane.name(), "outcome" => outcome).increment(1);
}

pub(crate) fn ended(step: &str, end: &'static str) {
    metrics::counter!("leadgate_jobs_ended_total", "step" => step.to_owned(), "end" => end).increment(1);
}

pub(crate) fn landed(lane: Lane, accepted_at: Timestamp, now: Timestamp) {
    let seconds = now.duration_since(accepted_at).as_secs_f64().max(0.0);
    metrics::histogram!("leadgate_landing_seconds", "lane" => lane.name()).record(seconds);
}

pub(crate) fn removed(removed: &RemovedRows) {
    for (kind, count) in removed.by_kind() {
        metrics::counter!("leadgate_removed_rows_total", "kind" => kind).increment(count);
    }
}

pub(crate) fn sighted(route: &'static str, outcome: &'static str) {
    metrics::counter!("leadgate_notifications_total", "route" => route, "outcome" => outcome).increment(1);
}

pub(crate) fn watched(call: &CrmCall, result: &Result<CrmReply, CrmFailure>) {
    let class = result.as_ref().err().map_or("ok", CrmFailure::class);
    metrics::counter!("leadgate_crm_requests_total", "call" => call.name(), "class" => class).increment(1);
}

pub(crate) fn synced(stream: Stream, applied: &Applied) {
    let Applied { created, updated, unchanged, deleted, restored } = *applied;
    let counts = [
        ("created", created),
        ("updated", updated),
        ("unchanged", unchanged),
        ("deleted", deleted),
        ("restored", restored),
    ];
    for (outcome, count) in counts {
        metrics::counter!("leadgate_sync_rows_total", "stream" => stream.name(), "outcome" => outcome).increment(count);
    }
}

pub(crate) fn sync_ended(outcome: &'static str) {
    metrics::counter!("leadgate_sync_runs_total", "outcome" => outcome).increment(1);
}

/// Sets what is counted of changes. The counts are the store's, so they go on where the last process stopped.
pub fn set_change_counts(tallies: &[(RecordKind, Tally)]) {
    for (kind, tally) in tallies {
        for (by, count) in [("webhook", tally.told), ("poll", tally.lost + tally.late)] {
            let count = u64::try_from(count).unwrap_or(0);
            metrics::counter!("leadgate_changes_total", "kind" => kind.name(), "by" => by).absolute(count);
        }
        metrics::gauge!("leadgate_notifications_lost", "kind" => kind.name()).set(tally.lost as f64);
        if let Some(ratio) = tally.lost_ratio() {
            metrics::gauge!("leadgate_notifications_lost_ratio", "kind" => kind.name()).set(ratio);
        }
    }
}

pub(crate) fn outage_began() {
    metrics::counter!("leadgate_outages_total").increment(1);
}

pub(crate) fn delivered(destination: &str, attempt: &DeliveryAttempt) {
    let destination = destination.to_owned();
    let class = attempt.class.clone();
    metrics::counter!("leadgate_delivery_attempts_total", "destination" => destination.clone(), "class" => class)
        .increment(1);
    metrics::histogram!("leadgate_delivery_attempt_seconds", "destination" => destination)
        .record(attempt.took_ms as f64 / 1_000.0);
}

pub(crate) fn received(destination: &str, created_at: Timestamp, now: Timestamp) {
    let seconds = now.duration_since(created_at).as_secs_f64().max(0.0);
    metrics::histogram!("leadgate_delivery_seconds", "destination" => destination.to_owned()).record(seconds);
}

/// Sets the gauges of destinations. Called when metrics are read.
pub fn set_delivery_gauges(standings: &[DestinationStanding], engine: &Engine, now: Timestamp) {
    for standing in standings {
        let destination = standing.name.clone();
        let age = standing.oldest_waiting.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
        let off = f64::from(u8::from(standing.switched_off.is_some()));
        metrics::gauge!("leadgate_deliveries_waiting", "destination" => destination.clone())
            .set(standing.waiting as f64);
        metrics::gauge!("leadgate_deliveries_parked", "destination" => destination.clone()).set(standing.parked as f64);
        metrics::gauge!("leadgate_deliveries_oldest_seconds", "destination" => destination.clone()).set(age);
        metrics::gauge!("leadgate_destination_switched_off", "destination" => destination).set(off);
    }
    for (destination, is_open) in engine.shared.desks.circuits() {
        metrics::gauge!("leadgate_destination_circuit_open", "destination" => destination.to_owned())
            .set(f64::from(u8::from(is_open)));
    }
}

/// Sets every gauge, each to the sum over the accounts. Called when metrics are read.
pub fn set_gauges(accounts: &[(Engine, QueueStats)], now: Timestamp) {
    let standings: Vec<Standing> = accounts.iter().map(|(engine, _)| engine.standing()).collect();
    let stats: Vec<&QueueStats> = accounts.iter().map(|(_, stats)| stats).collect();
    set_queue_gauges(&stats, &standings, now);
    set_account_gauges(&standings);
    let outages = accounts.iter().filter(|(engine, _)| engine.shared.budget.is_outage()).count();
    metrics::gauge!("leadgate_outage").set(outages as f64);
}

fn set_queue_gauges(stats: &[&QueueStats], standings: &[Standing], now: Timestamp) {
    for lane in Lane::ALL {
        let rank = usize::from(lane.rank());
        let open: u64 = stats.iter().map(|stats| stats.open_by_lane[rank]).sum();
        metrics::gauge!("leadgate_queue_jobs", "lane" => lane.name()).set(open as f64);
        let limited = standings.iter().map(|standing| standing.room[rank]).filter(|room| *room != u32::MAX);
        if let Some(room) = limited.map(f64::from).reduce(|one, other| one + other) {
            metrics::gauge!("leadgate_budget_room_requests", "lane" => lane.name()).set(room);
        }
    }
    let oldest = stats.iter().filter_map(|stats| stats.oldest_open).min();
    let oldest = oldest.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
    metrics::gauge!("leadgate_queue_unplanned").set(stats.iter().map(|stats| stats.unplanned).sum::<u64>() as f64);
    metrics::gauge!("leadgate_queue_oldest_seconds").set(oldest);
    metrics::gauge!("leadgate_jobs_parked").set(stats.iter().map(|stats| stats.parked).sum::<u64>() as f64);
}

fn set_account_gauges(standings: &[Standing]) {
    let sum = |of: fn(&Standing) -> u32| standings.iter().map(|standing| f64::from(of(standing))).sum::<f64>();
    metrics::gauge!("leadgate_budget_used_requests", "by" => "gateway").set(sum(|standing| standing.hour_ours));
    metrics::gauge!("leadgate_budget_used_requests", "by" => "others").set(sum(|standing| standing.hour_others));
    if standings.iter().any(|standing| standing.hour_limit.is_some()) {
        metrics::gauge!("leadgate_budget_limit_requests").set(sum(|standing| standing.hour_limit.unwrap_or(0)));
    }
    metrics::gauge!("leadgate_account_stopped").set(sum(|standing| u32::from(standing.stopped.is_some())));
    metrics::counter!("leadgate_outages_total").increment(0);
}
