//! Have the CRM forget a person for good.
//!
//! The step waits until the gateway itself has forgotten them. Then it looks for records of whom only an address or a number is known, and has
//! each record forgotten. A repeated request is answered "not found", which means that it is done. Once it is done, the step holds no address.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Findings, Next, ParkReason, Parking, StepAnswer, StepContext, StepEffect, Verdict};
use crate::crm::{CrmCall, CrmReply, LookupBy};
use crate::record::RecordRef;

/// A person to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetPersonStep {
    /// What they are still to be looked for by.
    look_for: Vec<LookupBy>,
    /// Records still to be forgotten.
    records: Vec<RecordRef>,
    /// Records that are gone.
    #[serde(default)]
    forgotten: u32,
    /// Calls of others that may still be under way have ended by then.
    not_before: Option<Timestamp>,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl ForgetPersonStep {
    /// The step for a person of whom this is known.
    pub fn new(look_for: Vec<LookupBy>, records: Vec<RecordRef>) -> ForgetPersonStep {
        ForgetPersonStep { look_for, records, forgotten: 0, not_before: None, story: Vec::new() }
    }

    /// Nothing of them is left in the gateway: it may begin, though not before that moment.
    pub fn begin(&mut self, not_before: Timestamp) {
        self.not_before = Some(not_before);
    }

    /// How many records the CRM has forgotten.
    pub fn forgotten(&self) -> u32 {
        self.forgotten
    }

    fn add(&mut self, record: RecordRef) {
        if !self.records.contains(&record) {
            self.records.push(record);
        }
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        let until = self.not_before.unwrap_or(Timestamp::MAX);
        if until > context.now {
            return Next::Wait { until };
        }
        match (self.look_for.first(), self.records.first()) {
            (Some(by), _) => Next::Call(CrmCall::FindPerson(by.clone())),
            (None, Some(record)) => Next::Call(CrmCall::ForgetPerson(*record)),
            (None, None) => Next::Done,
        }
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer) -> Verdict {
        match (call, answer) {
            (CrmCall::FindPerson(by), Ok(CrmReply::Found(found))) => {
                return self.take(by, found.iter().map(|seen| seen.record).collect());
            }
            (CrmCall::FindPerson(by), Err(crate::crm::CrmFailure::NotFound)) => return self.take(by, Vec::new()),
            (CrmCall::ForgetPerson(record), Ok(_)) => self.end(*record, "was forgotten by the CRM"),
            (CrmCall::ForgetPerson(record), Err(crate::crm::CrmFailure::NotFound)) => {
                self.end(*record, "is not in the CRM any more");
            }
            (_, Err(failure)) => return Verdict::Park(Parking::because(&failure, "having the person forgotten")),
            _ => {}
        }
        Verdict::Proceed
    }

    fn take(&mut self, by: &LookupBy, found: Vec<RecordRef>) -> Verdict {
        let others = found.iter().filter(|record| !self.records.contains(record)).count();
        // A number may be a whole office's, and nothing brings back who was forgotten.
        if matches!(by, LookupBy::Phone(_)) && others > 1 {
            let message = format!(
                "{} records have that number: nobody was forgotten by it; forget each one meant with `leadgate forget --record contact:ID`",
                found.len()
            );
            return Verdict::Park(Parking::new(ParkReason::Invalid, message));
        }
        self.look_for.retain(|other| other != by);
        found.into_iter().for_each(|record| self.add(record));
        Verdict::Proceed
    }

    fn end(&mut self, record: RecordRef, how: &str) {
        self.records.retain(|other| *other != record);
        self.forgotten += 1;
        self.story.push(format!("a {} {how}", record.kind.name()));
    }

    pub(super) fn report(&self, findings: &mut Findings) -> StepEffect {
        findings.person_removed = Some(self.forgotten > 0);
        StepEffect::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use rstest::rstest;

    use super::*;
    use crate::catalog::Catalog;
    use crate::crm::CrmFailure;
    use crate::identity::Email;
    use crate::pack::Sharing;
    use crate::record::{Fields, RecordKind, Snapshot};

    fn contact(id: i64) -> RecordRef {
        RecordRef { kind: RecordKind::Contact, id }
    }

    fn shown(id: i64) -> Snapshot {
        let (fields, unread) = (Fields::new(), BTreeSet::new());
        Snapshot { record: contact(id), created_at: None, updated_at: None, fields, unread }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn next(step: &ForgetPersonStep, second: i64) -> Next {
        let (catalog, known, notes) = (Catalog::default(), BTreeMap::new(), BTreeSet::new());
        let findings = Findings::default();
        step.next(&StepContext {
            now: at(second),
            catalog: &catalog,
            known: &known,
            copied: None,
            known_notes: &notes,
            findings: &findings,
            sharing: Sharing::Alone,
            is_followed: false,
            is_last: true,
        })
    }

    fn by_email() -> LookupBy {
        LookupBy::Email(Email::parse("ada@example.com").unwrap())
    }

    /// A lost answer repeats the request, and then the record is not found.
    #[rstest]
    #[case::answered(Ok(CrmReply::Done))]
    #[case::repeated(Err(CrmFailure::NotFound))]
    fn whoever_is_found_is_forgotten_and_no_address_is_left(#[case] answer: StepAnswer) {
        let mut step = ForgetPersonStep::new(vec![by_email()], vec![contact(7)]);
        assert_eq!(next(&step, 10), Next::Wait { until: Timestamp::MAX });
        step.begin(at(10));
        assert_eq!(next(&step, 9), Next::Wait { until: at(10) });
        assert_eq!(next(&step, 10), Next::Call(CrmCall::FindPerson(by_email())));
        step.absorb(&CrmCall::FindPerson(by_email()), Ok(CrmReply::Found(vec![shown(7), shown(8)])));
        for id in [7, 8] {
            let call = CrmCall::ForgetPerson(contact(id));
            assert_eq!(next(&step, 10), Next::Call(call.clone()));
            step.absorb(&call, answer.clone());
        }
        assert_eq!((next(&step, 10), step.forgotten()), (Next::Done, 2));
        let kept = serde_json::to_string(&step).unwrap();
        assert!(!kept.contains("ada@"), "{kept}");
    }

    #[test]
    fn a_number_that_many_have_forgets_nobody() {
        let by = LookupBy::Phone("+14155552671".to_owned());
        let mut step = ForgetPersonStep::new(vec![by.clone()], Vec::new());
        let answer = Ok(CrmReply::Found(vec![shown(7), shown(8)]));
        assert!(matches!(step.absorb(&CrmCall::FindPerson(by), answer), Verdict::Park(_)));
    }
}
