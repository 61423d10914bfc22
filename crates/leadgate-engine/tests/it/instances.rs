//! Several engines on one store: together they do what one would.

use std::collections::BTreeMap;
use std::pin::Pin;

use freshsales_sandbox::{Generation, Kind, Plan, SandboxConfig};
use jiff::SignedDuration;
use leadgate_core::budget::BudgetSettings;
use leadgate_core::lane::Lane;
use leadgate_core::submission::{Route, SubmissionId};
use leadgate_core::sync::Stream;
use leadgate_engine::sync::{SyncService, SyncSettings};
use leadgate_engine::{Engine, EngineSettings, Pass};
use leadgate_store::StoreError;
use leadgate_store::model::Progress;
use leadgate_testkit::TestInstances;
use rstest::rstest;
use serde_json::json;

const PEOPLE: usize = 100;
const OF_EACH: usize = 5;

/// So many engines in front of an account of a thousand requests an hour and four hundred a minute.
async fn limited(count: usize) -> TestInstances {
    limited_with(count, EngineSettings::default()).await
}

async fn limited_with(count: usize, settings: EngineSettings) -> TestInstances {
    let account = SandboxConfig { plan: Plan::Growth, remembered_requests: 1_000_000, ..SandboxConfig::default() };
    let settings = EngineSettings { budget: BudgetSettings::default(), ..settings };
    TestInstances::open(count, Generation::Suite, settings, account).await
}

/// Five submissions about each of a hundred people, mixed: a lead and then notes that are numbered.
async fn five_of_each(instances: &mut TestInstances) -> Vec<SubmissionId> {
    let mut submissions = Vec::new();
    for number in 0..OF_EACH {
        for person in 0..PEOPLE {
            let email = format!("person{person}@example.com");
            let (route, body) = match number {
                0 => (Route::Lead, json!({ "email": email, "last_name": format!("Person {person}") })),
                _ => (Route::Note, json!({ "email": email, "text": format!("{person} {number}") })),
            };
            let lane = if person % 2 == 0 { Lane::Interactive } else { Lane::Event };
            submissions.push(instances.accept(route, &body, lane).await);
        }
    }
    submissions
}

/// Each landed once, those of one person in order of arrival, and the account refused nothing.
async fn all_landed(instances: &TestInstances, submissions: &[SubmissionId]) {
    for submission in submissions {
        let story = instances.store().story(*submission).await.unwrap().unwrap();
        assert_eq!(story.progress, Progress::Done, "{story:?}");
    }
    let account = instances.account();
    assert_eq!(account.count(Kind::Contact), PEOPLE);
    let mut notes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for note in account.notes() {
        let (person, number) = note["description"].as_str().unwrap().split_once(' ').unwrap();
        notes.entry(person.to_owned()).or_default().push(number.to_owned());
    }
    assert_eq!(notes.len(), PEOPLE);
    assert!(notes.values().all(|numbers| *numbers == ["1", "2", "3", "4"]), "{notes:?}");
    assert_eq!(account.refused_429(), 0);
}

/// What the gateway counts in this hour, and what the account does.
async fn counted(instances: &TestInstances) -> (u32, u32, u32) {
    instances.pass().await;
    let standing = instances.engines()[0].standing();
    (standing.hour_ours, standing.hour_others, instances.account().quota().hour_used)
}

#[rstest]
#[case::alone(1)]
#[case::two(2)]
#[case::three(3)]
#[tokio::test]
async fn budget_of_several_is_one_and_everything_lands_once_in_order(#[case] count: usize) {
    let mut instances = limited(count).await;
    let submissions = five_of_each(&mut instances).await;
    instances.settle().await;
    all_landed(&instances, &submissions).await;
    let (ours, others, used) = counted(&instances).await;
    assert_eq!((ours, others), (used, 0));
}

#[tokio::test]
async fn budget_and_work_of_an_instance_that_dies_are_taken_over() {
    let mut instances = limited(3).await;
    instances.give_the_first_the_duties().await;
    let submissions = five_of_each(&mut instances).await;
    instances.kill_at(0, 120).await;
    instances.settle().await;
    all_landed(&instances, &submissions).await;
    let (ours, others, used) = counted(&instances).await;
    assert_eq!(others, 0);
    assert!(ours >= used, "{ours} of {used}");
}

