//! One budget: what goes through is paid for, waits, or is told when there will be room.

use std::sync::Arc;
use std::time::Duration;

use freshsales::Credentials;
use freshsales_sandbox::{Fault, FaultKind, Plan};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::broker::{ApiPath, Broker as _, Origin, PassAnswer, PassMethod, PassRequest, RawRequest};
use leadgate_core::lane::Lane;
use leadgate_crm_freshsales::{FreshsalesCrm, FreshsalesSettings, Network};
use leadgate_engine::{BrokerSettings, QuotaBroker};
use leadgate_testkit::{AccountClock, Answer, GatedAccount, TestGateway};
use serde_json::json;

use super::{contact, header};

const OWNERS: &str = "/api/selector/owners";
const FRESH: (&str, &str) = ("cache-control", "no-cache");
const BULK: (&str, &str) = ("leadgate-lane", "bulk");

/// When a refusal says that there will be room, after it was looked at whether its header says the same.
fn room_at(gateway: &TestGateway, answer: &Answer) -> Timestamp {
    let room_at: Timestamp = answer.body["room_at"].as_str().unwrap().parse().unwrap();
    let seconds: i64 = header(answer, "retry-after").parse().unwrap();
    let exactly = room_at.duration_since(gateway.account().now()).as_secs_f64();
    assert!((exactly..exactly + 1.0).contains(&(seconds as f64)), "{exactly} {seconds}");
    room_at
}

fn advance_to(gateway: &TestGateway, moment: Timestamp) {
    let ahead = moment.duration_since(gateway.account().now());
    gateway.account().advance(Duration::try_from(ahead).unwrap());
}

/// A broker on the gateway's budget, and the gate before its account.
fn gated(gateway: &TestGateway) -> (QuotaBroker, Arc<GatedAccount>) {
    let credentials = Credentials::parse("sandbox-key", &gateway.crm()).unwrap();
    let settings = FreshsalesSettings {
        credentials,
        timeout: Duration::from_secs(5),
        remembered: None,
        network: Network::default(),
    };
    let account = FreshsalesCrm::new(settings, Arc::new(AccountClock(gateway.account())));
    let gate = Arc::new(GatedAccount::shut(Arc::new(account)));
    (QuotaBroker::new(gateway.engine().clone(), Arc::clone(&gate) as _, BrokerSettings::default()), gate)
}

fn read(path: &str) -> PassRequest {
    let path = ApiPath::parse(path).unwrap();
    let ask = RawRequest { method: PassMethod::Get, path, query: None, content_type: None, accept: None, body: vec![] };
    PassRequest { ask, lane: Lane::Bulk, wait: SignedDuration::ZERO, fresh: false }
}

fn origin(answer: &PassAnswer) -> Option<Origin> {
    match answer {
        PassAnswer::Reply(reply, origin) => (reply.status == 200).then_some(*origin),
        _ => None,
    }
}

#[tokio::test]
async fn ten_equal_reads_at_once_cost_one_request_and_one_permit() {
    let gateway = TestGateway::open().await;
    let id = gateway.account().seed_contact(&json!({ "last_name": "Halvorsen" }));
    let (broker, gate) = gated(&gateway);
    let path = format!("contacts/{id}");
    let reads = join_all((0..10).map(|_| broker.pass(read(&path))));
    let (answers, ()) = tokio::join!(reads, async { gate.open() });
    let shared = answers.iter().filter(|answer| origin(answer) == Some(Origin::Shared)).count();
    assert_eq!((shared, origin(&answers[0])), (9, Some(Origin::Asked)));
    assert_eq!((gateway.account().request_count(), gateway.engine().standing().hour_ours), (1, 1));
}

#[tokio::test]
async fn a_read_after_a_write_joins_none_that_began_before_it() {
    let gateway = TestGateway::open().await;
    let id = gateway.account().seed_contact(&json!({ "last_name": "Halvorsen" }));
    let (broker, gate) = gated(&gateway);
    let path = format!("contacts/{id}");
    let mut write = read(&path);
    write.ask.method = PassMethod::Put;
    write.ask.body = json!({ "contact": { "last_name": "Ström" } }).to_string().into_bytes();
    let behind_a_write = async {
        broker.pass(write).await;
        tokio::join!(broker.pass(read(&path)), async { gate.open() }).0
    };
    let (before, after) = tokio::join!(broker.pass(read(&path)), behind_a_write);
    assert_eq!((origin(&before), origin(&after)), (Some(Origin::Asked), Some(Origin::Asked)));
    assert_eq!(gate.passed(), 3);
}

