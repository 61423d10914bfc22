//! Durable accepts: Leadgate with an fsync before each answer, beside Express answering from memory.

use std::path::PathBuf;
use std::time::Duration;

use crate::fsync;
use crate::load::{Load, lead, send_for};
use crate::server::{APP_KEY, Server};

pub(crate) struct Setting {
    pub(crate) leadgate: PathBuf,
    pub(crate) express: PathBuf,
    pub(crate) seconds: u64,
    pub(crate) rounds: usize,
}

/// What the rounds of one server gave.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) per_second: Vec<f64>,
    p50_ms: Vec<f64>,
    p99_ms: Vec<f64>,
}

impl Figures {
    pub(crate) fn add(&mut self, load: &Load) {
        self.per_second.push(load.per_second());
        self.p50_ms.push(load.quantile_ms(0.50));
        self.p99_ms.push(load.quantile_ms(0.99));
    }
}

pub(crate) async fn run(setting: &Setting) -> anyhow::Result<()> {
    println!(
        "intake: POST /leads with a new e-mail each time; median of {} rounds of {} s",
        setting.rounds, setting.seconds
    );
    println!("{:<12} {:>12} {:>12} {:>10} {:>10}", "connections", "server", "answers/s", "p50 ms", "p99 ms");
    for connections in [1, 64] {
        let (mut express, mut gateway, mut flush_ms) = (Figures::default(), Figures::default(), Vec::new());
        for round in 0..setting.rounds {
            express.add(&express_round(setting, connections, round).await?);
            let (load, flush) = gateway_round(setting, connections, round).await?;
            gateway.add(&load);
            flush_ms.push(flush);
        }
        print_row(connections, "express", &express);
        print_row(connections, "leadgate", &gateway);
        let ratio = median(&gateway.per_second) / median(&express.per_second);
        let flush = median(&flush_ms);
        println!(
            "{connections:<12} ratio {ratio:.2} × Express; one fsync takes {flush:.3} ms, p50 is {:.2} of it\n",
            median(&gateway.p50_ms) / flush
        );
    }
    Ok(())
}

async fn express_round(setting: &Setting, connections: usize, round: usize) -> anyhow::Result<Load> {
    let server = Server::express(&setting.express, None).await?;
    measure(&server, connections, round, String::new(), setting.seconds).await
}

async fn gateway_round(setting: &Setting, connections: usize, round: usize) -> anyhow::Result<(Load, f64)> {
    let folder = tempfile::tempdir_in("target")?;
    let flush = fsync::median_ms(folder.path())?;
    let sandbox = Server::sandbox(&setting.leadgate, "suite", "growth").await?;
    let crm = format!("http://127.0.0.1:{}/crm/sales/api", sandbox.port);
    let server = Server::gateway(&setting.leadgate, &crm, folder.path(), true).await?;
    if round == 0 && connections == 1 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        println!("idle gateway: {:.1} MiB resident", server.resident_mib().unwrap_or(f64::NAN));
    }
    let headers = format!("authorization: Bearer {APP_KEY}\r\nprefer: respond-async\r\n");
    let load = measure(&server, connections, round, headers, setting.seconds).await?;
    drop(server);
    Ok((load, f64::midpoint(flush, fsync::median_ms(folder.path())?)))
}

async fn measure(
    server: &Server,
    connections: usize,
    round: usize,
    headers: String,
    seconds: u64,
) -> anyhow::Result<Load> {
    let run = u32::try_from(round)?;
    send_for(server.port, connections, Duration::from_millis(700), |connection| lead(connection, 900 + run, &headers))
        .await?;
    send_for(server.port, connections, Duration::from_secs(seconds), |connection| lead(connection, run, &headers)).await
}

pub(crate) fn print_row(connections: usize, name: &str, figures: &Figures) {
    println!(
        "{connections:<12} {name:>12} {:>12.0} {:>10.3} {:>10.3}",
        median(&figures.per_second),
        median(&figures.p50_ms),
        median(&figures.p99_ms)
    );
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
