//! Deliveries: state at send time, log, time-out, tries, faults, and the control API for all of it.

use std::time::Duration;

use freshsales_sandbox::{
    Content, DeliveryResult, DeliverySeen, Kind, Sandbox, SandboxConfig, Switches, Webhook, WebhookFault,
    WebhookFaultKind, Workflow,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, Got, config};
use crate::receiver::{Manner, Receiver};

fn workflow(receiver: &Receiver) -> Workflow {
    Workflow::new("new contacts", Kind::Contact, Webhook::post(&receiver.url, Content::simple(&["last_name"])))
}

fn seed(app: &App, names: &[&str]) {
    for name in names {
        app.account.seed_contact(&json!({"last_name": name}));
    }
}

fn names(receiver: &Receiver) -> Vec<String> {
    receiver.hits().iter().map(|hit| hit.json()["contact_last_name"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn control(app: &App, method: Method, path: &str, body: Value) -> Got {
    let request = app.http.request(method, format!("{}/__sandbox/workflows{path}", app.sandbox.root_url()));
    App::send(if body.is_null() { request } else { request.json(&body) }).await
}

#[tokio::test]
async fn the_reply_does_not_wait_and_the_body_says_what_is_true_when_it_is_sent() {
    let (app, silent) = (App::start().await, Receiver::answering(Manner::Silence).await);
    app.account.add_workflow(workflow(&silent)).unwrap();
    // The first delivery hangs, so the second waits behind it, while the API goes on answering.
    seed(&app, &["A"]);
    let contact = app.post("/contacts", &json!({"last_name": "B"})).await.ok(201)["contact"]["id"].clone();
    app.put(&format!("/contacts/{contact}"), &json!({"last_name": "C"})).await.ok(200);
    let waiting = control(&app, Method::GET, "/deliveries", Value::Null).await.ok(200);
    assert_eq!((&waiting["total"], &waiting["waiting"]), (&json!(0), &json!(3)));
    let receiver = Receiver::start().await;
    app.account.set_workflow(1, workflow(&receiver)).unwrap();
    app.account.reset();
    app.account.webhooks_settled().await;
    assert_eq!(app.account.deliveries(), []);
}

#[tokio::test]
async fn a_held_back_delivery_shows_the_later_state() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    app.account.add_workflow(workflow(&receiver)).unwrap();
    app.account.set_webhook_faults(vec![WebhookFault::new(WebhookFaultKind::Reorder).times(1)]);
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    app.put(&format!("/contacts/{contact}"), &json!({"last_name": "B"})).await.ok(200);
    app.account.webhooks_settled().await;
    assert_eq!(names(&receiver), ["B", "B"]);
}

#[tokio::test]
async fn the_log_says_where_what_and_how_it_ended() {
    let (app, receiver) = (App::start().await, Receiver::answering(Manner::Status(503)).await);
    app.account.add_workflow(workflow(&receiver)).unwrap();
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    app.account.webhooks_settled().await;
    let seen: DeliverySeen = app.account.deliveries().remove(0);
    assert_eq!((seen.record, seen.url.as_str(), seen.status), (contact, receiver.url.as_str(), Some(503)));
    assert_eq!((seen.result, seen.body.as_str()), (DeliveryResult::Refused, r#"{"contact_last_name":"A"}"#));
    assert_eq!(receiver.hits().len(), 1);
}

#[tokio::test]
async fn the_log_forgets_the_oldest() {
    let (app, receiver) =
        (App::with(SandboxConfig { remembered_deliveries: 2, ..config() }).await, Receiver::start().await);
    app.account.add_workflow(workflow(&receiver)).unwrap();
    seed(&app, &["A", "B", "C"]);
    app.account.webhooks_settled().await;
    assert_eq!(app.account.deliveries().iter().map(|seen| seen.delivery).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (app, trap) = (App::start().await, Receiver::start().await);
    let location: &'static str = Box::leak(trap.url.clone().into_boxed_str());
    let receiver = Receiver::answering(Manner::RedirectTo(location)).await;
    app.account.add_workflow(workflow(&receiver)).unwrap();
    seed(&app, &["A"]);
    app.account.webhooks_settled().await;
    assert_eq!((app.account.deliveries()[0].status, trap.hits().len()), (Some(307), 0));
}

#[tokio::test]
async fn a_receiver_that_is_not_there_and_one_that_is_silent_are_told_apart() {
    let switches = Switches { webhook_timeout_seconds: 1, ..Switches::default() };
    let app = App::with(SandboxConfig { switches, ..config() }).await;
    let silent = Receiver::answering(Manner::Silence).await;
    let mut gone = workflow(&silent);
    gone.webhook.url = "http://127.0.0.1:1/".to_owned();
    app.account.add_workflow(gone).unwrap();
    app.account.add_workflow(workflow(&silent)).unwrap();
    seed(&app, &["A"]);
    app.account.webhooks_settled().await;
    let seen = app.account.deliveries();
    assert_eq!([seen[0].result, seen[1].result], [DeliveryResult::Unreachable, DeliveryResult::TimedOut]);
    assert!(seen[1].duration_milliseconds >= 1000 && seen[1].error.as_deref() == Some("no answer within 1 s"));
}

#[rstest]
#[case(1, 60, 1)]
#[case(3, 60, 3)]
#[case(3, 200, 2)]
#[tokio::test]
async fn tries_wait_for_the_accounts_clock(#[case] tries: u32, #[case] pause: u32, #[case] hits: u32) {
    let switches = Switches { webhook_tries: tries, webhook_retry_after_seconds: pause, ..Switches::default() };
    let app = App::with(SandboxConfig { switches, ..config() }).await;
    let receiver = Receiver::answering(Manner::Status(500)).await;
    app.account.add_workflow(workflow(&receiver)).unwrap();
    seed(&app, &["A"]);
    app.account.webhooks_settled().await;
    assert_eq!(receiver.hits().len(), 1);
    for _ in 0..5 {
        app.account.advance(Duration::from_secs(60));
        app.account.webhooks_settled().await;
    }
    assert_eq!(receiver.hits().len(), hits as usize);
    let attempts: Vec<u32> = app.account.deliveries().iter().map(|seen| seen.attempt).collect();
    assert_eq!(attempts, (1..=hits).collect::<Vec<_>>());
}

#[rstest]
#[case(WebhookFaultKind::DeliverTwice, &["A", "A", "B", "C"])]
#[case(WebhookFaultKind::Reorder, &["B", "A", "C"])]
#[case(WebhookFaultKind::Drop, &["B", "C"])]
#[tokio::test]
async fn faults_double_reorder_and_lose(#[case] kind: WebhookFaultKind, #[case] expected: &[&str]) {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    app.account.add_workflow(workflow(&receiver)).unwrap();
    app.account.set_webhook_faults(vec![WebhookFault::new(kind).times(1)]);
    seed(&app, &["A", "B", "C"]);
    app.account.webhooks_settled().await;
    assert_eq!(names(&receiver), expected);
    assert_eq!(app.account.deliveries().iter().filter(|seen| seen.fault == Some(kind)).count().min(1), 1);
}

#[tokio::test]
async fn what_nothing_overtakes_goes_out_five_seconds_later() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    app.account.add_workflow(workflow(&receiver)).unwrap();
    app.account.set_webhook_faults(vec![WebhookFault::new(WebhookFaultKind::Reorder)]);
    seed(&app, &["A"]);
    app.account.webhooks_settled().await;
    assert!(names(&receiver).is_empty());
    app.account.advance(Duration::from_secs(5));
    app.account.webhooks_settled().await;
    assert_eq!(names(&receiver), ["A"]);
}

#[tokio::test]
async fn a_record_that_is_gone_for_good_sends_nothing() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    app.account.add_workflow(workflow(&receiver)).unwrap();
    app.account.set_webhook_faults(vec![WebhookFault::new(WebhookFaultKind::Reorder)]);
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    app.delete(&format!("/contacts/{contact}/forget")).await.ok(200);
    app.account.advance(Duration::from_secs(5));
    app.account.webhooks_settled().await;
    assert_eq!((receiver.hits().len(), app.account.deliveries()[0].result), (0, DeliveryResult::Obsolete));
}

#[tokio::test]
async fn rules_are_set_up_tested_and_removed_over_http() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let rule = json!({"name": "won", "kind": "deal", "trigger": "updated",
        "conditions": {"any": [{"field": "deal_stage_id", "operator": "changed", "to": "Won"}]},
        "webhook": {"url": receiver.url, "authentication": {"type": "token", "token": "t"},
            "headers": {"x-a": "b"}, "encoding": "form", "content": {"simple": ["id"]}}});
    let made = control(&app, Method::POST, "", rule.clone()).await.ok(200);
    assert_eq!((&made["id"], &made["enabled"], &made["webhook"]["method"]), (&json!(1), &json!(true), &json!("POST")));
    assert_eq!(control(&app, Method::POST, "/1/test", Value::Null).await.status, 400);
    let deal = app.account.seed_deal(&json!({"name": "A", "amount": 1}));
    assert_eq!(control(&app, Method::POST, "/1/test", json!({"record": deal})).await.ok(200)["delivery"], 1);
    app.account.webhooks_settled().await;
    assert_eq!(receiver.hits()[0].body, format!("deal_id={deal}"));
    let log = control(&app, Method::GET, "/deliveries?limit=1", Value::Null).await.ok(200);
    let first = &log["deliveries"][0];
    assert_eq!((&first["test"], &first["status"], &first["result"]), (&json!(true), &json!(200), &json!("delivered")));
    let changed = control(
        &app,
        Method::PUT,
        "/1",
        json!({"id": 1, "name": "w", "kind": "deal",
        "webhook": {"url": receiver.url, "content": {"advanced": "x"}}}),
    )
    .await
    .ok(200);
    assert_eq!((&changed["name"], &changed["trigger"]), (&json!("w"), &json!("created_or_updated")));
    assert_eq!(control(&app, Method::DELETE, "/1", Value::Null).await.ok(200), json!({"workflows": []}));
    assert_eq!(control(&app, Method::DELETE, "/1", Value::Null).await.status, 400);
    assert_eq!(control(&app, Method::GET, "/1", Value::Null).await.status, 404);
}

#[rstest]
#[case(json!({"name": "a", "kind": "note", "webhook": {"url": "http://h/", "content": {"simple": ["id"]}}}), "notes have")]
#[case(json!({"name": "a", "kind": "deal", "webhook": {"url": "http://h/", "content": {"simple": ["nme"]}}}), "no field nme")]
#[case(json!({"name": "a", "kind": "deal", "webhook": {"url": "file:///x", "content": {"simple": ["id"]}}}), "only http")]
#[case(json!({"name": "a", "kind": "deal", "wbhook": {}}), "wbhook")]
#[tokio::test]
async fn a_rule_that_cannot_work_is_refused(#[case] rule: Value, #[case] reason: &str) {
    let app = App::start().await;
    let refused = control(&app, Method::POST, "", rule).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["error"].as_str().unwrap().contains(reason), "{}", refused.text);
    assert!(app.account.workflows().is_empty());
}

#[tokio::test]
async fn the_fields_to_tick_can_be_asked_for() {
    let app = App::start().await;
    let listed = control(&app, Method::GET, "/fields/deal", Value::Null).await.ok(200);
    let fields: Vec<&str> = listed["fields"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for field in ["id", "name", "amount", "deal_stage_id", "deal_stage_name", "owner_name", "cf_licence_type"] {
        assert!(fields.contains(&field), "{field} is missing in {fields:?}");
    }
    let rule = Workflow::new("all", Kind::Deal, Webhook::post("http://localhost/", Content::simple(&fields)));
    assert_eq!(rule.check(), Ok(()));
    assert_eq!(control(&app, Method::GET, "/fields/nonsense", Value::Null).await.status, 404);
}

#[tokio::test]
async fn faults_are_set_over_http() {
    let app = App::start().await;
    let faults = json!({"faults": [{"kind": "drop", "probability": 0.5, "workflow": 1}]});
    control(&app, Method::PUT, "/faults", faults).await.ok(200);
    let listed = control(&app, Method::GET, "/faults", Value::Null).await.ok(200);
    assert_eq!((&listed["faults"][0]["kind"], &listed["faults"][0]["remaining"]), (&json!("drop"), &Value::Null));
    control(&app, Method::DELETE, "/faults", Value::Null).await.ok(200);
    assert!(app.account.webhook_faults().is_empty());
    assert_eq!(control(&app, Method::PUT, "/faults", json!({"faults": [{"kind": "explode"}]})).await.status, 400);
}

#[tokio::test]
async fn rules_of_the_configuration_are_there_from_the_start_or_refused() {
    let receiver = Receiver::start().await;
    let app = App::with(SandboxConfig { workflows: vec![workflow(&receiver)], ..config() }).await;
    seed(&app, &["A"]);
    app.account.webhooks_settled().await;
    assert_eq!(names(&receiver), ["A"]);
    app.account.reset();
    assert_eq!(app.account.workflows().len(), 1);
    let mut broken = workflow(&receiver);
    broken.webhook.url = "nowhere".to_owned();
    let config = SandboxConfig { workflows: vec![broken], ..config() };
    let refused = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.unwrap_err();
    assert!(refused.to_string().contains("nowhere"), "{refused}");
}

#[tokio::test]
async fn the_state_of_workflows_serializes_and_reads_back() {
    let (app, receiver) = (App::start().await, Receiver::start().await);
    let id = app.account.add_workflow(workflow(&receiver)).unwrap();
    let written = serde_json::to_string(&app.account.workflows()).unwrap();
    let read: Vec<(u64, Workflow)> = serde_json::from_str(&written).unwrap();
    assert_eq!(read, vec![(id, workflow(&receiver))]);
}
