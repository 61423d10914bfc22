//! Deliveries from the queue to their receivers, through the engine of a whole gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use leadgate_core::delivery::NewDelivery;
use leadgate_core::identity::IdentityKey;
use leadgate_store::deliveries::{DeliveryClaim, DeliveryProgress, DestinationRoom};
use leadgate_testkit::{Behaviour, TestGateway, TestReceiver};
use serde_json::json;

use crate::courier::SHARED;

/// Rules with one webhook for each receiver, named `r0`, `r1` and so on.
fn rules(receivers: &[&TestReceiver], more: &str) -> String {
    let each = receivers.iter().enumerate().map(|(number, receiver)| {
        let url = receiver.url();
        format!("[destinations.r{number}]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"{SHARED}\"]\nallow = [\"127.0.0.1\"]\n{more}\n")
    });
    each.collect()
}

async fn gateway(receivers: &[&TestReceiver], more: &str) -> TestGateway {
    TestGateway::builder().rules(&rules(receivers, more)).open().await
}

async fn add(gateway: &TestGateway, id: &str, destination: &str, record: &str) {
    let content = json!({"type": "test", "data": {"record": record}});
    let ordering = IdentityKey::from_stored(record.to_owned());
    let delivery = NewDelivery { id: id.to_owned(), destination: destination.to_owned(), ordering, content };
    gateway.store().add_delivery(delivery, false, gateway.account().now()).await.unwrap();
}

fn ids(receiver: &TestReceiver) -> Vec<String> {
    receiver.received().iter().map(|received| received.header("webhook-id").to_owned()).collect()
}

async fn progress(gateway: &TestGateway, id: &str) -> DeliveryProgress {
    gateway.store().delivery(id).await.unwrap().unwrap().summary.progress
}

#[tokio::test]
async fn deliveries_of_a_record_arrive_in_order_whatever_fails_in_between() {
    let receiver = TestReceiver::start().await;
    let gateway = gateway(&[&receiver], "").await;
    receiver.next([500, 503, 200, 404].map(Behaviour::Answer));
    for number in 0..20 {
        add(&gateway, &format!("d{number:02}"), "r0", &format!("deal:{}", number % 3)).await;
    }
    gateway.settle().await;
    let mut by_record: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for received in receiver.received() {
        let record = received.body["data"]["record"].as_str().unwrap().to_owned();
        by_record.entry(record).or_default().push(received.header("webhook-id").to_owned());
    }
    assert_eq!(by_record.values().map(Vec::len).sum::<usize>(), 23, "three of them twice");
    assert!(by_record.values().all(|ids| ids.is_sorted()), "{by_record:?}");
}

