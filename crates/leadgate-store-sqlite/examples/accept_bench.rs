//! Measures how many submissions a second the store accepts, durably, at 1 and at 64 concurrent callers; what an fdatasync of the same
//! disk costs; and what a claim costs when 100,000 jobs wait.
//!
//! `cargo run --release -p leadgate-store-sqlite --example accept_bench -- [FOLDER] [ACCEPTS]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use leadgate_core::identity::IdentityKey;
use leadgate_core::job::JobState;
use leadgate_core::lane::Lane;
use leadgate_core::plan::PlanEffects;
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::steps::{NoteStep, Step, StepTarget};
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use leadgate_store::Store;
use leadgate_store::model::{ClaimRequest, Dedupe, NewJob, NewSubmission, PlannedSubmission, Then, TurnRecord};
use leadgate_store_sqlite::{SqliteConfig, SqliteStore};
use uuid::Uuid;

const WAITING: u64 = 100_000;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments.next().unwrap_or_else(|| ".".to_owned());
    let accepts: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let folder = tempfile::tempdir_in(parent).unwrap();
    let store = Arc::new(SqliteStore::open(SqliteConfig::new(folder.path().join("bench.db"))).unwrap());
    println!("fdatasync of a 4 KiB overwrite: {:?}", fdatasync_time(folder.path()));
    accept_many(&store, 1, 500).await;
    accept_many(&store, 1, 3_000).await;
    for _ in 0..3 {
        accept_many(&store, 64, accepts).await;
    }
    // By now the write-ahead log is written over rather than grown, which is the state a store spends its life in.
    accept_many(&store, 1, 3_000).await;
    println!("fdatasync of a 4 KiB overwrite: {:?}", fdatasync_time(folder.path()));
    for hot in [false, true] {
        let folder = tempfile::tempdir_in(folder.path()).unwrap();
        let store = SqliteStore::open(SqliteConfig::new(folder.path().join("claim.db"))).unwrap();
        claim_from_many(Arc::new(store), hot).await;
    }
}

fn fdatasync_time(folder: &Path) -> Duration {
    use std::io::{Seek as _, SeekFrom, Write as _};
    let mut file = std::fs::File::create(folder.join("fsync.probe")).unwrap();
    file.write_all(&vec![0; 1 << 20]).unwrap();
    file.sync_all().unwrap();
    let mut times = Vec::new();
    for page in 0..200 {
        file.seek(SeekFrom::Start(page * 4096)).unwrap();
        file.write_all(&[1; 4096]).unwrap();
        let begin = Instant::now();
        file.sync_data().unwrap();
        times.push(begin.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

fn submission(number: u64) -> NewSubmission {
    let id = SubmissionId(Uuid::now_v7());
    let body = format!(
        r#"{{"email":"person{number}@example.com","first_name":"Ada","last_name":"Lovelace","company":{{"name":"Acme {number}"}},"note":"{}"}}"#,
        "asked for a demo of the product ".repeat(8)
    );
    let raw = RawSubmission::new(Route::Lead, None, body.into_bytes());
    let key = scattered(number);
    let dedupe = Dedupe::Key { key, body: key, within: SignedDuration::from_hours(24) };
    NewSubmission { id, raw, dedupe, lane: Lane::Interactive }
}

/// A digest that is as scattered as a real one.
fn scattered(number: u64) -> [u8; 16] {
    let mixed = (u128::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    (mixed ^ (mixed >> 61)).wrapping_mul(0x2545_F491_4F6C_DD1D_BF58_476D_1CE4_E5B9).to_be_bytes()
}

static NEXT: AtomicU64 = AtomicU64::new(0);

async fn accept_many(store: &Arc<SqliteStore>, callers: u64, count: u64) {
    let begin = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let mut times = Vec::new();
                for _ in 0..count / callers {
                    let submission = submission(NEXT.fetch_add(1, Ordering::Relaxed));
                    let begin = Instant::now();
                    store.accept(submission, now()).await.unwrap();
                    times.push(begin.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.append(&mut task.await.unwrap());
    }
    let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{callers} callers: {rate:.0} accepts/s; p50 {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

/// `hot`: every job has one and the same identity, else each its own.
async fn claim_from_many(store: Arc<SqliteStore>, hot: bool) {
    let now = now();
    let record = RecordRef { kind: RecordKind::Contact, id: 1 };
    let step = Step::AddNote(NoteStep::new(StepTarget::Record(record), "asked for a demo".to_owned()));
    let state = JobState::of(vec![step]);
    accept_many(&store, 64, WAITING).await;
    let begin = Instant::now();
    loop {
        let entries = store.unplanned([1000; 4]).await.unwrap();
        if entries.is_empty() {
            break;
        }
        let plan = |(number, entry): (usize, leadgate_store::model::InboxEntry)| PlannedSubmission {
            submission: entry.id,
            job: Ok(NewJob {
                state: state.clone(),
                keys: vec![IdentityKey::from_stored(if hot { "hot".into() } else { format!("{number}:{}", entry.id) })],
                recalls: Vec::new(),
                lane: Lane::Interactive,
            }),
            effects: PlanEffects::default(),
        };
        store.record_plans(entries.into_iter().enumerate().map(plan).collect(), None, now).await.unwrap();
    }
    println!("hot {hot}: {WAITING} planned in {:?}", begin.elapsed());
    claim_and_finish(&store, now).await;
    let begin = Instant::now();
    let stats = store.stats(now).await.unwrap();
    println!("stats of {} jobs: {:?}", stats.open_by_lane[0], begin.elapsed());
}

async fn claim_and_finish(store: &SqliteStore, now: Timestamp) {
    let (mut claims, mut finishes) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let request = ClaimRequest {
            worker: "bench".to_owned(),
            now,
            lease_until: now + SignedDuration::from_secs(60),
            per_lane: [10; 4],
            packable_per_lane: [10; 4],
            wide_per_lane: [10; 4],
            new_per_lane: [0; 4],
            known_since: now,
        };
        let begin = Instant::now();
        let claimed = store.claim_due(request).await.unwrap();
        claims.push(begin.elapsed());
        let turns = claimed.into_iter().map(|job| TurnRecord {
            lease: job.lease,
            state: job.state,
            attempt: None,
            effects: Vec::new(),
            add_key: None,
            then: Then::Finished(Default::default()),
        });
        let turns: Vec<_> = turns.collect();
        let begin = Instant::now();
        store.finish_turns(turns, None, now).await.unwrap();
        finishes.push(begin.elapsed());
    }
    claims.sort();
    finishes.sort();
    println!(
        "claim_due of up to 10: p50 {:?}, longest {:?}; finish_turns: p50 {:?}",
        claims[25], claims[49], finishes[25]
    );
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Timestamp {
    Timestamp::now()
}