#[tokio::test]
async fn a_spent_quota_refuses_until_its_time_and_then_lets_through() {
    let gateway = TestGateway::builder().plan(Plan::Growth).open().await;
    for others in [400, 400, 200] {
        gateway.account().drain_quota(others);
        gateway.account().advance(Duration::from_secs(61));
    }
    let refused = gateway.read_through(OWNERS, &[]).await;
    assert_eq!((refused.status, refused.body["reason"].as_str()), (429, Some("stop")), "{refused:?}");
    assert_eq!((header(&refused, "x-ratelimit-limit"), header(&refused, "x-ratelimit-remaining")), ("1000", "0"));
    assert_eq!(header(&refused, "x-ratelimit-reset"), "150626150000");
    let before = gateway.account().request_count();
    let again = gateway.through("POST", "/api/contacts", &contact("a@example.com"), &[]).await;
    assert_eq!((again.status, gateway.account().request_count()), (429, before), "nothing is sent");
    advance_to(&gateway, room_at(&gateway, &again));
    assert_eq!(gateway.read_through(OWNERS, &[]).await.status, 200);
    assert_eq!(gateway.through("POST", "/api/contacts", &contact("a@example.com"), &[]).await.status, 201);
}

/// A script that takes the bulk lane for itself, until it is refused.
async fn drain_bulk(gateway: &TestGateway) -> Answer {
    for _ in 0..200 {
        let answer = gateway.read_through(OWNERS, &[FRESH, BULK, ("leadgate-wait", "0")]).await;
        if answer.status != 200 {
            return answer;
        }
    }
    panic!("the lane has no end");
}

#[tokio::test]
async fn interactive_leads_flow_while_a_script_drains_the_bulk_lane() {
    let gateway = TestGateway::builder().engine(|engine| engine.budget.per_hour = Some(100)).open().await;
    let refused = drain_bulk(&gateway).await;
    assert_eq!(
        (refused.status, refused.body["reason"].as_str(), refused.body["lane"].as_str()),
        (429, Some("hour"), Some("bulk"))
    );
    let used = gateway.account().request_count();
    let lead = gateway.land("/v1/leads", &json!({ "email": "now@example.com", "first_name": "Now" })).await;
    assert_eq!((lead.status, gateway.account().contacts().len()), (201, 1));
    assert!((1..100).contains(&used), "{used} of the hour's hundred");
    let refused = drain_bulk(&gateway).await;
    advance_to(&gateway, room_at(&gateway, &refused));
    assert_eq!(gateway.read_through(OWNERS, &[FRESH, BULK]).await.status, 200);
}

#[tokio::test]
async fn a_read_that_meets_the_account_s_429_goes_through_once_there_is_room() {
    let gateway = TestGateway::open().await;
    gateway.account().set_faults(vec![Fault::new(FaultKind::Quota429 { reset_after_seconds: Some(20) }).times(1)]);
    let time = async {
        let stop = loop {
            match gateway.engine().standing().stopped {
                Some(stop) => break stop,
                None => tokio::task::yield_now().await,
            }
        };
        advance_to(&gateway, stop.until);
    };
    let (answer, ()) = tokio::join!(gateway.read_through(OWNERS, &[("leadgate-wait", "60s")]), time);
    assert_eq!((answer.status, gateway.account().request_count()), (200, 2), "{answer:?}");
}

#[tokio::test]
async fn a_write_that_meets_the_account_s_429_is_the_caller_s_to_repeat() {
    let gateway = TestGateway::open().await;
    gateway.account().set_faults(vec![Fault::new(FaultKind::Quota429 { reset_after_seconds: Some(20) }).times(1)]);
    let answer = gateway.through("POST", "/api/contacts", &contact("a@example.com"), &[]).await;
    assert_eq!((answer.status, header(&answer, "leadgate-answer")), (429, "account"));
    assert_eq!(gateway.account().request_count(), 1);
    let next = gateway.through("POST", "/api/contacts", &contact("a@example.com"), &[("leadgate-wait", "0")]).await;
    assert_eq!((next.status, next.body["reason"].as_str()), (429, Some("stop")), "the ledger has heard of it");
}

#[tokio::test]
async fn an_outage_is_told_without_asking() {
    let gateway = TestGateway::open().await;
    gateway.account().set_faults(vec![Fault::new(FaultKind::ServerErrorHtml { status: 503 })]);
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(gateway.read_through(OWNERS, &[("leadgate-wait", "0")]).await);
    }
    assert_eq!((answers[9].status, header(&answers[9], "leadgate-answer")), (503, "account"));
    assert_eq!((answers[11].status, answers[11].body["reason"].as_str()), (429, Some("outage")));
    assert_eq!(gateway.account().request_count(), 10);
}

#[tokio::test]
async fn a_lane_or_a_wait_that_does_not_exist_is_told() {
    let gateway = TestGateway::open().await;
    for wish in [("leadgate-lane", "fast"), ("leadgate-wait", "soon")] {
        let answer = gateway.read_through(OWNERS, &[wish]).await;
        assert_eq!((answer.status, answer.body["type"].as_str()), (400, Some("urn:leadgate:problem:header-wrong")));
    }
    assert_eq!(gateway.account().request_count(), 0);
}
