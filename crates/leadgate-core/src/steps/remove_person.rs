//! Put a person into the recycle bin whom an import made, unless somebody has changed them since.
//!
//! A repeated run reads first, so it deletes nothing that it may not: who is in the bin already cannot be read, and who was changed is left alone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Findings, Next, Parking, StepAnswer, StepEffect, Verdict};
use crate::crm::{CrmCall, CrmFailure, CrmReply};
use crate::identity::{Email, IdentityKey, Phone};
use crate::record::{RecordRef, Snapshot, field};

/// A person to remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovePersonStep {
    /// Who.
    pub record: RecordRef,
    /// When they were last changed, as the CRM said when it made them.
    pub unchanged_since: Timestamp,
    #[serde(default)]
    seen_unchanged: bool,
    #[serde(default)]
    removed: Option<bool>,
    /// What the gateway may remember the person by.
    #[serde(default)]
    identities: Vec<IdentityKey>,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl RemovePersonStep {
    /// The step for a person.
    pub fn new(record: RecordRef, unchanged_since: Timestamp) -> RemovePersonStep {
        let (identities, story) = (Vec::new(), Vec::new());
        RemovePersonStep { record, unchanged_since, seen_unchanged: false, removed: None, identities, story }
    }

    pub(super) fn next(&self) -> Next {
        match (self.removed, self.seen_unchanged) {
            (Some(_), _) => Next::Done,
            (None, false) => Next::Call(CrmCall::ReadPerson(self.record)),
            (None, true) => Next::Call(CrmCall::DeletePerson(self.record)),
        }
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer) -> Verdict {
        match (call, answer) {
            (CrmCall::ReadPerson(_), Ok(CrmReply::Record(seen))) => self.look_at(&seen),
            (CrmCall::DeletePerson(_), Ok(_)) => self.end(true, "was put into the recycle bin"),
            (_, Err(CrmFailure::NotFound)) => self.end(true, "is in the recycle bin or no longer exists"),
            (_, Err(failure)) => return Verdict::Park(Parking::because(&failure, "removing the person")),
            _ => {}
        }
        Verdict::Proceed
    }

    fn look_at(&mut self, seen: &Snapshot) {
        let text = |name: &str| seen.fields.get(name).and_then(Value::as_str);
        let email = text(field::EMAIL).and_then(|text| Email::parse(text).ok());
        let by_email = email.as_ref().map(IdentityKey::of_email);
        let by_phone = text(field::MOBILE).and_then(|text| IdentityKey::of_phone(&Phone::parse(text, None)));
        self.identities = by_email.into_iter().chain(by_phone).collect();
        match seen.updated_at {
            Some(at) if at <= self.unchanged_since => self.seen_unchanged = true,
            Some(at) => self.end(false, &format!("was left alone: it was changed at {at}, after the import made it")),
            None => self.end(false, "was left alone: the CRM does not say when it was last changed"),
        }
    }

    fn end(&mut self, removed: bool, how: &str) {
        self.removed = Some(removed);
        self.story.push(format!("{} {how}", self.record));
    }

    /// A request was lost, or a person mended something: look before anything is deleted.
    pub(super) fn look_again(&mut self) {
        self.seen_unchanged = false;
    }

    pub(super) fn report(&self, findings: &mut Findings) -> StepEffect {
        findings.person = Some(self.record);
        findings.person_removed = self.removed;
        let is_gone = self.removed == Some(true);
        StepEffect { unlearned: self.identities.iter().filter(|_| is_gone).cloned().collect(), ..StepEffect::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::*;
    use crate::record::{Fields, RecordKind};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[rstest]
    #[case::unchanged(Some(10), true)]
    #[case::changed(Some(11), false)]
    #[case::untold(None, false)]
    fn only_who_was_not_changed_is_removed(#[case] updated: Option<i64>, #[case] removed: bool) {
        let record = RecordRef { kind: RecordKind::Contact, id: 7 };
        let mut step = RemovePersonStep::new(record, at(10));
        let Next::Call(read) = step.next() else { panic!() };
        let updated_at = updated.map(at);
        let seen = Snapshot { record, created_at: None, updated_at, fields: Fields::new(), unread: BTreeSet::new() };
        step.absorb(&read, Ok(CrmReply::Record(seen)));
        if let Next::Call(delete) = step.next() {
            assert_eq!(delete, CrmCall::DeletePerson(record));
            step.absorb(&delete, Ok(CrmReply::Done));
        }
        assert_eq!((step.next(), step.removed), (Next::Done, Some(removed)));
    }
}
