//! Measures how long a delivery takes from being kept to being received, and what a dead and a slow destination among five cost the others.
//!
//! `cargo run --release -p leadgate-outbound --example deliveries_bench [-- DELIVERIES_FOR_EACH]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use leadgate_core::delivery::NewDelivery;
use leadgate_core::identity::IdentityKey;
use leadgate_testkit::{Behaviour, TestGateway, TestReceiver};
use serde_json::json;

const PACE: Duration = Duration::from_millis(4);

#[tokio::main]
async fn main() {
    let each = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(500);
    for round in 1..=3 {
        let well = measure(each, false).await;
        let with_trouble = measure(each, true).await;
        println!("round {round}: all well          {}", shown(well));
        println!("round {round}: one dead, one slow {}", shown(with_trouble));
    }
}

fn shown(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    format!("{} deliveries, p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms", times.len(), at(0.5), at(0.99), at(1.0))
}

/// How long the deliveries to the three last of five destinations took.
async fn measure(each: usize, trouble: bool) -> Vec<Duration> {
    let mut receivers = Vec::new();
    for _ in 0..5 {
        receivers.push(TestReceiver::start().await);
    }
    if trouble {
        receivers[0].behave(Behaviour::Dead);
        receivers[1].behave(Behaviour::Slow(Duration::from_secs(2)));
    }
    let rules: String = receivers.iter().enumerate().map(|(number, receiver)| destination(number, receiver)).collect();
    let gateway = TestGateway::builder().rules(&rules).open().await;
    let engine = gateway.engine().clone();
    let running = tokio::spawn(async move { engine.run(std::future::pending()).await });
    let mut kept = BTreeMap::new();
    for number in 0..each {
        for destination in 0..5 {
            let id = format!("{destination}-{number}");
            kept.insert(id.clone(), Instant::now());
            let ordering = IdentityKey::from_stored(format!("deal:{}", number % 50));
            let content = json!({"type": "bench", "data": {"number": number}});
            let delivery = NewDelivery { id, destination: format!("r{destination}"), ordering, content };
            gateway.store().add_delivery(delivery, false, gateway.account().now()).await.unwrap();
        }
        tokio::time::sleep(PACE).await;
    }
    let mut times = Vec::new();
    for receiver in &receivers[2..] {
        let received = receiver.wait_for(each).await;
        times.extend(received.iter().map(|received| received.at - kept[received.header("webhook-id")]));
    }
    running.abort();
    times
}

fn destination(number: usize, receiver: &TestReceiver) -> String {
    let url = receiver.url();
    format!(
        "[destinations.r{number}]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\nallow = [\"127.0.0.1\"]\n"
    )
}
