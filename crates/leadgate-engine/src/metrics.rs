//! The engine's metrics: names, kinds and labels in one place.
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
//! | `leadgate_account_stopped` | gauge | 1 while nothing may be asked of the account |
//! | `leadgate_outage` | gauge | 1 while the CRM counts as down |
//! | `leadgate_outages_total` | counter | |
//! | `leadgate_delivery_attempts_total` | counter | `destination`, `class` (`ok` or the class of the failure) |
//! | `leadgate_delivery_attempt_seconds` | histogram | `destination` |
//! | `leadgate_delivery_seconds` | histogram | `destination`: from coming about to being received |
//! | `leadgate_deliveries_waiting` | gauge | `destination` |
//! | `leadgate_deliveries_parked` | gauge | `destination` |
//! | `leadgate_deliveries_oldest_seconds` | gauge | `destination`: age of the oldest that waits |
//! | `leadgate_destination_circuit_open` | gauge | `destination`: 1 while it counts as down |
//! | `leadgate_destination_switched_off` | gauge | `destination`: 1 after it said that it is gone |

use jiff::Timestamp;
use leadgate_core::budget::Standing;
use leadgate_core::lane::Lane;
use leadgate_store::deliveries::{DeliveryAttempt, DestinationStanding};
use leadgate_store::model::{Attempt, QueueStats};

use crate::engine::Engine;

pub(crate) fn called(attempt: &Attempt) {
    let call = attempt.call.clone();
    metrics::counter!("leadgate_crm_requests_total", "call" => call.clone(), "class" => attempt.class.clone())
        .increment(1);
    metrics::histogram!("leadgate_crm_request_seconds", "call" => call).record(attempt.took_ms as f64 / 1_000.0);
}

pub(crate) fn ended(step: &str, end: &'static str) {
    metrics::counter!("leadgate_jobs_ended_total", "step" => step.to_owned(), "end" => end).increment(1);
}

pub(crate) fn landed(lane: Lane, accepted_at: Timestamp, now: Timestamp) {
    let seconds = now.duration_since(accepted_at).as_secs_f64().max(0.0);
    metrics::histogram!("leadgate_landing_seconds", "lane" => lane.name()).record(seconds);
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

/// Sets every gauge. Called when metrics are read.
pub fn set_gauges(stats: &QueueStats, engine: &Engine, now: Timestamp) {
    let standing = engine.standing();
    set_queue_gauges(stats, &standing, now);
    set_account_gauges(&standing, engine.shared.budget.is_outage());
}

fn set_queue_gauges(stats: &QueueStats, standing: &Standing, now: Timestamp) {
    for lane in Lane::ALL {
        let rank = usize::from(lane.rank());
        metrics::gauge!("leadgate_queue_jobs", "lane" => lane.name()).set(stats.open_by_lane[rank] as f64);
        if standing.room[rank] != u32::MAX {
            metrics::gauge!("leadgate_budget_room_requests", "lane" => lane.name()).set(f64::from(standing.room[rank]));
        }
    }
    let oldest = stats.oldest_open.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
    metrics::gauge!("leadgate_queue_unplanned").set(stats.unplanned as f64);
    metrics::gauge!("leadgate_queue_oldest_seconds").set(oldest);
    metrics::gauge!("leadgate_jobs_parked").set(stats.parked as f64);
}

fn set_account_gauges(standing: &Standing, is_outage: bool) {
    metrics::gauge!("leadgate_budget_used_requests", "by" => "gateway").set(f64::from(standing.hour_ours));
    metrics::gauge!("leadgate_budget_used_requests", "by" => "others").set(f64::from(standing.hour_others));
    if let Some(limit) = standing.hour_limit {
        metrics::gauge!("leadgate_budget_limit_requests").set(f64::from(limit));
    }
    metrics::gauge!("leadgate_account_stopped").set(f64::from(u8::from(standing.stopped.is_some())));
    metrics::gauge!("leadgate_outage").set(f64::from(u8::from(is_outage)));
    metrics::counter!("leadgate_outages_total").increment(0);
}
