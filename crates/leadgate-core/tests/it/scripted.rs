//! Jobs against scripted answers: which call comes next after what the CRM said.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use leadgate_core::catalog::{Catalog, NamedId, Section, SectionContent, SectionRead};
use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply};
use leadgate_core::job::{AbsorbRules, AfterCall, JobState, Turn, TurnContext};
use leadgate_core::pack::Sharing;
use leadgate_core::record::{Fields, RecordKind, RecordRef, Snapshot, field};
use leadgate_core::retry::RetryPolicy;
use leadgate_core::submission::{RawSubmission, Route};
use rstest::rstest;
use serde_json::{Value, json};

use crate::model_crm::ModelCrm;
use crate::planning::plan_of;

type Answer = Result<CrmReply, CrmFailure>;

/// A job on an account where a lead is a contact and e-mails are unique.
struct Script {
    job: JobState,
    catalog: Catalog,
    now: Timestamp,
}

impl Script {
    fn lead(body: &Value) -> Script {
        let raw = RawSubmission::new(Route::Lead, None, body.to_string().into_bytes());
        let job = JobState::new(&plan_of(&raw));
        let mut script = Script { job, catalog: Catalog::default(), now: "2026-06-15T14:00:00Z".parse().unwrap() };
        script.learn(Section::Account, account(9));
        script.learn(Section::Stages, stages(5));
        script.learn(Section::Sources, names(6, "Web"));
        script
    }

    fn learn(&mut self, section: Section, content: SectionContent) {
        self.catalog.put(section, SectionRead { content, read_at: self.now });
    }

