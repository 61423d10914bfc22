//! Failing operations, full disks, rows that cannot be read.

use futures::future::join_all;
use leadgate_core::delivery::NewDelivery;
use leadgate_core::mirror::{Mirrored, Told};
use leadgate_core::record::{Fields, RecordKind, RecordRef};
use leadgate_core::submission::{RawSubmission, Route};
use leadgate_store::conformance::samples::{accept, at, claim, id, job, key, plan, story, submission};
use leadgate_store::deliveries::{
    DeliveryClaim, DeliveryFilter, DeliveryProgress, DeliveryStore as _, DestinationRoom,
};
use leadgate_store::model::{AcceptOutcome, NewSubmission, Progress, ReleaseOutcome};
use leadgate_store::{Store as _, StoreError};
use leadgate_store_sqlite::SqliteStore;

use crate::support::{config, open_fresh};

#[tokio::test]
async fn one_that_fails_leaves_the_others_of_its_group() {
    let store = open_fresh();
    accept(&*store, 0, 0).await;
    // Every tenth brings an id that is taken.
    let same_id = |number| if number % 10 == 0 { id(0) } else { id(number) };
    let accepts =
        (1..=100).map(|number| store.accept(NewSubmission { id: same_id(number), ..submission(number) }, at(0)));
    let outcomes = join_all(accepts).await;
    let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    let accepted = outcomes.iter().filter(|outcome| matches!(outcome, Ok(AcceptOutcome::Accepted))).count();
    assert_eq!((failed, accepted), (10, 90));
    assert_eq!(store.unplanned([1_000; 4]).await.unwrap().len(), 91);
}

#[tokio::test]
async fn a_full_disk_is_called_so_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder).with_max_pages(100)).unwrap();
    let large = |number| {
        let raw = RawSubmission::new(Route::Lead, None, vec![b'x'; 30_000]);
        NewSubmission { raw, ..submission(number) }
    };
    let mut kept = 0;
    let refused = loop {
        match store.accept(large(kept), at(0)).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::DiskFull), "{refused}");
    assert!(kept > 3);
    let outcomes = join_all((100..110).map(|number| store.accept(large(number), at(0)))).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(StoreError::DiskFull))));
    assert_eq!(store.unplanned([1_000; 4]).await.unwrap().len() as u64, kept);
    drop(store);

    let store = SqliteStore::open(config(&folder)).unwrap();
    assert_eq!(store.unplanned([1_000; 4]).await.unwrap().len() as u64, kept);
    assert_eq!(store.accept(large(kept), at(0)).await.unwrap(), AcceptOutcome::Accepted, "the caller sends again");
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_parked_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    for (number, name) in [(1, "a"), (2, "b"), (3, "a")] {
        plan(&store, number, job(&[name])).await;
    }
    let connection = rusqlite::Connection::open(config(&folder).path).unwrap();
    connection.execute("UPDATE jobs SET state = '{}' WHERE id = 1", []).unwrap();
    let claimed = claim(&store, 0).await;
    assert_eq!(claimed.iter().map(|job| job.submission).collect::<Vec<_>>(), [id(2)]);
    assert_eq!(claim(&store, 0).await[0].submission, id(3), "the next of its identity");
    let parked = store.jobs(leadgate_store::model::JobFilter::default()).await.unwrap().pop().unwrap();
    assert_eq!((parked.submission, parked.progress), (id(1), Progress::Parked));
    assert!(parked.parking.unwrap().message.contains("job state"));
    connection.execute("UPDATE jobs SET state = (SELECT state FROM jobs WHERE id = 2) WHERE id = 1", []).unwrap();
    assert_eq!(story(&store, id(1)).await.progress, Progress::Parked);
}

