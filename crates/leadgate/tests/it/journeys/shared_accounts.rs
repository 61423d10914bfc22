//! What rules make of events, in an account where other people work too.

use freshsales_sandbox::{Account, Kind};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::{Value, json};

/// A gateway with one rule for the event "Step".
async fn acting(steps: &str) -> TestGateway {
    let rules = format!("[[playbook.rules]]\nname = \"step\"\nevent = \"Step\"\nsteps = [{steps}]\n");
    TestGateway::builder().rules(&rules).open().await
}

/// The whole story of the event "Step" of Ada.
async fn step(gateway: &TestGateway) -> Value {
    let answer = gateway.land("/v1/events", &json!({ "event": "Step", "email": "ada@example.com" })).await;
    gateway.get(&format!("/v1/submissions/{}", answer.submission())).await.body
}

fn seed_ada(account: &Account) -> i64 {
    account.seed_contact(&json!({ "email": "ada@example.com", "first_name": "Ada", "last_name": "King" }))
}

#[rstest]
#[case::task(r#"{ do = "task", title = "Call" }"#, "task")]
#[case::activity(r#"{ do = "activity", type = "Meeting", title = "Intro" }"#, "sales activity")]
#[case::note(r#"{ do = "note", text = "Hello" }"#, "note")]
#[case::fields(r#"{ do = "set", fields = { job_title = "Countess" } }"#, "person updated: job_title")]
#[case::tags(r#"{ do = "tag", tags = ["trial"] }"#, "person updated: tags")]
#[case::deal(r#"{ do = "deal", create = { name = "Trial" } }"#, "deal")]
#[case::convert(r#"{ do = "convert" }"#, "moved on in its life cycle")]
#[tokio::test]
async fn a_step_goes_on_with_who_the_person_is_now(#[case] action: &str, #[case] said: &str) {
    let gateway = acting(&format!("{{ do = \"person\", create = true }}, {action}")).await;
    let before = seed_ada(&gateway.account());
    gateway.land("/v1/leads", &json!({ "email": "ada@example.com" })).await;
    assert!(gateway.account().delete(Kind::Contact, before));
    let now = seed_ada(&gateway.account());
    let story = step(&gateway).await;
    assert_eq!((&story["status"], &story["outcome"]["person"]["id"]), (&json!("done"), &json!(now)), "{story}");
    let told = story["decisions"].to_string();
    assert!(told.contains("searching again") && told.contains(said) && !told.contains("skipped"), "{told}");
}

#[tokio::test]
async fn a_person_who_is_gone_and_whom_no_rule_makes_is_told() {
    let gateway = acting(r#"{ do = "task", title = "Call" }"#).await;
    let ada = seed_ada(&gateway.account());
    gateway.land("/v1/leads", &json!({ "email": "ada@example.com" })).await;
    gateway.account().delete(Kind::Contact, ada);
    let story = step(&gateway).await;
    assert!(story["decisions"].to_string().contains("there is no person to add it to"), "{story}");
    assert_eq!((&story["status"], gateway.account().tasks().len()), (&json!("done"), 0));
}
