//! Changes in the account reach the gateway: by the workflows' webhooks, whatever happens to them on the way, and by looking where none came.

use std::time::Duration;

use freshsales_sandbox::{
    Account, Authentication, Content, Encoding, Generation, Kind, Webhook, WebhookFault, WebhookFaultKind, Workflow,
};
use jiff::tz::TimeZone;
use leadgate_core::mirror::{SeenBy, Tally};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::{Value, json};

const RULES: &str =
    "[notifications]\nsecrets = [\"$SECRET\"]\nwatch = [\"deal\"]\ntime_zone = \"CET-1CEST,M3.5.0,M10.5.0/3\"\n";
const SECRET: &str = "testkit-secret-0123456789";
const TICKED: [&str; 6] = ["id", "name", "amount", "deal_stage_name", "updated_at", "created_at"];

fn webhook(gateway: &TestGateway) -> Webhook {
    let url = format!("{}/freshsales/webhook", gateway.url());
    Webhook::post(&url, Content::simple(&TICKED)).header("X-Leadgate-Secret", SECRET)
}

/// A gateway that knows one deal, whose account notifies of deals.
async fn watching(generation: Generation) -> (TestGateway, i64) {
    let zone = |config: &mut freshsales_sandbox::SandboxConfig| {
        config.zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    };
    let gateway = TestGateway::builder().generation(generation).sandbox(zone).rules(RULES).open().await;
    let deal = gateway.account().seed_deal(&json!({ "name": "Engine", "amount": 10 }));
    gateway.account().advance(Duration::from_secs(120));
    gateway.look().await;
    let workflow = Workflow::new("deals", Kind::Deal, webhook(&gateway));
    gateway.account().add_workflow(workflow).unwrap();
    gateway.account().advance(Duration::from_secs(60));
    (gateway, deal)
}

fn stage(account: &Account, name: &str) -> Value {
    json!({ "deal_stage_id": account.stage_id(name).unwrap() })
}

/// Field, from, to and way of every change.
async fn changes(gateway: &TestGateway) -> Vec<(String, Value, Value, SeenBy)> {
    let changes = gateway.store().changes(0, 1_000).await.unwrap();
    let shown =
        |change: leadgate_core::mirror::Change| (change.field, change.from.unwrap_or_default(), change.to, change.by);
    changes.into_iter().map(|seen| shown(seen.change)).collect()
}

async fn tally(gateway: &TestGateway) -> Tally {
    gateway.store().tallies().await.unwrap().first().map(|(_, tally)| *tally).unwrap_or_default()
}

fn moved(from: &str, to: &str, by: SeenBy) -> (String, Value, Value, SeenBy) {
    ("stage".to_owned(), from.into(), to.into(), by)
}

#[rstest]
#[case(Generation::Suite)]
#[case(Generation::Classic)]
#[tokio::test]
async fn a_stage_changed_in_the_account_is_one_change(#[case] generation: Generation) {
    let (gateway, deal) = watching(generation).await;
    gateway.change("deals", deal, &stage(&gateway.account(), "Demo")).await;
    gateway.settle().await;
    assert_eq!(changes(&gateway).await, [moved("New", "Demo", SeenBy::Webhook)]);
    gateway.account().advance(Duration::from_secs(400));
    gateway.look().await;
    assert_eq!(changes(&gateway).await.len(), 1, "{:?}", changes(&gateway).await);
    assert_eq!(tally(&gateway).await, Tally { told: 1, lost: 0, late: 0 });
}

#[rstest]
#[case(Generation::Suite)]
#[case(Generation::Classic)]
#[tokio::test]
async fn a_change_that_no_webhook_told_is_found_and_counted_as_lost(#[case] generation: Generation) {
    let (gateway, deal) = watching(generation).await;
    gateway.account().set_webhook_faults(vec![WebhookFault::new(WebhookFaultKind::Drop).times(1)]);
    gateway.change("deals", deal, &stage(&gateway.account(), "Demo")).await;
    gateway.account().advance(Duration::from_secs(400));
    gateway.look().await;
    assert_eq!(changes(&gateway).await, [moved("New", "Demo", SeenBy::Poll)]);
    assert_eq!(tally(&gateway).await.lost_ratio(), Some(1.0));
    gateway.change("deals", deal, &stage(&gateway.account(), "Negotiation")).await;
    gateway.settle().await;
    assert_eq!(changes(&gateway).await[1..], [moved("Demo", "Negotiation", SeenBy::Webhook)]);
    assert_eq!(tally(&gateway).await.lost_ratio(), Some(0.5));
}

