//! Requests that are to go through to the CRM, at the door: what reaches the port, and what the caller is told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use jiff::SignedDuration;
use leadgate_core::broker::{Broker, NoReply, NoRoom, Origin, PassAnswer, PassRequest, RawReply};
use leadgate_core::lane::Lane;
use leadgate_web::broker::BrokerKeys;
use leadgate_web::router;
use rstest::rstest;
use tower::ServiceExt as _;

use crate::test_gateway::{Answer, KEY, TestGateway, with_key};

/// Answers everything alike, and keeps what it was handed.
struct Port {
    answer: PassAnswer,
    seen: Mutex<Vec<PassRequest>>,
}

#[async_trait::async_trait]
impl Broker for Port {
    async fn pass(&self, request: PassRequest) -> PassAnswer {
        self.seen.lock().unwrap().push(request);
        self.answer.clone()
    }
}

struct Door {
    port: Arc<Port>,
    router: Router,
}

impl Door {
    fn answering(answer: PassAnswer) -> Door {
        let port = Arc::new(Port { answer, seen: Mutex::default() });
        let gateway = TestGateway::with(|web| web.broker.keys = BrokerKeys::new(vec!["shop".to_owned()])).gateway;
        Door { router: router(gateway.with_broker("default", Arc::clone(&port) as _)), port }
    }

    fn replying() -> Door {
        Door::replying_from(Origin::Asked)
    }

    fn replying_from(origin: Origin) -> Door {
        let headers = vec![("content-type", b"a/b".to_vec()), ("x-ratelimit-remaining", b"7".to_vec())];
        let reply = RawReply { status: 207, headers, body: b"the body".to_vec() };
        Door::answering(PassAnswer::Reply(Arc::new(reply), origin))
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    fn seen(&self) -> Vec<PassRequest> {
        std::mem::take(&mut self.port.seen.lock().unwrap())
    }
}

fn ask(method: &str, path: &str) -> http::request::Builder {
    with_key(method.parse::<Method>().unwrap(), path)
}

#[rstest]
#[case::classic("/crm/default/api/contacts/7?q=a%40b&x=1")]
#[case::suite("/crm/default/crm/sales/api/contacts/7?q=a%40b&x=1")]
#[tokio::test]
async fn five_things_reach_the_port(#[case] path: &str) {
    let door = Door::replying();
    let request = ask("PATCH", path).header("content-type", "text/plain").header("accept", "b/c");
    let request = request.header("leadgate-lane", "sync").header("leadgate-wait", "0").body("sent".into()).unwrap();
    let answer = door.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_ref()), (207, b"the body".as_slice()));
    let seen = door.seen().pop().unwrap();
    let ask = &seen.ask;
    assert_eq!(
        (ask.method.name(), ask.path.as_str(), ask.query.as_deref()),
        ("PATCH", "contacts/7", Some("q=a%40b&x=1"))
    );
    assert_eq!(
        (ask.content_type.as_deref(), ask.accept.as_deref(), ask.body.as_slice()),
        (Some("text/plain"), Some("b/c"), b"sent".as_slice())
    );
    assert_eq!((seen.lane, seen.wait, seen.fresh), (Lane::Sync, SignedDuration::ZERO, false));
}

#[rstest]
#[case::asked(Origin::Asked, ["miss", "0", "7"])]
#[case::shared(Origin::Shared, ["shared", "0", "7"])]
#[case::remembered(Origin::Remembered(SignedDuration::from_millis(61_900)), ["hit", "61", ""])]
#[tokio::test]
async fn a_reply_says_where_it_comes_from_and_how_old_it_is(#[case] origin: Origin, #[case] told: [&str; 3]) {
    let request = ask("GET", "/crm/default/api/selector/owners").body(Body::empty()).unwrap();
    let answer = Door::replying_from(origin).send(request).await;
    assert_eq!(["leadgate-cache", "age", "x-ratelimit-remaining"].map(|name| answer.header(name)), told);
    let always = ["content-type", "leadgate-answer", "cache-control"].map(|name| answer.header(name));
    assert_eq!(always, ["a/b", "account", "no-store"]);
}

#[tokio::test]
async fn a_head_is_asked_as_a_get() {
    let door = Door::replying();
    let answer = door.send(ask("HEAD", "/crm/default/api/selector/owners").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), door.seen()[0].ask.method.name()), (207, "GET"));
}

