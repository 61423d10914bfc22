//! Paid calls: a permit is held from the moment it is taken until it is settled, whatever happens to the call in between.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use jiff::Timestamp;
use leadgate_core::breaker::{Change, Heard};
use leadgate_core::budget::{Granted, Refusal, Settlement};
use leadgate_core::crm::{CrmAnswer, CrmCall, CrmFailure, QuotaReading};
use leadgate_core::lane::Lane;
use leadgate_store::StoreError;

use crate::engine::Engine;
use crate::metrics;

/// A permit that settles itself. Dropped without a word, by a panic or a cancelled call, it counts as used: the request may have been sent.
pub(crate) struct HeldPermit {
    engine: Engine,
    granted: Option<Granted>,
}

/// One permit or more.
pub(crate) struct SomePermits {
    first: HeldPermit,
    more: Vec<HeldPermit>,
}

impl SomePermits {
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.more.len()).unwrap_or(u32::MAX).saturating_add(1)
    }
}

impl HeldPermit {
    /// The call was not made.
    pub(crate) fn unused(mut self) {
        self.settle(0, None, Heard::Nothing);
    }

    /// So many requests were made; what a reply said of the quota, and what was heard of the CRM.
    pub(crate) fn told(mut self, requests: u32, reading: Option<QuotaReading>, heard: Heard) {
        self.settle(requests, reading, heard);
    }

    fn answered(self, answer: &CrmAnswer) {
        self.told(answer.requests, answer.quota, Heard::from_result(&answer.result));
    }

    fn settle(&mut self, requests: u32, reading: Option<QuotaReading>, heard: Heard) {
        let Some(granted) = self.granted.take() else { return };
        let now = self.engine.now();
        let settlement = Settlement { granted, requests, reading, heard };
        tell(self.engine.shared.budget.settle(settlement, now), now);
    }
}

impl Drop for HeldPermit {
    fn drop(&mut self) {
        self.settle(1, None, Heard::Nothing);
    }
}

impl Engine {
    /// Takes the right to make a call in each of these lanes, in order, or says for each why not.
    pub(crate) async fn take_permits(
        &self,
        lanes: &[Lane],
        now: Timestamp,
    ) -> Result<Vec<Result<HeldPermit, Refusal>>, StoreError> {
        let taken = self.shared.budget.take(&*self.shared.store, lanes, now).await?;
        let held = |granted| HeldPermit { engine: self.clone(), granted: Some(granted) };
        Ok(taken.into_iter().map(|taken| taken.map(held)).collect())
    }

    /// Takes the right to make one call.
    pub(crate) async fn take_permit(
        &self,
        lane: Lane,
        now: Timestamp,
    ) -> Result<Result<HeldPermit, Refusal>, StoreError> {
        Ok(self.take_some_permits(lane, 1, now).await?.map(|permits| permits.first))
    }

    /// Takes the right to make up to so many calls, at least one.
    pub(crate) async fn take_some_permits(
        &self,
        lane: Lane,
        most: u32,
        now: Timestamp,
    ) -> Result<Result<SomePermits, Refusal>, StoreError> {
        let mut taken = self.take_permits(&vec![lane; most.max(1) as usize], now).await?.into_iter();
        let first = match taken.next() {
            Some(Ok(first)) => first,
            Some(Err(refusal)) => return Ok(Err(refusal)),
            None => return Ok(Err(Refusal { until: now, cause: String::new() })),
        };
        Ok(Ok(SomePermits { first, more: taken.flatten().collect() }))
    }

    /// Makes a call of several requests, for which there is a permit each.
    pub(crate) async fn ask_for_pages(&self, permits: SomePermits, call: CrmCall) -> CrmAnswer {
        let answer = self.ask(permits.first, call).await;
        // The one that was settled has counted all requests.
        permits.more.into_iter().for_each(HeldPermit::unused);
        answer
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
