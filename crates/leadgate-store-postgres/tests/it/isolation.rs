//! Every method of the traits of the store, asked by one account about what another one has: it answers as in a database of its own, and leaves the other
//! one's rows as they are.

use std::collections::BTreeSet;

use leadgate_core::catalog::{Section, SectionContent, SectionRead};
use leadgate_core::erasure::{Marks, Person};
use leadgate_core::identity::Email;
use leadgate_core::instances::Beats;
use leadgate_core::job::Outcome;
use leadgate_core::mirror::watch::WatchState;
use leadgate_core::mirror::{Mirrored, Told};
use leadgate_core::record::{Fields, RecordKind};
use leadgate_store::Store;
use leadgate_store::conformance::filled::{DEAL, delivery, delivery_claim, demand, fill, import};
use leadgate_store::conformance::samples::{at, budget, id, job, planned, request, submission, turn_under};
use leadgate_store::deliveries::{DeliveryAttempt, DeliveryFilter, DeliveryLease, DeliveryThen, DeliveryTurn};
use leadgate_store::duties::CLEARING;
use leadgate_store::erasure::{ORDER, Place, Sweep};
use leadgate_store::imports::{ImportRow, ImportState, RowContent};
use leadgate_store::model::{AppKey, JobFilter, Lease, SubmissionFilter, Then};
use leadgate_store::retention::OldRows;
use leadgate_store::scopes::Scopes;
use leadgate_store::transfer::{TABLES, TableDigest, Transfer};

use crate::support::open_fresh;