#[rstest]
#[case::up("/crm/default/api/../settings", 400)]
#[case::up_escaped("/crm/default/api/%2e%2e/%2e%2e/settings", 400)]
#[case::up_escaped_twice("/crm/default/api/%252e%252e/settings", 400)]
#[case::slash_escaped("/crm/default/api/..%2f..%2fsettings", 400)]
#[case::another_host("/crm/default/api/https://evil.example.com/", 400)]
#[case::no_host("/crm/default/api//evil.example.com/", 400)]
#[case::before_the_api("/crm/default/api/contacts/../../../other", 400)]
#[case::another_account("/crm/other/api/contacts/1", 404)]
#[case::an_account_by_detour("/crm/../crm/default/api/contacts/1", 404)]
#[case::not_the_api("/crm/default/contacts/1", 404)]
#[case::nothing("/crm/default/api/", 404)]
#[tokio::test]
async fn a_path_that_leaves_the_api_goes_nowhere(#[case] path: &str, #[case] status: u16) {
    let door = Door::replying();
    let answer = door.send(ask("GET", path).body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), door.seen().len()), (status, 0), "{answer:?}");
}

#[rstest]
#[case::too_large(ask("POST", "/crm/default/api/contacts").body(vec![b'x'; 1_048_577].into()), 413)]
#[case::packed(ask("POST", "/crm/default/api/contacts").header("content-encoding", "gzip").body(Body::empty()), 415)]
#[case::trace(ask("TRACE", "/crm/default/api/contacts").body(Body::empty()), 405)]
#[case::no_lane(ask("GET", "/crm/default/api/contacts/1").header("leadgate-lane", "").body(Body::empty()), 400)]
#[tokio::test]
async fn what_cannot_be_passed_on_is_told(#[case] request: http::Result<Request<Body>>, #[case] status: u16) {
    let door = Door::replying();
    let answer = door.send(request.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, "application/problem+json"));
    assert_eq!(door.seen().len(), 0);
}

#[rstest]
#[case::token("authorization", format!("Token token={KEY}"), 207)]
#[case::token_in_quotes("authorization", format!("token token=\"{KEY}\""), 207)]
#[case::bearer("authorization", format!("Bearer {KEY}"), 207)]
#[case::own_header("x-leadgate-key", KEY.to_owned(), 207)]
#[case::of_an_app_that_may_not("x-leadgate-key", "lg_other_key".to_owned(), 403)]
#[case::token_of_nobody("authorization", "Token token=lg_wrong".to_owned(), 401)]
#[case::no_token("authorization", format!("Token {KEY}"), 401)]
#[case::basic("authorization", "Basic bGdfdGVzdF9rZXk6".to_owned(), 401)]
#[tokio::test]
async fn a_key_comes_as_the_crm_s_clients_send_theirs(#[case] name: &str, #[case] value: String, #[case] status: u16) {
    let request = Request::builder().uri("/crm/default/api/contacts/1").header(name, value).body(Body::empty());
    let door = Door::replying();
    assert_eq!(door.send(request.unwrap()).await.status, status);
    assert_eq!(door.seen().len(), usize::from(status == 207));
}

#[tokio::test]
async fn a_refusal_is_a_problem_with_a_time() {
    let until = "2026-03-01T12:00:30.5Z".parse().unwrap();
    let no_room = NoRoom { until, cause: "hour".to_owned(), lane: Lane::Bulk, hour: None };
    let door = Door::answering(PassAnswer::Refused(no_room));
    let answer = door.send(ask("GET", "/crm/default/api/contacts/1").body(Body::empty()).unwrap()).await;
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "31"));
    assert_eq!(
        (&body["reason"], &body["lane"], &body["room_at"]),
        (&"hour".into(), &"bulk".into(), &"2026-03-01T12:00:30.5Z".into())
    );
}

#[tokio::test]
async fn of_a_write_without_an_answer_the_outcome_is_open() {
    let door = Door::answering(PassAnswer::Lost(NoReply::TimedOut));
    let answer = door.send(ask("POST", "/crm/default/api/contacts").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.json()["type"].as_str()), (504, Some("urn:leadgate:problem:no-reply")));
    assert!(answer.json()["detail"].as_str().unwrap().contains("the outcome is unknown"));
}

#[tokio::test]
async fn so_many_at_once_and_no_more() {
    let door = Door::replying();
    let get = || ask("GET", "/crm/default/api/contacts/1").body(Body::empty()).unwrap();
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(door.router.clone().oneshot(get()).await.unwrap());
    }
    let busy = door.send(get()).await;
    assert_eq!(
        (busy.status.as_u16(), busy.header("retry-after"), busy.json()["reason"].as_str()),
        (429, "1", Some("busy"))
    );
    open.pop();
    assert_eq!(door.send(get()).await.status, 207, "an answer that was taken makes room");
}
