//! Drives jobs to their end over a failing model CRM.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use leadgate_core::catalog::{Catalog, SectionRead};
use leadgate_core::copied::Copied;
use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply};
use leadgate_core::identity::IdentityKey;
use leadgate_core::job::{AbsorbRules, AfterCall, JobState, Outcome, Turn, TurnContext};
use leadgate_core::pack::Sharing;
use leadgate_core::record::{KnownRecord, RecordKind};
use leadgate_core::retry::RetryPolicy;
use leadgate_core::steps::Parking;
use leadgate_core::submission::{RawSubmission, Route};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::model_crm::{Fate, ModelCrm};
use crate::planning::plan_of;

/// For how long a process that died keeps its jobs.
const LEASE: SignedDuration = SignedDuration::from_secs(120);

/// What the gateway remembers between jobs.
#[derive(Default)]
pub(crate) struct Gateway {
    catalog: Catalog,
    known: BTreeMap<IdentityKey, KnownRecord>,
    known_notes: BTreeSet<i64>,
    sharing: Sharing,
    /// Whom calls are shared with once a process died.
    later_sharing: Option<Sharing>,
    pub(crate) copied: Option<Copied>,
}

impl Gateway {
    pub(crate) fn in_a_crowd() -> Gateway {
        Gateway { sharing: Sharing::Crowd, ..Gateway::default() }
    }

    fn job(&self, route: Route, body: &Value) -> JobState {
        let raw = RawSubmission::new(route, None, body.to_string().into_bytes());
        JobState::new(&plan_of(&raw))
    }

    /// Runs a lead to its end; `fates` are what happens to its calls, after which all goes well.
    pub(crate) fn run(&mut self, crm: &mut ModelCrm, body: &Value, fates: &[Fate]) -> Result<Outcome, Parking> {
        let job = self.job(Route::Lead, body);
        self.drive(crm, job, fates).map(|(outcome, _)| outcome)
    }

    /// Runs a job to its end; with it comes its story.
    pub(crate) fn drive(
        &mut self,
        crm: &mut ModelCrm,
        job: JobState,
        fates: &[Fate],
    ) -> Result<(Outcome, String), Parking> {
        self.drive_beside(crm, job, fates, &mut |_, _| {})
    }

    /// Runs a job to its end, while somebody else looks at it before every turn, or does something to the CRM.
    pub(crate) fn drive_beside(
        &mut self,
        crm: &mut ModelCrm,
        mut job: JobState,
        fates: &[Fate],
        other: &mut dyn FnMut(&mut ModelCrm, &JobState),
    ) -> Result<(Outcome, String), Parking> {
        let mut fates = fates.iter().copied();
        for _ in 0..500 {
            other(crm, &job);
            let mut effects = Vec::new();
            let (catalog, known, notes) = (self.catalog.clone(), self.known.clone(), self.known_notes.clone());
            let copied = self.copied.clone();
            let context = TurnContext {
                now: crm.now,
                catalog: &catalog,
                known: &known,
                copied: copied.as_ref(),
                known_notes: &notes,
                sharing: self.sharing,
            };
            let turn = job.advance(&context, &mut effects);
            for effect in effects {
                effect.unlearned.iter().for_each(|key| drop(self.known.remove(key)));
                self.known.extend(effect.learned);
                self.known_notes.extend(effect.note.map(|(_, id)| id));
            }
            match turn {
                Turn::Finished(outcome) => return Ok((*outcome, job.story().join("; "))),
                Turn::Park(parking) => return Err(parking),
                Turn::Wait(until) => crm.now = until,
                Turn::Call(call) => {
                    self.one_call(crm, &mut job, (&call, fates.next().unwrap_or(Fate::Answered)), &context)?
                }
            }
        }
        panic!("the job does not end: {:?}", crm.calls);
    }

    /// As a process does that finds the lease of another: what the call was follows from the stored state, looked at later.
    fn take_over(&mut self, job: &mut JobState, context: &TurnContext<'_>, sent_at: Timestamp) {
        self.sharing = self.later_sharing.unwrap_or(self.sharing);
        job.take_over();
        let (mut later, mut effects) = (job.clone(), Vec::new());
        let context = &TurnContext { sharing: self.sharing, ..context.clone() };
        if let Turn::Call(next) = later.advance(context, &mut effects) {
            self.known.extend(effects.into_iter().flat_map(|effect| effect.learned));
            later.mark_abandoned(&next, sent_at);
            *job = later;
        }
    }

