//! Paid calls: a permit is held from the moment it is taken until it is settled, whatever happens to the call in between.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use jiff::Timestamp;
use leadgate_core::breaker::{Admission, Change, Heard};
use leadgate_core::budget::{Permit, Refusal};
use leadgate_core::crm::{CrmAnswer, CrmCall, CrmFailure, QuotaReading};
use leadgate_core::lane::Lane;

use crate::engine::Engine;
use crate::metrics;

/// A permit that settles itself. Dropped without a word, by a panic or a cancelled call, it counts as used: the request may have been sent.
pub(crate) struct HeldPermit {
    engine: Engine,
    permit: Option<Permit>,
    admission: Admission,
}

impl HeldPermit {
    /// The call was not made.
    pub(crate) fn unused(mut self) {
        self.settle(0, None, Heard::Nothing);
    }

    fn answered(mut self, answer: &CrmAnswer) {
        self.settle(answer.requests, answer.quota, Heard::from_result(&answer.result));
    }

    fn settle(&mut self, requests: u32, reading: Option<QuotaReading>, heard: Heard) {
        let Some(permit) = self.permit.take() else { return };
        let (budget, now) = (&self.engine.shared.budget, self.engine.now());
        budget.settle(permit, requests, reading, now);
        tell(budget.hear(self.admission, heard, now), now);
    }
}

impl Drop for HeldPermit {
    fn drop(&mut self) {
        self.settle(1, None, Heard::Nothing);
    }
}

impl Engine {
    /// Takes the right to make one call.
    pub(crate) fn take_permit(&self, lane: Lane, now: Timestamp) -> Result<HeldPermit, Refusal> {
        let (permit, admission) = self.shared.budget.take(lane, now)?;
        Ok(HeldPermit { engine: self.clone(), permit: Some(permit), admission })
    }

    /// Takes the right to make up to so many calls, at least one.
    pub(crate) fn take_permits(&self, lane: Lane, most: u32, now: Timestamp) -> Result<Vec<HeldPermit>, Refusal> {
        let mut permits = vec![self.take_permit(lane, now)?];
        while permits.len() < most as usize {
            let Ok(permit) = self.take_permit(lane, now) else { break };
            permits.push(permit);
        }
        Ok(permits)
    }

    /// Makes a call of several requests, for which there is a permit each.
    pub(crate) async fn ask_for_pages(&self, mut permits: Vec<HeldPermit>, call: CrmCall) -> Option<CrmAnswer> {
        let permit = permits.pop()?;
        let answer = self.ask(permit, call).await;
        // The one that was settled has counted all requests.
        permits.into_iter().for_each(HeldPermit::unused);
        Some(answer)
    }

    /// Makes a call and settles its permit. A call that panics has an unknown outcome, like one whose answer was lost.
    pub(crate) async fn ask(&self, permit: HeldPermit, call: CrmCall) -> CrmAnswer {
        let name = call.name();
        let answer = AssertUnwindSafe(self.shared.crm.call(call)).catch_unwind().await.unwrap_or_else(|_| {
            // What it said is not told: it may quote a body.
            tracing::error!(crm.call = name, "the call {name} panicked; its outcome counts as unknown");
            panicked()
        });
        permit.answered(&answer);
        answer
    }
}

fn panicked() -> CrmAnswer {
    let failure = CrmFailure::OutcomeUnknown("the gateway failed in the middle of the call".to_owned());
    CrmAnswer { result: Err(failure), status: None, quota: None, dated: None, requests: 1 }
}

/// Tells of an outage once when it begins and once when it ends.
fn tell(change: Change, now: Timestamp) {
    match change {
        Change::None => {}
        Change::Opened(until) => {
            metrics::outage_began();
            let seconds = until.duration_since(now).as_secs();
            tracing::warn!(
                "the CRM does not answer: nothing is asked for {seconds} s, then one call at a time until it answers"
            );
        }
        Change::Closed => tracing::info!("the CRM answers again: work goes on"),
    }
}
