//! Hooks, the raw escape hatch with forms, and the blocking client.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use freshsales::contacts::{Contact, ContactAttributes};
use freshsales::multipart::{File, Multipart};
use freshsales::observe::{Observer, RequestEvent, ResponseEvent, path_template};
use freshsales::{Client, Credentials, ErrorClass, Generation, blocking, contacts, jobs, lookup, raw, views};
use http::{Method, Request, Response};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use crate::script::{Answer, Script};

#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

impl Observer for Journal {
    fn on_request(&self, event: &RequestEvent<'_>) {
        self.0.lock().unwrap().push(format!("{} {}", event.method, event.path));
    }

    fn on_response(&self, event: &ResponseEvent<'_>) {
        let remaining = event.rate_limit.and_then(|quota| quota.remaining);
        self.0.lock().unwrap().push(format!("{:?} {remaining:?} {:?}", event.status, event.error));
    }
}

#[tokio::test]
async fn each_request_and_reply_is_told_without_values() {
    let script = Script::of([
        Answer::Headers(200, &[("x-ratelimit-remaining", "7")], r#"{"contact":{"id":1}}"#),
        Answer::Reply(401, r#"{"login":"failed","message":null}"#),
    ]);
    let journal = Journal::default();
    let client = script.builder("acme").generation(Generation::Suite).observer(journal.clone()).build().unwrap();
    client.send(&contacts::view(40201000001)).await.unwrap();
    client.send(&lookup::by("email", "ingrid@example.com", [])).await.unwrap_err();
    let expected = ["GET contacts/{id}", "Some(200) Some(7) None", "GET lookup", "Some(401) None Some(\"auth\")"];
    assert_eq!(*journal.0.lock().unwrap(), expected);
}

#[rstest]
#[case("contacts/40201000001/notes", "contacts/{id}/notes")]
#[case("job_statuses/6f1c9a7e0b8d4c53", "job_statuses/{id}")]
#[case("custom_module/cm_project2/7", "custom_module/cm_project2/{id}")]
#[case("contacts/ingrid@example.com", "contacts/{id}")]
#[case("search/a b", "search/{id}")]
#[case("selector/deal_stages", "selector/deal_stages")]
fn a_path_is_told_as_its_template(#[case] path: &str, #[case] template: &str) {
    assert_eq!(path_template(path), template);
}

type Sent = Arc<Mutex<Vec<Request<Bytes>>>>;

fn recording(body: &'static str) -> (Client, Sent) {
    let sent = Sent::default();
    let kept = Arc::clone(&sent);
    let transport = tower::service_fn(move |request: Request<Bytes>| {
        kept.lock().unwrap().push(request);
        std::future::ready(Ok(Response::new(Bytes::from_static(body.as_bytes()))))
    });
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "acme").unwrap();
    (Client::builder(credentials).generation(Generation::Suite).transport(transport).build().unwrap(), sent)
}

#[tokio::test]
async fn a_raw_request_carries_json_or_a_form() {
    let (client, sent) = recording(r#"{"document":{"id":1}}"#);
    let form = Multipart::new()
        .text("targetable_id", "7")
        .file("file", File::new("a\"b.pdf", "application/pdf", &b"%PDF"[..]));
    let reply = client.send(&raw::request(Method::POST, "documents").form(form)).await.unwrap();
    assert_eq!(reply.output["document"]["id"], 1);
    client.send(&raw::request(Method::PATCH, "anything").query("a", "1").body(json!({"b": 2}))).await.unwrap();
    let sent = sent.lock().unwrap();
    let header = |at: usize| sent[at].headers()["content-type"].to_str().unwrap();
    assert_eq!(header(0), "multipart/form-data; boundary=freshsales-form-0000000000000000");
    let expected = "--freshsales-form-0000000000000000\r\nContent-Disposition: form-data; name=\"targetable_id\"\r\n\r\n7\r\n\
        --freshsales-form-0000000000000000\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b.pdf\"\r\n\
        Content-Type: application/pdf\r\n\r\n%PDF\r\n--freshsales-form-0000000000000000--\r\n";
    assert_eq!(sent[0].body(), expected);
    assert_eq!(
        (sent[1].method(), header(1), &sent[1].body()[..]),
        (&Method::PATCH, "application/json", &br#"{"b":2}"#[..])
    );
    assert!(sent[1].uri().to_string().ends_with("/crm/sales/api/anything?a=1"));
}

#[test]
fn the_blocking_client_sends_updates_and_lists() {
    let (client, sent) =
        recording(r#"{"contact":{"id":1,"tags":[],"custom_field":{}},"contacts":[{"id":1}],"meta":{"total_pages":1}}"#);
    let client = blocking::Client::from_async(client).unwrap();
    assert_eq!(client.send(&contacts::view(1)).unwrap().output.record.id, 1);
    client.update(&contacts::update(1, ContactAttributes::new().tags(["New"]))).unwrap();
    let rows: Vec<i64> = client.rows(views::rows::<Contact>(7)).map(|row| row.unwrap().id).collect();
    assert_eq!((rows, sent.lock().unwrap().len()), (vec![1], 5));
}

#[tokio::test]
async fn the_blocking_client_refuses_to_block_a_runtime() {
    let client = blocking::Client::from_async(recording("{}").0).unwrap();
    let error = client.send(&contacts::view(1)).unwrap_err();
    assert!(matches!(error.class(), ErrorClass::Setup { .. }));
    let mut rows = client.rows(views::rows::<Contact>(7));
    assert!(rows.next().unwrap().is_err() && rows.next().is_none());
}

#[test]
fn the_blocking_client_repeats_when_told() {
    let script = Script::of([Answer::Reply(502, ""), Answer::Reply(200, r#"{"status":"SUCCESS"}"#)]);
    let mut policy = freshsales::retry::RetryPolicy::default();
    policy.first_wait = std::time::Duration::ZERO;
    let client = blocking::Client::from_async(script.client()).unwrap().retry(policy);
    assert!(client.send(&jobs::status(jobs::JobId::new("1").unwrap())).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_boundary_of_a_form_is_in_no_part(content in prop::collection::vec(any::<u8>(), 0..200), decoys in 0..4_u64) {
        let decoy: String = (0..decoys).map(|number| format!("freshsales-form-{number:016x}")).collect();
        let form = Multipart::new().file("file", File::new("f", "text/plain", [decoy.as_bytes(), &content].concat()));
        let (content_type, body) = form.encode();
        let boundary = content_type.split_once("boundary=").unwrap().1.as_bytes();
        prop_assert_eq!(body.windows(boundary.len()).filter(|window| *window == boundary).count(), 2);
    }
}
