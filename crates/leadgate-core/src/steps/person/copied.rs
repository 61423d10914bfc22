//! A person whom the copy of the account has: of whom nothing is new, nothing is asked.
//!
//! The copy was read a while ago. Since then the record may have been deleted, or its address may have gone to another one. So nothing is written to a record that
//! only the copy shows. That nobody in the copy has the address says nothing.

use super::{PersonStep, matching};
use crate::copied::CopiedRecord;
use crate::identity::IdentityKey;
use crate::record::Fields;
use crate::steps::StepContext;

impl PersonStep {
    /// The identity that the copy is asked for: none where the CRM has been asked already.
    pub(crate) fn copied_key(&self) -> Option<IdentityKey> {
        let run = &self.run;
        let asked = run.candidate.is_some() || run.nobody_at.is_some() || run.first_write.is_some();
        let settled = run.done.is_some() || run.distrust_memory;
        let key = self.wish.email.as_ref().map(IdentityKey::of_email)?;
        (!asked && !settled).then_some(key)
    }

    /// The record that the copy has for the person, as long as it is believed. Where a later step writes something at the person, it is not.
    pub(super) fn in_copy<'a>(&self, context: &StepContext<'a>) -> Option<&'a CopiedRecord> {
        if context.is_followed {
            return None;
        }
        let record = context.copied?.believed(&self.copied_key()?, context.now)?;
        matching::primary_is(&record.snapshot, self.wish.email.as_ref()?).then_some(record)
    }

    /// Somebody with that address was there when the copy was read, however long ago: looking up comes before creating.
    pub(super) fn is_probably_there(&self, context: &StepContext<'_>) -> bool {
        let key = self.wish.email.as_ref().map(IdentityKey::of_email);
        context.copied.zip(key).is_some_and(|(copied, key)| copied.records.contains_key(&key))
    }

    /// Whether the record of the copy needs nothing. To a record that was not looked at now nothing is written: what would be is looked up first.
    pub(super) fn copy_suffices(&self, copied: &CopiedRecord, fields: &Fields) -> bool {
        let snapshot = &copied.snapshot;
        let fields = self.wish.respecting_owner(self.wish.fitting(fields, snapshot.record.kind), snapshot);
        let reads_whole = self.wish.reassigns() || matching::must_read_whole(snapshot, &fields, self.wish.overwrite);
        !reads_whole && matching::patch(snapshot, &fields, false).is_empty()
    }
}
