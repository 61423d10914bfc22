//! The real binary, killed again and again in the middle of its work, in front of a CRM that fails a fifth of its requests: what was acknowledged
//! is in the account once, and nothing else is.
//!
//! Cast: [`workload`] draws what apps send and what must be in the account in the end; [`clients`] send it, each submission until it is
//! acknowledged; [`lives`] is the gateway's process, its kills and its restarts; [`faults`] is what goes wrong in the CRM; [`oracle`] compares;
//! [`ordeal`] is the same with several gateways on one database, [`imported`] with an import,
//! [`forgotten`] with people who are to be forgotten.
//!
//! The account lives in the test's process and so survives every kill. All is drawn from one seed, which is printed; `LEADGATE_CRASH_SEED` draws
//! the same again. How the requests meet the kills is left to the machine.

mod changes;
mod clients;
mod faults;
mod forgotten;
mod imported;
mod lives;
mod oracle;
mod ordeal;
mod workload;

use std::sync::Arc;
use std::time::{Duration, Instant};

use freshsales_sandbox::{Fault, FaultKind, Generation, Plan, Sandbox, SandboxConfig};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rstest::rstest;

use self::clients::Client;
use self::lives::Lives;
use self::workload::Workload;

/// What is drawn unless another seed is asked for.
const USUAL_SEED: u64 = 20_260_615;
/// Kills at least, and at least so many of them after the last client has been answered.
const KILLS: usize = 20;
const KILLS_AFTER_POSTING: usize = 6;
/// How long it may take until every client has been answered.
const POSTED_WITHIN: Duration = Duration::from_secs(150);
/// How long the queue may take to drain once nothing is killed any more.
const DRAINED_WITHIN: Duration = Duration::from_secs(60);

#[rstest]
#[case::suite(Generation::Suite, 2_000)]
#[case::classic(Generation::Classic, 2_000)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_loses_nothing_and_doubles_nothing(#[case] generation: Generation, #[case] submissions: usize) {
    let (seed, started) = (seed(), Instant::now());
    eprintln!("LEADGATE_CRASH_SEED={seed} draws this run of {generation:?} again");
    let workload = Arc::new(Workload::draw(seed, submissions));
    let sandbox = account(seed).await;
    sandbox.account().set_faults(faults::mix(generation));
    let mut lives = Lives::begin(&sandbox.url(generation), SmallRng::seed_from_u64(seed));
    let client = lives.client();

    let posting = tokio::spawn(clients::post_all(client.clone(), Arc::clone(&workload)));
    while !posting.is_finished() {
        if started.elapsed() > POSTED_WITHIN {
            panic!("clients still wait after {POSTED_WITHIN:?}: {}", client.metrics().await);
        }
        lives.kill_at_a_random_moment(lives::LIFE_WHILE_POSTING).await;
    }
    let acknowledged = posting.await.unwrap();
    let (mut rounds, mut killed_at_work) = (0, 0);
    while lives.kills() < KILLS || rounds < KILLS_AFTER_POSTING {
        killed_at_work += usize::from(client.open_jobs().await > 0);
        lives.kill_at_a_random_moment(lives::LIFE_WHILE_DRAINING).await;
        rounds += 1;
    }
    assert!(killed_at_work >= 1, "the queue was empty before the kills were done");
    client.until_drained(DRAINED_WITHIN).await;

    let account = sandbox.account();
    let seen = faults::Seen::in_requests(&account);
    eprintln!(
        "{generation:?} seed {seed}: {submissions} submissions of {} people, {} kills, {} requests, faults {seen}, {:.0?}",
        workload.people.len(),
        lives.kills(),
        account.request_count(),
        started.elapsed(),
    );
    oracle::nothing_is_parked(&client).await;
    oracle::every_submission_is_done(&client, &acknowledged).await;
    oracle::account_holds_exactly(&account, generation, &workload);
    seen.each_kind_occurred(generation);
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_fifty_identical_posts(#[case] generation: Generation) {
    let sandbox = account(USUAL_SEED).await;
    sandbox.account().set_faults(vec![Fault::new(FaultKind::CommitThenCut).with_probability(0.1)]);
    let lives = Lives::begin(&sandbox.url(generation), SmallRng::seed_from_u64(USUAL_SEED));
    let client = lives.client();
    let body = serde_json::json!({"email": "ingrid@example.com", "first_name": "Ingrid", "note": "Wants a demo"});
    let submission = workload::Submission {
        person: "ingrid@example.com".to_owned(),
        body: body.to_string(),
        key: None,
        waits: true,
    };
    let posts = futures::future::join_all((0..50).map(|_| client.post_until_acknowledged(&submission)));
    let ids: std::collections::BTreeSet<String> = posts.await.into_iter().collect();
    client.until_drained(DRAINED_WITHIN).await;
    let account = sandbox.account();
    let people = account.leads().len() + account.contacts().len();
    assert_eq!((ids.len(), people, account.notes().len()), (1, 1, 1));
}

/// An account with no limit that a run could reach; with `Plan::Off` the limit in an injected 429 would be the only one that the gateway ever hears of.
async fn account(seed: u64) -> Sandbox {
    account_on(Plan::Custom { hour: 10_000_000, minute: 10_000_000 }, seed).await
}

async fn account_on(plan: Plan, seed: u64) -> Sandbox {
    let config = SandboxConfig {
        plan,
        index_lag: Duration::from_secs(5),
        job_duration: Duration::from_millis(200),
        // All of a run, so that its faults can be counted; their bodies are short.
        remembered_requests: 200_000,
        // All attempts, for the same reason.
        remembered_deliveries: 200_000,
        seed,
        ..SandboxConfig::default()
    };
    Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a seed to replay is no setting of the program")]
fn seed() -> u64 {
    std::env::var("LEADGATE_CRASH_SEED").ok().map_or(USUAL_SEED, |seed| seed.parse().unwrap())
}