#[tokio::test]
async fn there_and_back_and_there_again_is_three_changes_however_often_they_are_told() {
    let (gateway, deal) = watching(Generation::Suite).await;
    gateway.account().set_webhook_faults(vec![WebhookFault::new(WebhookFaultKind::DeliverTwice)]);
    for name in ["Demo", "New", "Demo"] {
        gateway.change("deals", deal, &stage(&gateway.account(), name)).await;
        gateway.account().advance(Duration::from_secs(2));
        gateway.settle().await;
    }
    let by = SeenBy::Webhook;
    let expected = [moved("New", "Demo", by), moved("Demo", "New", by), moved("New", "Demo", by)];
    assert_eq!(changes(&gateway).await, expected);
}

#[rstest]
#[case::json(Encoding::Json)]
#[case::xml(Encoding::Xml)]
#[case::form(Encoding::Form)]
#[tokio::test]
async fn every_encoding_tells_the_same(#[case] encoding: Encoding) {
    let (gateway, deal) = watching(Generation::Suite).await;
    let token = Authentication::Token { token: SECRET.into() };
    let webhook = Webhook { encoding, authentication: token, headers: Default::default(), ..webhook(&gateway) };
    gateway.account().set_workflow(1, Workflow::new("deals", Kind::Deal, webhook)).unwrap();
    gateway.change("deals", deal, &json!({ "amount": "1250.50" })).await;
    gateway.settle().await;
    let expected = ("amount".to_owned(), json!("10"), json!("1250.5"), SeenBy::Webhook);
    assert_eq!(changes(&gateway).await, [expected]);
}

#[tokio::test]
async fn a_deal_made_since_is_a_change_and_one_from_before_is_not() {
    let (gateway, _) = watching(Generation::Suite).await;
    gateway.account().set_webhook_faults(vec![WebhookFault::new(WebhookFaultKind::Drop)]);
    gateway.account().advance(Duration::from_secs(2));
    gateway.account().seed_deal(&json!({ "name": "Loom", "amount": 20 }));
    gateway.account().advance(Duration::from_secs(400));
    gateway.look().await;
    let expected = ("created".to_owned(), Value::Null, json!(true), SeenBy::Poll);
    assert_eq!(changes(&gateway).await, [expected]);
}

#[tokio::test]
async fn more_rows_than_a_page_are_all_read() {
    let gateway = TestGateway::builder().rules(RULES.split("time_zone").next().unwrap()).open().await;
    for number in 0..230 {
        gateway.account().seed_deal(&json!({ "name": format!("Deal {number}"), "amount": number }));
    }
    gateway.account().advance(Duration::from_secs(120));
    gateway.look().await;
    assert!(changes(&gateway).await.is_empty());
    gateway.account().advance(Duration::from_secs(120));
    let deals: Vec<i64> = gateway.account().deals().iter().map(|deal| deal["id"].as_i64().unwrap()).collect();
    for deal in deals {
        gateway.change("deals", deal, &json!({ "amount": 1_000 })).await;
    }
    gateway.account().advance(Duration::from_secs(400));
    gateway.look().await;
    assert_eq!(changes(&gateway).await.len(), 230);
}

#[tokio::test]
async fn a_store_that_fails_does_not_have_the_same_page_paid_for_again_at_once() {
    let gateway = TestGateway::builder().rules(RULES).disk_of(150).open().await;
    let deal = gateway.account().seed_deal(&json!({ "name": "Engine", "amount": 10 }));
    gateway.account().advance(Duration::from_secs(120));
    gateway.look().await;
    gateway.change("deals", deal, &stage(&gateway.account(), "Demo")).await;
    // A change that is found has no room in the inbox any more.
    let mut full = false;
    for number in 0..1_000 {
        let text = format!("{number}{}", "x".repeat(3_000));
        full = gateway.post("/v1/notes", &json!({ "text": text, "email": "ada@example.com" })).await.status == 507;
        if full {
            break;
        }
    }
    assert!(full);
    gateway.account().advance(Duration::from_secs(400));
    gateway.account().clear_requests();
    for _ in 0..5 {
        assert!(gateway.engine().run_once().await.is_err());
    }
    let pages = gateway.account().requests().iter().filter(|seen| seen.path.contains("filtered_search")).count();
    assert_eq!(pages, 1);
    gateway.account().advance(Duration::from_secs(31));
    drop(gateway.engine().run_once().await);
    let pages = gateway.account().requests().iter().filter(|seen| seen.path.contains("filtered_search")).count();
    assert_eq!(pages, 2);
}