#[tokio::test]
async fn what_fails_is_tried_by_the_schedule_and_then_parked() {
    let receiver = TestReceiver::start().await;
    let gateway = gateway(&[&receiver], "retries = [\"5s\", \"5m\"]").await;
    receiver.behave(Behaviour::Answer(400));
    add(&gateway, "d1", "r0", "x").await;
    add(&gateway, "d2", "r0", "x").await;
    gateway.settle().await;
    assert_eq!(ids(&receiver), ["d1", "d1", "d1", "d2", "d2", "d2"]);
    assert_eq!(progress(&gateway, "d1").await, DeliveryProgress::Parked);
    receiver.behave(Behaviour::Answer(200));
    assert_eq!(gateway.post("/v1/deliveries/retry", &json!({})).await.body, json!({"retried": 2}));
    gateway.settle().await;
    assert_eq!(ids(&receiver)[6..], ["d1", "d2"]);
    assert_eq!(gateway.post("/v1/deliveries/d1/retry", &json!({})).await.status, 200);
    gateway.settle().await;
    assert_eq!(ids(&receiver)[8..], ["d1"], "one that was delivered can be sent again too");
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it() {
    let receiver = TestReceiver::start().await;
    let gateway = gateway(&[&receiver], "").await;
    receiver.next([Behaviour::AnswerWith(429, "retry-after", "600".to_owned())]);
    add(&gateway, "d1", "r0", "x").await;
    let began = gateway.account().now();
    gateway.engine().run_once().await.unwrap();
    add(&gateway, "d2", "r0", "y").await;
    assert_eq!(gateway.engine().run_once().await.unwrap().deliveries, 0, "the whole destination waits");
    gateway.settle().await;
    assert!(gateway.account().now().duration_since(began) >= SignedDuration::from_secs(600));
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn who_is_gone_is_switched_off_until_a_person_acts() {
    let receiver = TestReceiver::start().await;
    let gateway = gateway(&[&receiver], "").await;
    receiver.next([Behaviour::Answer(410)]);
    add(&gateway, "d1", "r0", "x").await;
    add(&gateway, "d2", "r0", "x").await;
    gateway.settle().await;
    assert_eq!((ids(&receiver), progress(&gateway, "d2").await), (vec!["d1".to_owned()], DeliveryProgress::Waiting));
    let test = gateway.post("/v1/destinations/r0/test", &json!({})).await;
    gateway.settle().await;
    let tested = &receiver.received()[1];
    assert_eq!(
        (tested.header("leadgate-test"), tested.header("webhook-id")),
        ("true", test.body["delivery"].as_str().unwrap())
    );
    assert_eq!(gateway.post("/v1/destinations/r0/enable", &json!({})).await.body["was_off"], true);
    gateway.settle().await;
    assert_eq!(ids(&receiver)[2..], ["d2"]);
}

#[tokio::test]
async fn a_dead_receiver_costs_the_others_nothing() {
    let (dead, well) = (TestReceiver::start().await, TestReceiver::start().await);
    let gateway = gateway(&[&dead, &well], "").await;
    dead.behave(Behaviour::Dead);
    for number in 0..40 {
        add(&gateway, &format!("dead{number}"), "r0", &number.to_string()).await;
        add(&gateway, &format!("well{number}"), "r1", &number.to_string()).await;
    }
    let engine = gateway.engine().clone();
    let running = tokio::spawn(async move { engine.run(std::future::pending()).await });
    well.wait_for(40).await;
    assert!(dead.received().len() <= 4, "it has slots of its own: {}", dead.received().len());
    running.abort();
}

#[tokio::test]
async fn a_delivery_leaves_at_once_when_it_is_kept() {
    let receiver = TestReceiver::start().await;
    let gateway = gateway(&[&receiver], "").await;
    let engine = gateway.engine().clone();
    let running = tokio::spawn(async move { engine.run(std::future::pending()).await });
    for number in 1..=5 {
        add(&gateway, &format!("d{number}"), "r0", "x").await;
        let began = std::time::Instant::now();
        receiver.wait_for(number).await;
        assert!(began.elapsed() < Duration::from_secs(4), "it was found by a poll");
    }
    running.abort();
}

#[tokio::test]
async fn what_a_dead_process_had_leased_is_sent_under_the_same_id() {
    let receiver = TestReceiver::start().await;
    let gateway = gateway(&[&receiver], "").await;
    add(&gateway, "d1", "r0", "x").await;
    let now = gateway.account().now();
    let lease_until = now + SignedDuration::from_secs(45);
    let room = DestinationRoom { name: "r0".to_owned(), room: 1, tests_only: false, lease_until };
    let claim = DeliveryClaim { worker: "dead".to_owned(), now, destinations: vec![room] };
    assert_eq!(gateway.store().claim_deliveries(claim).await.unwrap().len(), 1);
    gateway.settle().await;
    assert_eq!(ids(&receiver), ["d1"]);
    assert!(gateway.account().now() >= lease_until);
}

#[tokio::test]
async fn what_waits_for_a_destination_that_is_gone_is_parked_also_when_none_is_left() {
    let receiver = TestReceiver::start().await;
    for gateway in [gateway(&[&receiver], "").await, TestGateway::open().await] {
        add(&gateway, "d1", "gone", "deal:1").await;
        gateway.settle().await;
        let told = gateway.store().delivery("d1").await.unwrap().unwrap().summary;
        assert_eq!(told.progress, DeliveryProgress::Parked);
        assert!(told.parked_because.unwrap().contains("no destination of this name"));
    }
}

#[tokio::test]
async fn the_loop_parks_what_comes_while_the_rules_have_no_destination() {
    let gateway = TestGateway::open().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let engine = gateway.engine().clone();
    let running = tokio::spawn(async move { engine.run(async { drop(stopped.await) }).await });
    add(&gateway, "d1", "gone", "deal:1").await;
    let parked = async {
        while progress(&gateway, "d1").await != DeliveryProgress::Parked {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), parked).await.unwrap();
    drop(stop);
    running.await.unwrap();
}
