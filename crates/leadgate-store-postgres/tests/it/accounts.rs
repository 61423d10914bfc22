//! Accounts in one database: none sees what is another's.

use leadgate_core::delivery::NewDelivery;
use leadgate_core::mirror::Mirrored;
use leadgate_core::record::{Fields, RecordKind, RecordRef};
use leadgate_store::Store as _;
use leadgate_store::conformance::samples::{
    PATIENCE, accept, at, claim, claim_one, finish, id, job, key, keyed, park, parking, plan, planned, story, turn,
};
use leadgate_store::deliveries::{DeliveryClaim, DeliveryFilter, DeliveryStore as _, DestinationRoom, ReplayOutcome};
use leadgate_store::imports::{BeginOutcome, ImportId, ImportStore as _, NewImport};
use leadgate_store::model::{
    AcceptOutcome, AppKey, JobFilter, Progress, QueueStats, ReleaseOutcome, SubmissionFilter, Then, TurnOutcome,
};
use leadgate_store::scopes::Scopes;
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::open_fresh;

#[tokio::test]
async fn an_account_sees_nothing_of_another_one() {
    let first = open_fresh().await;
    let second = first.for_account(2);
    plan(&*first, 1, job(&["a"])).await;
    accept(&*first, 2, 0).await;
    let claimed = claim_one(&*first, 0).await;
    park(&*first, &claimed, 0).await;
    let parked = first.jobs(JobFilter::default()).await.unwrap()[0].id;

    assert!(second.story(id(1)).await.unwrap().is_none());
    assert!(second.jobs(JobFilter { job: Some(parked), ..JobFilter::default() }).await.unwrap().is_empty());
    assert_eq!(second.release(parked, at(1)).await.unwrap(), ReleaseOutcome::NoSuchJob);
    assert_eq!(second.release_all(at(1)).await.unwrap(), 0);
    assert!(second.unplanned([10; 4]).await.unwrap().is_empty());
    let filter = SubmissionFilter { since: at(0), after: None, routes: Vec::new(), limit: 10 };
    assert!(second.submissions(filter).await.unwrap().is_empty());
    assert_eq!(second.stats(at(1)).await.unwrap(), QueueStats::default());
    assert_eq!(second.next_due_by_lane().await.unwrap(), [None; 4]);
    assert_eq!(story(&*first, id(1)).await.progress, Progress::Parked);
}

#[tokio::test]
async fn the_same_ids_keys_and_identities_are_different_things_in_different_accounts() {
    let first = open_fresh().await;
    let second = first.for_account(2);
    for store in [&*first, &second] {
        assert_eq!(store.accept(keyed(1, 7, 7), at(0)).await.unwrap(), AcceptOutcome::Accepted);
        plan(store, 2, job(&["a"])).await;
    }
    let of_first = claim_one(&*first, 0).await;
    let of_second = claim_one(&second, 0).await;
    assert_ne!(of_first.lease.job, of_second.lease.job);
    assert!(claim(&second, 0).await.is_empty());
    assert_eq!(second.abandon_leases(Some("nobody"), at(1)).await.unwrap(), 0);
    finish(&*first, &of_first, 1).await;
    assert_eq!(story(&second, id(2)).await.progress, Progress::Working);
}

#[tokio::test]
async fn a_lease_of_another_account_is_none() {
    let first = open_fresh().await;
    plan(&*first, 1, job(&["a"])).await;
    let claimed = claim_one(&*first, 0).await;
    let turn = turn(&claimed, Then::DueAt(at(5)));
    let recorded = first.for_account(2).finish_turns(vec![turn], None, at(1)).await.unwrap();
    assert_eq!(recorded, [TurnOutcome::LeaseLost]);
}

#[tokio::test]
async fn settings_records_and_imports_are_of_one_account() {
    let first = open_fresh().await;
    let second = first.for_account(2);
    let record = RecordRef { kind: RecordKind::Deal, id: 1 };
    let mirrored = Mirrored { record, version: None, fields: Fields::new(), revision: 1, told: Default::default() };
    first.fill_mirror(vec![mirrored]).await.unwrap();
    first.put_app_key(AppKey { name: "app".into(), digest: [1; 32], may: Scopes::ALL }, at(0)).await.unwrap();
    let import = NewImport {
        id: ImportId(Uuid::from_u128(1)),
        name: "leads.csv".into(),
        digest: [1; 16],
        rows: 1,
        mapping: serde_json::json!({}),
    };
    first.begin_import(import.clone(), at(0)).await.unwrap();

    assert!(second.mirrored(vec![record]).await.unwrap().is_empty());
    assert!(second.app_keys().await.unwrap().is_empty());
    assert!(second.import(import.id).await.unwrap().is_none());
    assert_eq!(second.begin_import(import, at(0)).await.unwrap(), BeginOutcome::Begun);
}

#[tokio::test]
async fn deliveries_are_of_one_account() {
    let first = open_fresh().await;
    let second = first.for_account(2);
    let content = serde_json::json!({ "text": "hello" });
    let delivery = NewDelivery { id: "d1".into(), destination: "a".into(), ordering: key("x"), content };
    assert!(first.add_delivery(delivery.clone(), false, at(0)).await.unwrap());
    assert!(second.deliveries(DeliveryFilter::default()).await.unwrap().is_empty());
    assert_eq!(second.replay_delivery("d1", at(0)).await.unwrap(), ReplayOutcome::NoSuchDelivery);
    let room = DestinationRoom { name: "a".to_owned(), room: 10, tests_only: false, lease_until: at(60) };
    let claim = DeliveryClaim { worker: "one".to_owned(), now: at(0), destinations: vec![room] };
    assert!(second.claim_deliveries(claim.clone()).await.unwrap().is_empty());
    assert!(second.add_delivery(delivery, false, at(0)).await.unwrap());
    assert_eq!(first.claim_deliveries(claim).await.unwrap().len(), 1);
}

#[tokio::test]
async fn handles_on_an_account_share_its_signals() {
    let first = open_fresh().await;
    let mut end = first.for_account(2).signals().subscribe(id(1));
    accept(&first.for_account(2), 1, 0).await;
    let unplannable = planned(id(1), Err(parking()));
    first.for_account(2).record_plans(vec![unplannable], None, at(0)).await.unwrap();
    timeout(PATIENCE, end.wait()).await.unwrap();
}