#[tokio::test]
async fn budget_that_the_dead_held_is_all_that_is_lost() {
    let mut instances = limited(2).await;
    instances.give_the_first_the_duties().await;
    five_of_each(&mut instances).await;
    instances.kill_at(0, 60).await;
    for _ in 0..3 {
        instances.pass().await;
    }
    let (ours, others, used) = counted(&instances).await;
    let concurrency = u32::try_from(EngineSettings::default().concurrency * 4).unwrap();
    assert!(others == 0 && (used..=used + concurrency).contains(&ours), "{ours} of {used}, others {others}");
}

#[tokio::test]
async fn other_tools_are_seen_by_all() {
    let mut instances = limited(2).await;
    instances.account().drain_quota(90);
    instances.accept(Route::Lead, &json!({ "email": "ada@example.com" }), Lane::Interactive).await;
    instances.settle().await;
    instances.pass().await;
    let seen = instances.engines().iter().map(|engine| engine.standing().hour_others);
    assert_eq!(seen.collect::<Vec<_>>(), [90, 90]);
}

#[tokio::test]
async fn a_stop_is_told_although_much_waits() {
    let one_by_one = EngineSettings { pack_from: usize::MAX, ..EngineSettings::default() };
    let mut instances = limited_with(2, one_by_one).await;
    for engine in instances.engines() {
        engine.warm_up().await;
    }
    for person in 0..200 {
        instances.accept(Route::Lead, &json!({ "email": format!("{person}@example.com") }), Lane::Interactive).await;
    }
    instances.account().drain_quota(1_000);
    // The first is refused, and then looks at others of which it can make nothing.
    let [first, second] = instances.engines() else { panic!("there are two") };
    assert!(first.run_once().await.unwrap().calls > 0);
    assert!(first.run_once().await.unwrap().claimed > 0);
    let asked = instances.account().request_count();
    second.run_once().await.unwrap();
    assert_eq!(instances.account().request_count(), asked);
}

#[tokio::test]
async fn a_duty_is_taken_over_when_its_holder_is_gone() {
    let mut instances = limited(2).await;
    instances.give_the_first_the_duties().await;
    instances.kill_at(0, 0).await;
    let lead = json!({ "email": "ada@example.com" });
    let submission = instances.accept(Route::Lead, &lead, Lane::Interactive).await;
    assert!(instances.pass().await, "it plans although another one may");
    instances.settle().await;
    let story = instances.store().story(submission).await.unwrap().unwrap();
    assert_eq!(story.progress, Progress::Done);
}

#[tokio::test]
async fn an_orderly_end_leaves_the_duties_to_others_at_once() {
    let mut instances = limited(2).await;
    instances.give_the_first_the_duties().await;
    instances.engines()[0].run(std::future::ready(())).await;
    let accepted_at = instances.account().now();
    let submission = instances.accept(Route::Lead, &json!({ "email": "ada@example.com" }), Lane::Interactive).await;
    while instances.store().story(submission).await.unwrap().unwrap().progress != Progress::Done {
        let second = &instances.engines()[1];
        if second.run_once().await.unwrap().is_idle() {
            instances.account().advance(std::time::Duration::from_secs(1));
        }
    }
    let took = instances.account().now().duration_since(accepted_at);
    assert!(took < SignedDuration::from_secs(10), "{took}");
}

#[tokio::test]
async fn names_that_another_instance_read_are_not_asked_for_again() {
    let instances = limited(2).await;
    instances.engines()[0].warm_up().await;
    let asked = instances.account().request_count();
    instances.engines()[1].warm_up().await;
    assert_eq!(instances.account().request_count(), asked);
}

#[tokio::test]
async fn a_schedule_fires_once_whichever_copy_it_is_for() {
    let instances = limited(2).await;
    let folder = tempfile::tempdir().unwrap();
    let service = |number: usize| {
        let mut settings = SyncSettings::new(folder.path().join(format!("copy{number}.db")));
        settings.streams = vec![Stream::Users];
        settings.schedule = Some("0 * * * * UTC".parse().unwrap());
        SyncService::new(instances.engines()[number].clone(), settings)
    };
    let services = [service(0), service(1)];
    let mut runs = Vec::new();
    for half_hour in 0..6 {
        instances.account().advance(std::time::Duration::from_secs(1_800));
        // Now one is first, now the other.
        for turn in 0..2 {
            let ran = services[(half_hour / 2 + turn) % 2].run_if_due().await.unwrap();
            runs.extend(ran.map(|_| half_hour));
        }
    }
    assert_eq!(runs, [1, 3, 5]);
}

