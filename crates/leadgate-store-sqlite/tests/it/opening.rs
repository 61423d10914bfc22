//! Opening: what is kept when a store is closed, and who may not open one.

use leadgate_store::conformance::samples::{accept, at, claim, claim_one, finish, id, job, park, plan, story};
use leadgate_store::model::{JobFilter, Progress};
use leadgate_store::{Store as _, StoreError};
use leadgate_store_sqlite::inspect::{Inspected, inspect};
use leadgate_store_sqlite::{Durability, SqliteConfig, SqliteStore};

use crate::support::config;

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    for (number, name) in [(1, "a"), (2, "b"), (3, "a")] {
        plan(&store, number, job(&[name])).await;
    }
    accept(&store, 4, 0).await;
    let claimed = claim(&store, 0).await;
    park(&store, &claimed[1], 0).await;
    drop(store);

    let store = SqliteStore::open(config(&folder)).unwrap();
    assert_eq!(store.jobs(JobFilter::default()).await.unwrap().len(), 3);
    assert_eq!(story(&store, id(2)).await.progress, Progress::Parked);
    assert_eq!(store.unplanned([10; 4]).await.unwrap()[0].id, id(4));
    assert!(claim(&store, 0).await.is_empty(), "the lease outlives the process");
    assert_eq!(store.abandon_leases(Some("one"), at(1)).await.unwrap(), 1);
    let first = claim_one(&store, 1).await;
    assert_eq!((first.submission, first.abandoned_since), (id(1), Some(at(0))));
    finish(&store, &first, 1).await;
    assert_eq!(claim_one(&store, 1).await.submission, id(3));
}

#[tokio::test]
async fn what_was_handed_over_is_committed_before_it_closes() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    for number in 0..50 {
        let given_up = store.accept(leadgate_store::conformance::samples::submission(number), at(0));
        assert!(futures::FutureExt::now_or_never(given_up).is_none_or(|outcome| outcome.is_ok()));
    }
    store.close();
    let store = SqliteStore::open(config(&folder)).unwrap();
    assert_eq!(store.unplanned([100; 4]).await.unwrap().len(), 50);
}

#[test]
fn a_second_process_is_told_who_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(config(&folder)).unwrap();
    let message = SqliteStore::open(config(&folder)).unwrap_err().to_string();
    assert!(message.contains("another leadgate uses") && message.contains("leadgate.db"), "{message}");
    first.close();
    SqliteStore::open(config(&folder)).unwrap();
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(config(&folder).path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let refused = SqliteStore::open(config(&folder)).unwrap_err();
    assert!(matches!(refused, StoreError::TooNew { found: 99, .. }), "{refused}");
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 0);
}

#[test]
fn what_is_no_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(config(&folder).path, "a diary, not a database, and longer than a hundred bytes ".repeat(10))
        .unwrap();
    assert!(matches!(SqliteStore::open(config(&folder)).unwrap_err(), StoreError::Corrupt { .. }));
    assert!(std::fs::read_to_string(config(&folder).path).unwrap().starts_with("a diary"));
}

#[test]
fn a_missing_folder_is_named() {
    let refused = SqliteStore::open(SqliteConfig::new("/nowhere/at/all/leadgate.db")).unwrap_err();
    assert!(refused.to_string().contains("/nowhere/at/all/leadgate.db"), "{refused}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(config(&folder)).unwrap();
    accept(&store, 1, 0).await;
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 3, "database, log and lock: {files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn a_store_is_looked_at_without_being_changed() {
    for (durability, synchronous) in [(Durability::Full, 2), (Durability::Normal, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder).with_durability(durability);
        assert!(matches!(inspect(&config), Err(StoreError::Unavailable(_))));
        assert!(folder.path().read_dir().unwrap().next().is_none(), "it makes none");
        let store = SqliteStore::open(config.clone()).unwrap();
        assert_eq!(inspect(&config).unwrap(), Inspected::InUse);
        store.close();
        let Inspected::Opened(seen) = inspect(&config).unwrap() else { panic!("it is in use") };
        assert_eq!((seen.journal.as_str(), seen.synchronous, seen.schema), ("wal", synchronous, seen.newest_schema));
        std::fs::write(&config.path, "text that is long enough to be taken for a database: ".repeat(20)).unwrap();
        assert!(matches!(inspect(&config), Err(StoreError::Corrupt { .. })));
    }
}