    fn on<T>(&mut self, act: impl FnOnce(&mut JobState, &TurnContext<'_>) -> T) -> T {
        let (known, known_notes) = (BTreeMap::new(), BTreeSet::new());
        let context = TurnContext {
            now: self.now,
            catalog: &self.catalog,
            known: &known,
            copied: None,
            known_notes: &known_notes,
            sharing: Sharing::Alone,
        };
        act(&mut self.job, &context)
    }

    fn next(&mut self) -> Turn {
        self.on(|job, context| job.advance(context, &mut Vec::new()))
    }

    /// The next call, which must be the one named; it is answered a second later.
    fn step(&mut self, name: &str, answer: Answer) -> (CrmCall, AfterCall) {
        let Turn::Call(call) = self.next() else { panic!("no call, but {:?}", self.job.story()) };
        assert_eq!(call.name(), name, "{:?}", self.job.story());
        let (policy, sent_at) = (RetryPolicy::default(), self.now);
        self.now += SignedDuration::from_secs(1);
        if let (CrmCall::ReadCatalog(section), Ok(CrmReply::Catalog(content))) = (&call, &answer) {
            self.learn(*section, content.clone());
        }
        let rules = AbsorbRules { policy: &policy, jitter: 0.0, sent_at };
        let after = self.on(|job, context| job.absorb(&call, answer, context, &rules));
        (call, after)
    }

    /// The next call, a create of a person, and what it would write to a field.
    fn created_with(&mut self, name: &str, answer: Answer) -> Value {
        let (CrmCall::CreatePerson(fields), _) = self.step("create_person", answer) else { unreachable!() };
        fields.get(name).cloned().unwrap_or_default()
    }
}

fn account(lead_stage: i64) -> SectionContent {
    let mut facts = ModelCrm::new(false, Some(true)).facts;
    facts.lead_stage_id = Some(lead_stage);
    SectionContent::Account(facts)
}

fn names(id: i64, name: &str) -> SectionContent {
    SectionContent::Names(vec![NamedId { id, name: name.to_owned(), ..NamedId::default() }])
}

fn stages(id: i64) -> SectionContent {
    names(id, "Demo")
}

fn read(content: SectionContent) -> Answer {
    Ok(CrmReply::Catalog(content))
}

fn snapshot(kind: RecordKind, fields: Value, created_at: Option<Timestamp>) -> Snapshot {
    let fields: Fields = serde_json::from_value(fields).unwrap();
    Snapshot { record: RecordRef { kind, id: 7 }, fields, unread: BTreeSet::new(), created_at, updated_at: created_at }
}

fn person() -> Answer {
    Ok(CrmReply::Record(snapshot(RecordKind::Contact, json!({ "email": "ada@example.com" }), None)))
}

fn stale() -> Answer {
    Err(CrmFailure::StaleId { sentences: vec!["is invalid".to_owned()] })
}

#[test]
fn an_abandoned_write_is_read_back_although_names_grew_old_since() {
    let mut script = Script::lead(&json!({ "email": "ada@example.com", "source": "Web" }));
    assert!(matches!(script.next(), Turn::Call(CrmCall::CreatePerson(_))));
    let sent_at = script.now;
    script.now += SignedDuration::from_hours(72);
    let Turn::Call(next) = script.next() else { panic!("no call") };
    assert!(matches!(next, CrmCall::ReadCatalog(_)) && script.job.mark_abandoned(&next, sent_at));
    script.step("find_person", Ok(CrmReply::Found(Vec::new())));
}

#[test]
fn an_abandoned_read_is_simply_made_again() {
    let mut script = Script::lead(&json!({ "email": "ada@example.com" }));
    let by = leadgate_core::crm::LookupBy::Phone("+4930901820".to_owned());
    let since = script.now;
    assert!(!script.job.mark_abandoned(&CrmCall::FindPerson(by), since));
    script.step("create_person", person());
}

#[test]
fn a_released_job_looks_anew() {
    let mut script = Script::lead(&json!({ "email": "ada@example.com" }));
    script.step("create_person", Err(CrmFailure::NotUnique { field: Some(field::EMAIL.to_owned()) }));
    script.step("find_person", Ok(CrmReply::Found(Vec::new())));
    assert!(matches!(script.next(), Turn::Park(_)));
    script.now += SignedDuration::from_mins(1);
    script.job.release(script.now);
    script.step("describe_account", read(account(9)));
    script.step("create_person", person());
    assert!(matches!(script.next(), Turn::Finished(_)));
}

#[test]
fn a_person_that_somebody_else_made_in_the_same_minute_is_compared_and_not_doubled() {
    let mut script = Script::lead(&json!({ "email": "ada@example.com", "job_title": "Countess" }));
    let (_, after) = script.step("create_person", Err(CrmFailure::OutcomeUnknown("cut".to_owned())));
    assert!(matches!(after, AfterCall::RetryAt(_)));
    let theirs = json!({ "email": "ada@example.com", "first_name": "Augusta", "last_name": "King" });
    let theirs = snapshot(RecordKind::Contact, theirs, Some(script.now));
    script.step("find_person", Ok(CrmReply::Found(vec![theirs.clone()])));
    let (call, _) = script.step("update_person", Ok(CrmReply::Record(theirs.clone())));
    let CrmCall::UpdatePerson { record, fields } = call else { unreachable!() };
    assert_eq!((record, json!(fields)["job_title"].as_str()), (theirs.record, Some("Countess")));
}

#[test]
fn a_stale_lead_stage_is_read_again_once_and_then_left_out() {
    let mut script = Script::lead(&json!({ "email": "ada@example.com" }));
    assert_eq!(script.created_with(field::LIFECYCLE_STAGE_ID, stale()), json!(9));
    script.step("describe_account", read(account(10)));
    assert_eq!(script.created_with(field::LIFECYCLE_STAGE_ID, stale()), json!(10));
    assert_eq!(script.created_with(field::LIFECYCLE_STAGE_ID, person()), Value::Null);
}

#[test]
fn a_company_that_the_crm_does_not_take_is_left_out() {
    let mut script = Script::lead(&json!({ "email": "ada@example.com", "company": "Acme" }));
    script.step("upsert_company", Ok(CrmReply::Record(snapshot(RecordKind::Company, json!({}), None))));
    let refused =
        CrmFailure::Invalid { sentences: vec!["is invalid".to_owned()], fields: vec![field::COMPANY_ID.to_owned()] };
    assert_eq!(script.created_with(field::COMPANY_ID, Err(refused)), json!(7));
    assert_eq!(script.created_with(field::COMPANY_ID, person()), Value::Null);
}

#[rstest]
#[case::remade(6, false)]
#[case::still_refused(5, true)]
fn the_stage_of_a_deal_is_read_again_once(#[case] again: i64, #[case] refused: bool) {
    let deal = json!({ "name": "Engine", "stage": "Demo" });
    let mut script = Script::lead(&json!({ "email": "ada@example.com", "deal": deal }));
    script.step("create_person", person());
    script.step("create_deal", stale());
    script.step("read_catalog", read(stages(again)));
    let answer = if refused { stale() } else { Ok(CrmReply::Deal { id: 3, shown: Value::Null }) };
    let (call, after) = script.step("create_deal", answer);
    let CrmCall::CreateDeal(deal) = call else { unreachable!() };
    assert_eq!((deal.stage, matches!(after, AfterCall::Park(_))), (Some(again), refused));
}