/// What the methods answered, by their names.
type Answers = Vec<(&'static str, String)>;

macro_rules! ask {
    ($answers:ident, $store:ident.$method:ident($($argument:expr),*)) => {
        $answers.push((stringify!($method), format!("{:?}", $store.$method($($argument),*).await)))
    };
}

/// What the other account has that goes by a number.
#[derive(Clone, Copy)]
struct Theirs {
    lease: Lease,
    delivery: DeliveryLease,
}

async fn theirs(store: &dyn Store) -> Theirs {
    let jobs = store.jobs(JobFilter::default()).await.unwrap();
    let leased = jobs.iter().find(|job| job.submission == id(3)).unwrap();
    store.switch_on("a", at(9)).await.unwrap();
    let claimed = store.claim_deliveries(delivery_claim("one", 9)).await.unwrap();
    Theirs { lease: Lease { job: leased.id, number: 1 }, delivery: claimed[0].lease }
}

async fn read_all(store: &dyn Store, theirs: Theirs, answers: &mut Answers) {
    ask!(answers, store.story(id(1)));
    ask!(answers, store.unplanned([10; 4]));
    ask!(answers, store.profiles(vec!["p".to_owned()]));
    ask!(answers, store.next_due_by_lane());
    ask!(answers, store.jobs(JobFilter { job: Some(theirs.lease.job), ..JobFilter::default() }));
    ask!(answers, store.catalog());
    ask!(answers, store.budget());
    ask!(answers, store.routing());
    let everything = SubmissionFilter { since: at(0), after: Some(id(1)), routes: Vec::new(), limit: 10 };
    ask!(answers, store.submissions(everything));
    ask!(answers, store.app_keys());
    ask!(answers, store.stats(at(9)));
    ask!(answers, store.check_room());
    ask!(answers, store.mirrored(vec![DEAL]));
    ask!(answers, store.changes(0, 10));
    ask!(answers, store.tallies());
    ask!(answers, store.watches());
    ask!(answers, store.latest_notification());
}

async fn write_all(store: &dyn Store, theirs: Theirs, answers: &mut Answers) {
    ask!(answers, store.record_plans(vec![planned(id(4), Ok(job(&["a"])))], None, at(30)));
    ask!(answers, store.claim_due(request("one", 100)));
    let turn = turn_under(theirs.lease, Then::Finished(Outcome::default()));
    ask!(answers, store.finish_turns(vec![turn], Some(budget(7)), at(30)));
    ask!(answers, store.abandon_others("one", Vec::new(), at(10)));
    ask!(answers, store.abandon_leases(Some("one"), at(30)));
    ask!(answers, store.release(theirs.lease.job, at(30)));
    ask!(answers, store.release_all(at(30)));
    let read = SectionRead { content: SectionContent::Unreadable, read_at: at(30) };
    ask!(answers, store.put_section(Section::Owners, read));
    ask!(answers, store.exchange_budget(1, 8.into()));
    let key = AppKey { name: "shop".to_owned(), digest: [1; 32], may: Scopes::ALL };
    ask!(answers, store.put_app_key(key, at(30)));
    let mirrored = Mirrored { record: DEAL, version: None, fields: Fields::new(), revision: 9, told: Told::default() };
    ask!(answers, store.fill_mirror(vec![mirrored]));
    ask!(answers, store.put_watch(RecordKind::Deal, None, WatchState::new(at(30))));
    let then = Some(at(8_000));
    let old = OldRows {
        now: at(9_000),
        done_before: then,
        attempts_before: then,
        deliveries_before: then,
        imports_before: then,
        receipts_before: then,
        changes_before: then,
        profiles_before: then,
        most: 100,
    };
    ask!(answers, store.remove_old(old));
    ask!(answers, store.accept(submission(4), at(30)));
    ask!(answers, store.accept_many(vec![submission(3), submission(2)], at(30)));
}

async fn deliver_all(store: &dyn Store, theirs: Theirs, answers: &mut Answers) {
    ask!(answers, store.claim_deliveries(delivery_claim("two", 500)));
    let attempt = DeliveryAttempt { at: at(30), took_ms: 1, status: None, class: "ok".to_owned(), message: None };
    let then = DeliveryThen::Delivered;
    let turn = DeliveryTurn { lease: theirs.delivery, attempt, then, switch_off: Some("gone".to_owned()) };
    ask!(answers, store.finish_delivery(turn, at(30)));
    ask!(answers, store.abandon_deliveries(Some("one"), at(30)));
    ask!(answers, store.deliveries_due());
    ask!(answers, store.deliveries(DeliveryFilter::default()));
    ask!(answers, store.delivery("d1"));
    ask!(answers, store.replay_delivery("d1", at(30)));
    ask!(answers, store.replay_parked(None, at(30)));
    ask!(answers, store.destination_standings());
    ask!(answers, store.switch_on("a", at(30)));
    ask!(answers, store.add_delivery(delivery("d1"), false, at(30)));
}

async fn import_all(store: &dyn Store, answers: &mut Answers) {
    let id = import().id;
    let row = || ImportRow { row: 9, content: RowContent::Lead(Box::new(submission(19))) };
    ask!(answers, store.accept_rows(id, vec![row()], at(30)));
    ask!(answers, store.import(id));
    ask!(answers, store.imports(10));
    ask!(answers, store.row_results(id, 0, 10));
    ask!(answers, store.set_import_state(id, ImportState::Undone, at(30)));
    ask!(answers, store.accept_removals(id, vec![(2, submission(20))], at(30)));
    ask!(answers, store.begin_import(import(), at(30)));
}

/// Another demand of the same id, for a person whom the first account knows, worked off as far as it goes.
async fn forget_all(store: &dyn Store, answers: &mut Answers) {
    let ada = Person { emails: vec![Email::parse("ada@example.com").unwrap()], ..Person::default() };
    let mut demand = demand();
    demand.crm = None;
    demand.marks = Marks::new(&ada, [2; 16]);
    let (id, sweep) = (demand.id, Sweep::new(demand.marks.clone()));
    ask!(answers, store.open_forgets());
    ask!(answers, store.forget_state(id));
    ask!(answers, store.count_some(sweep, 10));
    ask!(answers, store.begin_forget(demand, at(30)));
    for _ in ORDER {
        // Without the numbers of the last rows, which accounts draw from one sequence.
        let state = store
            .forget_some(id, 1_000, at(30))
            .await
            .map(|state| state.map(|state| (state.phase, state.sweep.counts)));
        answers.push(("forget_some", format!("{state:?}")));
    }
    ask!(answers, store.add_erased(id, [(Place::CopyRows, 1)].into()));
    ask!(answers, store.finish_forget(id, serde_json::json!({}), at(30)));
    // Whether somebody was reading is a matter of the whole database.
    answers.push(("cleanse", format!("{:?}", store.cleanse().await.map(drop))));
}

async fn do_duties(store: &dyn Store, answers: &mut Answers) {
    ask!(answers, store.hold_duty(CLEARING, "two", at(40), at(10)));
    ask!(answers, store.begin_planned("nightly", at(1)));
    ask!(answers, store.give_up_duties("one"));
    ask!(answers, store.beat("two"));
    ask!(answers, store.bury(Beats { worker: "one".to_owned(), count: 1 }, at(10)));
    ask!(answers, store.leave("one"));
}

async fn ask_all(store: &dyn Store, theirs: Theirs) -> Answers {
    let mut answers = Answers::new();
    read_all(store, theirs, &mut answers).await;
    write_all(store, theirs, &mut answers).await;
    deliver_all(store, theirs, &mut answers).await;
    import_all(store, &mut answers).await;
    do_duties(store, &mut answers).await;
    forget_all(store, &mut answers).await;
    answers
}

async fn digests(store: &dyn Transfer) -> Vec<(&'static str, TableDigest)> {
    let mut digests = Vec::new();
    for table in TABLES {
        digests.push((table.name, store.count_and_digest(table).await.unwrap()));
    }
    digests
}

#[tokio::test]
async fn no_method_sees_or_touches_another_account() {
    let first = open_fresh().await;
    fill(&*first).await;
    let theirs = theirs(&*first).await;
    let before = digests(&*first).await;
    let beside = ask_all(&first.for_account(2), theirs).await;
    assert_eq!(digests(&*first).await, before);
    let alone = open_fresh().await;
    assert_eq!(beside, ask_all(&*alone, theirs).await);
    assert!(beside.iter().all(|(_, answer)| answer.starts_with("Ok")), "{beside:?}");
}

/// The names of the methods of a trait, from its source.
fn methods(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| line.strip_prefix("    async fn ")?.split('(').next())
}

#[tokio::test]
async fn every_method_is_asked() {
    let sources = [
        include_str!("../../../leadgate-store/src/lib.rs"),
        include_str!("../../../leadgate-store/src/deliveries.rs"),
        include_str!("../../../leadgate-store/src/duties.rs"),
        include_str!("../../../leadgate-store/src/erasure.rs"),
        include_str!("../../../leadgate-store/src/imports.rs"),
        include_str!("../../../leadgate-store/src/instances.rs"),
    ];
    let there: BTreeSet<&str> = sources.into_iter().flat_map(methods).collect();
    let store = open_fresh().await;
    fill(&*store).await;
    let theirs = theirs(&*store).await;
    let asked = ask_all(&store.for_account(2), theirs).await;
    assert_eq!(asked.iter().map(|(method, _)| *method).collect::<BTreeSet<_>>(), there);
}
