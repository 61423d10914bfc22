//! A small HTTP/1.1 load generator: keep-alive connections, prepared bytes, a bounded time. Cheap, so that it takes little of the machine from the server.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What a load found.
pub(crate) struct Load {
    /// Requests that were answered 2xx.
    pub(crate) answered: u64,
    /// How long it ran.
    pub(crate) took: Duration,
    /// Latencies in microseconds, ascending.
    latencies: Vec<u32>,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        self.answered as f64 / self.took.as_secs_f64()
    }

    /// A latency quantile in milliseconds.
    pub(crate) fn quantile_ms(&self, quantile: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let position = (last as f64 * quantile).round() as usize;
        self.latencies.get(position).map_or(f64::NAN, |micros| f64::from(*micros) / 1_000.0)
    }
}

/// What is posted: a guide-shaped lead with a new e-mail each time.
#[derive(Clone)]
pub(crate) struct Posts {
    pub(crate) port: u16,
    /// Further header lines, each ending in CRLF.
    pub(crate) headers: String,
    /// Tells the e-mails of one run from another's.
    pub(crate) run: u32,
}

/// Digits of the counter in an e-mail, so that every request has the same length.
const DIGITS: usize = 10;

impl Posts {
    /// The request, and where the counter's digits stand in it.
    fn prepare(&self, connection: usize) -> (Vec<u8>, usize) {
        let start = format!("{{\"email\":\"lead{:03}x{connection:03}x", self.run);
        let end = "@example.com\",\"firstName\":\"Ada\",\"lastName\":\"King\",\"source\":\"Web\"}";
        let length = start.len() + DIGITS + end.len();
        let head = format!(
            "POST /leads HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{}content-length: {length}\r\n\r\n",
            self.headers
        );
        let position = head.len() + start.len();
        (format!("{head}{start}{:0width$}{end}", 0, width = DIGITS).into_bytes(), position)
    }
}

/// Posts over `connections` connections for `time`.
pub(crate) async fn post_for(posts: &Posts, connections: usize, time: Duration) -> anyhow::Result<Load> {
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for connection in 0..connections {
        let posts = posts.clone();
        tasks.spawn(async move { one_connection(&posts, connection, started + time).await });
    }
    let mut latencies = Vec::new();
    while let Some(result) = tasks.join_next().await {
        latencies.extend(result.context("a connection ended in a panic")??);
    }
    let took = started.elapsed();
    latencies.sort_unstable();
    Ok(Load { answered: latencies.len() as u64, took, latencies })
}

async fn one_connection(posts: &Posts, connection: usize, deadline: Instant) -> anyhow::Result<Vec<u32>> {
    let mut stream = TcpStream::connect(("127.0.0.1", posts.port)).await.context("connecting to the server")?;
    stream.set_nodelay(true)?;
    let (mut request, position) = posts.prepare(connection);
    let mut buffer = vec![0_u8; 16 * 1024];
    let mut latencies = Vec::with_capacity(64 * 1024);
    let mut counter = 0_u64;
    while Instant::now() < deadline {
        counter += 1;
        request[position..position + DIGITS].copy_from_slice(format!("{counter:0width$}", width = DIGITS).as_bytes());
        let sent = Instant::now();
        stream.write_all(&request).await?;
        read_answer(&mut stream, &mut buffer).await?;
        latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(latencies)
}

/// Reads one answer and checks that it is 2xx.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<()> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            bail!("the server closed the connection");
        }
        filled += read;
        let Some(head) = find(&buffer[..filled], b"\r\n\r\n") else { continue };
        if filled >= head + 4 + content_length(&buffer[..head])? {
            break;
        }
    }
    match &buffer[9..10] {
        b"2" => Ok(()),
        _ => bail!("the server answered {}", String::from_utf8_lossy(&buffer[..filled.min(400)])),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head)?;
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-length:"));
    let value = line.and_then(|line| line.split(':').nth(1)).context("an answer without a length")?;
    Ok(value.trim().parse()?)
}
