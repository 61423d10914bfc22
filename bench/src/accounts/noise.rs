//! What one account with a long queue costs the others: the time from handing an event in to its end, with that account paused and at work, by turns.

use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};

use super::estate::{Estate, Tenant};
use super::pace::{Pace, Sent, send};
use super::{Setting, until};
use crate::intake::median;
use crate::usage::Usage;

/// The others that are timed, at most, and the events a second that they hand in together.
const TIMED: usize = 50;
const PER_SECOND: f64 = 40.0;
/// How long each look takes.
const LOOK: Duration = Duration::from_secs(10);
/// How long the noisy one may work before it waits by itself.
const WAITS_WITHIN: Duration = Duration::from_secs(120);
/// What a change of the account may take to be over.
const CHANGED_WITHIN: Duration = Duration::from_secs(2);

pub(super) async fn run(estate: &Estate, setting: &Setting) -> anyhow::Result<()> {
    let Some((noisy, others)) = estate.tenants.split_first() else { return Ok(()) };
    let others = &others[..others.len().min(TIMED)];
    ensure!(!others.is_empty(), "one account has no others that it could disturb");
    println!(
        "\nnoise: one account with {} jobs waiting; from accept to the end of an event of {} others, ms",
        setting.noisy,
        others.len()
    );
    println!(
        "{:<26} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "the noisy one", "p50 alone", "p50 with", "p99 alone", "p99 with", "p50 ratio", "mean ratio"
    );
    for (kind, per_hour) in [("may ask 1,000 an hour", 1_000), ("may ask without limit", 0)] {
        make_noisy(estate, noisy, (per_hour, setting.noisy)).await?;
        let looked = rounds(estate, (noisy, others), setting).await?;
        print(kind, &looked);
        println!("{:<26} {} jobs left", "", estate.waiting(noisy).await?);
    }
    Ok(())
}

/// Gives the account so many jobs and so many requests an hour, has it work until it waits by itself, for its quota or for what the CRM does in bulk, and
/// pauses it.
async fn make_noisy(estate: &Estate, noisy: &Tenant, (per_hour, jobs): (u32, usize)) -> anyhow::Result<()> {
    set_state(estate, noisy, "pause").await?;
    let settings = json!({"settings": {"per_hour": per_hour, "per_minute": 0}});
    estate.operate("PATCH", &format!("/accounts/{}", noisy.name), Some(settings)).await?;
    let missing = jobs.saturating_sub(usize::try_from(estate.waiting(noisy).await?)?);
    let run = estate.next_run();
    let person = |number| json!({"event": "Signed up", "email": format!("noise{run}x{number}@example.com")});
    estate.hand_in(noisy, (0..missing).map(person).collect()).await?;
    if per_hour > 0 {
        set_state(estate, noisy, "resume").await?;
        let mut before = 0;
        until(WAITS_WITHIN, async || {
            tokio::time::sleep(CHANGED_WITHIN).await;
            let asked = estate.seen_by(noisy).await?.requests;
            Ok(std::mem::replace(&mut before, asked) == asked)
        })
        .await?;
        set_state(estate, noisy, "pause").await?;
    }
    Ok(())
}

/// What was seen of the others, and the cores that the gateway used meanwhile.
#[derive(Default)]
struct Looked {
    sent: Sent,
    cores: Vec<f64>,
}

impl Looked {
    async fn look_again(&mut self, estate: &Estate, others: &[Tenant]) -> anyhow::Result<()> {
        let before = Usage::of(estate.gateway.process())?;
        self.sent = std::mem::take(&mut self.sent).and(look(estate, others).await?);
        self.cores.push(Usage::of(estate.gateway.process())?.cores_since(&before));
        Ok(())
    }
}

fn print(kind: &str, [alone, with]: &[Looked; 2]) {
    let quantile = |quantile: f64| [alone, with].map(|looked| looked.sent.quantile_ms(quantile));
    let ([p50, p50_with], [p99, p99_with]) = (quantile(0.5), quantile(0.99));
    let (ratio, mean_ratio) = (p50_with / p50, with.sent.mean_ms() / alone.sent.mean_ms());
    println!("{kind:<26} {p50:>10.2} {p50_with:>10.2} {p99:>10.2} {p99_with:>10.2} {ratio:>10.3} {mean_ratio:>10.3}");
    let late = alone.sent.unfinished + with.sent.unfinished;
    println!("{:<26} {} and {} events, {late} not done in time", "", alone.sent.answered(), with.sent.answered());
    let [cores, cores_with] = [alone, with].map(|looked| median(&looked.cores));
    println!("{:<26} cores used by the gateway: {cores:.2} alone, {cores_with:.2} with", "");
}

/// Times the others by turns, so that what changes in the machine meanwhile is in both.
async fn rounds(
    estate: &Estate,
    (noisy, others): (&Tenant, &[Tenant]),
    setting: &Setting,
) -> anyhow::Result<[Looked; 2]> {
    let (mut alone, mut with) = (Looked::default(), Looked::default());
    for round in 0..setting.rounds {
        alone.look_again(estate, others).await?;
        set_state(estate, noisy, "resume").await?;
        tokio::time::sleep(CHANGED_WITHIN).await;
        with.look_again(estate, others).await?;
        let left = estate.waiting(noisy).await?;
        set_state(estate, noisy, "pause").await?;
        tokio::time::sleep(CHANGED_WITHIN).await;
        if left == 0 {
            println!("{:<26} its queue was empty at the end of round {}", "", round + 1);
            break;
        }
    }
    Ok([alone, with])
}

async fn look(estate: &Estate, others: &[Tenant]) -> anyhow::Result<Sent> {
    let pace = Pace {
        per_second: PER_SECOND / others.len() as f64,
        time: LOOK,
        connections: others.len(),
        acting_every: 1,
        waits: true,
        run: estate.next_run(),
    };
    send(estate, others, pace).await
}

async fn set_state(estate: &Estate, tenant: &Tenant, change: &str) -> anyhow::Result<Value> {
    estate.operate("POST", &format!("/accounts/{}/{change}", tenant.name), None).await
}