    fn one_call(
        &mut self,
        crm: &mut ModelCrm,
        job: &mut JobState,
        (call, fate): (&CrmCall, Fate),
        context: &TurnContext<'_>,
    ) -> Result<(), Parking> {
        let sent_at = crm.now;
        let result = match fate {
            Fate::Answered => crm.answer(call),
            Fate::FailedBefore => Err(CrmFailure::Transient("down".into())),
            Fate::Quota => Err(CrmFailure::Quota { until: None }),
            Fate::LostAfter => {
                let _ = crm.answer(call);
                Err(CrmFailure::OutcomeUnknown("cut".into()))
            }
            Fate::DiedBefore | Fate::DiedAfter => {
                // The process is gone: only the stored job is left.
                if fate == Fate::DiedAfter {
                    let _ = crm.answer(call);
                }
                *job = serde_json::from_str(&serde_json::to_string(job).unwrap()).unwrap();
                crm.now += LEASE;
                self.take_over(job, &TurnContext { now: crm.now, ..context.clone() }, sent_at);
                return Ok(());
            }
        };
        crm.now += SignedDuration::from_millis(50);
        if let (CrmCall::ReadCatalog(section), Ok(CrmReply::Catalog(content))) = (call, &result) {
            self.catalog.put(*section, SectionRead { content: content.clone(), read_at: crm.now });
        }
        let policy = RetryPolicy { max_failures: 50, ..RetryPolicy::default() };
        let rules = AbsorbRules { policy: &policy, jitter: 0.5, sent_at };
        match job.absorb(call, result, context, &rules) {
            AfterCall::Ready | AfterCall::Hold(_) => Ok(()),
            AfterCall::RetryAt(at) => {
                crm.now = at;
                Ok(())
            }
            AfterCall::Park(parking) => Err(parking),
        }
    }
}

fn ada() -> Value {
    json!({ "email": "ada@example.com", "first_name": "Ada", "phone": "+4930901820", "source": "Web", "note": "Wants a demo" })
}

fn sharing() -> impl Strategy<Value = Sharing> {
    prop_oneof![Just(Sharing::Alone), Just(Sharing::Packed), Just(Sharing::Crowd)]
}

pub(crate) fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Answered),
        1 => Just(Fate::FailedBefore),
        2 => Just(Fate::LostAfter),
        1 => Just(Fate::Quota),
        1 => Just(Fate::DiedBefore),
        2 => Just(Fate::DiedAfter),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_job_that_wrote_knows_that_it_may_have(
        separate_leads: bool,
        unique in prop_oneof![Just(None), Just(Some(true)), Just(Some(false))],
        sharing in sharing(),
        later_sharing in sharing(),
        is_there: bool,
        fates in prop::collection::vec(fate(), 0..24),
    ) {
        let mut crm = ModelCrm::new(separate_leads, unique);
        if is_there {
            crm.seed(RecordKind::Contact, json!({ "email": "ada@example.com" }));
        }
        let mut gateway = Gateway { sharing, later_sharing: Some(later_sharing), ..Gateway::default() };
        let job = gateway.job(Route::Lead, &ada());
        let mut seen = Vec::new();
        gateway.drive_beside(&mut crm, job, &fates, &mut |crm, job| seen.push((crm.writes, job.may_have_written()))).unwrap();
        prop_assert!(seen.iter().all(|(writes, may_have)| *may_have || *writes == 0), "{seen:?} {:?}", crm.calls);
        // Where nobody died and every answer came, it knows just that.
        let is_sure = fates.iter().all(|fate| matches!(fate, Fate::Answered | Fate::FailedBefore | Fate::Quota));
        prop_assert!(!is_sure || seen.iter().all(|(writes, may_have)| *may_have == (*writes > 0)), "{seen:?} {:?}", crm.calls);
    }

    #[test]
    fn one_person_and_one_note_whatever_happens(
        separate_leads: bool,
        unique in prop_oneof![Just(None), Just(Some(true)), Just(Some(false))],
        packing: bool,
        forgets: bool,
        fates in prop::collection::vec(fate(), 0..24),
    ) {
        let mut crm = ModelCrm::new(separate_leads, unique);
        let sharing = if packing { Sharing::Packed } else { Sharing::Alone };
        let mut gateway = Gateway { sharing, ..Gateway::default() };
        let outcome = gateway.run(&mut crm, &ada(), &fates).unwrap();
        prop_assert_eq!(crm.people.len(), 1, "{:?}", crm.calls);
        prop_assert_eq!(crm.notes.len(), 1, "{:?}", crm.calls);
        prop_assert_eq!(outcome.existing, Some(false));
        if forgets {
            gateway.known.clear();
        }
        let again = gateway.run(&mut crm, &json!({ "email": "ADA@example.com" }), &fates).unwrap();
        prop_assert_eq!((again.person, crm.people.len(), crm.notes.len()), (outcome.person, 1, 1));
        let by_phone = gateway.run(&mut crm, &json!({ "phone": "+49 30 90 18 20" }), &fates).unwrap();
        prop_assert_eq!((by_phone.person, by_phone.existing, crm.people.len()), (outcome.person, Some(true), 1));
    }
}