#[tokio::test]
async fn a_job_of_a_newer_version_is_parked_until_it_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    plan(&store, 1, job(&["a"])).await;
    let connection = rusqlite::Connection::open(config(&folder).path).unwrap();
    connection.execute("UPDATE jobs SET state = json_set(state, '$.version', 200)", []).unwrap();
    assert!(claim(&store, 0).await.is_empty());
    let parked = store.jobs(leadgate_store::model::JobFilter::default()).await.unwrap().pop().unwrap();
    assert_eq!(parked.progress, Progress::Parked);
    assert!(parked.parking.unwrap().message.contains("written by a newer version"));
    assert!(matches!(store.release(parked.id, at(1)).await, Err(StoreError::Corrupt { what: "job state", .. })));
    connection.execute("UPDATE jobs SET state = json_set(state, '$.version', 1)", []).unwrap();
    assert_eq!(store.release(parked.id, at(1)).await.unwrap(), ReleaseOutcome::Released);
}

/// Claims what is due for a destination.
async fn claimed_deliveries(store: &SqliteStore) -> Vec<String> {
    let room = DestinationRoom { name: "a".to_owned(), room: 10, tests_only: false, lease_until: at(60) };
    let claim = DeliveryClaim { worker: "one".to_owned(), now: at(0), destinations: vec![room] };
    let claimed = store.claim_deliveries(claim).await.unwrap();
    claimed.into_iter().map(|claimed| claimed.delivery.id).collect()
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_is_parked_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    for (id, line) in [("d1", "x"), ("d2", "y"), ("d3", "x")] {
        let content = serde_json::json!({ "text": "hello" });
        let delivery = NewDelivery { id: id.into(), destination: "a".into(), ordering: key(line), content };
        store.add_delivery(delivery, false, at(0)).await.unwrap();
    }
    let connection = rusqlite::Connection::open(config(&folder).path).unwrap();
    connection.execute("UPDATE deliveries SET content = '{\"text\": \"cut of' WHERE id = 'd1'", []).unwrap();
    assert_eq!(claimed_deliveries(&store).await, ["d2"]);
    assert_eq!(claimed_deliveries(&store).await, ["d3"], "the next of its line");
    let parked = DeliveryFilter { progress: Some(DeliveryProgress::Parked), ..DeliveryFilter::default() };
    let parked = store.deliveries(parked).await.unwrap().pop().unwrap();
    assert_eq!((parked.id.as_str(), parked.attempts, parked.ended_at), ("d1", 0, Some(at(0))));
    assert!(parked.parked_because.unwrap().contains("cannot be read"));
}

#[tokio::test]
async fn a_record_of_the_mirror_that_cannot_be_read_is_learned_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    let deal = |id| RecordRef { kind: RecordKind::Deal, id };
    let fields = Fields::from([("stage".to_owned(), "Demo".into())]);
    let told = Told { until: Some(at(5)), ..Told::default() };
    let known = |id| Mirrored {
        record: deal(id),
        version: Some(at(5)),
        fields: fields.clone(),
        revision: 3,
        told: told.clone(),
    };
    store.fill_mirror((1..=4).map(known).collect()).await.unwrap();
    let connection = rusqlite::Connection::open(config(&folder).path).unwrap();
    for (column, id) in [("fields", 1), ("told", 2), ("version", 3)] {
        let broken = if column == "version" { "9223372036854775807" } else { "'{\"x\":'" };
        connection.execute(&format!("UPDATE mirror SET {column} = {broken} WHERE record = {id}"), []).unwrap();
    }
    let mirrored = store.mirrored((1..=4).map(deal).collect()).await.unwrap();
    let expected = [
        Mirrored { fields: Fields::new(), ..known(1) },
        Mirrored { told: Told::default(), ..known(2) },
        Mirrored { version: None, ..known(3) },
        known(4),
    ];
    assert_eq!(mirrored, expected);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_without_room_is_noticed_before_a_submission_is_lost_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    let mut probe = config(&folder).path.into_os_string();
    probe.push(".room");
    // The system's own full disk.
    std::os::unix::fs::symlink("/dev/full", &probe).unwrap();
    assert!(matches!(store.check_room().await, Err(StoreError::DiskFull)));
    store.check_room().await.unwrap();
    assert!(!std::path::Path::new(&probe).exists());
}

#[tokio::test]
async fn a_folder_that_takes_no_files_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    let mut probe = config(&folder).path.into_os_string();
    probe.push(".room");
    std::fs::create_dir(&probe).unwrap();
    assert!(matches!(store.check_room().await, Err(StoreError::Unavailable(_))));
}
