//! The server on a real socket: slow clients, the limit of connections, shutdown.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use leadgate_core::record::RecordKind;
use leadgate_web::{ServeLimits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::test_gateway::{KEY, TestGateway, guide_lead, person};

const TINY: Duration = Duration::from_millis(60);
/// Far more than any of these takes, so that a hanging test ends.
const ENOUGH: Duration = Duration::from_secs(10);

struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(gateway: &TestGateway, change: impl FnOnce(&mut ServeLimits)) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut limits = ServeLimits::default();
        change(&mut limits);
        let (stop, stopped) = oneshot::channel::<()>();
        let (router, lifecycle) = (gateway.router.clone(), gateway.gateway.lifecycle.clone());
        let shutdown = async move { lifecycle.drain_when(async { drop(stopped.await) }).await };
        let task = tokio::spawn(serve(listener, router, limits, shutdown));
        Server { address, stop: Some(stop), task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        tokio::time::timeout(ENOUGH, &mut self.task).await.unwrap().unwrap().unwrap();
    }
}

fn post(body: &str, headers: &str) -> String {
    let length = body.len();
    format!(
        "POST /leads HTTP/1.1\r\nhost: x\r\nx-leadgate-key: {KEY}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    )
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";

/// Everything until the server closes.
async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is also an end.
    let _ = tokio::time::timeout(ENOUGH, stream.read_to_end(&mut bytes)).await.expect("the server should have closed");
    String::from_utf8(bytes).unwrap()
}

async fn read_some(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let read = tokio::time::timeout(ENOUGH, stream.read(&mut buffer)).await.unwrap().unwrap();
    String::from_utf8(buffer[..read].to_vec()).unwrap()
}

#[tokio::test]
async fn a_head_that_does_not_end_is_closed() {
    let server = Server::start(&TestGateway::new(), |limits| limits.head_within = TINY).await;
    let mut slow = server.connect().await;
    slow.write_all(b"POST /leads HTTP/1.1\r\nhost: x\r\nx-a: ").await.unwrap();
    let answer = read_all(&mut slow).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_head_that_trickles_is_closed() {
    let server = Server::start(&TestGateway::new(), |limits| limits.head_within = TINY).await;
    let (mut reading, mut writing) = server.connect().await.into_split();
    let trickle = tokio::spawn(async move {
        writing.write_all(b"POST /leads HTTP/1.1\r\nx-a: ").await?;
        let mut every = tokio::time::interval(Duration::from_millis(5));
        loop {
            every.tick().await;
            writing.write_all(b"a").await?;
        }
        #[allow(unreachable_code)]
        Ok::<(), std::io::Error>(())
    });
    let mut bytes = Vec::new();
    let started = Instant::now();
    let _ = tokio::time::timeout(ENOUGH, reading.read_to_end(&mut bytes)).await.expect("the server should have closed");
    assert!(started.elapsed() >= TINY);
    assert!(trickle.await.unwrap().is_err());
}

#[tokio::test]
async fn a_body_that_trickles_is_408_and_closed() {
    let gateway = TestGateway::with(|settings| settings.body_within = TINY);
    let server = Server::start(&gateway, |_| {}).await;
    let mut slow = server.connect().await;
    let whole = post(&guide_lead().to_string(), "");
    slow.write_all(&whole.as_bytes()[..whole.len() - 5]).await.unwrap();
    let answer = read_all(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(gateway.store.kept(), 0);
}

#[tokio::test]
async fn connections_are_kept_alive() {
    let gateway = TestGateway::ending(person(RecordKind::Lead, false));
    let server = Server::start(&gateway, |_| {}).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(post(&guide_lead().to_string(), "").as_bytes()).await.unwrap();
        assert!(read_some(&mut stream).await.contains("\"leadId\":501"));
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_and_the_connection_goes_on() {
    let server = Server::start(&TestGateway::new(), |_| {}).await;
    let mut stream = server.connect().await;
    stream.write_all(post(&" ".repeat(1_000_000), "").as_bytes()).await.unwrap();
    assert!(read_some(&mut stream).await.starts_with("HTTP/1.1 413"));
    stream.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(read_some(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_body_that_waits_to_be_told_is_refused_without_being_sent() {
    let server = Server::start(&TestGateway::new(), |_| {}).await;
    let mut stream = server.connect().await;
    let whole = post(&" ".repeat(1_000_000), "expect: 100-continue\r\n");
    stream.write_all(whole.trim_end_matches(' ').as_bytes()).await.unwrap();
    assert!(read_some(&mut stream).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let server = Server::start(&TestGateway::new(), |_| {}).await;
    let mut stream = server.connect().await;
    let head = format!("GET /health HTTP/1.1\r\nx-a: {}", "a".repeat(40_000));
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_all(&mut stream).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let server = Server::start(&TestGateway::new(), |_| {}).await;
    let mut stream = server.connect().await;
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn beyond_the_limit_peers_wait_for_a_slot() {
    let server = Server::start(&TestGateway::new(), |limits| limits.connections = 1).await;
    let mut first = server.connect().await;
    first.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(read_some(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = server.connect().await;
    second.write_all(HEALTH.as_bytes()).await.unwrap();
    let mut buffer = [0; 64];
    assert!(tokio::time::timeout(TINY, second.read(&mut buffer)).await.is_err(), "it should have to wait");
    drop(first);
    assert!(read_some(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_idle_peer_gives_its_slot_back() {
    let change = |limits: &mut ServeLimits| (limits.connections, limits.head_within) = (1, TINY);
    let server = Server::start(&TestGateway::new(), change).await;
    let _idle = server.connect().await;
    let mut second = server.connect().await;
    second.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(read_some(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_peer_that_does_not_read_gives_its_slot_back() {
    let mut gateway = TestGateway::new();
    let large = std::sync::Arc::new(|| "x".repeat(32 * 1024 * 1024));
    gateway.router = leadgate_web::router(gateway.gateway.clone().with_metrics(large));
    let change = |limits: &mut ServeLimits| (limits.connections, limits.write_within) = (1, TINY);
    let server = Server::start(&gateway, change).await;
    let mut deaf = server.connect().await;
    let request = format!("GET /metrics HTTP/1.1\r\nhost: x\r\nx-leadgate-key: {KEY}\r\n\r\n");
    deaf.write_all(request.as_bytes()).await.unwrap();
    let mut second = server.connect().await;
    second.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(read_some(&mut second).await.starts_with("HTTP/1.1 200"));
    drop(deaf);
}

#[tokio::test]
async fn shutdown_answers_those_who_wait_and_ends() {
    let gateway = TestGateway::new();
    let mut server = Server::start(&gateway, |_| {}).await;
    let mut waiting = server.connect().await;
    waiting.write_all(post(&guide_lead().to_string(), "prefer: wait=60\r\n").as_bytes()).await.unwrap();
    gateway.store.arrival(1).await;
    let mut idle = server.connect().await;
    idle.write_all(HEALTH.as_bytes()).await.unwrap();
    read_some(&mut idle).await;
    server.stop().await;
    assert!(read_all(&mut waiting).await.starts_with("HTTP/1.1 202"));
    assert!(read_all(&mut idle).await.is_empty());
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn shutdown_cuts_those_who_take_too_long() {
    let mut server = Server::start(&TestGateway::new(), |limits| limits.shutdown_within = TINY).await;
    let mut slow = server.connect().await;
    slow.write_all(post("{ never the end", "").trim_end_matches("the end").as_bytes()).await.unwrap();
    tokio::task::yield_now().await;
    server.stop().await;
    assert!(read_all(&mut slow).await.is_empty());
}
