//! Forgetting a person: what goes, what stays, what is done next.

use leadgate_core::crm::LookupBy;
use leadgate_core::delivery::NewDelivery;
use leadgate_core::erasure::{Marks, Person};
use leadgate_core::identity::{Email, IdentityKey};
use leadgate_core::intake::Removal;
use leadgate_core::job::Outcome;
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::WrittenPerson;
use leadgate_core::steps::{ForgetPersonStep, StepEffect};
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::samples::*;
use crate::Store;
use crate::deliveries::{DeliveryFilter, DeliveryProgress, ReplayOutcome};
use crate::erasure::{CrmForget, ForgetId, ForgetState, NewCrmForget, NewForget, Phase, Place, Sweep};
use crate::model::{AcceptOutcome, NewJob, NewSubmission, PlannedSubmission, Progress, Then, TurnOutcome, TurnRecord};

const EMAIL: &str = "ada@example.com";

fn person() -> Person {
    Person { emails: vec![Email::parse(EMAIL).unwrap()], ..Person::default() }
}

fn email_key() -> IdentityKey {
    IdentityKey::of_email(&Email::parse(EMAIL).unwrap())
}

fn about(number: u64, body: &Value) -> NewSubmission {
    NewSubmission { raw: RawSubmission::new(Route::Lead, None, body.to_string().into_bytes()), ..submission(number) }
}

fn ada(number: u64) -> NewSubmission {
    about(number, &json!({"email": "Ada@Example.com", "note": format!("secret {number}")}))
}

fn job_of_ada() -> NewJob {
    NewJob { keys: vec![email_key()], ..job(&[]) }
}

async fn keep(store: &dyn Store, submission: NewSubmission, job: Option<NewJob>) -> SubmissionId {
    let id = submission.id;
    assert_eq!(store.accept(submission, at(0)).await.unwrap(), AcceptOutcome::Accepted);
    if let Some(job) = job {
        record_plan(store, id, job, 0).await;
    }
    id
}

/// Makes a demand, whose job is kept under the submission of that number.
async fn demand(store: &dyn Store, crm: Option<u64>) -> ForgetId {
    let forget = ForgetId(Uuid::from_u128(7));
    let crm = crm.map(|number| NewCrmForget {
        submission: id(number),
        step: ForgetPersonStep::new(person().emails.into_iter().map(LookupBy::Email).collect(), Vec::new()),
        keys: person().keys(),
    });
    store.begin_forget(NewForget { id: forget, marks: Marks::new(&person(), [1; 16]), crm }, at(1)).await.unwrap();
    forget
}

/// Goes on, a row at a time, until the demand waits.
async fn go_on(store: &dyn Store, forget: ForgetId, most: u32) -> ForgetState {
    loop {
        let state = store.forget_some(forget, most, at(2)).await.unwrap().unwrap();
        if state.phase != Phase::Erasing && (state.phase != Phase::Closing || state.sweep.place().is_none()) {
            return state;
        }
    }
}

/// What came in goes, open work of the person ends as forgotten, and nobody else's does.
pub async fn what_is_the_persons_goes_and_what_is_not_stays(store: &dyn Store) {
    let open = keep(store, ada(1), Some(job_of_ada())).await;
    let unplanned = keep(store, ada(2), None).await;
    let other = keep(store, about(3, &json!({"email": "aada@example.com"})), Some(job(&["email:other"]))).await;
    let forget = demand(store, None).await;
    let state = go_on(store, forget, 1).await;
    assert_eq!((state.phase, state.sweep.cancelled, state.crm), (Phase::Closing, 2, CrmForget::LeftAlone));
    for gone in [open, unplanned] {
        let story = story(store, gone).await;
        let outcome = story.job.unwrap().outcome.unwrap();
        assert_eq!((story.progress, story.raw.body, outcome.forgotten), (Progress::Done, Vec::new(), true));
    }
    assert_eq!(story(store, other).await.raw.body, about(3, &json!({"email": "aada@example.com"})).raw.body);
    assert_eq!(submissions(&claim(store, 3).await), [other]);
}

