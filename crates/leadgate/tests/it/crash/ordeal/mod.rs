//! Three processes of the real binary on one database, in front of a CRM that fails a fifth of its requests: processes are killed and paused,
//! connections to the database are ended, the database's server is killed. What was acknowledged is in the account once, what one person sent is
//! there in the order in which it was sent, and the account never had to refuse a request for its quota.
//!
//! Cast: [`chaos`] draws what goes wrong and does it; [`order`] compares the account with the order of sending. All else is that of one process.
//!
//! Clients send what is about one person one after another, each to some gateway and, if that one does not answer, to the next, under the same key;
//! one in eight goes to two gateways at once.

mod chaos;
mod order;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use freshsales_sandbox::{Fault, FaultKind, Generation, Plan, Sandbox};
use leadgate_postgres_server::{Database, Fsync};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rstest::rstest;

use self::chaos::{Chaos, Trouble};
use super::clients::{self, Client};
use super::lives::Lives;
use super::workload::Workload;
use super::{account_on, faults, oracle, seed};

const GATEWAYS: usize = 3;
const PER_HOUR: u32 = 100_000;

/// How large a run is.
struct Size {
    submissions: usize,
    /// Requests that the account answers in a minute.
    per_minute: u32,
    /// Whether the account says now and then that others have spent its hour. Then the gateways believe that they spent the minute too, and wait for one.
    is_told_spent: bool,
    trouble: Trouble,
    /// How long the queue may take to drain once nothing goes wrong any more but in the CRM.
    drained_within: Duration,
}

const SMALL: Size = Size {
    submissions: 300,
    per_minute: 600,
    is_told_spent: false,
    trouble: Trouble { kills: 4, restarts: 1, cuts: 5, pauses: 1, every: 200..1_500 },
    drained_within: Duration::from_secs(150),
};

const FULL: Size = Size {
    submissions: 5_000,
    per_minute: 900,
    is_told_spent: true,
    trouble: Trouble { kills: 30, restarts: 3, cuts: 30, pauses: 3, every: 1_000..8_000 },
    drained_within: Duration::from_secs(900),
};

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_of_several_loses_nothing_and_keeps_order(#[case] generation: Generation) {
    eprintln!("LEADGATE_CRASH_SEED={} draws this run of {generation:?} again", seed());
    let ended = suffer(generation, &SMALL).await;
    eprintln!("{generation:?} seed {}: {}", seed(), ended.told);
    ended.is_right().await;
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a quarter of an hour; the same run with fewer submissions and kills is never left out"]
async fn crash_of_several_at_full_size(#[case] generation: Generation) {
    eprintln!("LEADGATE_CRASH_SEED={} draws this run of {generation:?} again", seed());
    let ended = suffer(generation, &FULL).await;
    eprintln!("{generation:?} seed {}: {}", seed(), ended.told);
    ended.is_right().await;
}

/// A run after its last job has ended.
struct Ended {
    generation: Generation,
    workload: Arc<Workload>,
    acknowledged: BTreeSet<String>,
    sandbox: Sandbox,
    client: Client,
    told: String,
    // The gateways are asked to the end.
    _chaos: Chaos,
}

async fn suffer(generation: Generation, size: &Size) -> Ended {
    let (seed, started) = (seed(), Instant::now());
    let workload = Arc::new(Workload::draw(seed, size.submissions));
    let sandbox = account_on(Plan::Custom { hour: PER_HOUR, minute: size.per_minute }, seed).await;
    sandbox.account().set_faults(faults_of(generation, size));
    let mut chaos = begin(&sandbox.url(generation), size, seed);
    let client = chaos.client();
    let posting = tokio::spawn(clients::post_all_in_order(client.clone(), Arc::clone(&workload)));
    chaos.rage().await;
    assert!(client.open_jobs().await > 0, "the queue was empty before the trouble was over");
    chaos.end_pauses().await;
    let acknowledged = posting.await.unwrap();
    client.until_drained(size.drained_within).await;
    let account = sandbox.account();
    let told = format!(
        "{} submissions of {} people under {} ids, {}, {} requests, {} refused for quota, faults {}, {:.0?}",
        workload.submissions.len(),
        workload.people.len(),
        acknowledged.len(),
        chaos.told(),
        account.request_count(),
        account.refused_429(),
        faults::Seen::in_requests(&account),
        started.elapsed(),
    );
    Ended { generation, workload, acknowledged, sandbox, client, told, _chaos: chaos }
}

impl Ended {
    async fn is_right(&self) {
        let account = self.sandbox.account();
        oracle::nothing_is_parked(&self.client).await;
        oracle::every_submission_is_done(&self.client, &self.acknowledged).await;
        let people = oracle::account_holds_exactly(&account, self.generation, &self.workload);
        order::is_kept(&account, &self.workload, &people);
        assert_eq!(account.refused_429(), 0, "requests that the account refused for its quota");
    }
}

fn faults_of(generation: Generation, size: &Size) -> Vec<Fault> {
    let mut mix = faults::mix(generation);
    mix.retain(|fault| size.is_told_spent || !matches!(fault.kind, FaultKind::Quota429 { .. }));
    mix
}

fn begin(account: &str, size: &Size, seed: u64) -> Chaos {
    let database = Database::in_own_server(Fsync::On);
    let settings = || {
        vec![
            ("DATABASE_URL", database.url()),
            ("LEADGATE__BUDGET__PER_HOUR", PER_HOUR.to_string()),
            ("LEADGATE__BUDGET__PER_MINUTE", size.per_minute.to_string()),
        ]
    };
    let random = || SmallRng::seed_from_u64(seed);
    let gateways = (0..GATEWAYS).map(|_| Lives::begin_with(account, random(), "", settings())).collect();
    Chaos::new(gateways, database, &size.trouble, random())
}
