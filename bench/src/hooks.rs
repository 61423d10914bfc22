//! Notifications and deliveries: durable notifications a second beside a Flask receiver that keeps nothing, and how long an event takes from its
//! report to the receiver of a signed webhook.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::fsync;
use crate::intake::{Figures, median, print_row};
use crate::load::{Load, Shot, send_for};
use crate::receiver::Receiver;
use crate::server::{APP_KEY, Server};

const SECRET: &str = "bench-webhook-secret-0123456789";
/// Events a second while deliveries are timed: far from what limits, so that it is the way that is timed and not a queue.
const EVENTS_PER_SECOND: u32 = 200;
/// How long the last deliveries may take to arrive.
const ARRIVED_WITHIN: Duration = Duration::from_secs(20);

pub(crate) struct Setting {
    pub(crate) leadgate: PathBuf,
    /// A Python environment with Flask, and the folder of the receiver.
    pub(crate) flask: PathBuf,
    pub(crate) seconds: u64,
    pub(crate) rounds: usize,
}

pub(crate) async fn run(setting: &Setting) -> anyhow::Result<()> {
    println!(
        "hooks: POST /freshsales/webhook with another deal each time; median of {} rounds of {} s",
        setting.rounds, setting.seconds
    );
    println!("{:<12} {:>12} {:>12} {:>10} {:>10}", "connections", "server", "answers/s", "p50 ms", "p99 ms");
    for connections in [1, 64] {
        let (mut flask, mut gateway, mut flush_ms) = (Figures::default(), Figures::default(), Vec::new());
        for round in 0..setting.rounds {
            let server = Server::flask(&setting.flask).await?;
            flask.add(&load(&server, connections, round, setting.seconds).await?);
            drop(server);
            let (measured, flush) = gateway_round(setting, connections, round).await?;
            gateway.add(&measured);
            flush_ms.push(flush);
        }
        print_row(connections, "flask", &flask);
        print_row(connections, "leadgate", &gateway);
        let ratio = median(&gateway.per_second) / median(&flask.per_second);
        println!("{connections:<12} ratio {ratio:.2} × Flask; one fsync takes {:.3} ms\n", median(&flush_ms));
    }
    deliveries(setting).await
}

async fn gateway_round(setting: &Setting, connections: usize, round: usize) -> anyhow::Result<(Load, f64)> {
    let folder = tempfile::tempdir_in("target")?;
    let flush = fsync::median_ms(folder.path())?;
    let rules = format!("[notifications]\nsecrets = [\"{SECRET}\"]\n");
    let (_sandbox, server) = gateway(&setting.leadgate, folder.path(), &rules).await?;
    Ok((load(&server, connections, round, setting.seconds).await?, flush))
}

async fn gateway(leadgate: &Path, folder: &Path, rules: &str) -> anyhow::Result<(Server, Server)> {
    let sandbox = Server::sandbox(leadgate, "suite", "off").await?;
    let crm = format!("http://127.0.0.1:{}/crm/sales/api", sandbox.port);
    let file = folder.join("rules.toml");
    std::fs::write(&file, rules)?;
    let server = Server::gateway_with_rules(leadgate, &crm, folder, &file).await?;
    Ok((sandbox, server))
}

async fn load(server: &Server, connections: usize, round: usize, seconds: u64) -> anyhow::Result<Load> {
    let shot = |connection: usize| notification(connection, round);
    send_for(server.port, connections, Duration::from_millis(700), shot).await?;
    send_for(server.port, connections, Duration::from_secs(seconds), shot).await
}

/// What a workflow that was set up as the guide says sends.
fn notification(connection: usize, round: usize) -> Shot {
    let body = format!(
        "{{\"event\":\"deal_updated\",\"object_type\":\"deal\",\"object\":{{\"id\":\"4{round:03}{connection:03}<counter>\",\
         \"amount\":\"5600.0\",\"deal_stage\":{{\"name\":\"Demo\"}},\"updated_at\":\"2026-06-15T14:30:30Z\"}}}}"
    );
    let headers = format!("content-type: application/json\r\nx-leadgate-secret: {SECRET}\r\n");
    Shot::new("POST /freshsales/webhook", &headers, &body)
}

/// From the report of an event to its signed webhook at the receiver.
async fn deliveries(setting: &Setting) -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let folder = tempfile::tempdir_in("target")?;
    let (_sandbox, server) = gateway(&setting.leadgate, folder.path(), &delivery_rules(receiver.port)).await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let count = EVENTS_PER_SECOND * u32::try_from(setting.seconds)?;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / EVENTS_PER_SECOND);
    let began = Instant::now();
    let mut reports = tokio::task::JoinSet::new();
    for number in 0..count {
        ticks.tick().await;
        receiver.reported(number);
        reports.spawn(report(client.clone(), server.port, number));
    }
    while let Some(reported) = reports.join_next().await {
        reported.context("a report ended in a panic")??;
    }
    receiver.wait_for(count as usize, ARRIVED_WITHIN).await?;
    let latencies = receiver.latencies_ms();
    println!(
        "deliveries: {count} events, {EVENTS_PER_SECOND} a second, each to one signed webhook ({:.1?})",
        began.elapsed()
    );
    println!(
        "from report to receiver: p50 {:.2} ms, p99 {:.2} ms",
        quantile(&latencies, 0.5),
        quantile(&latencies, 0.99)
    );
    Ok(())
}

fn delivery_rules(port: u16) -> String {
    // The secret is made up, for this run alone.
    format!(
        "[destinations.receiver]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\nallow = [\"127.0.0.0/8\"]\n\
         secrets = [\"whsec_YmVuY2gtc2lnbmluZy1zZWNyZXQtb2YtdGhpcnR5LTI=\"]\nconcurrency = 16\n\
         [[playbook.rules]]\nname = \"timed\"\nevent = \"Timed\"\n\
         steps = [{{ do = \"send\", to = \"receiver\", type = \"timed\", data = {{ number = \"{{{{ properties.number }}}}\" }} }}]\n"
    )
}

async fn report(client: reqwest::Client, port: u16, number: u32) -> anyhow::Result<()> {
    let event = json!({
        "event": "Timed", "id": format!("timed-{number}"), "email": format!("person{number}@example.com"),
        "properties": { "number": number },
    });
    let url = format!("http://127.0.0.1:{port}/v1/events");
    let reply = client.post(url).bearer_auth(APP_KEY).header("prefer", "respond-async").json(&event).send().await?;
    let status = reply.status();
    ensure!(status.is_success(), "an event was answered {status}: {}", reply.text().await.unwrap_or_default());
    Ok(())
}

fn quantile(ascending: &[f64], quantile: f64) -> f64 {
    let last = ascending.len().saturating_sub(1);
    ascending.get((last as f64 * quantile).round() as usize).copied().unwrap_or(f64::NAN)
}
