//! Proving that somebody whom a bulk request wrote has landed, without a look at their record.
//!
//! The search beforehand showed that nobody had any of the addresses, and the account lets each address be one person's only. If as many people have
//! them afterwards as there are addresses, each of them is somebody's. One request counts thousands of people, where those that show records show a
//! hundred. What is not known then is the record's id, so it is done only for whom nobody waits for that. Whoever may have been left out is
//! searched for as ever.

use jiff::Timestamp;

use super::{BulkRun, PersonStep, later};
use crate::crm::CrmCall;
use crate::pack::{Sharing, WIDEST};
use crate::record::{Fields, WrittenPerson};
use crate::steps::StepContext;

/// How many people are counted at once: the first time, and again where somebody was missing or the index lagged behind.
const COUNTED_AT_ONCE: [usize; 2] = [WIDEST, 500];
/// Whom bulk requests of so many seconds wrote are counted together.
const TOGETHER_SECONDS: i64 = 20;

impl PersonStep {
    /// Whether counting is a proof for this person, and the record's id can wait.
    pub(super) fn may_be_counted(&self, context: &StepContext<'_>) -> bool {
        let is_proof = context
            .catalog
            .account()
            .is_some_and(|account| account.contact_email_unique == Some(true) && !account.separate_leads);
        is_proof && self.wish.id_may_wait && context.is_last && context.sharing == Sharing::Crowd
    }

    /// Whether the next look at what a bulk request wrote may be a count.
    pub(super) fn is_countable(bulk: &BulkRun) -> bool {
        bulk.written.is_some() && !bulk.searched && usize::from(bulk.counts) < COUNTED_AT_ONCE.len()
    }

    /// The count that this person is to be among.
    pub(super) fn count(&self, bulk: &BulkRun, context: &StepContext<'_>) -> Option<CrmCall> {
        let email = self.wish.email.clone().filter(|_| Self::is_countable(bulk) && self.may_be_counted(context))?;
        let at_most = *COUNTED_AT_ONCE.get(usize::from(bulk.counts))?;
        Some(CrmCall::ConfirmPeople { emails: vec![email], at_most })
    }

    pub(super) fn counted(&mut self, all_are_there: bool, context: &StepContext<'_>) {
        let Some(bulk) = &mut self.run.bulk else { return };
        if !all_are_there {
            bulk.counts += 1;
            bulk.not_before = later(context.now, super::INDEX_LAGS);
            return;
        }
        let written = self.run.bulk.take().and_then(|bulk| bulk.written);
        let Some((email, fields)) = self.wish.email.clone().zip(written) else { return };
        self.story.extend(self.wish.left_out(context));
        self.story.extend(self.wish.owner_story(context));
        self.story.push(
            "created: nobody had the address before, and of the many who were written with it as many are there now; the record's id was not asked for"
                .to_owned(),
        );
        let since = self.run.first_write.unwrap_or(context.now);
        self.run.written = Some(WrittenPerson { email, fields, since, until: context.now });
    }

    /// The account does not answer a count.
    pub(super) fn not_counted(&mut self) {
        self.run.bulk.iter_mut().for_each(|bulk| bulk.counts = u8::MAX);
    }

    /// Whom this step made without a look at their record.
    pub(crate) fn written(&self) -> Option<&WrittenPerson> {
        self.run.written.as_ref()
    }

    /// A bulk request under way, and when to look at what it wrote: for a count, when others are ready for it as well.
    pub(super) fn bulk_run(
        &self,
        ticket: String,
        fields: &Fields,
        soon: Timestamp,
        context: &StepContext<'_>,
    ) -> BulkRun {
        let written = self.may_be_counted(context).then(|| fields.clone());
        let not_before = if written.is_some() { next_round(soon) } else { soon };
        BulkRun { ticket, searched: false, looks: 0, not_before, written, counts: 0 }
    }
}

/// The next full multiple of [`TOGETHER_SECONDS`].
fn next_round(at: Timestamp) -> Timestamp {
    let passed = at.as_second().rem_euclid(TOGETHER_SECONDS);
    let rest = if passed == 0 && at.subsec_nanosecond() == 0 { 0 } else { TOGETHER_SECONDS - passed };
    Timestamp::from_second(at.as_second().saturating_add(rest)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(40_000, 40)]
    #[case(40_001, 60)]
    #[case(59_999, 60)]
    fn counts_are_made_at_the_same_moments(#[case] millisecond: i64, #[case] second: i64) {
        let at = Timestamp::from_millisecond(millisecond).unwrap();
        assert_eq!(next_round(at), Timestamp::from_second(second).unwrap());
    }
}
