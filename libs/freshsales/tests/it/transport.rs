//! The transport over loopback: headers, redirects, cut connections, slow and large replies, pages instead of JSON.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::any;
use freshsales::contacts::{self, ContactAttributes};
use freshsales::transport::{HttpTransport, PacingLayer, Timeouts};
use freshsales::{Client, Credentials, ErrorClass};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

type Asked = Arc<Mutex<Vec<(Uri, HeaderMap)>>>;

fn client(port: u16) -> Client {
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", &format!("http://127.0.0.1:{port}/api")).unwrap();
    Client::builder(credentials).timeout(Duration::from_millis(300)).build().unwrap()
}

/// Serves one answer on every path and remembers who asked.
async fn serve<F, R>(answer: impl Fn() -> F + Clone + Send + Sync + 'static) -> (u16, Asked)
where
    F: Future<Output = R> + Send + 'static,
    R: IntoResponse + 'static,
{
    let asked = Asked::default();
    let handler = move |State(asked): State<Asked>, uri: Uri, headers: HeaderMap| {
        asked.lock().unwrap().push((uri, headers));
        let answer = answer();
        async move { answer.await.into_response() }
    };
    let app = Router::new().fallback(any(handler)).with_state(asked.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (port, asked)
}

/// Takes connections, reads a little of each request, writes the text and hangs up.
async fn hang_up_after(text: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _read = stream.read(&mut [0; 4096]).await;
            let _written = stream.write_all(text.as_bytes()).await;
        }
    });
    port
}

fn write() -> impl freshsales::Request<Output = freshsales::Single<contacts::Contact>> {
    contacts::create(ContactAttributes::new().email("secret@example.com"))
}

#[tokio::test]
async fn headers_are_sent_exactly_and_the_quota_is_read() {
    let (port, asked) = serve(|| async {
        let quota =
            [("x-ratelimit-limit", "1000"), ("x-ratelimit-remaining", "987"), ("x-ratelimit-reset", "150626150000")];
        (quota, r#"{"contact":{"id":1},"meta":null}"#)
    })
    .await;
    let reply = client(port).send(&contacts::view(1).include(["owner", "source"])).await.unwrap();
    let quota = reply.meta.rate_limit.unwrap();
    assert_eq!((reply.meta.status, quota.limit, quota.remaining), (Some(200), Some(1000), Some(987)));
    let (uri, headers) = asked.lock().unwrap().pop().unwrap();
    assert_eq!(uri, "/api/contacts/1?include=owner%2Csource");
    assert_eq!(headers["authorization"], "Token token=EXAMPLE_KEY_NOT_REAL_00");
    assert_eq!(headers["accept"], "application/json");
    assert_eq!(headers["content-type"], "application/json");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("freshsales-rust/"));
}

