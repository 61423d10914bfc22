//! Peers that mean harm or know no better, at the real binary: each gets a clear refusal or is hung up on, nothing is kept, and the next lead lands.
//! And nothing secret or personal is in what the process prints, however verbose it is.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use freshsales_sandbox::{Fault, FaultKind, Generation, Sandbox, SandboxConfig};
use rstest::rstest;
use serde_json::{Value, json};

use crate::process::{Running, leadgate, request};

/// Longer than the gateway lets a peer take for a head or a body; neither is a setting.
const HUNG_UP_WITHIN: Duration = Duration::from_secs(28);

struct Target {
    gateway: Running,
    _folder: tempfile::TempDir,
}

impl Target {
    /// A gateway and its account in one process.
    fn start() -> Target {
        let folder = tempfile::tempdir().unwrap();
        Target { gateway: Running::start(folder.path(), &["dev", "--port", "0"], &[]), _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.gateway.text("url"))
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.gateway.text("url").trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(HUNG_UP_WITHIN)).unwrap();
        stream
    }

    /// The head of a lead with the right key.
    fn head(&self, more: &str) -> Vec<u8> {
        let key = self.gateway.text("app_key");
        let head = format!(
            "POST /v1/leads HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n{more}\r\n"
        );
        head.into_bytes()
    }

    /// Sends bytes as they are; returns the status, or none if the connection was closed without an answer.
    fn send(&self, bytes: &[u8]) -> Option<u16> {
        let mut stream = self.connect();
        // It may be answered and closed before all is sent.
        let _ = stream.write_all(bytes);
        status_of(&read_to_end(stream))
    }

    fn send_body(&self, content_type: &str, body: &[u8]) -> Option<u16> {
        let more = format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
        let mut bytes = self.head(&more);
        bytes.extend_from_slice(body);
        self.send(&bytes)
    }

    fn keeps_nothing_and_goes_on(&self) {
        let key = self.gateway.text("app_key");
        assert_eq!(request("GET", &self.url("/v1/jobs"), Some(&key), None), (200, json!({ "jobs": [] })));
        let (_, metrics) = request("GET", &self.url("/metrics"), Some(&key), None);
        assert!(metrics.as_str().unwrap().contains("leadgate_queue_unplanned 0"), "{metrics}");
        let lead = json!({ "email": "ingrid@example.com" });
        let (status, answer) = request("POST", &self.url("/v1/leads"), Some(&key), Some(lead));
        assert_eq!((status, &answer["status"]), (201, &json!("done")), "{answer}");
    }
}

fn read_to_end(mut stream: TcpStream) -> Vec<u8> {
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    // A reset after the answer is a close all the same.
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..count]);
    }
    answer
}

fn status_of(answer: &[u8]) -> Option<u16> {
    let line = String::from_utf8_lossy(answer);
    line.strip_prefix("HTTP/1.1 ").map(|rest| rest[..3].parse().unwrap())
}

#[rstest]
#[case::a_megabyte(" ".repeat(1_000_000), 413)]
#[case::deep_lists("[".repeat(30_000), 400)]
#[case::deep_objects(format!("{{\"custom_fields\":{}", "{\"cf_a\":".repeat(7_000)), 400)]
#[case::a_number_for_an_email(r#"{"email":7}"#.to_owned(), 400)]
#[case::a_query_for_an_email(r#"{"email":{"$ne":null}}"#.to_owned(), 400)]
#[case::a_list_for_a_note(r#"{"email":"a@example.com","note":["x"]}"#.to_owned(), 400)]
#[case::nul_in_a_name("{\"email\":\"a@example.com\",\"first_name\":\"A\\u0000\"}".to_owned(), 422)]
#[case::a_bare_nul("{\"email\":\"a@example.com\"}\0".to_owned(), 400)]
#[case::a_header_in_an_email("{\"email\":\"a@example.com\\r\\nBcc: all@example.com\"}".to_owned(), 422)]
#[case::nothing(String::new(), 400)]
fn a_hostile_body(#[case] body: String, #[case] status: u16) {
    let target = Target::start();
    assert_eq!(target.send_body("application/json", body.as_bytes()), Some(status));
    target.keeps_nothing_and_goes_on();
}

