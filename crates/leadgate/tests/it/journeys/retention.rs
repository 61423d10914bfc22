//! The past is removed after its time, and what still counts is not.

use std::time::Duration;

use jiff::SignedDuration;
use leadgate_core::retention::Retention;
use leadgate_store::retention::RemovedRows;
use leadgate_testkit::TestGateway;
use serde_json::json;

const DAY: u64 = 24 * 3_600;

/// Keeps what has ended for thirty days.
async fn gateway() -> TestGateway {
    let month = Some(SignedDuration::from_hours(24 * 30));
    let retention = Retention { done: month, changes: month, ..Retention::default() };
    TestGateway::builder().engine(|settings| settings.retention = retention).open().await
}

async fn land(gateway: &TestGateway, email: &str) -> String {
    gateway.land("/v1/leads", &json!({ "email": email, "last_name": "King" })).await.submission().to_owned()
}

async fn status(gateway: &TestGateway, submission: &str) -> u16 {
    gateway.get(&format!("/v1/submissions/{submission}")).await.status
}

#[tokio::test]
async fn what_landed_a_month_ago_is_gone_and_what_is_parked_is_not() {
    let gateway = gateway().await;
    let old = land(&gateway, "ada@example.com").await;
    let parked = gateway.land("/v1/notes", &json!({ "text": "x", "email": "nobody@example.com" })).await;
    let parked = parked.submission().to_owned();
    gateway.account().advance(Duration::from_secs(20 * DAY));
    let later = land(&gateway, "bob@example.com").await;
    assert_eq!(gateway.engine().remove_old().await.unwrap(), RemovedRows::default());
    gateway.account().advance(Duration::from_secs(11 * DAY));
    let removed = gateway.engine().remove_old().await.unwrap();
    assert_eq!(removed.submissions, 1, "{removed:?}");
    assert!(removed.attempts >= 1, "{removed:?}");
    let left = [status(&gateway, &old).await, status(&gateway, &parked).await, status(&gateway, &later).await];
    assert_eq!(left, [404, 200, 200]);
    let again = gateway.land("/v1/leads", &json!({ "email": "ada@example.com", "last_name": "King" })).await;
    assert_eq!((again.body["outcome"]["existing"].clone(), gateway.account().contacts().len()), (json!(true), 2));
}

#[tokio::test]
async fn the_loop_removes_at_rest() {
    let gateway = gateway().await;
    let old = land(&gateway, "ada@example.com").await;
    land(&gateway, "bob@example.com").await;
    gateway.account().advance(Duration::from_secs(31 * DAY));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let engine = gateway.engine().clone();
    let running = tokio::spawn(async move { engine.run(async { drop(stopped.await) }).await });
    let gone = async {
        while status(&gateway, &old).await != 404 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
    drop(stop);
    running.await.unwrap();
}
