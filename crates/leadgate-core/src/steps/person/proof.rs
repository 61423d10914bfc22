//! Proving that somebody whom a bulk request wrote has landed, without a look at their record.
//!
//! The search beforehand showed that nobody had any of the addresses: it showed as many rows as it counted. The account keeps e-mails unique. If as many
//! people have the addresses afterwards as there are addresses, each of them is somebody's. One request counts thousands of people, where those that show
//! records show a hundred. What is not known then is the record's id, so it is done only for whom nobody waits for that. Whoever may have been left
//! out is searched for as ever.
//!
//! E-mails are unique as first addresses only, and the search finds second ones too. So the total misleads if one person was left out and, within the few
//! minutes between the two searches, another's address was added to a third as a second one. For that reason nobody is counted whose write is older.

use jiff::{SignedDuration, Timestamp};

use super::{BulkRun, INDEX_LAGS, NOBODY_FOR, PersonStep, Sent, later};
use crate::crm::CrmCall;
use crate::pack::{Sharing, WIDEST};
use crate::record::{Fields, WrittenPerson};
use crate::steps::StepContext;

/// How many people are counted at once: the first time, and again where somebody was missing or the index lagged behind.
const COUNTED_AT_ONCE: [usize; 2] = [WIDEST, 500];
/// People are counted so long after they were searched for, or a multiple of it: those who were searched for together are counted together.
const ROUND: SignedDuration = SignedDuration::from_secs(20);

impl PersonStep {
    /// Whether counting is a proof for this person, and the record's id can wait.
    fn may_be_counted(&self, context: &StepContext<'_>) -> bool {
        let is_proof = context
            .catalog
            .account()
            .is_some_and(|account| account.contact_email_unique == Some(true) && !account.separate_leads);
        is_proof
            && self.run.surely_nobody
            && self.wish.id_may_wait
            && context.is_last
            && context.sharing == Sharing::Crowd
    }

    /// The count that this person is to be among.
    pub(super) fn count(&self, bulk: &BulkRun, context: &StepContext<'_>) -> Option<CrmCall> {
        let sent = bulk.sent.as_ref().filter(|sent| context.now.duration_since(sent.at) <= NOBODY_FOR);
        sent.filter(|_| bulk.is_countable() && self.may_be_counted(context))?;
        let at_most = *COUNTED_AT_ONCE.get(usize::from(bulk.miscounts))?;
        Some(CrmCall::ConfirmPeople { emails: vec![self.wish.email.clone()?], at_most })
    }

    pub(super) fn counted(&mut self, all_are_there: bool, context: &StepContext<'_>) {
        let Some(bulk) = &mut self.run.bulk else { return };
        if !all_are_there {
            bulk.miscounts += 1;
            bulk.not_before = later(context.now, INDEX_LAGS);
            return;
        }
        let sent = self.run.bulk.take().and_then(|bulk| bulk.sent);
        let Some((email, sent)) = self.wish.email.clone().zip(sent) else { return };
        self.story.extend(self.wish.left_out(context));
        self.story.extend(self.wish.owner_story(context));
        let why = "nobody had the address before, and as many people have those of all who were written with it as were written";
        self.story.push(format!("created: {why}; the record's id was not asked for"));
        let since = self.run.first_write.unwrap_or(sent.at);
        self.run.written = Some(WrittenPerson { email, fields: sent.fields, since, until: context.now });
    }

    /// The account does not answer a count.
    pub(super) fn not_counted(&mut self) {
        self.run.bulk.iter_mut().for_each(|bulk| bulk.miscounts = u8::MAX);
    }

    /// Whom this step made without a look at their record.
    pub(crate) fn written(&self) -> Option<&WrittenPerson> {
        self.run.written.as_ref()
    }

    /// A bulk request that was begun just now, and when to look at what it wrote: for a count, when others are ready for it as well.
    pub(super) fn bulk_run(
        &self,
        ticket: String,
        fields: Fields,
        soon: Timestamp,
        context: &StepContext<'_>,
    ) -> BulkRun {
        let sent = self.may_be_counted(context).then_some(Sent { at: context.now, fields });
        let searched_at = self.run.nobody_at.filter(|_| sent.is_some());
        let not_before = searched_at.map_or(soon, |at| round_after(at, soon));
        BulkRun { ticket, searched: false, looks: 0, not_before, sent, miscounts: 0 }
    }
}

impl BulkRun {
    /// Whether the next look at what it wrote may be a count.
    pub(super) fn is_countable(&self) -> bool {
        self.sent.is_some() && !self.searched && usize::from(self.miscounts) < COUNTED_AT_ONCE.len()
    }
}

/// The first multiple of [`ROUND`] after the search that is no sooner.
fn round_after(searched_at: Timestamp, soon: Timestamp) -> Timestamp {
    let passed = soon.duration_since(searched_at).as_millis().max(0).unsigned_abs();
    let rounds = i64::try_from(passed.div_ceil(ROUND.as_millis().unsigned_abs())).unwrap_or(i64::MAX);
    later(searched_at, SignedDuration::from_secs(ROUND.as_secs().saturating_mul(rounds)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(9_000, 20)]
    #[case(20_000, 20)]
    #[case(20_001, 40)]
    fn who_was_searched_for_together_is_counted_together(#[case] soon: i64, #[case] second: i64) {
        let at = |millisecond: i64| Timestamp::from_millisecond(7_000 + millisecond).unwrap();
        assert_eq!(round_after(at(0), at(soon)), at(second * 1_000));
    }
}