/// A repeat is told by its digest, for which nothing of the person is needed.
pub async fn a_repeat_of_what_was_forgotten_is_recognised(store: &dyn Store) {
    let first = keep(store, ada(1), Some(job_of_ada())).await;
    let forget = demand(store, None).await;
    go_on(store, forget, 100).await;
    let repeat = NewSubmission { id: id(9), ..ada(1) };
    assert_eq!(store.accept(repeat, at(3)).await.unwrap(), AcceptOutcome::Repeat(first));
    assert_eq!(store.accept(ada(2), at(3)).await.unwrap(), AcceptOutcome::Accepted);
    assert!(!story(store, id(2)).await.raw.body.is_empty());
}

/// A call that is under way is not recorded, and the CRM is asked when it has ended.
pub async fn a_turn_of_forgotten_work_is_not_recorded(store: &dyn Store) {
    keep(store, ada(1), Some(job_of_ada())).await;
    let claimed = claim_one(store, 0).await;
    let forget = demand(store, Some(5)).await;
    let state = go_on(store, forget, 100).await;
    assert_eq!((state.phase, state.crm), (Phase::Asking, CrmForget::Open));
    assert_eq!(record(store, turn(&claimed, Then::Finished(Outcome::default())), 3).await, TurnOutcome::LeaseLost);
    assert_eq!(next_due(store).await, Some(at(LEASE)));
}

/// The job comes before what arrives later; with its end the demand closes and can be finished, once.
pub async fn the_crm_is_asked_before_what_arrives_later(store: &dyn Store) {
    let forget = demand(store, Some(5)).await;
    let later = keep(store, ada(6), Some(job_of_ada())).await;
    assert!(claim(store, 2).await.is_empty(), "the gateway has not forgotten yet");
    go_on(store, forget, 100).await;
    let claimed = claim_one(store, 3).await;
    assert_eq!(claimed.submission, id(5));
    let then = Then::Finished(Outcome::default());
    record(store, TurnRecord { state: claimed.state.clone(), ..turn(&claimed, then) }, 3).await;
    assert!(!store.finish_forget(forget, json!({}), at(4)).await.unwrap(), "it is not closing");
    assert_eq!(go_on(store, forget, 1).await.phase, Phase::Closing);
    assert_eq!(store.open_forgets().await.unwrap(), [forget]);
    assert!(store.finish_forget(forget, json!({"kept": true}), at(4)).await.unwrap());
    let state = store.forget_state(forget).await.unwrap().unwrap();
    assert_eq!((state.phase, state.receipt), (Phase::Done, Some(json!({"kept": true}))));
    assert!(store.open_forgets().await.unwrap().is_empty());
    assert_eq!(submissions(&claim(store, 5).await), [later]);
}

/// Until the gateway has forgotten, the job that asks the CRM is shown like any other.
pub async fn a_job_that_waits_for_the_gateway_is_listed(store: &dyn Store) {
    demand(store, Some(5)).await;
    let listed = store.jobs(Default::default()).await.unwrap();
    assert_eq!((listed.len(), listed[0].submission), (1, id(5)));
    assert!(next_due(store).await.is_none_or(|due| due > at(1_000_000)));
    assert!(claim(store, 1_000_000).await.is_empty());
}

/// What is known, the profiles and the notes go; an address leads to a record, and a record to further addresses.
pub async fn what_is_remembered_of_the_person_goes(store: &dyn Store) {
    let other_address = IdentityKey::of_email(&Email::parse("ada@home.example").unwrap());
    let text = json!({"email": "ada@home.example"});
    let first = keep(store, about(1, &text), Some(job(&[]))).await;
    let claimed = claim_one(store, 0).await;
    let learned = vec![(email_key(), known(7, &[])), (other_address, known(7, &[])), (key("email:bob"), known(8, &[]))];
    let effects = vec![StepEffect { learned, note: Some((known(7, &[]).record, 3)), ..StepEffect::default() }];
    record(store, TurnRecord { effects, ..turn(&claimed, Then::Finished(Outcome::default())) }, 0).await;
    let profiles = [("user:1".to_owned(), json!({"email": EMAIL})), ("user:2".to_owned(), json!({"email": "b@c.de"}))];
    let effects = PlanEffects { profiles: profiles.into_iter().collect(), ..PlanEffects::default() };
    keep(store, submission(2), None).await;
    let planned = PlannedSubmission { submission: id(2), job: Ok(job(&["contact:7", "email:bob"])), effects };
    store.record_plans(vec![planned], None, at(0)).await.unwrap();
    let forget = demand(store, None).await;
    let state = go_on(store, forget, 1).await;
    assert_eq!([Place::Known, Place::Notes, Place::Profiles].map(|place| state.sweep.counts[&place]), [2, 1, 1]);
    assert!(story(store, first).await.raw.body.is_empty(), "a further address of the same record");
    let left = store.profiles(vec!["user:1".to_owned(), "user:2".to_owned()]).await.unwrap();
    assert_eq!(left.into_keys().collect::<Vec<_>>(), ["user:2"]);
}

