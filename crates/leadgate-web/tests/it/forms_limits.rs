//! How often may be posted, and what of forms is counted and logged.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::forms::{ADA, DEMO, from_page, urlencoded};
use crate::test_gateway::TestGateway;

fn from(address: &str, forwarded: Option<&str>, email: &str) -> Request<Body> {
    let mut builder = from_page();
    if let Some(forwarded) = forwarded {
        builder = builder.header("x-forwarded-for", forwarded);
    }
    let mut request = urlencoded(builder, &format!("form_key=pk_demo_1234&email={email}"));
    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(address.parse().unwrap()));
    request
}

async fn statuses(gateway: &TestGateway, requests: impl IntoIterator<Item = Request<Body>>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(gateway.send(request).await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn one_address_has_a_rate_and_others_have_theirs() {
    let gateway = TestGateway::with_rules(DEMO);
    let post = |n: usize| from("203.0.113.7:1000", None, &format!("a%40n{n}.test"));
    assert_eq!(statuses(&gateway, (0..4).map(post)).await, [202, 202, 202, 429]);
    assert_eq!(statuses(&gateway, [from("203.0.113.8:1000", None, "a%40other.test")]).await, [202]);
    let refused = gateway.send(post(5)).await;
    assert_eq!((refused.header("retry-after"), gateway.store.kept()), ("21", 4));
    gateway.clock.step(SignedDuration::from_secs(20));
    assert_eq!(statuses(&gateway, [post(6), post(7)]).await, [202, 429]);
    gateway.clock.step(SignedDuration::from_mins(10));
    assert_eq!(statuses(&gateway, (8..12).map(post)).await, [202, 202, 202, 429]);
}

#[tokio::test]
async fn a_forwarded_address_counts_only_where_a_proxy_is_trusted() {
    let claims = |n: usize| from("203.0.113.7:1000", Some(&format!("10.0.0.{n}")), &format!("a%40n{n}.test"));
    let direct = TestGateway::with_rules(DEMO);
    assert_eq!(statuses(&direct, (0..4).map(claims)).await, [202, 202, 202, 429]);
    let behind = TestGateway::with_rules(&format!("{DEMO}trust_forwarded_for = true\n"));
    assert_eq!(statuses(&behind, (0..4).map(claims)).await, [202, 202, 202, 202]);
    let spoofed = |n: usize| from("10.0.0.1:1", Some(&format!("1.1.1.{n}, 198.51.100.9")), &format!("b%40n{n}.test"));
    assert_eq!(statuses(&behind, (0..4).map(spoofed)).await, [202, 202, 202, 429]);
}

#[tokio::test]
async fn one_household_has_one_rate() {
    let gateway = TestGateway::with_rules(DEMO);
    let post = |n: usize| from(&format!("[2001:db8:1:2:{n}::1]:1000"), None, &format!("a%40n{n}.test"));
    assert_eq!(statuses(&gateway, (0..4).map(post)).await, [202, 202, 202, 429]);
}

#[tokio::test]
async fn one_email_domain_has_a_rate_whoever_sends() {
    let gateway = TestGateway::with_rules(DEMO);
    let post = |n: usize| from(&format!("203.0.113.{n}:1000"), None, &format!("n{n}%40Flood.test"));
    assert_eq!(statuses(&gateway, (0..5).map(post)).await, [202, 202, 202, 202, 429]);
    assert_eq!(statuses(&gateway, [from("203.0.113.99:1", None, "a%40calm.test")]).await, [202]);
    gateway.clock.step(SignedDuration::from_hours(1));
    assert_eq!(statuses(&gateway, [post(6)]).await, [202]);
}

#[tokio::test]
async fn one_form_does_not_use_up_the_rate_of_another() {
    let two = format!("{DEMO}{}", DEMO.replace("forms.demo", "forms.other"));
    let gateway = TestGateway::with_rules(&two);
    let post = |n: usize| from("203.0.113.7:1000", None, &format!("a%40n{n}.test"));
    statuses(&gateway, (0..4).map(post)).await;
    let (mut parts, body) = post(9).into_parts();
    parts.uri = "/forms/other".parse().unwrap();
    assert_eq!(statuses(&gateway, [Request::from_parts(parts, body)]).await, [202]);
}

#[tokio::test]
async fn what_becomes_of_posts_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let gateway = TestGateway::with_rules(&DEMO.replace("3/1m", "5/1m"));
    for more in ["", "", "&website2=x", "&form_key=pk&email=x", "&email=x", "&email=y"] {
        gateway.send(urlencoded(from_page(), &format!("{ADA}{more}"))).await;
    }
    let text = recorder.handle().render();
    for (outcome, count) in [("accepted", 1), ("repeat", 1), ("robot", 1), ("refused", 2), ("limited", 1)] {
        let line = format!("leadgate_form_posts_total{{form=\"demo\",outcome=\"{outcome}\"}} {count}");
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
    assert!(text.contains("leadgate_accepts_total{route=\"form\",outcome=\"accepted\"} 1"), "{text}");
}
