//! What one account with a long queue costs the others: the time from handing an event in to its end, with that account paused and at work, by turns.

use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};

use super::Setting;
use super::estate::{Estate, Tenant};
use super::pace::{Pace, Sent, send};
use super::shares::fill;

/// The others that are timed, at most, and the events a second that they hand in together.
const TIMED: usize = 50;
const PER_SECOND: f64 = 40.0;
/// How long each look takes.
const LOOK: Duration = Duration::from_secs(10);
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
        "{:<26} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "the noisy one", "p50 alone", "p50 with", "p99 alone", "p99 with", "p50 ratio"
    );
    for (kind, per_hour) in [("has spent its quota", 1_000), ("has no quota", 0)] {
        set_state(estate, noisy, "pause").await?;
        let settings = json!({"settings": {"per_hour": per_hour, "per_minute": 0}});
        estate.operate("PATCH", &format!("/accounts/{}", noisy.name), Some(settings)).await?;
        let missing = (setting.noisy as u64).saturating_sub(estate.waiting(noisy).await?);
        fill(estate, noisy, usize::try_from(missing)?).await?;
        let (alone, with) = rounds(estate, (noisy, others), setting).await?;
        let ratio = with.quantile_ms(0.5) / alone.quantile_ms(0.5);
        let [p50, p50_with, p99, p99_with] =
            [alone.quantile_ms(0.5), with.quantile_ms(0.5), alone.quantile_ms(0.99), with.quantile_ms(0.99)];
        println!("{kind:<26} {p50:>10.2} {p50_with:>10.2} {p99:>10.2} {p99_with:>10.2} {ratio:>10.3}");
        let late = alone.unfinished + with.unfinished;
        println!(
            "{:<26} {} and {} events, {late} not done in time; {} jobs left",
            "",
            alone.answered(),
            with.answered(),
            estate.waiting(noisy).await?
        );
    }
    Ok(())
}

/// Times the others by turns, so that what changes in the machine meanwhile is in both.
async fn rounds(
    estate: &Estate,
    (noisy, others): (&Tenant, &[Tenant]),
    setting: &Setting,
) -> anyhow::Result<(Sent, Sent)> {
    let (mut alone, mut with) = (Sent::default(), Sent::default());
    for round in 0..setting.rounds {
        alone = alone.and(look(estate, others).await?);
        set_state(estate, noisy, "resume").await?;
        tokio::time::sleep(CHANGED_WITHIN).await;
        with = with.and(look(estate, others).await?);
        let left = estate.waiting(noisy).await?;
        set_state(estate, noisy, "pause").await?;
        tokio::time::sleep(CHANGED_WITHIN).await;
        if left == 0 {
            println!("{:<26} its queue was empty at the end of round {}", "", round + 1);
            break;
        }
    }
    Ok((alone, with))
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
