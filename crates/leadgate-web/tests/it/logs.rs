//! What is logged, and above all what is not.

use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use http::Request;
use leadgate_core::record::RecordKind;
use leadgate_core::steps::ParkReason;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::memory_store::Trouble;
use crate::test_gateway::{
    JsonBody, KEY, TestGateway, app_key, guide_lead, lead, parked, person, post, rules, with_key,
};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Captured;

    fn make_writer(&self) -> Captured {
        self.clone()
    }
}

impl Captured {
    fn start(level: tracing::Level) -> (Captured, tracing::subscriber::DefaultGuard) {
        let captured = Captured::default();
        let subscriber = tracing_subscriber::fmt().json().with_max_level(level).with_writer(captured.clone()).finish();
        (captured, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn one_line_for_each_request() {
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    let (captured, _guard) = Captured::start(tracing::Level::INFO);
    gateway.send(post("/v1/leads?email=ada@example.com").header("x-request-id", "r-1").json(lead())).await;
    let lines = captured.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["level"], "INFO");
    let fields = &lines[0]["fields"];
    let expected = [
        ("http.method", json!("POST")),
        ("http.route", json!("/v1/leads")),
        ("http.status", json!(201)),
        ("submission.id", json!(gateway.store.arrival(1).await.to_string())),
        ("caller.name", json!("shop")),
        ("request.id", json!("r-1")),
    ];
    for (name, value) in expected {
        assert_eq!(fields[name], value, "{name}");
    }
    assert!(fields["http.took_ms"].is_number());
}

#[tokio::test]
async fn the_deferred_path_is_for_those_who_look() {
    let gateway = TestGateway::new();
    for (level, lines) in [(tracing::Level::INFO, 0), (tracing::Level::DEBUG, 1)] {
        let (captured, _guard) = Captured::start(level);
        gateway.send(post("/leads").header("prefer", "respond-async").json(guide_lead())).await;
        assert_eq!(captured.lines().len(), lines);
    }
}

#[tokio::test]
async fn a_cause_is_logged_once_with_the_request_id() {
    let gateway = TestGateway::new();
    gateway.store.trouble(Trouble::Corrupt);
    let (captured, _guard) = Captured::start(tracing::Level::INFO);
    gateway.send(post("/leads").header("x-request-id", "r-2").json(guide_lead())).await;
    let lines = captured.lines();
    let causes: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(causes.len(), 1, "{lines:?}");
    assert!(causes[0]["fields"]["error.cause"].as_str().unwrap().contains("secret-cause"));
    assert_eq!(causes[0]["fields"]["request.id"], "r-2");
    assert_eq!(captured.text().matches("secret-cause").count(), 1);
}

const CANARY_EMAIL: &str = "canary.bird@example.com";
const CANARY_NAME: &str = "Canarybird";
const CANARY_KEY: &str = "lg_canary_key_0123456789";
const CANARY_SECRET: &str = "canary-secret-of-the-webhooks";

fn form(body: &str) -> Request<Body> {
    let page = format!("https://www.example.com/?email={CANARY_EMAIL}");
    let request = crate::forms::from_page().header("referer", page).header("x-forwarded-for", CANARY_NAME);
    crate::forms::urlencoded(request, body)
}

/// Notifications of the CRM, right and wrong, with the secret wherever it may stand.
fn notifications() -> Vec<Request<Body>> {
    let notified = json!({ "deal_id": 7, "deal_name": CANARY_NAME });
    let hook = |header: &str, value: &str| Request::post("/freshsales/webhook").header(header, value);
    let in_address = |query: &str| Request::post(format!("/freshsales/webhook?{query}"));
    vec![
        hook("x-leadgate-secret", CANARY_SECRET).json(notified.clone()),
        hook("x-leadgate-secret", &format!("{CANARY_SECRET}!")).json(notified.clone()),
        hook("authorization", &format!("Token {CANARY_SECRET}")).json(notified.clone()),
        hook("x-leadgate-secret", CANARY_SECRET).text(&format!("{{\"deal_name\": \"{CANARY_NAME}")),
        in_address(&format!("secret={CANARY_SECRET}")).json(notified.clone()),
        in_address(&format!("secret={CANARY_SECRET}&x={CANARY_EMAIL}")).json(json!({ "name": CANARY_NAME })),
        in_address(&format!("token={CANARY_SECRET}!")).json(notified),
    ]
}

fn requests() -> Vec<Request<Body>> {
    let mut requests = notifications();
    requests.extend(submissions());
    requests
}

fn submissions() -> Vec<Request<Body>> {
    let keyed = |path: &str| Request::post(path).header("x-leadgate-key", CANARY_KEY);
    let lead = json!({ "email": CANARY_EMAIL, "firstName": CANARY_NAME });
    let wrong = json!({ "email": CANARY_EMAIL, "first_name": 7, CANARY_NAME: CANARY_EMAIL });
    vec![
        keyed("/leads").json(lead.clone()),
        keyed("/leads").header("prefer", "respond-async").json(lead.clone()),
        keyed(&format!("/leads?email={CANARY_EMAIL}&key={CANARY_KEY}")).json(lead.clone()),
        keyed("/leads").header("idempotency-key", CANARY_NAME).json(lead.clone()),
        keyed("/leads").header("x-request-id", CANARY_EMAIL).json(lead.clone()),
        keyed("/v1/leads").json(wrong),
        keyed("/v1/leads").text(&format!("{{\"email\": \"{CANARY_EMAIL}")),
        keyed(&format!("/nowhere/{CANARY_EMAIL}")).json(lead.clone()),
        keyed(&format!("/v1/submissions/{CANARY_EMAIL}")).json(lead.clone()),
        Request::get(format!("/v1/submissions/{CANARY_EMAIL}"))
            .header("x-leadgate-key", CANARY_KEY)
            .body(Body::empty())
            .unwrap(),
        Request::post("/leads")
            .header("authorization", format!("Bearer {CANARY_KEY}!{CANARY_EMAIL}"))
            .json(lead.clone()),
        Request::post("/leads").header("authorization", format!("Bearer {CANARY_KEY}")).json(lead.clone()),
        keyed("/leads").method(CANARY_NAME).json(lead.clone()),
        form(&format!("email={CANARY_EMAIL}&name={CANARY_NAME}&form_key=pk_demo_1234")),
        form(&format!("email={CANARY_EMAIL}&name={CANARY_NAME}&form_key={CANARY_KEY}")),
        form(&format!("email={CANARY_EMAIL}&website2={CANARY_NAME}&form_key=pk_demo_1234")),
        form(&format!("email={CANARY_NAME}&{CANARY_NAME}={CANARY_EMAIL}&form_key=pk_demo_1234")),
        post("/leads").header("cookie", format!("session={CANARY_KEY}")).json(lead),
        with_key(http::Method::DELETE, &format!("/deals/{CANARY_EMAIL}/stage")).body(Body::empty()).unwrap(),
    ]
}

#[tokio::test(start_paused = true)]
async fn no_key_and_no_personal_data_ever() {
    let ends = [Some(person(RecordKind::Lead, true)), Some(parked(ParkReason::Invalid, &[CANARY_NAME])), None];
    let troubles = [None, Some(Trouble::Corrupt), Some(Trouble::DiskFull), Some(Trouble::NoReading)];
    let (captured, _guard) = Captured::start(tracing::Level::TRACE);
    for (end, trouble) in ends.iter().flat_map(|end| troubles.map(|trouble| (end.clone(), trouble))) {
        let keys = vec![app_key("shop", KEY), app_key("birds", CANARY_KEY)];
        let gateway = TestGateway::with(|settings| {
            settings.access = leadgate_web::Access::Keys(keys);
            let notifications = format!("[notifications]\nsecrets = [\"{CANARY_SECRET}\"]\n{}", crate::forms::DEMO);
            settings.reading.rules = rules(&notifications);
        });
        end.into_iter().for_each(|end| gateway.store.end_all(end));
        trouble.into_iter().for_each(|trouble| gateway.store.trouble(trouble));
        for request in requests() {
            gateway.send(request).await;
        }
    }
    let text = captured.text();
    assert!(text.lines().count() >= requests().len() * 12, "the requests were not logged at all");
    assert!(text.contains("birds"));
    for planted in [CANARY_EMAIL, CANARY_NAME, CANARY_KEY, CANARY_SECRET, "canary", KEY] {
        assert!(!text.to_lowercase().contains(&planted.to_lowercase()), "{planted} was logged");
    }
}