#[test]
fn a_new_lead_costs_one_request_where_the_account_keeps_emails_unique_and_a_repeat_none() {
    let mut crm = ModelCrm::new(false, Some(true));
    let mut gateway = Gateway::default();
    gateway.run(&mut crm, &json!({ "email": "warm@example.com" }), &[]).unwrap();
    crm.calls.clear();
    gateway.run(&mut crm, &json!({ "email": "ada@example.com" }), &[]).unwrap();
    assert_eq!(crm.calls, ["create_person"]);
    let again = gateway.run(&mut crm, &json!({ "email": "Ada@example.com" }), &[]).unwrap();
    assert_eq!((crm.calls.len(), again.existing), (1, Some(true)));
}

#[test]
fn a_new_lead_costs_a_lookup_and_an_upsert_where_leads_are_apart() {
    let mut crm = ModelCrm::new(true, None);
    let mut gateway = Gateway::default();
    gateway.run(&mut crm, &json!({ "email": "ada@example.com" }), &[]).unwrap();
    assert_eq!(crm.calls[1..], ["find_person", "upsert_person"]);
}

#[test]
fn an_existing_contact_gets_its_blanks_filled_and_keeps_its_values() {
    let mut crm = ModelCrm::new(false, Some(true));
    let id = crm.seed(RecordKind::Contact, json!({ "email": "ada@example.com", "first_name": "Augusta" }));
    let lead = json!({ "email": "ada@example.com", "first_name": "Ada", "job_title": "Countess" });
    let outcome = Gateway::default().run(&mut crm, &lead, &[]).unwrap();
    let fields = &crm.people[&id].1;
    assert_eq!(
        (outcome.existing, &fields["first_name"], &fields["job_title"]),
        (Some(true), &json!("Augusta"), &json!("Countess"))
    );
}

#[test]
fn a_phone_that_is_taken_matches_by_phone() {
    let mut crm = ModelCrm::new(false, Some(true));
    crm.mobile_unique = true;
    let id = crm.seed(RecordKind::Contact, json!({ "mobile_number": "+4930901820", "first_name": "Ada" }));
    let outcome = Gateway::default().run(&mut crm, &ada(), &[]).unwrap();
    assert_eq!((outcome.person.unwrap().id, crm.people.len()), (id, 1));
    assert_eq!(crm.people[&id].1["email"], "ada@example.com");
}

#[test]
fn a_record_that_was_deleted_since_is_searched_anew() {
    let mut crm = ModelCrm::new(true, None);
    let mut gateway = Gateway::default();
    gateway.run(&mut crm, &ada(), &[]).unwrap();
    crm.people.clear();
    let outcome = gateway.run(&mut crm, &json!({ "email": "ada@example.com", "job_title": "Countess" }), &[]).unwrap();
    assert_eq!((outcome.existing, crm.people.len()), (Some(false), 1));
}

#[test]
fn a_source_the_account_does_not_have_holds_no_lead_back() {
    let mut crm = ModelCrm::new(false, Some(true));
    let lead = json!({ "email": "ada@example.com", "source": "Skywriting" });
    assert_eq!(Gateway::default().run(&mut crm, &lead, &[]).unwrap().existing, Some(false));
}

#[test]
fn a_job_that_only_fails_is_parked_in_the_end() {
    let mut crm = ModelCrm::new(true, None);
    let parking = Gateway::default().run(&mut crm, &ada(), &[Fate::FailedBefore; 100]).unwrap_err();
    assert_eq!(parking.reason.name(), "exhausted");
}

