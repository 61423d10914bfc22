//! Put a person into the recycle bin whom an import made, unless somebody has changed them since. Whose record is not known is found by address first.
//!
//! A repeated run reads first, so it deletes nothing that it may not: who is in the bin already cannot be read, and who was changed is left alone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::person::{is_untouched, patch, primary_is};
use super::{CLOCK_SKEW, Findings, Next, Parking, StepAnswer, StepEffect, Verdict};
use crate::crm::{Among, CrmCall, CrmFailure, CrmReply, LookupBy};
use crate::identity::{Email, IdentityKey, Phone};
use crate::intake::Removal;
use crate::pack::Packing;
use crate::record::{RecordRef, Snapshot, WrittenPerson, field};

/// A person to remove.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemovePersonStep {
    /// Who, once that is known.
    #[serde(default)]
    record: Option<RecordRef>,
    /// When they were last changed, as the CRM said when it made them.
    #[serde(default)]
    unchanged_since: Option<Timestamp>,
    /// What they are found by, where their record is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written: Option<WrittenPerson>,
    /// The account does not search for many.
    #[serde(default)]
    no_search: bool,
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
    /// The step for a removal.
    pub fn new(removal: &Removal) -> RemovePersonStep {
        let (record, unchanged_since, written) = match removal {
            Removal::Record { record, unchanged_since } => (Some(*record), Some(*unchanged_since), None),
            Removal::Written(written) => (None, None, Some(written.clone())),
        };
        RemovePersonStep {
            record,
            unchanged_since,
            written,
            no_search: false,
            seen_unchanged: false,
            removed: None,
            identities: Vec::new(),
            story: Vec::new(),
        }
    }

    /// Who it is, in words.
    pub(crate) fn whom(&self) -> String {
        self.record.map_or_else(|| "the person".to_owned(), |record| record.to_string())
    }

    /// Whoever has still to be found is searched for with others.
    pub(crate) fn packing(&self) -> Packing {
        if self.record.is_none() && !self.no_search { Packing::Pages } else { Packing::Alone }
    }

    pub(super) fn next(&self) -> Next {
        match (self.removed, self.record, &self.written) {
            (Some(_), _, _) | (None, None, None) => Next::Done,
            (None, Some(record), _) if self.seen_unchanged => Next::Call(CrmCall::DeletePerson(record)),
            (None, Some(record), _) => Next::Call(CrmCall::ReadPerson(record)),
            (None, None, Some(written)) if self.no_search => {
                Next::Call(CrmCall::FindPerson(LookupBy::Email(written.email.clone())))
            }
            (None, None, Some(written)) => Next::Call(CrmCall::FindPeople {
                among: Among::Contacts,
                emails: vec![written.email.clone()],
                likely: true,
            }),
        }
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer) -> Verdict {
        match (call, answer) {
            (CrmCall::FindPeople { .. }, Ok(CrmReply::FoundMany { people, .. })) => {
                // The search may lag behind; who is there certainly is told by the exact lookup.
                match people.into_values().next().filter(|found| !found.is_empty()) {
                    Some(found) => self.look_for(&found),
                    None => self.no_search = true,
                }
            }
            (CrmCall::FindPeople { .. }, Err(_)) => self.no_search = true,
            (CrmCall::FindPerson(_), Ok(CrmReply::Found(found))) => self.look_for(&found),
            (CrmCall::FindPerson(_), Err(CrmFailure::NotFound)) => self.look_for(&[]),
            (CrmCall::ReadPerson(_), Ok(CrmReply::Record(seen))) => self.look_at(&seen),
            (CrmCall::DeletePerson(_), Ok(_)) => self.end(true, "was put into the recycle bin"),
            (_, Err(CrmFailure::NotFound)) => self.end(true, "is in the recycle bin or no longer exists"),
            (_, Err(failure)) => return Verdict::Park(Parking::because(&failure, "removing the person")),
            _ => {}
        }
        Verdict::Proceed
    }

    /// Who has the address, if it is one person. Whether the import made them is seen when their record is read.
    fn look_for(&mut self, found: &[Snapshot]) {
        match found {
            [seen] => self.record = Some(seen.record),
            [] => self.end(false, "was left alone: nobody has the address any more that the import wrote"),
            _ => self.end(false, "was left alone: several records have the address that the import wrote"),
        }
    }

    fn look_at(&mut self, seen: &Snapshot) {
        let text = |name: &str| seen.fields.get(name).and_then(Value::as_str);
        let email = text(field::EMAIL).and_then(|text| Email::parse(text).ok());
        let by_email = email.as_ref().map(IdentityKey::of_email);
        let by_phone = text(field::MOBILE).and_then(|text| IdentityKey::of_phone(&Phone::parse(text, None)));
        self.identities = by_email.into_iter().chain(by_phone).collect();
        if let Some(why) = self.written.as_ref().and_then(|written| why_left_alone(seen, written)) {
            return self.end(false, &format!("was left alone: {why}"));
        }
        // Whoever is found by address was not changed since they were made.
        let unchanged_since = self.unchanged_since.or(seen.updated_at);
        match seen.updated_at {
            Some(at) if Some(at) <= unchanged_since => {
                self.unchanged_since = unchanged_since;
                self.seen_unchanged = true;
            }
            Some(at) => self.end(false, &format!("was left alone: it was changed at {at}, after the import made it")),
            None => self.end(false, "was left alone: the CRM does not say when it was last changed"),
        }
    }

    fn end(&mut self, removed: bool, how: &str) {
        self.removed = Some(removed);
        self.story.push(format!("{} {how}", self.whom()));
    }

    /// A request was lost, or a person mended something: look before anything is deleted.
    pub(super) fn look_again(&mut self) {
        self.seen_unchanged = false;
    }

    pub(super) fn report(&self, findings: &mut Findings) -> StepEffect {
        findings.person = self.record;
        findings.person_removed = self.removed;
        let is_gone = self.removed == Some(true);
        StepEffect { unlearned: self.identities.iter().filter(|_| is_gone).cloned().collect(), ..StepEffect::default() }
    }
}

/// Why it is not certain that this record is of the person whom the import made, and of nobody else's making: they have the address as their first, were made
/// while the import wrote, were not changed since, and have all that it wrote.
fn why_left_alone(seen: &Snapshot, written: &WrittenPerson) -> Option<&'static str> {
    let window = (written.since.saturating_sub(CLOCK_SKEW), written.until.saturating_add(CLOCK_SKEW));
    let is_made_then = match (seen.created_at, window) {
        (Some(made), (Ok(since), Ok(until))) => (since..=until).contains(&made),
        _ => false,
    };
    if !is_made_then {
        return Some("it was not made while the import wrote, or the CRM does not say when");
    }
    if !is_untouched(seen) {
        return Some("it was changed after it was made");
    }
    let says_all = primary_is(seen, &written.email) && patch(seen, &written.fields, true).is_empty();
    (!says_all).then_some("it does not say what the import wrote")
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
        let mut step = RemovePersonStep::new(&Removal::Record { record, unchanged_since: at(10) });
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
