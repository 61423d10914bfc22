//! Work: makes one call for its pack, and records the turn of every member in one transaction.

use jiff::Timestamp;
use leadgate_core::crm::{CrmAnswer, CrmCall, CrmFailure, CrmReply};
use leadgate_core::job::{AbsorbRules, AfterCall, TurnContext};
use leadgate_core::pack::part_of;
use leadgate_store::StoreError;
use leadgate_store::model::{Attempt, Then};
use leadgate_store::stretch::in_stretches;

use super::{EndedTurn, Leased, PaidPack, SharedCatalog, then_of};
use crate::engine::Engine;
use crate::metrics;

impl Engine {
    /// Makes the call of a pack. Returns how many jobs ended.
    pub(crate) async fn work(&self, pack: PaidPack) -> Result<usize, StoreError> {
        if !self.may_call() {
            return self.put_back(pack).await;
        }
        let sent_at = self.now();
        let PaidPack { permit, lane, call, members } = pack;
        let answer = self.ask(permit, call.clone()).await;
        let now = self.now();
        let attempt = attempt_of(&call, &answer, sent_at, now);
        metrics::called(&attempt);
        tracing::debug!(
            crm.call = call.name(),
            crm.status = answer.status,
            crm.class = attempt.class,
            crm.took_ms = attempt.took_ms,
            crm.lane = lane.name(),
            crm.jobs = members.len(),
            "asked the CRM: {}",
            call.name(),
        );
        let result = self.shared.catalog.take_in(&*self.shared.store, &call, answer.result, now).await?;
        let catalog = self.shared.catalog.current();
        let surely = catalog.account().and_then(|account| account.batch_find).map_or(1, usize::from);
        let in_pieces = self.shared.search_width.learn(&call, &result, surely);
        let (requests, sharing) = (answer.requests, members.len());
        let round = Round { attempt, result, catalog, sent_at, now, in_pieces };
        let batch = self.begin_batch(members.len()).await;
        let members = members.into_iter().enumerate();
        let turns = in_stretches(members, |(position, member)| {
            let cost_milli = share_of(requests, sharing, position);
            self.end_turn(member, &round, Attempt { cost_milli, ..round.attempt.clone() })
        })
        .await;
        self.record(turns, batch, now).await
    }

    /// Makes no call: this process was paused, or could not reach the store, for so long that others may have taken the jobs over.
    async fn put_back(&self, pack: PaidPack) -> Result<usize, StoreError> {
        pack.permit.unused();
        let now = self.now();
        let turns = pack.members.into_iter().map(|member| member.record(None, None, Then::DueAt(now), now)).collect();
        self.record(turns, None, now).await
    }

    fn end_turn(&self, mut member: Leased, round: &Round, attempt: Attempt) -> EndedTurn {
        let now = round.now;
        if round.in_pieces {
            // As if nothing had been asked: the next claim packs the search for fewer.
            return member.record(Some(attempt), None, Then::DueAt(now), now);
        }
        let then = match self.absorb(&mut member, round) {
            AfterCall::Ready => then_of(member.advance(&round.catalog, now), now),
            AfterCall::RetryAt(at) => Then::DueAt(at),
            AfterCall::Park(parking) => Then::Parked(parking),
            AfterCall::Hold(trouble) => {
                tracing::warn!(crm.class = trouble.class, "the account has to wait: {}", trouble.message);
                Then::DueAt(self.shared.budget.hold(&trouble, now))
            }
        };
        member.record(Some(attempt), None, then, now)
    }

    fn absorb(&self, member: &mut Leased, round: &Round) -> AfterCall {
        let Some(call) = member.call.take() else { return AfterCall::Ready };
        let job = &mut member.job;
        let context = TurnContext {
            now: round.now,
            catalog: &round.catalog,
            known: &job.known,
            copied: member.copied.as_ref(),
            known_notes: &job.known_notes,
            sharing: member.sharing,
        };
        let rules = AbsorbRules { policy: &self.shared.settings.retry, jitter: self.jitter(), sent_at: round.sent_at };
        let result = round.result.as_ref().map(|reply| part_of(reply, &call)).map_err(Clone::clone);
        job.state.absorb(&call, result, &context, &rules)
    }
}

/// What all members of a pack share after the call. The attempt has the cost of all.
struct Round {
    attempt: Attempt,
    result: Result<CrmReply, CrmFailure>,
    catalog: SharedCatalog,
    sent_at: Timestamp,
    now: Timestamp,
    /// The search was for too many at once.
    in_pieces: bool,
}

/// What one of those who share requests pays of them, in thousandths. The first ones pay the rest, so that all of it adds up.
fn share_of(requests: u32, sharing: usize, position: usize) -> u32 {
    let (all, sharing) = (requests.saturating_mul(1_000), u32::try_from(sharing.max(1)).unwrap_or(u32::MAX));
    let pays_more = u32::try_from(position).is_ok_and(|position| position < all % sharing);
    all / sharing + u32::from(pays_more)
}

fn attempt_of(call: &CrmCall, answer: &CrmAnswer, sent_at: Timestamp, now: Timestamp) -> Attempt {
    let failure = answer.result.as_ref().err();
    Attempt {
        call: call.name().to_owned(),
        at: sent_at,
        took_ms: u64::try_from(now.duration_since(sent_at).as_millis()).unwrap_or(0),
        status: answer.status,
        class: failure.map_or("ok", CrmFailure::class).to_owned(),
        cost_milli: answer.requests.saturating_mul(1_000),
        message: failure.map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::of_a_page(1, 100, (10, 10))]
    #[case::of_three(1, 3, (334, 333))]
    #[case::of_thousands(1, 2_500, (1, 0))]
    #[case::of_several(3, 2, (1_500, 1_500))]
    fn shares_add_up(#[case] requests: u32, #[case] sharing: usize, #[case] first_and_last: (u32, u32)) {
        let shares: Vec<u32> = (0..sharing).map(|position| share_of(requests, sharing, position)).collect();
        assert_eq!((shares[0], shares[sharing - 1]), first_and_last);
        assert_eq!(shares.iter().sum::<u32>(), requests * 1_000);
    }
}
