//! Several processes on one database: each is a store of its own here, with its own connections.

use futures::FutureExt as _;
use futures::future::{join, join_all};
use leadgate_store::Store as _;
use leadgate_store::conformance::samples::{
    PATIENCE, accept, at, claim_one, finish, id, job, keyed, plan, planned, request, submission, work_is_signalled,
};
use leadgate_store::model::AcceptOutcome;
use leadgate_store_postgres::PostgresStore;
use tokio::time::timeout;

use crate::support::{Database, open_fresh};

/// Two stores on one database, neither of which has anything to be told any more.
async fn two(database: &Database) -> (PostgresStore, PostgresStore) {
    let stores = (database.open().await, database.open().await);
    // Each is told to look once it hears the others.
    assert!(work_is_signalled(&stores.0).await && work_is_signalled(&stores.1).await);
    stores
}

#[tokio::test]
async fn of_repeats_that_come_to_different_processes_exactly_one_is_accepted() {
    let database = Database::fresh().await;
    let stores = two(&database).await;
    for key in 0..20 {
        let repeats = (0..6).map(|number| {
            let store = if number % 2 == 0 { &stores.0 } else { &stores.1 };
            store.accept(keyed(key * 100 + number, key, key), at(0))
        });
        let outcomes: Vec<_> = join_all(repeats).await.into_iter().map(Result::unwrap).collect();
        let accepted = outcomes.iter().filter(|outcome| **outcome == AcceptOutcome::Accepted).count();
        assert_eq!(accepted, 1, "{outcomes:?}");
    }
    assert_eq!(stores.0.unplanned([100; 4]).await.unwrap().len(), 20);
}

/// Large requests lock their account, small ones each submission.
#[tokio::test]
async fn of_repeats_in_large_and_small_requests_exactly_one_is_accepted() {
    let database = Database::fresh().await;
    let stores = two(&database).await;
    let large = |from: u64| (0..600).map(|key| keyed(from + key, key, key)).collect::<Vec<_>>();
    let small = (0..20).map(|key| stores.0.accept(keyed(9_000 + key, key * 30, key * 30), at(0)));
    let all = join_all([stores.0.accept_many(large(1_000), at(0)), stores.1.accept_many(large(2_000), at(0))]);
    let (large, small) = join(all, join_all(small)).await;
    let outcomes = large.into_iter().flat_map(Result::unwrap).chain(small.into_iter().map(Result::unwrap));
    assert_eq!(outcomes.filter(|outcome| *outcome == AcceptOutcome::Accepted).count(), 600);
}

/// More than the server has locks for.
#[tokio::test]
async fn a_very_large_request_takes_few_locks() {
    let store = open_fresh().await;
    let many = (0..40_000).map(submission).collect();
    let outcomes = store.accept_many(many, at(0)).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == AcceptOutcome::Accepted));
}

#[tokio::test]
async fn no_job_is_leased_by_two_processes() {
    let database = Database::fresh().await;
    let stores = two(&database).await;
    for number in 0..60 {
        plan(&stores.0, number, job(&[&format!("k{}", number % 30)])).await;
    }
    let claims = (0..8).map(|number| {
        let (store, worker) = if number % 2 == 0 { (&stores.0, "one") } else { (&stores.1, "two") };
        store.claim_due(request(worker, 0))
    });
    let claimed: Vec<_> = join_all(claims).await.into_iter().flat_map(Result::unwrap).collect();
    let mut jobs: Vec<_> = claimed.iter().map(|job| job.lease.job).collect();
    jobs.sort_unstable();
    jobs.dedup();
    assert_eq!((claimed.len(), jobs.len()), (30, 30), "the first of each identity, once");
}

#[tokio::test]
async fn another_process_hears_of_work_and_of_ends() {
    let database = Database::fresh().await;
    let (one, other) = two(&database).await;
    accept(&one, 1, 0).await;
    assert!(work_is_signalled(&other).await);
    one.record_plans(vec![planned(id(1), Ok(job(&["a"])))], None, at(0)).await.unwrap();
    let mut end = other.signals().subscribe(id(1));
    finish(&one, &claim_one(&one, 0).await, 0).await;
    timeout(PATIENCE, end.wait()).await.unwrap();
}

#[tokio::test]
async fn whose_listening_connection_was_lost_looks_by_itself() {
    let database = Database::fresh().await;
    let (_one, other) = two(&database).await;
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()";
    sqlx::raw_sql(sql).execute(&mut database.connect().await).await.unwrap();
    assert!(work_is_signalled(&other).await);
}

#[tokio::test]
async fn a_process_does_not_hear_itself() {
    let database = Database::fresh().await;
    let (one, other) = two(&database).await;
    accept(&one, 1, 0).await;
    assert!(work_is_signalled(&one).await, "at once, by itself");
    accept(&other, 2, 0).await;
    // What the other one says comes after what this one said.
    assert!(work_is_signalled(&one).await);
    assert!(one.signals().work().now_or_never().is_none());
}