/// One pass of an instance that stops in the middle as soon as something is so, as if the machine were suspended: whoever awaits it lets it go on.
async fn pass_until<'a>(
    engine: &'a Engine,
    is_so: impl AsyncFn() -> bool,
) -> Pin<Box<dyn Future<Output = Result<Pass, StoreError>> + 'a>> {
    loop {
        let mut pass: Pin<Box<dyn Future<Output = _>>> = Box::pin(engine.run_once());
        loop {
            if is_so().await {
                return pass;
            }
            if futures::poll!(&mut pass).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// How long the last instance takes until a submission has landed.
async fn the_other_lands(instances: &TestInstances, submission: SubmissionId) -> SignedDuration {
    let began = instances.account().now();
    while instances.store().story(submission).await.unwrap().unwrap().progress != Progress::Done {
        if instances.engines().last().unwrap().run_once().await.unwrap().is_idle() {
            instances.account().advance(std::time::Duration::from_secs(1));
        }
    }
    instances.account().now().duration_since(began)
}

/// Longer than it takes to notice a death, and less than half of a lease.
const SOON: SignedDuration = SignedDuration::from_secs(59);

#[rstest]
#[case::creating_a_person("/contacts")]
#[case::adding_a_note("/notes")]
#[tokio::test]
async fn what_an_instance_was_writing_when_it_was_paused_is_there_once(#[case] path: &str) {
    let mut instances = limited(2).await;
    let lead = json!({ "email": "ada@example.com", "note": "Wants a demo" });
    let submission = instances.accept(Route::Lead, &lead, Lane::Interactive).await;
    let account = instances.account();
    let writes =
        async || account.requests().last().is_some_and(|seen| seen.method == "POST" && seen.path.ends_with(path));
    let paused = pass_until(&instances.engines()[0], writes).await;
    let took = the_other_lands(&instances, submission).await;
    assert!(took < SOON, "{took}");
    paused.await.unwrap();
    instances.settle().await;
    assert_eq!((account.count(Kind::Contact), account.notes().len()), (1, 1));
}

#[tokio::test]
async fn a_person_whom_another_was_creating_is_looked_for_although_much_waits_behind() {
    let mut instances = limited(2).await;
    for engine in instances.engines() {
        engine.warm_up().await;
    }
    let submission = instances.accept(Route::Lead, &json!({ "email": "ada@example.com" }), Lane::Event).await;
    for number in 0..30 {
        let note = json!({ "email": "ada@example.com", "text": format!("note {number}") });
        instances.accept(Route::Note, &note, Lane::Event).await;
    }
    let account = instances.account();
    let creations = || account.requests().iter().filter(|seen| seen.path.ends_with("/contacts")).count();
    let paused = pass_until(&instances.engines()[0], async || creations() == 1).await;
    the_other_lands(&instances, submission).await;
    paused.await.unwrap();
    assert_eq!((creations(), account.count(Kind::Contact)), (1, 1));
}

#[tokio::test]
async fn an_instance_that_was_paused_makes_no_call_of_work_that_others_took_over() {
    let mut instances = limited(2).await;
    instances.engines()[0].warm_up().await;
    let lead = json!({ "email": "ada@example.com" });
    let submission = instances.accept(Route::Lead, &lead, Lane::Interactive).await;
    let now = instances.account().now();
    let leases =
        async || instances.store().next_due_by_lane().await.unwrap().into_iter().flatten().any(|due| due > now);
    let paused = pass_until(&instances.engines()[0], leases).await;
    assert!(the_other_lands(&instances, submission).await < SOON);
    let asked = instances.account().request_count();
    paused.await.unwrap();
    assert_eq!(instances.account().request_count(), asked);
}

#[tokio::test]
async fn whoever_beats_keeps_its_work_however_long_it_takes() {
    let mut instances = limited(2).await;
    let submission = instances.accept(Route::Lead, &json!({ "email": "ada@example.com" }), Lane::Interactive).await;
    let now = instances.account().now();
    let leases =
        async || instances.store().next_due_by_lane().await.unwrap().into_iter().flatten().any(|due| due > now);
    let _slow = pass_until(&instances.engines()[0], leases).await;
    for _ in 0..60 {
        instances.store().beat("instance-1").await.unwrap();
        assert_eq!(instances.engines()[1].run_once().await.unwrap().claimed, 0);
        instances.account().advance(std::time::Duration::from_secs(1));
    }
    assert!(the_other_lands(&instances, submission).await < SOON);
}
