//! Receives webhooks and notes when each arrived.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[derive(Default)]
struct Seen {
    reported: HashMap<u32, Instant>,
    latencies: Vec<Duration>,
}

/// A server for the time of the measurement.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> anyhow::Result<Receiver> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&shared);
                // A sender that goes away ends its connection, nothing else.
                tokio::spawn(async move { drop(serve(stream, &seen).await) });
            }
        });
        Ok(Receiver { port, seen, task })
    }

    /// An event is about to be reported.
    pub(crate) fn reported(&self, number: u32) {
        lock(&self.seen).reported.insert(number, Instant::now());
    }

    pub(crate) async fn wait_for(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        let started = Instant::now();
        while lock(&self.seen).latencies.len() < count {
            if started.elapsed() > within {
                bail!("{} of {count} deliveries arrived within {within:?}", lock(&self.seen).latencies.len());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// In milliseconds, ascending.
    pub(crate) fn latencies_ms(&self) -> Vec<f64> {
        let mut latencies: Vec<f64> = lock(&self.seen).latencies.iter().map(|took| took.as_secs_f64() * 1e3).collect();
        latencies.sort_by(f64::total_cmp);
        latencies
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, seen: &Mutex<Seen>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    loop {
        let (head, length) = loop {
            if let Some(found) = whole_request(&buffer) {
                break found;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        note(&buffer[head..head + length], seen);
        buffer.drain(..head + length);
        stream.write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").await?;
    }
}

/// Where the body begins and how long it is, once all of it is there.
fn whole_request(buffer: &[u8]) -> Option<(usize, usize)> {
    let head = buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head]).ok()?.to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(Some(0), |value| value.trim().parse().ok())?;
    (buffer.len() >= head + length).then_some((head, length))
}

/// Each event counts once, however often it is delivered.
fn note(body: &[u8], seen: &Mutex<Seen>) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let number = &body["data"]["number"];
    let number =
        number.as_u64().or_else(|| number.as_str()?.parse().ok()).and_then(|number| u32::try_from(number).ok());
    let mut seen = lock(seen);
    if let Some(reported) = number.and_then(|number| seen.reported.remove(&number)) {
        seen.latencies.push(reported.elapsed());
    }
}
