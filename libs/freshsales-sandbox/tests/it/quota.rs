//! Two fixed windows per account, shared with other tools.

use std::time::Duration;

use freshsales_sandbox::{Plan, QuotaBody, SandboxConfig, Switches};

use crate::client::{App, config};

async fn with_plan(plan: Plan) -> App {
    App::with(SandboxConfig { plan, ..config() }).await
}

#[tokio::test]
async fn every_authenticated_reply_describes_the_hour_window() {
    let app = with_plan(Plan::Growth).await;
    for (path, remaining) in [("/selector/owners", "999"), ("/contacts/1", "998"), ("/nowhere", "997")] {
        let got = app.get(path).await;
        assert_eq!(got.header("x-ratelimit-limit"), Some("1000"));
        assert_eq!(got.header("x-ratelimit-remaining"), Some(remaining));
        assert_eq!(got.header("x-ratelimit-reset"), Some("150626130000"));
    }
    assert_eq!(with_plan(Plan::Off).await.get("/selector/owners").await.header("x-ratelimit-limit"), None);
}

#[tokio::test]
async fn the_hour_window_refuses_until_the_clock_s_hour_ends() {
    let app = with_plan(Plan::Custom { hour: 3, minute: 100 }).await;
    assert_eq!(app.account.drain_quota(5), 3);
    let refused = app.get("/selector/owners").await;
    assert_eq!((refused.status, refused.text.as_str()), (429, ""));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("retry-after"), None);
    assert_eq!(app.account.refused_429(), 1);

    app.account.advance(Duration::from_secs(29 * 60 + 29));
    assert_eq!(app.get("/selector/owners").await.status, 429);
    app.account.advance(Duration::from_secs(1));
    assert_eq!(app.get("/selector/owners").await.status, 200);
    assert_eq!(app.account.quota().hour_used, 1);
}

#[tokio::test]
async fn a_refusal_by_the_minute_window_describes_that_window() {
    let app = with_plan(Plan::Growth).await;
    assert_eq!(app.account.drain_quota(1000), 400);
    let refused = app.get("/selector/owners").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("x-ratelimit-limit"), Some("400"));
    assert_eq!(refused.header("x-ratelimit-reset"), Some("150626123100"));
    app.account.advance(Duration::from_secs(30));
    let after = app.get("/selector/owners").await;
    assert_eq!((after.status, after.header("x-ratelimit-remaining")), (200, Some("599")));
}

#[tokio::test]
async fn the_body_of_a_refusal_is_a_switch() {
    let app = with_plan(Plan::Custom { hour: 0, minute: 0 }).await;
    app.account.set_switches(Switches { quota_body: QuotaBody::Json, ..Switches::default() });
    assert_eq!(app.get("/selector/owners").await.ok(429)["errors"]["message"][0], "Too many requests");
}

#[tokio::test]
async fn a_request_without_a_key_costs_nothing() {
    let app = with_plan(Plan::Growth).await;
    let url = format!("{}/api/selector/owners", app.sandbox.root_url());
    assert_eq!(App::send(app.http.get(url)).await.status, 401);
    assert_eq!(app.account.quota().hour_used, 0);
}

#[test]
fn plans_have_the_published_limits() {
    let limits = crate::fixtures::document("rate_limit")["limits"]["suite"].clone();
    for (name, plan) in
        [("Free", Plan::Free), ("Growth", Plan::Growth), ("Pro", Plan::Pro), ("Enterprise", Plan::Enterprise)]
    {
        let (hour, minute) = plan.limits().unwrap();
        assert_eq!((&limits[name]["per_hour"], &limits[name]["per_minute"]), (&hour.into(), &minute.into()), "{name}");
    }
}
