//! Sends events to many accounts at a given rate over few connections. Who falls behind sends at once and does not make up for what was left out.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::estate::{Estate, Tenant};
use crate::load::{Answered, Shot, connect, read_answer};

/// How events are sent.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// To each account.
    pub(super) per_second: f64,
    pub(super) time: Duration,
    pub(super) connections: usize,
    /// One of so many events asks for something in the CRM.
    pub(super) acting_every: u64,
    /// Whether each is answered only when what it asks for was done.
    pub(super) waits: bool,
    /// Tells the events of one run from those of another.
    pub(super) run: u32,
}

/// What was sent.
#[derive(Default)]
pub(super) struct Sent {
    /// Latencies in milliseconds, ascending, of what was answered.
    latencies: Vec<f64>,
    /// Events that ask for something in the CRM.
    pub(super) acting: u64,
    /// Answered before it was done, although that was waited for.
    pub(super) unfinished: u64,
    pub(super) took: Duration,
}

impl Sent {
    pub(super) fn answered(&self) -> usize {
        self.latencies.len()
    }

    pub(super) fn per_second(&self) -> f64 {
        self.answered() as f64 / self.took.as_secs_f64()
    }

    /// A quantile of the time to the answer, in milliseconds.
    pub(super) fn quantile_ms(&self, quantile: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * quantile).round() as usize).copied().unwrap_or(f64::NAN)
    }

    /// The mean of it.
    pub(super) fn mean_ms(&self) -> f64 {
        self.latencies.iter().sum::<f64>() / self.latencies.len() as f64
    }

    /// The same with more of its kind.
    pub(super) fn and(mut self, other: Sent) -> Sent {
        self.latencies.extend(other.latencies);
        self.latencies.sort_by(f64::total_cmp);
        self.acting += other.acting;
        self.unfinished += other.unfinished;
        self.took += other.took;
        self
    }
}

/// One connection with the accounts that it sends for.
struct Sender {
    /// An event that asks for nothing and one that does, for each account, and where the account stands among all.
    shots: Vec<(usize, [Shot; 2])>,
    pace: Pace,
    port: u16,
    accounts: usize,
}

/// Sends to these accounts of the estate.
pub(super) async fn send(estate: &Estate, to: &[Tenant], pace: Pace) -> anyhow::Result<Sent> {
    let began = Instant::now();
    let mut senders = JoinSet::new();
    let connections = pace.connections.min(to.len());
    for connection in 0..connections {
        let own = to.iter().enumerate().skip(connection).step_by(connections);
        let shots = own.map(|(place, tenant)| (place, [event(tenant, &pace, false), event(tenant, &pace, true)]));
        let sender = Sender { shots: shots.collect(), pace, port: estate.gateway.port, accounts: to.len() };
        senders.spawn(sender.run(began));
    }
    let mut all = Sent::default();
    while let Some(sent) = senders.join_next().await {
        all = all.and(sent.context("a connection ended in a panic")??);
    }
    all.took = began.elapsed();
    Ok(all)
}

impl Sender {
    async fn run(mut self, began: Instant) -> anyhow::Result<Sent> {
        let (mut stream, mut buffer) = (connect(self.port).await?, vec![0_u8; 16 * 1024]);
        let mut sent = Sent::default();
        let apart = Duration::from_secs_f64(1.0 / self.pace.per_second);
        for round in 0_u64.. {
            for at in 0..self.shots.len() {
                let (place, shots) = &mut self.shots[at];
                // The accounts' turns are spread over the time between two events of one.
                let due = apart.mul_f64(round as f64 + *place as f64 / self.accounts as f64);
                if due >= self.pace.time || began.elapsed() >= self.pace.time {
                    return Ok(sent);
                }
                tokio::time::sleep_until((began + due).into()).await;
                let acts = (round + *place as u64).is_multiple_of(self.pace.acting_every);
                let shot = &mut shots[usize::from(acts)];
                shot.count(round);
                let answered = answer_of(shot, &mut stream, &mut buffer, &mut sent).await?;
                sent.acting += u64::from(acts);
                sent.unfinished += u64::from(self.pace.waits && answered.status == 202);
                if !answered.stays_open {
                    stream = connect(self.port).await?;
                }
            }
        }
        Ok(sent)
    }
}

async fn answer_of(
    shot: &Shot,
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    sent: &mut Sent,
) -> anyhow::Result<Answered> {
    let at = Instant::now();
    shot.send(stream).await?;
    let answered = read_answer(stream, buffer).await?;
    sent.latencies.push(at.elapsed().as_secs_f64() * 1_000.0);
    Ok(answered)
}

fn event(tenant: &Tenant, pace: &Pace, acts: bool) -> Shot {
    let prefer = if pace.waits { "wait=30" } else { "respond-async" };
    let headers =
        format!("authorization: Bearer {}\r\ncontent-type: application/json\r\nprefer: {prefer}\r\n", tenant.key);
    let line = format!("POST /accounts/{}/v1/events", tenant.name);
    let run = pace.run;
    let body = match acts {
        true => format!("{{\"event\":\"Signed up\",\"email\":\"run{run}x<counter>@example.com\"}}"),
        false => {
            let user = format!("user of {}", tenant.name);
            format!(
                "{{\"event\":\"Page viewed\",\"user_id\":\"{user}\",\"properties\":{{\"run\":{run},\"view\":\"<counter>\"}}}}"
            )
        }
    };
    Shot::new(&line, &headers, &body)
}
