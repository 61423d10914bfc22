//! Connections that end in the middle of things, servers that crash, and what cannot be read or kept.

use futures::future::{join, join_all};
use leadgate_postgres_server::{Fsync, Server};
use leadgate_store::conformance::samples::{
    accept, at, attempt, claim, id, job, parking, plan, record, story, submission, turn,
};
use leadgate_store::model::{
    AcceptOutcome, Attempt, ClaimedJob, JobFilter, NewSubmission, Progress, ReleaseOutcome, Then, TurnOutcome,
    TurnRecord,
};
use leadgate_store::{Store, StoreError};
use leadgate_store_postgres::{PostgresConfig, PostgresStore};
use sqlx::PgConnection;

use crate::support::{Database, open_fresh};

#[tokio::test]
async fn one_that_cannot_be_kept_leaves_the_others_of_its_transaction() {
    let store = open_fresh().await;
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
async fn a_character_that_postgresql_does_not_keep_stops_nothing() {
    let store = open_fresh().await;
    plan(&*store, 1, job(&["a\0b"])).await;
    let claimed = claim(&*store, 0).await;
    let attempt = Attempt { message: Some("not\0found".to_owned()), ..attempt("find", 0) };
    let turn = TurnRecord { attempt: Some(attempt), ..turn(&claimed[0], Then::DueAt(at(1))) };
    assert_eq!(record(&*store, turn, 0).await, TurnOutcome::Recorded);
    let attempts = story(&*store, id(1)).await.job.unwrap().attempts;
    assert_eq!(attempts[0].message.as_deref(), Some("not\u{fffd}found"));
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_parked_and_the_others_go_on() {
    let database = Database::fresh().await;
    let store = database.open().await;
    for (number, name) in [(1, "a"), (2, "b"), (3, "a")] {
        plan(&store, number, job(&[name])).await;
    }
    let mut connection = database.connect().await;
    sqlx::raw_sql("UPDATE jobs SET state = '{}' WHERE id = 1").execute(&mut connection).await.unwrap();
    let claimed = claim(&store, 0).await;
    assert_eq!(claimed.iter().map(|job| job.submission).collect::<Vec<_>>(), [id(2)]);
    assert_eq!(claim(&store, 0).await[0].submission, id(3), "the next of its identity");
    let parked = store.jobs(JobFilter::default()).await.unwrap().pop().unwrap();
    assert_eq!((parked.submission, parked.progress), (id(1), Progress::Parked));
    assert!(parked.parking.unwrap().message.contains("job state"));
}

#[tokio::test]
async fn a_job_of_a_newer_version_is_parked_until_it_can_be_read() {
    let database = Database::fresh().await;
    let store = database.open().await;
    plan(&store, 1, job(&["a"])).await;
    let mut connection = database.connect().await;
    let set_version = |version: u32| {
        let sql = format!("UPDATE jobs SET state = jsonb_set(state::jsonb, '{{version}}', '{version}')::text");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
    };
    set_version(200).execute(&mut connection).await.unwrap();
    assert!(claim(&store, 0).await.is_empty());
    let parked = store.jobs(JobFilter::default()).await.unwrap().pop().unwrap();
    assert!(parked.parking.unwrap().message.contains("written by a newer version"));
    assert!(matches!(store.release(parked.id, at(1)).await, Err(StoreError::Corrupt { what: "job state", .. })));
    assert_eq!(store.release_all(at(1)).await.unwrap(), 0);
    set_version(1).execute(&mut connection).await.unwrap();
    assert_eq!(store.release(parked.id, at(1)).await.unwrap(), ReleaseOutcome::Released);
}

/// Ends every other connection to the database.
async fn kill_all(connection: &mut PgConnection) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

/// Hands in submissions until each is said to be kept.
async fn accept_until_kept(store: &PostgresStore, numbers: std::ops::Range<u64>) {
    for _ in 0..20 {
        let outcomes = join_all(numbers.clone().map(|number| store.accept(submission(number), at(0)))).await;
        if outcomes.iter().all(Result::is_ok) {
            return;
        }
    }
    panic!("some were never kept");
}

async fn count(connection: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn crash_of_connections_neither_loses_nor_doubles_a_submission() {
    let database = Database::fresh().await;
    let store = database.open().await;
    let mut killer = database.connect().await;
    for round in 0..15 {
        let numbers = round * 40..(round + 1) * 40;
        join(accept_until_kept(&store, numbers), kill_all(&mut killer)).await;
    }
    assert_eq!(count(&mut killer, "SELECT count(*) FROM inbox").await, 600);
    assert_eq!(count(&mut killer, "SELECT count(DISTINCT dedupe) FROM inbox").await, 600);
}

/// So many connections hold a lock of a kind that is named by a pair of numbers, as an account's is. What runs beside them, such as the looking for
/// changes in the list of accounts, takes none of these.
const HOLDING_A_LOCK: &str = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 2 AND granted";

#[tokio::test]
async fn who_stands_still_in_the_middle_of_a_transaction_holds_up_nobody_for_long() {
    let database = Database::fresh().await;
    let other = database.open().await;
    let config = database.config().with_longest_standstill(std::time::Duration::from_millis(500));
    let paused = PostgresStore::open(config).await.unwrap();
    plan(&other, 1, job(&["a"])).await;
    let mut watcher = database.connect().await;
    let mut claim = Box::pin(paused.claim_due(leadgate_store::conformance::samples::request("one", 0)));
    // It goes on by a statement at a time, and then no more, with the account's lock in its hands.
    while count(&mut watcher, HOLDING_A_LOCK).await == 0 {
        assert!(futures::poll!(&mut claim).is_pending(), "it ended without a lock");
    }
    let claimed = other.claim_due(leadgate_store::conformance::samples::request("two", 0)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert!(matches!(claim.await, Err(StoreError::Unavailable(_))), "and is told when it goes on");
}

/// Does something until the store is there for it.
async fn until_available<T, F: Future<Output = Result<T, StoreError>>>(mut ask: impl FnMut() -> F) -> T {
    for _ in 0..100 {
        match ask().await {
            Ok(value) => return value,
            Err(StoreError::Unavailable(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the store was never there");
}

fn finished(job: &ClaimedJob) -> TurnRecord {
    TurnRecord { attempt: Some(attempt("note", 0)), ..turn(job, Then::Parked(parking())) }
}

#[tokio::test]
async fn crash_of_connections_neither_loses_nor_doubles_a_turn() {
    let database = Database::fresh().await;
    let store = database.open().await;
    let mut killer = database.connect().await;
    for round in 0..10 {
        for number in 0..5 {
            plan(&store, round * 5 + number, job(&[&format!("k{number}")])).await;
        }
        // Leases that were taken by a claim whose answer was lost end by themselves; here the next round takes them over.
        let now = i64::try_from(round).unwrap() * 100;
        let claims = until_available(|| store.claim_due(leadgate_store::conformance::samples::request("one", now)));
        let (claimed, ()) = join(claims, kill_all(&mut killer)).await;
        let turns: Vec<TurnRecord> = claimed.iter().map(finished).collect();
        let finish = until_available(|| store.finish_turns(turns.clone(), None, at(now)));
        join(finish, kill_all(&mut killer)).await;
    }
    for job in until_available(|| store.claim_due(leadgate_store::conformance::samples::request("one", 2_000))).await {
        record(&store, finished(&job), 2_000).await;
    }
    assert_eq!(count(&mut killer, "SELECT count(*) FROM jobs WHERE progress = 2").await, 50);
    assert_eq!(count(&mut killer, "SELECT count(*) FROM attempts").await, 50);
    assert_eq!(count(&mut killer, "SELECT count(DISTINCT job) FROM attempts").await, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_of_the_server_neither_loses_nor_doubles_a_submission() {
    let mut server = Server::start(Fsync::On);
    let url = server.url();
    let store = PostgresStore::open(PostgresConfig::new(url.clone().into())).await.unwrap();
    for round in 0..2 {
        let accepting = accept_until_kept(&store, round * 200..(round + 1) * 200);
        let crashing = tokio::task::spawn_blocking(move || {
            server.crash();
            server
        });
        let ((), crashed) = join(accepting, crashing).await;
        server = crashed.unwrap();
    }
    let mut connection = crate::support::connect(&url).await;
    assert_eq!(count(&mut connection, "SELECT count(*) FROM inbox").await, 400);
    assert_eq!(count(&mut connection, "SELECT count(DISTINCT dedupe) FROM inbox").await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_of_the_server_is_told_and_got_over() {
    let mut server = Server::start(Fsync::Off);
    let store = PostgresStore::open(PostgresConfig::new(server.url().into())).await.unwrap();
    plan(&store, 1, job(&["a"])).await;
    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    });
    let mut server = server.await.unwrap();
    let refused = store.stats(at(0)).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Unavailable(why) if why.contains("database")), "{refused}");
    let restarted = tokio::task::spawn_blocking(move || {
        server.crash();
        server
    });
    let _server = restarted.await.unwrap();
    let claimed = until_available(|| store.claim_due(leadgate_store::conformance::samples::request("one", 0))).await;
    assert_eq!(claimed.len(), 1);
}