#[tokio::test]
async fn a_redirect_to_the_sign_in_page_is_not_followed() {
    let (port, asked) = serve(|| async { Redirect::to("/crm/sales/signin") }).await;
    let error = client(port).send(&contacts::view(1)).await.unwrap_err();
    assert_eq!(error.class(), &ErrorClass::Auth);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[rstest]
#[case::at_once("")]
#[case::within_the_head("HTTP/1.1 200 OK\r\ncontent-")]
#[case::within_the_body("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"contact\":")]
#[tokio::test]
async fn a_cut_connection_leaves_a_write_unknown_and_a_read_transient(#[case] text: &'static str) {
    let client = client(hang_up_after(text).await);
    let error = client.send(&write()).await.unwrap_err();
    assert_eq!((error.class(), error.may_have_happened()), (&ErrorClass::OutcomeUnknown, true));
    let error = client.send(&contacts::view(1)).await.unwrap_err();
    assert_eq!((error.class(), error.may_have_happened()), (&ErrorClass::Transient, false));
}

#[tokio::test]
async fn silence_leaves_a_write_unknown_and_a_read_transient() {
    let (port, asked) = serve(std::future::pending::<&'static str>).await;
    let client = client(port);
    let (written, read) = (write(), contacts::view(1));
    let (written, read) = tokio::join!(client.send(&written), client.send(&read));
    assert_eq!(written.unwrap_err().class(), &ErrorClass::OutcomeUnknown);
    assert_eq!(read.unwrap_err().class(), &ErrorClass::Transient);
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_given_up() {
    let (port, _) = serve(|| async {
        let first = futures::stream::iter([Ok::<_, std::io::Error>(r#"{"contact":"#)]);
        let body = futures::StreamExt::chain(first, futures::stream::pending());
        Response::new(axum::body::Body::from_stream(body))
    })
    .await;
    let error = client(port).send(&write()).await.unwrap_err();
    assert!(error.may_have_happened());
    assert!(error.meta().elapsed >= Duration::from_millis(300));
}

#[tokio::test]
async fn nothing_listening_is_transient_even_for_a_write() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = client(port).send(&write()).await.unwrap_err();
    assert_eq!((error.class(), error.may_have_happened()), (&ErrorClass::Transient, false));
    assert_eq!(error.meta().status, None);
}

#[tokio::test]
async fn a_page_of_a_broken_gateway_leaves_a_write_unknown() {
    let (port, _) = serve(|| async { (http::StatusCode::BAD_GATEWAY, "<html>bad gateway</html>") }).await;
    assert!(client(port).send(&write()).await.unwrap_err().may_have_happened());
    assert_eq!(client(port).send(&contacts::view(1)).await.unwrap_err().class(), &ErrorClass::Transient);
}

#[rstest]
#[case("<html>sign in</html>")]
#[case(r#"{"contact":{"first_name":"secret@example.com"}}"#)]
#[tokio::test]
async fn garbage_with_200_is_malformed(#[case] body: &'static str) {
    let (port, _) = serve(move || async move { body }).await;
    let error = client(port).send(&write()).await.unwrap_err();
    assert_eq!((error.class().name(), error.may_have_happened()), ("malformed", true));
    assert!(!client(port).send(&contacts::view(1)).await.unwrap_err().may_have_happened());
}

#[tokio::test]
async fn a_reply_beyond_the_limit_is_not_taken() {
    let (port, _) = serve(|| async { "x".repeat(2000) }).await;
    let credentials = Credentials::parse("KEY", &format!("http://127.0.0.1:{port}/api")).unwrap();
    let transport = HttpTransport::for_loopback(Timeouts::default()).unwrap().largest_reply(1000);
    let client = Client::builder(credentials).transport(transport).build().unwrap();
    let error = client.send(&contacts::view(1)).await.unwrap_err();
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the reply of the CRM is larger than this client takes"
    );
}

#[tokio::test]
async fn an_error_prints_neither_key_nor_address_nor_sentence() {
    let sentence = r#"{"errors":{"code":400,"message":["secret@example.com is already taken"]}}"#;
    let (port, _) = serve(move || async move { (http::StatusCode::BAD_REQUEST, sentence) }).await;
    let refused = client(port).send(&write()).await.unwrap_err();
    assert_eq!(refused.sentences(), ["secret@example.com is already taken"]);
    let lookup = freshsales::lookup::by("email", "secret@example.com", [freshsales::lookup::Entity::Contact]);
    let cut = client(hang_up_after("").await).send(&lookup).await.unwrap_err();
    for error in [refused, cut] {
        let source = std::error::Error::source(&error).and_then(std::error::Error::source);
        let printed = format!("{error} {error:?} {source:?}");
        assert!(!printed.contains("secret") && !printed.contains("EXAMPLE_KEY"), "{printed}");
    }
}

#[tokio::test(start_paused = true)]
async fn pacing_spaces_requests_out_over_all_clones() {
    let script =
        crate::script::Script::of(std::iter::repeat_n(crate::script::Answer::Reply(200, r#"{"contact":{"id":1}}"#), 3));
    let client = script.builder("acme.freshsales.io").layer(PacingLayer::per_hour(1000)).build().unwrap();
    let started = tokio::time::Instant::now();
    let view = contacts::view(1);
    let (one, two) = (client.clone(), client.clone());
    let (first, second, third) = tokio::join!(one.send(&view), two.send(&view), client.send(&view));
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(started.elapsed().as_millis(), 7200);
}

#[tokio::test]
async fn a_raw_path_with_an_address_is_masked() {
    let (port, _) = serve(|| async { http::StatusCode::NOT_FOUND }).await;
    let request = freshsales::raw::request(http::Method::GET, "contacts/secret@example.com/notes");
    let error = client(port).send(&request).await.unwrap_err();
    let expected = "GET contacts/…/notes failed with status 404: there is no such record or route: look it up again";
    assert_eq!(error.to_string(), expected);
}