#[rstest]
#[case::form("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 17\r\n", 415)]
#[case::compressed("Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 17\r\n", 415)]
#[case::two_lengths("Content-Type: application/json\r\nContent-Length: 17\r\nContent-Length: 1\r\n", 400)]
#[case::control_character_in_a_key("Idempotency-Key: a\u{1}b\r\nContent-Length: 17\r\n", 400)]
#[case::nul_in_a_header("X-Nul: a\0b\r\nContent-Length: 17\r\n", 400)]
#[case::folded_header("X-Folded: a\r\n  X-Evil: 1\r\nContent-Length: 17\r\n", 400)]
fn a_hostile_head(#[case] more: &str, #[case] status: u16) {
    let target = Target::start();
    let mut bytes = target.head(more);
    bytes.extend_from_slice(br#"{"email":"a@b.c"}"#);
    assert_eq!(target.send(&bytes), Some(status));
    target.keeps_nothing_and_goes_on();
}

#[test]
fn an_endless_head_is_cut() {
    let target = Target::start();
    assert_eq!(target.send(&target.head(&format!("X-Long: {}\r\n", "a".repeat(100_000)))), Some(431));
    target.keeps_nothing_and_goes_on();
}

#[test]
fn peers_that_stop_in_the_middle_are_hung_up_on_and_hold_up_nobody() {
    let target = Target::start();
    let mut half_a_head = target.connect();
    half_a_head.write_all(b"POST /v1/leads HTTP/1.1\r\nHost: gate").unwrap();
    let mut half_a_body = target.connect();
    half_a_body.write_all(&target.head("Content-Type: application/json\r\nContent-Length: 50\r\n")).unwrap();
    half_a_body.write_all(b"{\"email\":").unwrap();
    target.keeps_nothing_and_goes_on();
    let started = Instant::now();
    assert_eq!(status_of(&read_to_end(half_a_body)), Some(408));
    let answer = status_of(&read_to_end(half_a_head));
    assert!(answer.is_none_or(|status| status == 408), "{answer:?}");
    assert!(started.elapsed() < HUNG_UP_WITHIN, "nobody hung up");
}

const APP_KEY: &str = "planted-app-key-5c1d0";
const CRM_KEY: &str = "planted-crm-key-8e2f1";
const PERSONAL: [&str; 4] = ["planted.person@example.com", "+4930901820", "plantedsurname", "planted note 77"];

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
fn the_most_verbose_log_tells_no_secret_and_nothing_personal(#[case] generation: Generation) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = SandboxConfig { key: CRM_KEY.to_owned(), ..SandboxConfig::default() };
    let sandbox = runtime.block_on(Sandbox::start(config, ([127, 0, 0, 1], 0).into())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let gateway = serve_verbosely(folder.path(), &sandbox.url(generation));
    let faults = [FaultKind::CommitThenFail, FaultKind::ServerErrorHtml { status: 502 }, FaultKind::CutBeforeCommit];
    sandbox.account().set_faults(faults.map(|kind| Fault::new(kind).on("POST", "").times(1)).to_vec());
    let said = talk(&gateway.text("url"));
    let mut printed = gateway.terminate_and_read();
    printed.push_str(&std::fs::read_to_string(folder.path().join("log")).unwrap());

    assert_eq!(said, [201, 400, 400, 401], "{printed}");
    assert!(printed.contains("\"level\":\"TRACE\"") && printed.contains("asked the CRM"), "{printed}");
    for planted in PERSONAL.into_iter().chain([APP_KEY, CRM_KEY]) {
        let told = printed.lines().find(|line| line.to_lowercase().contains(planted));
        assert!(told.is_none(), "{planted} is told: {told:?}");
    }
}

fn serve_verbosely(folder: &std::path::Path, account: &str) -> Running {
    let variables = [
        ("FRESHSALES_API_KEY", CRM_KEY),
        ("FRESHSALES_SUBDOMAIN", account),
        ("LEADGATE_APP_KEY", APP_KEY),
        ("LEADGATE__SERVER__HOST", "127.0.0.1"),
        ("LEADGATE__LOG__LEVEL", "trace"),
        ("LEADGATE__RETRY__SETTLE", "0s"),
        ("LEADGATE__RETRY__BASE", "10ms"),
    ];
    let mut command = leadgate(folder, &["serve", "--port", "0", "-vvv"], &variables);
    command.stderr(File::create(folder.join("log")).unwrap());
    Running::spawn(command)
}

/// A lead that lands after some trouble, two that are wrong, and one with a wrong key; the statuses.
fn talk(url: &str) -> [u16; 4] {
    let [email, phone, name, note] = PERSONAL;
    let url = format!("{url}/v1/leads");
    let good = json!({ "email": email, "phone": phone, "last_name": name, "note": note });
    let wrong_type = json!({ "email": [email], "phone": phone });
    let unknown_field = json!({ "email": email, "nickname": name, "note": note });
    let send = |key: &str, body: Value| request("POST", &url, Some(key), Some(body)).0;
    let wrong_key = format!("{APP_KEY}-not");
    [send(APP_KEY, good.clone()), send(APP_KEY, wrong_type), send(APP_KEY, unknown_field), send(&wrong_key, good)]
}