#[test]
fn an_account_that_no_longer_keeps_emails_unique_is_noticed_within_a_day() {
    let mut crm = ModelCrm::new(false, Some(true));
    let mut gateway = Gateway::default();
    gateway.run(&mut crm, &json!({ "email": "warm@example.com" }), &[]).unwrap();
    crm.facts.contact_email_unique = Some(false);
    crm.seed(RecordKind::Contact, json!({ "email": "ada@example.com" }));
    crm.now += SignedDuration::from_hours(25);
    let outcome = gateway.run(&mut crm, &json!({ "email": "ada@example.com" }), &[]).unwrap();
    assert_eq!((outcome.existing, crm.people.len()), (Some(true), 2));
}

#[test]
fn who_has_the_email_is_the_person_even_if_the_phone_says_otherwise() {
    let mut crm = ModelCrm::new(false, Some(true));
    let mut gateway = Gateway::default();
    gateway.run(&mut crm, &json!({ "phone": "+4930901820", "last_name": "P" }), &[]).unwrap();
    let ada = crm.seed(RecordKind::Contact, json!({ "email": "ada@example.com" }));
    let outcome = gateway.run(&mut crm, &ada_with_phone(), &[]).unwrap();
    assert_eq!((outcome.person.unwrap().id, crm.people.len()), (ada, 2));
}

fn ada_with_phone() -> Value {
    json!({ "email": "ada@example.com", "phone": "+4930901820" })
}

#[test]
fn a_note_goes_to_a_person_made_anew_if_the_remembered_one_is_gone() {
    let mut crm = ModelCrm::new(false, Some(true));
    let mut gateway = Gateway::default();
    gateway.run(&mut crm, &ada(), &[]).unwrap();
    crm.people.clear();
    crm.notes.clear();
    let outcome = gateway.run(&mut crm, &ada(), &[]).unwrap();
    assert_eq!((outcome.existing, crm.people.len(), crm.notes.len()), (Some(false), 1, 1));
    assert_eq!(crm.notes[0].0, outcome.person.unwrap());
}

#[test]
fn a_phone_that_was_taken_since_the_lookup_is_looked_up_again() {
    let mut crm = ModelCrm::new(true, None);
    crm.mobile_unique = true;
    let mut gateway = Gateway::default();
    let lead = json!({ "phone": "+4930901820", "last_name": "King" });
    let mut job = gateway.job(Route::Lead, &lead);
    let known = BTreeMap::new();
    let notes = BTreeSet::new();
    for (position, expected) in ["describe_account", "find_person", "create_person", "find_person"].iter().enumerate() {
        let catalog = gateway.catalog.clone();
        let context = TurnContext {
            now: crm.now,
            catalog: &catalog,
            known: &known,
            copied: None,
            known_notes: &notes,
            sharing: Sharing::Alone,
        };
        let Turn::Call(call) = job.advance(&context, &mut Vec::new()) else { panic!("no call") };
        assert_eq!(call.name(), *expected);
        if position == 2 {
            crm.seed(RecordKind::Lead, json!({ "mobile_number": "+4930901820", "last_name": "King" }));
        }
        gateway.one_call(&mut crm, &mut job, (&call, Fate::Answered), &context).unwrap();
    }
    assert_eq!(crm.people.len(), 1);
}

#[test]
fn a_crm_that_stays_busy_is_asked_less_and_less() {
    let gateway = Gateway::default();
    let crm = ModelCrm::new(false, Some(true));
    let mut job = gateway.job(Route::Lead, &ada());
    let context = TurnContext {
        now: crm.now,
        catalog: &gateway.catalog,
        known: &gateway.known,
        copied: None,
        known_notes: &gateway.known_notes,
        sharing: Sharing::Alone,
    };
    let rules = AbsorbRules { policy: &RetryPolicy::default(), jitter: 1.0, sent_at: crm.now };
    let call = CrmCall::CreatePerson(leadgate_core::record::Fields::new());
    let waits: Vec<i64> = (0..6)
        .map(|_| match job.absorb(&call, Err(CrmFailure::Busy), &context, &rules) {
            AfterCall::RetryAt(at) => at.duration_since(crm.now).as_secs(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(waits, [5, 5, 5, 8, 16, 32]);
}
