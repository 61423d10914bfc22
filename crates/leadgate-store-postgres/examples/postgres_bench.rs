//! Measures how many submissions a second the store accepts, durably, at 1, 16 and 64 concurrent callers, and what a claim and a finish of 100 jobs
//! cost. The database must be empty.
//!
//! `cargo run --release -p leadgate-store-postgres --example postgres_bench -- postgres://... [ACCEPTS]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use leadgate_core::identity::IdentityKey;
use leadgate_core::job::{JobState, Outcome};
use leadgate_core::lane::Lane;
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::steps::{NoteStep, Step, StepTarget};
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_store::Store as _;
use leadgate_store::model::{ClaimRequest, Dedupe, NewJob, NewSubmission, PlannedSubmission, Then, TurnRecord};
use leadgate_store_postgres::{PostgresConfig, PostgresStore};
use uuid::Uuid;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().expect("the address of an empty database");
    let accepts: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let store = Arc::new(PostgresStore::open(PostgresConfig::new(url.into())).await.unwrap());
    let next = Arc::new(AtomicU64::new(0));
    for (callers, count) in [(1, 500), (1, 1_000), (16, accepts), (64, accepts), (64, accepts)] {
        accept_many(&store, &next, callers, count).await;
    }
    turns_of_many(&store).await;
}

fn submission(number: u64) -> NewSubmission {
    let id = SubmissionId(Uuid::now_v7());
    let body = format!(
        r#"{{"email":"person{number}@example.com","note":"{}"}}"#,
        "asked for a demo of the product ".repeat(10)
    );
    let raw = RawSubmission::new(Route::Lead, None, body.into_bytes());
    // As scattered as a digest.
    let key = (u128::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
    let dedupe = Dedupe::Key { key, body: key, within: SignedDuration::from_hours(24) };
    NewSubmission { id, raw, dedupe, lane: Lane::Interactive }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark has no clock to be handed")]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn accept_many(store: &Arc<PostgresStore>, next: &Arc<AtomicU64>, callers: u64, count: u64) {
    let begin = Instant::now();
    let tasks: Vec<_> =
        (0..callers).map(|_| tokio::spawn(accept_some(Arc::clone(store), Arc::clone(next), count / callers))).collect();
    let mut times: Vec<Duration> = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
    times.sort();
    let at = |part: usize| times[times.len() * part / 100];
    println!("{callers} callers: {rate:.0} accepts a second, median {:?}, 99th percentile {:?}", at(50), at(99));
}

async fn accept_some(store: Arc<PostgresStore>, next: Arc<AtomicU64>, count: u64) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..count {
        let begin = Instant::now();
        store.accept(submission(next.fetch_add(1, Ordering::Relaxed)), now()).await.unwrap();
        times.push(begin.elapsed());
    }
    times
}

fn job(number: usize) -> NewJob {
    let record = RecordRef { kind: RecordKind::Deal, id: 7 };
    let state = JobState::of(vec![Step::AddNote(NoteStep::new(StepTarget::Record(record), "moved".to_owned()))]);
    let keys = vec![IdentityKey::from_stored(format!("email:person{number}@example.com"))];
    NewJob { state, keys, recalls: Vec::new(), lane: Lane::Interactive }
}

/// Plans, claims and finishes hundred by hundred.
async fn turns_of_many(store: &PostgresStore) {
    let (mut planning, mut claiming, mut finishing) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for round in 0..20 {
        let entries = store.unplanned([100; 4]).await.unwrap();
        let plans = entries.iter().enumerate().map(|(number, entry)| PlannedSubmission {
            submission: entry.id,
            job: Ok(job(round * 100 + number)),
            effects: PlanEffects::default(),
        });
        let begin = Instant::now();
        store.record_plans(plans.collect(), None, now()).await.unwrap();
        planning += begin.elapsed();
        let begin = Instant::now();
        let claimed = store.claim_due(request()).await.unwrap();
        claiming += begin.elapsed();
        let turns = claimed.iter().map(|job| TurnRecord {
            lease: job.lease,
            state: job.state.clone(),
            attempt: None,
            effects: Vec::new(),
            add_key: None,
            then: Then::Finished(Outcome::default()),
        });
        let begin = Instant::now();
        store.finish_turns(turns.collect(), None, now()).await.unwrap();
        finishing += begin.elapsed();
    }
    println!(
        "100 jobs: planned in {:?}, claimed in {:?}, finished in {:?}",
        planning / 20,
        claiming / 20,
        finishing / 20
    );
}

fn request() -> ClaimRequest {
    ClaimRequest {
        worker: "bench".to_owned(),
        now: now(),
        lease_until: now().saturating_add(SignedDuration::from_secs(60)).unwrap(),
        per_lane: [100; 4],
        packable_per_lane: [0; 4],
        wide_per_lane: [0; 4],
        new_per_lane: [0; 4],
        known_since: Timestamp::UNIX_EPOCH,
    }
}