/// A record leads to the address that the mirror has of it, and so to a row whose person nobody looked at, with what was written of them.
pub async fn a_record_leads_to_who_was_made_unseen(store: &dyn Store) {
    let row = keep(store, ada(1), Some(job(&[]))).await;
    let claimed = claim_one(store, 0).await;
    let fields = [("last_name".to_owned(), "Lovelace".into())].into();
    let written = WrittenPerson { email: Email::parse(EMAIL).unwrap(), fields, since: at(0), until: at(1) };
    let removal = Removal::Written(written.clone()).to_body();
    let outcome = Outcome { existing: Some(false), written: Some(written), ..Outcome::default() };
    record(store, turn(&claimed, Then::Finished(outcome)), 0).await;
    let raw = RawSubmission::new(Route::Removal, None, removal);
    let removal = keep(store, NewSubmission { raw, ..submission(2) }, None).await;
    super::mirror::see_person(store, 3, known(7, &[]).record, EMAIL).await;
    let of_record = Person { records: vec![known(7, &[]).record], ..Person::default() };
    let forget = ForgetId(Uuid::from_u128(7));
    let new = NewForget { id: forget, marks: Marks::new(&of_record, [1; 16]), crm: None };
    store.begin_forget(new, at(1)).await.unwrap();
    go_on(store, forget, 1).await;
    let outcome = story(store, row).await.job.unwrap().outcome.unwrap();
    assert_eq!((outcome.forgotten, outcome.written), (true, None));
    assert!(story(store, removal).await.raw.body.is_empty());
}

/// Nothing of a delivery is left, it is not made, and the next of its line goes.
pub async fn deliveries_of_the_person_are_not_made(store: &dyn Store) {
    for (name, content) in [("one", json!({"to": EMAIL})), ("two", json!({"to": "somebody"}))] {
        let delivery = NewDelivery { id: name.to_owned(), destination: "a".to_owned(), ordering: key("x"), content };
        store.add_delivery(delivery, false, at(0)).await.unwrap();
    }
    let forget = demand(store, None).await;
    go_on(store, forget, 1).await;
    let one = store.delivery("one").await.unwrap().unwrap();
    assert_eq!((one.summary.progress, one.delivery.content), (DeliveryProgress::Parked, Value::Null));
    assert_eq!(store.replay_delivery("one", at(3)).await.unwrap(), ReplayOutcome::NoSuchDelivery);
    assert_eq!(store.replay_parked(None, at(3)).await.unwrap(), 0);
    assert_eq!(store.deliveries_due().await.unwrap().len(), 1, "the next of the line");
    assert_eq!(store.deliveries(DeliveryFilter::default()).await.unwrap().len(), 2);
}

/// Counting changes nothing, and says what erasing then does.
pub async fn counting_changes_nothing(store: &dyn Store) {
    let kept = keep(store, ada(1), Some(job_of_ada())).await;
    let mut sweep = Sweep::new(Marks::new(&person(), [1; 16]));
    while sweep.place().is_some() {
        sweep = store.count_some(sweep, 1).await.unwrap();
    }
    assert_eq!(story(store, kept).await.raw.body, ada(1).raw.body);
    let forget = demand(store, None).await;
    assert_eq!(go_on(store, forget, 1).await.sweep.counts, sweep.counts);
}

/// Open work of somebody else that names the person is left until it has landed.
pub async fn open_work_of_others_is_left_alone(store: &dyn Store) {
    let bob = about(1, &json!({"email": "bob@example.com", "note": EMAIL}));
    let kept = keep(store, bob.clone(), Some(job(&["email:bob"]))).await;
    let forget = demand(store, None).await;
    let state = go_on(store, forget, 100).await;
    assert_eq!((state.sweep.of_others, state.sweep.cancelled), (1, 0));
    assert_eq!(story(store, kept).await.raw.body, bob.raw.body);
}
