//! Deliveries that are made ready and written down as answered, without a request: for the fuzz targets.

use std::time::Duration;

use super::log::DeliveryResult;
use super::state::{Outcome, Ticket, finish, take_ready};
use crate::model::State;

/// Takes at most so many deliveries that are due, as if a receiver had answered 200; gives address and body of each.
pub(crate) fn deliver(state: &mut State, at_most: usize) -> Vec<(String, Option<String>)> {
    let mut made = Vec::new();
    for ticket in 1..=at_most as u64 {
        let Some(attempt) = take_ready(state, Ticket(ticket)) else { break };
        made.push((attempt.outgoing.url.clone(), attempt.outgoing.body.clone()));
        let duration = Duration::from_millis(1);
        let outcome = Outcome { result: DeliveryResult::Delivered, status: Some(200), error: None, duration };
        finish(state, attempt, outcome);
    }
    made
}
