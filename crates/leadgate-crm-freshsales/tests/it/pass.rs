//! Requests that are made as they are, to a server that shows what it was sent.

use std::sync::Arc;
use std::time::Duration;

use freshsales::Credentials;
use jiff::Timestamp;
use leadgate_core::broker::{ApiPath, NoReply, PassMethod, RawAnswer, RawCrm as _, RawRequest};
use leadgate_core::clock::Clock;
use leadgate_crm_freshsales::{FreshsalesCrm, FreshsalesSettings, Network};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::port::start_of_time;

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        start_of_time()
    }
}

/// Sends a request to a server that answers like this. Returns what it was sent, and the answer.
async fn sent(request: &RawRequest, answer: &str) -> (String, RawAnswer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/crm/sales/api", listener.local_addr().unwrap());
    let credentials = Credentials::parse("the-account-s-key", &address).unwrap();
    let settings = FreshsalesSettings {
        credentials,
        timeout: Duration::from_secs(5),
        remembered: None,
        network: Network::default(),
    };
    let crm = FreshsalesCrm::new(settings, Arc::new(Standing));
    let serving = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(&request.body) || !String::from_utf8_lossy(&seen).contains("\r\n\r\n") {
            let mut piece = [0; 4_096];
            let length = stream.read(&mut piece).await.unwrap();
            seen.extend_from_slice(&piece[..length]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(seen).unwrap()
    };
    tokio::join!(serving, crm.pass(request))
}

fn request(method: PassMethod, body: &str) -> RawRequest {
    RawRequest {
        method,
        path: ApiPath::parse("contacts/7").unwrap(),
        query: Some("include=owner&q=a%40b".to_owned()),
        content_type: Some("text/plain".to_owned()),
        accept: Some("application/xml".to_owned()),
        body: body.as_bytes().to_vec(),
    }
}

#[tokio::test]
async fn only_what_is_the_request_s_is_sent_and_only_what_is_safe_comes_back() {
    let answer = "HTTP/1.1 207 x\r\ncontent-type: a/b\r\nset-cookie: a=b\r\nlocation: http://evil.example.com/\r\n\
                  x-ratelimit-remaining: 7\r\nx-ratelimit-limit: 9\r\nserver: x\r\ncontent-length: 3\r\n\r\n{ }";
    let (seen, came) = sent(&request(PassMethod::Patch, "the body").clone(), answer).await;
    assert!(seen.starts_with("PATCH /crm/sales/api/contacts/7?include=owner&q=a%40b HTTP/1.1\r\n"), "{seen}");
    for line in ["authorization: Token token=the-account-s-key", "content-type: text/plain", "accept: application/xml"]
    {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line} in {seen}");
    }
    assert!(seen.ends_with("\r\n\r\nthe body"));
    let reply = came.reply.ok().unwrap();
    let names: Vec<&str> = reply.headers.iter().map(|(name, _)| *name).collect();
    assert_eq!((reply.status, reply.body.as_slice()), (207, b"{ }".as_slice()));
    assert_eq!(names, ["content-type", "x-ratelimit-limit", "x-ratelimit-remaining"]);
    assert_eq!((came.requests, came.quota.map(|quota| quota.remaining)), (1, Some(7)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
    let (_, came) = sent(&request(PassMethod::Get, ""), answer).await;
    let reply = came.reply.ok().unwrap();
    assert_eq!((reply.status, reply.headers.len()), (302, 0));
}

#[tokio::test]
async fn a_reply_with_the_key_in_it_is_kept_back() {
    let echo = "you sent: Token token=the-account-s-key";
    let answer = format!("HTTP/1.1 400 x\r\ncontent-length: {}\r\n\r\n{echo}", echo.len());
    let (_, came) = sent(&request(PassMethod::Get, ""), &answer).await;
    assert_eq!(came.reply.err(), Some(NoReply::HoldsKey));
}
