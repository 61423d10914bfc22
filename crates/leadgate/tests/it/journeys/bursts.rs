//! Many at once: double clicks, and imports.

use std::time::Duration;

use freshsales_sandbox::{Fault, FaultKind, Generation};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::json;

/// No call is given up because the machine is busy.
const PATIENT: Duration = Duration::from_secs(30);

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn fifty_identical_posts_at_once_are_one_lead(#[case] generation: Generation) {
    let gateway = TestGateway::of(generation).await;
    gateway.account().set_faults(vec![Fault::new(FaultKind::CommitThenCut).with_probability(0.1)]);
    let body = json!({ "email": "ada@example.com", "firstName": "Ada" });
    let posts = futures::future::join_all((0..50).map(|_| gateway.post("/leads", &body)));
    let statuses: Vec<u16> = posts.await.iter().map(|answer| answer.status).collect();
    gateway.settle().await;
    assert!(statuses.iter().all(|status| (200..300).contains(status)), "{statuses:?}");
    assert_eq!(gateway.account().leads().len() + gateway.account().contacts().len(), 1);
}

#[rstest]
#[case::classic(Generation::Classic, 1_030)]
#[case::suite(Generation::Suite, 50)]
#[tokio::test]
async fn a_burst_of_a_thousand_is_packed(#[case] generation: Generation, #[case] most: u64) {
    let gateway = TestGateway::builder().generation(generation).crm_timeout(PATIENT).open().await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    gateway.account().clear_requests();
    for number in 0..1_000 {
        let lead = json!({ "email": format!("lead{number}@example.com"), "first_name": "L", "lane": "bulk" });
        gateway.post_with("/v1/leads", &lead, &[("prefer", "respond-async")]).await;
    }
    gateway.settle().await;
    let requests = gateway.account().request_count();
    assert!(requests <= most, "{requests} requests");
    assert_eq!(gateway.account().leads().len() + gateway.account().contacts().len(), 1_001);
}

/// How many requests so many people cost behind one of whom thirty notes wait, the notes left out; `pack_from`: from how many waiting jobs on calls are
/// packed.
async fn cost_of(generation: Generation, people: usize, are_there: bool, pack_from: usize) -> u64 {
    let gateway = TestGateway::builder().generation(generation).crm_timeout(PATIENT);
    let gateway = gateway.engine(|engine| engine.pack_from = pack_from).open().await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    for number in 0..if are_there { people } else { 0 } {
        let seed = json!({ "email": format!("p{number}@example.com"), "first_name": "P", "last_name": "Old" });
        gateway.account().seed_contact(&seed);
    }
    gateway.account().advance(Duration::from_secs(60));
    gateway.account().clear_requests();
    for number in 0..people {
        let lead = json!({ "email": format!("p{number}@example.com"), "first_name": "P", "lane": "event" });
        gateway.post("/v1/leads", &lead).await;
    }
    for number in 0..30 {
        let note = json!({ "email": "p0@example.com", "text": format!("note {number}"), "lane": "event" });
        gateway.post("/v1/notes", &note).await;
    }
    gateway.settle().await;
    assert_eq!(gateway.account().notes().len(), 30);
    gateway.account().request_count() - 30
}

#[rstest]
#[tokio::test]
async fn few_people_cost_no_more_where_much_waits(
    #[values(Generation::Classic, Generation::Suite)] generation: Generation,
    #[values(1, 2, 3, 5)] people: usize,
    #[values(false, true)] are_there: bool,
) {
    let packed = cost_of(generation, people, are_there, 20).await;
    let alone = cost_of(generation, people, are_there, usize::MAX).await;
    assert!(packed <= alone, "{packed} requests, alone {alone}");
}

#[tokio::test]
async fn people_who_are_there_already_are_not_touched_by_a_burst() {
    let gateway = TestGateway::open().await;
    for number in 0..30 {
        gateway.account().seed_contact(
            &json!({ "email": format!("lead{number}@example.com"), "first_name": "Old", "last_name": "N" }),
        );
    }
    gateway.account().advance(Duration::from_secs(60));
    for number in 0..60 {
        let lead = json!({ "email": format!("lead{number}@example.com"), "first_name": "New", "lane": "bulk" });
        gateway.post_with("/v1/leads", &lead, &[("prefer", "respond-async")]).await;
    }
    gateway.settle().await;
    let old = gateway.account().contacts().iter().filter(|contact| contact["first_name"] == "Old").count();
    assert_eq!((old, gateway.account().contacts().len()), (30, 60));
}

#[tokio::test]
async fn a_lead_that_somebody_waits_for_goes_first_and_a_slot_is_kept_for_it() {
    let gateway =
        TestGateway::builder().engine(|engine| (engine.concurrency, engine.pack_from) = (2, usize::MAX)).open().await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    for number in 0..20 {
        gateway.post("/v1/leads", &json!({ "email": format!("lead{number}@example.com"), "lane": "event" })).await;
    }
    // A pass has four rounds of slots, of which less urgent work leaves one.
    assert_eq!(gateway.engine().run_once().await.unwrap().calls, 7);
    gateway.post("/v1/leads", &json!({ "email": "now@example.com" })).await;
    assert_eq!(gateway.engine().run_once().await.unwrap().calls, 7);
    assert!(gateway.account().contacts().iter().any(|contact| contact["email"] == "now@example.com"));
}
