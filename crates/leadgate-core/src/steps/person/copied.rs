//! A person whom the copy of the account has: written to by id without a look-up, and what was written is checked against the answer.
//!
//! The copy was read a while ago. Since then the record may have been deleted, or its address may have gone to another one. So the answer to an update
//! must show the address; if it does not, what was written is taken back and the address is looked up. Whatever the CRM refuses is looked up too. That
//! nobody in the copy has the address says nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PersonStep, matching};
use crate::copied::CopiedRecord;
use crate::crm::{CrmCall, CrmFailure};
use crate::identity::IdentityKey;
use crate::record::{Fields, RecordRef, Snapshot, field};
use crate::steps::{Next, StepContext};

/// Fields that are written from what the copy shows: plain values, which the CRM neither joins nor links. For others the record is looked up.
const PLAIN: [&str; 12] = [
    field::FIRST_NAME,
    field::LAST_NAME,
    field::MOBILE,
    field::JOB_TITLE,
    field::ADDRESS,
    field::CITY,
    field::STATE,
    field::ZIPCODE,
    field::COUNTRY,
    field::MEDIUM,
    field::SOURCE_ID,
    field::CAMPAIGN_ID,
];

/// Fields of a record that were written, or are to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Written {
    record: RecordRef,
    fields: Fields,
}

impl PersonStep {
    /// The identity that the copy is asked for: none where the CRM has been asked already.
    pub(crate) fn copied_key(&self) -> Option<IdentityKey> {
        let run = &self.run;
        let asked = run.candidate.is_some() || run.nobody_at.is_some() || run.first_write.is_some();
        let settled = run.done.is_some() || run.distrust_memory || run.tried.is_some();
        let key = self.wish.email.as_ref().map(IdentityKey::of_email)?;
        (!asked && !settled).then_some(key)
    }

    /// The record that the copy has for the person, as long as it is believed.
    pub(super) fn in_copy<'a>(&self, context: &StepContext<'a>) -> Option<&'a CopiedRecord> {
        let record = context.copied?.believed(&self.copied_key()?, context.now)?;
        matching::primary_is(&record.snapshot, self.wish.email.as_ref()?).then_some(record)
    }

    /// Somebody with that address was there when the copy was read, however long ago: looking up comes before creating.
    pub(super) fn is_probably_there(&self, context: &StepContext<'_>) -> bool {
        let key = self.wish.email.as_ref().map(IdentityKey::of_email);
        let copied = context.copied.zip(key).is_some_and(|(copied, key)| copied.records.contains_key(&key));
        copied || self.run.look_first
    }

    /// What to do with the record of the copy; none if it must be looked at in the CRM.
    pub(super) fn reconcile_copied(&self, copied: &CopiedRecord, fields: &Fields) -> Option<Next> {
        let snapshot = &copied.snapshot;
        let fields = self.wish.respecting_owner(self.wish.fitting(fields, snapshot.record.kind), snapshot);
        if self.wish.reassigns() || matching::must_read_whole(snapshot, &fields, self.wish.overwrite) {
            return None;
        }
        let patch = matching::patch(snapshot, &fields, false);
        if patch.is_empty() {
            return Some(Next::Done);
        }
        let is_plain = patch.keys().all(|name| PLAIN.contains(&name.as_str()));
        is_plain.then_some(Next::Call(CrmCall::UpdatePerson { record: snapshot.record, fields: patch }))
    }

    /// What was written to a record that is not the person is taken back first.
    pub(super) fn take_back(&self) -> Option<Next> {
        let Written { record, fields } = self.run.undo.clone()?;
        Some(Next::Call(CrmCall::UpdatePerson { record, fields }))
    }

    /// After a write whose answer did not arrive the record is read.
    pub(super) fn read_tried(&self) -> Option<Next> {
        self.run.tried.as_ref().map(|tried| Next::Call(CrmCall::ReadPerson(tried.record)))
    }

    /// Whether the call is made of what the copy shows, or takes back what was.
    pub(super) fn is_of_copy(&self, call: &CrmCall) -> bool {
        let alone =
            matches!(call, CrmCall::UpdatePerson { .. } | CrmCall::ReadPerson(_)) && self.run.candidate.is_none();
        alone && (self.run.undo.is_some() || self.run.tried.is_some() || matches!(call, CrmCall::UpdatePerson { .. }))
    }

    /// Takes in the record as it is after such a call.
    pub(super) fn copy_answered(&mut self, call: &CrmCall, snapshot: Snapshot) {
        if self.run.undo.take().is_some() {
            return;
        }
        let is_person = self.wish.email.as_ref().is_some_and(|email| matching::primary_is(&snapshot, email));
        let tried = self.run.tried.take();
        match (call, is_person) {
            (CrmCall::UpdatePerson { fields, .. }, true) => {
                self.story.push(format!("{} is the person: same e-mail in the copy of the account", snapshot.record));
                self.updated(&snapshot, fields, false);
            }
            (CrmCall::UpdatePerson { record, fields }, false) => self.misplaced(*record, fields.clone()),
            (_, true) => {
                self.run.unknown = false;
                self.story.push(format!("{} is the person: same e-mail", snapshot.record));
                self.run.candidate = Some(snapshot);
                self.run.candidate_whole = true;
            }
            (_, false) => {
                let mut fields = tried.map(|tried| tried.fields).unwrap_or_default();
                fields.retain(|name, value| matching::same_value(name, snapshot.fields.get(name), value));
                self.misplaced(snapshot.record, fields);
            }
        }
    }

    /// The record does not have the address any more.
    fn misplaced(&mut self, record: RecordRef, mut fields: Fields) {
        self.story.push(format!(
            "{record} has another e-mail than in the copy of the account: what was filled in there is taken back, and the e-mail is looked up"
        ));
        self.look_up_instead();
        fields.values_mut().for_each(|value| *value = Value::Null);
        self.run.undo = (!fields.is_empty()).then_some(Written { record, fields });
    }

    /// The CRM refused a call that was made of what the copy shows.
    pub(super) fn copy_refused(&mut self, call: &CrmCall, failure: &CrmFailure) {
        if let Some(undo) = self.run.undo.take() {
            self.story.push(format!("what was filled in at {} could not be taken back: {failure}", undo.record));
            return;
        }
        if let CrmCall::UpdatePerson { record, .. } | CrmCall::ReadPerson(record) = call {
            self.story
                .push(format!("{record} is not as in the copy of the account ({failure}): the e-mail is looked up"));
        }
        self.look_up_instead();
    }

    fn look_up_instead(&mut self) {
        self.run.tried = None;
        self.run.unknown = false;
        self.run.distrust_memory = true;
        self.run.look_first = true;
    }

    /// The answer to such a call did not arrive. Taking back is simply done again.
    pub(super) fn mark_copy_unknown(&mut self, call: &CrmCall) {
        if let (CrmCall::UpdatePerson { record, fields }, None) = (call, &self.run.undo) {
            self.run.tried = Some(Written { record: *record, fields: fields.clone() });
            self.run.unknown = true;
        }
    }
}
