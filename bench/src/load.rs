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

/// A request that is sent again and again.
pub(crate) struct Shot {
    bytes: Vec<u8>,
    /// Where a counter of [`DIGITS`] digits stands, if each request must differ.
    counter_at: Option<usize>,
}

/// Digits of the counter, so that every request has the same length.
const DIGITS: usize = 10;

impl Shot {
    /// A request as `POST /path` with header lines that each end in CRLF; `<counter>` in the body becomes the counter.
    pub(crate) fn new(line: &str, headers: &str, body: &str) -> Shot {
        let counter = format!("{:0width$}", 0, width = DIGITS);
        let filled = body.replacen("<counter>", &counter, 1);
        let head = format!("{line} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}content-length: {}\r\n\r\n", filled.len());
        let counter_at = body.find("<counter>").map(|at| head.len() + at);
        Shot { bytes: format!("{head}{filled}").into_bytes(), counter_at }
    }

    /// Puts another number in.
    pub(crate) fn count(&mut self, number: u64) {
        if let Some(at) = self.counter_at {
            self.bytes[at..at + DIGITS].copy_from_slice(format!("{number:0width$}", width = DIGITS).as_bytes());
        }
    }

    pub(crate) async fn send(&self, stream: &mut TcpStream) -> anyhow::Result<()> {
        Ok(stream.write_all(&self.bytes).await?)
    }
}

/// What intake is sent: a guide-shaped lead with a new e-mail each time. `run` tells the e-mails of one run from another's.
pub(crate) fn lead(connection: usize, run: u32, headers: &str) -> Shot {
    let body = format!(
        "{{\"email\":\"lead{run:03}x{connection:03}x<counter>@example.com\",\"firstName\":\"Ada\",\"lastName\":\"King\",\"source\":\"Web\"}}"
    );
    Shot::new("POST /leads", &format!("content-type: application/json\r\n{headers}"), &body)
}

/// Sends over `connections` connections for `time`; each has a shot of its own.
pub(crate) async fn send_for(
    port: u16,
    connections: usize,
    time: Duration,
    shot: impl Fn(usize) -> Shot,
) -> anyhow::Result<Load> {
    spread_for(&[port], connections, time, shot).await
}

/// The same to several servers in turn, which share the connections.
pub(crate) async fn spread_for(
    ports: &[u16],
    connections: usize,
    time: Duration,
    shot: impl Fn(usize) -> Shot,
) -> anyhow::Result<Load> {
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for connection in 0..connections {
        let shot = shot(connection);
        let port = ports[connection % ports.len()];
        tasks.spawn(async move { one_connection(port, shot, started + time).await });
    }
    let mut latencies = Vec::new();
    while let Some(result) = tasks.join_next().await {
        latencies.extend(result.context("a connection ended in a panic")??);
    }
    let took = started.elapsed();
    latencies.sort_unstable();
    Ok(Load { answered: latencies.len() as u64, took, latencies })
}

async fn one_connection(port: u16, mut shot: Shot, deadline: Instant) -> anyhow::Result<Vec<u32>> {
    let mut stream = connect(port).await?;
    let mut buffer = vec![0_u8; 16 * 1024];
    let mut latencies = Vec::with_capacity(64 * 1024);
    let mut counter = 0_u64;
    while Instant::now() < deadline {
        counter += 1;
        shot.count(counter);
        let sent = Instant::now();
        shot.send(&mut stream).await?;
        let Answered { stays_open, .. } = read_answer(&mut stream, &mut buffer).await?;
        latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        if !stays_open {
            stream = connect(port).await?;
        }
    }
    Ok(latencies)
}

pub(crate) async fn connect(port: u16) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.context("connecting to the server")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// An answer that was read.
#[derive(Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// Whether the connection stays open.
    pub(crate) stays_open: bool,
}

/// Reads one answer and checks that it is 2xx.
pub(crate) async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<Answered> {
    let mut filled = 0;
    let stays_open = loop {
        if filled == buffer.len() {
            buffer.resize(filled * 2, 0);
        }
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            bail!("the server closed the connection");
        }
        filled += read;
        let Some(head) = find(&buffer[..filled], b"\r\n\r\n") else { continue };
        if filled >= head + 4 + content_length(&buffer[..head])? {
            break !closes(&buffer[..head]);
        }
    };
    let status = std::str::from_utf8(&buffer[9..12]).unwrap_or_default().parse().unwrap_or(0);
    match status {
        200..300 => Ok(Answered { status, stays_open }),
        _ => bail!("the server answered {}", String::from_utf8_lossy(&buffer[..filled.min(400)])),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Whether the server says that it closes the connection, or is of a kind that always does.
fn closes(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.starts_with("http/1.0") || head.contains("\r\nconnection: close")
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head)?;
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-length:"));
    let value = line.and_then(|line| line.split(':').nth(1)).context("an answer without a length")?;
    Ok(value.trim().parse()?)
}
