//! The account's quota, shared with another tool, on the stepped clock.

use std::time::Duration;

use freshsales_sandbox::{Generation, Kind, Plan};
use jiff::SignedDuration;
use leadgate_testkit::TestGateway;
use serde_json::json;

/// Seconds between two requests of the other tool: 300 an hour, which is 30 % of the hour, evenly.
const PACE: i64 = 12;

/// What came of the hours in which 3,000 leads were carried in beside another tool.
struct Hours {
    refused: u64,
    used_percent: Vec<u64>,
    interactive_took: SignedDuration,
}

/// Posts 3,000 leads of the bulk lane to a Classic account of 1000 requests an hour and 400 a minute, of which another tool uses 30 %:
/// 300 an hour.
async fn three_thousand_beside_another_tool() -> Hours {
    let gateway = TestGateway::builder().generation(Generation::Classic).plan(Plan::Growth).open().await;
    post_three_thousand(&gateway).await;
    let account = gateway.account();
    let start = account.now();
    let (mut used_percent, mut interactive_took) = (Vec::new(), SignedDuration::MAX);
    let (mut others, mut ours_before) = (0_u64, account.request_count());
    let mut hour = 1;
    while account.count(Kind::Lead) <= 3_000 && hour < 7 {
        pump(&gateway).await;
        step(&gateway, start).await;
        let elapsed = account.now().duration_since(start).as_secs();
        others += if elapsed % PACE == 0 { u64::from(account.drain_quota(1)) } else { 0 };
        if elapsed == 5_004 {
            interactive_took = interactive(&gateway).await;
        }
        if elapsed >= hour * 3_600 {
            let ours = account.request_count() - ours_before;
            used_percent.push(ours * 100 / (1_000 - others));
            (others, ours_before, hour) = (0, account.request_count(), hour + 1);
        }
    }
    assert!(
        account.now().duration_since(start) < SignedDuration::from_hours(6),
        "{} landed",
        account.count(Kind::Lead)
    );
    Hours { refused: account.refused_429(), used_percent, interactive_took }
}

async fn post_three_thousand(gateway: &TestGateway) {
    for number in 0..3_000 {
        let lead = json!({ "email": format!("lead{number}@example.com"), "lane": "bulk" });
        gateway.post_with("/v1/leads", &lead, &[("prefer", "respond-async")]).await;
    }
}

async fn pump(gateway: &TestGateway) {
    while !gateway.engine().run_once().await.unwrap().is_idle() {}
}

/// Moves the clock to what comes first: the gateway's next due moment, or the other tool's next request.
async fn step(gateway: &TestGateway, start: jiff::Timestamp) {
    let now = gateway.account().now();
    let elapsed = now.duration_since(start).as_secs();
    let others = start + SignedDuration::from_secs((elapsed / PACE + 1) * PACE);
    let due = gateway.engine().next_due().await.unwrap().filter(|due| *due > now);
    let next = due.map_or(others, |due| due.min(others));
    gateway.account().advance(Duration::try_from(next.duration_since(now)).unwrap());
}

/// An interactive lead in the middle of it all; answers how long it took to land, in virtual time.
async fn interactive(gateway: &TestGateway) -> SignedDuration {
    let posted_at = gateway.account().now();
    let answer = gateway.post("/v1/leads", &json!({ "email": "now@example.com", "first_name": "Now" })).await;
    for _ in 0..20 {
        pump(gateway).await;
        let story = gateway.get(&format!("/v1/submissions/{}", answer.submission())).await;
        if story.body["status"] == "done" {
            break;
        }
        gateway.account().advance(Duration::from_millis(250));
    }
    gateway.account().now().duration_since(posted_at)
}

#[tokio::test]
async fn an_interactive_lead_right_behind_an_import_is_not_planned_behind_it() {
    let gateway = TestGateway::builder().generation(Generation::Classic).plan(Plan::Growth).open().await;
    post_three_thousand(&gateway).await;
    let took = interactive(&gateway).await;
    assert!(took <= SignedDuration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn budget_is_used_up_without_a_429_and_an_interactive_lead_goes_first() {
    let hours = three_thousand_beside_another_tool().await;
    println!("used of what the other tool left, by hour: {:?} %", hours.used_percent);
    println!("interactive lead landed after {:?} of virtual time", hours.interactive_took);
    assert_eq!(hours.refused, 0);
    assert!(hours.used_percent.iter().all(|percent| *percent >= 95), "{:?}", hours.used_percent);
    assert!(hours.interactive_took <= SignedDuration::from_secs(2));
}
