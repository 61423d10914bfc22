//! What a receiver of webhooks and a Slack channel see, and what their answers mean.

use std::time::Duration;

use jiff::SignedDuration;
use leadgate_core::delivery::DeliveryFailure;
use leadgate_outbound::standard_webhooks::{Message, signatures};
use leadgate_testkit::{Behaviour, TestReceiver};
use rstest::rstest;
use serde_json::json;

use crate::courier::{content, deliver, webhook_rules};

const ALLOW: &str = "allow = [\"127.0.0.1\"]\n";

#[tokio::test]
async fn a_webhook_is_signed_by_every_secret() {
    let receiver = TestReceiver::start().await;
    let rules = webhook_rules(
        &format!("{}/hook?team=1", receiver.url()),
        &format!("{ALLOW}headers = {{ \"X-Team\" = \"sales\" }}"),
    );
    assert_eq!(deliver(&rules, content()).await.result, Ok(()));
    let received = receiver.received().remove(0);
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/hook?team=1"));
    assert_eq!((&received.body, received.header("x-team")), (&content(), "sales"));
    assert_eq!((received.header("webhook-id"), received.header("webhook-timestamp")), ("msg_1", "1614265330"));
    let parsed = leadgate_core::rules::Rules::parse(&rules, &|_| None).unwrap();
    let leadgate_core::destinations::Receiver::Webhook(written) = &parsed.destinations.get("it").unwrap().receiver
    else {
        panic!("no webhook")
    };
    let sent_at = jiff::Timestamp::from_second(1_614_265_330).unwrap();
    let expected = signatures(&Message { id: "msg_1", sent_at, body: &received.raw }, &written.keys).unwrap();
    assert_eq!(received.header("webhook-signature"), expected);
    assert_eq!(received.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_cloud_event_names_itself() {
    let receiver = TestReceiver::start().await;
    let rules = webhook_rules(receiver.url(), &format!("{ALLOW}format = \"cloudevents\""));
    deliver(&rules, content()).await;
    let received = receiver.received().remove(0);
    assert_eq!(received.header("content-type"), "application/cloudevents+json; charset=utf-8");
    assert_eq!((&received.body["specversion"], &received.body["id"]), (&json!("1.0"), &json!("msg_1")));
}

#[tokio::test]
async fn a_channel_gets_its_message() {
    let receiver = TestReceiver::start().await;
    let rules = format!("[destinations.it]\nkind = \"slack\"\nurl = \"{}/T0/B0\"\n{ALLOW}", receiver.url());
    assert_eq!(deliver(&rules, json!({"text": "Ada <ada@example.com>"})).await.result, Ok(()));
    assert_eq!(receiver.received()[0].body, json!({"text": "Ada &lt;ada@example.com&gt;"}));
}

#[rstest]
#[case::created(201, "ok")]
#[case::no_content(204, "ok")]
#[case::redirect(302, "refused")]
#[case::bad_request(400, "refused")]
#[case::not_found(404, "refused")]
#[case::gone(410, "gone")]
#[case::too_many(429, "throttled")]
#[case::failed(500, "trouble")]
#[case::unavailable(503, "trouble")]
#[tokio::test]
async fn what_a_status_means(#[case] status: u16, #[case] class: &str) {
    let receiver = TestReceiver::start().await;
    receiver.behave(Behaviour::AnswerWith(status, "retry-after", "7".to_owned()));
    let answer = deliver(&webhook_rules(receiver.url(), ALLOW), content()).await;
    assert_eq!((answer.class(), answer.status), (class, Some(status)));
    assert_eq!(answer.retry_after, Some(SignedDuration::from_secs(7)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (receiver, inside) = (TestReceiver::start().await, TestReceiver::start().await);
    receiver.behave(Behaviour::AnswerWith(307, "location", inside.url().to_owned()));
    let answer = deliver(&webhook_rules(receiver.url(), ALLOW), content()).await;
    assert_eq!(answer.class(), "refused");
    assert!(inside.received().is_empty());
}

#[tokio::test]
async fn who_never_answers_is_not_waited_for() {
    let receiver = TestReceiver::start().await;
    receiver.behave(Behaviour::Dead);
    let rules = webhook_rules(receiver.url(), &format!("{ALLOW}timeout = \"50ms\""));
    let answer = deliver(&rules, content()).await;
    assert_eq!(answer.result, Err(DeliveryFailure::TimedOut(Duration::from_millis(50))));
}

#[tokio::test]
async fn who_does_not_listen_is_unreachable_and_no_url_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/sesame", listener.local_addr().unwrap());
    drop(listener);
    let answer = deliver(&webhook_rules(&url, ALLOW), content()).await;
    let failure = answer.result.unwrap_err();
    assert_eq!(failure.class(), "unreachable");
    assert!(!failure.to_string().contains("sesame"), "{failure}");
}

#[rstest]
#[case::no_object(json!("x"))]
#[case::no_type(json!({"data": {}}))]
#[tokio::test]
async fn what_is_no_webhook_is_not_sent(#[case] content: serde_json::Value) {
    let receiver = TestReceiver::start().await;
    let answer = deliver(&webhook_rules(receiver.url(), ALLOW), content).await;
    assert_eq!((answer.class(), receiver.received().len()), ("unusable", 0));
}
