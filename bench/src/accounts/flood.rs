//! The load: so many events a second for every account, for a while, and what came of them.

use std::time::{Duration, Instant};

use super::estate::{Estate, sum};
use super::pace::{Pace, send};
use super::{Setting, until};
use crate::usage::{Machine, Usage, cores};

/// How long what is left may take after the load has ended.
const DONE_WITHIN: Duration = Duration::from_secs(600);
/// A share of idle time below which the cores are what limits.
const BUSY: f64 = 0.05;

pub(super) async fn run(estate: &Estate, setting: &Setting) -> anyhow::Result<()> {
    let pace = Pace {
        per_second: setting.rate,
        time: Duration::from_secs(setting.seconds),
        connections: setting.connections,
        acting_every: setting.acting_every,
        waits: false,
        run: estate.next_run(),
    };
    let seen = sum(&estate.seen().await?);
    let look =
        || anyhow::Ok((Usage::of(estate.gateway.process())?, Usage::of(estate.sandbox.process())?, Machine::now()?));
    let before = look()?;
    let sent = send(estate, &estate.tenants, pace).await?;
    let after = look()?;
    let meanwhile = sum(&estate.seen().await?);
    let began = Instant::now();
    let is_done =
        until(DONE_WITHIN, async || Ok(estate.all_waiting().await?.iter().all(|waiting| *waiting == 0))).await?;
    let rest_took = began.elapsed();
    let landed = sum(&estate.seen().await?);
    let asked = setting.rate * estate.tenants.len() as f64;
    println!(
        "\nunder load: {} events a second for each, one of {} makes a person in the CRM; {} connections, {} s",
        setting.rate, setting.acting_every, setting.connections, setting.seconds
    );
    println!("{:<34} {:>12.0}", "events a second that were offered", asked);
    println!("{:<34} {:>12.0}", "accepted a second", sent.per_second());
    println!("{:<34} {:>12.2}", "accept, p50 ms", sent.quantile_ms(0.5));
    println!("{:<34} {:>12.2}", "accept, p99 ms", sent.quantile_ms(0.99));
    println!("{:<34} {:>12.2}", "cores used by the gateway", after.0.cores_since(&before.0));
    println!("{:<34} {:>12.2}", "cores used by the sandboxes", after.1.cores_since(&before.1));
    println!("{:<34} {:>12.1}", "gateway, resident at most, MiB", after.0.peak_mib);
    println!("{:<34} {:>12}", "people to make in the CRM", sent.acting);
    println!("{:<34} {:>12}", "made when the load ended", meanwhile.people - seen.people);
    println!("{:<34} {:>12}", "made in the end", landed.people - seen.people);
    println!("{:<34} {:>12}", "requests to the CRM", landed.requests - seen.requests);
    println!("{:<34} {:>12.1}", "all done after the load, s", if is_done { rest_took.as_secs_f64() } else { f64::NAN });
    let (idle, disk) = after.2.idle_since(&before.2);
    println!(
        "cores idle {:.0} %, waiting for the disk {:.0} %: {}",
        idle * 100.0,
        disk * 100.0,
        limit(asked, sent.per_second(), idle + disk)
    );
    Ok(())
}

fn limit(asked: f64, reached: f64, idle: f64) -> String {
    match (reached >= asked * 0.98, idle < BUSY) {
        (true, _) => "what was offered was accepted".to_owned(),
        (false, true) => format!("the {} cores of this machine are what limits", cores()),
        (false, false) => "not the cores are what limits, but what answers wait for, the disk above all".to_owned(),
    }
}
