//! Accepts and jobs a second: Leadgate on SQLite and on PostgreSQL, graphile-worker on the same PostgreSQL.

use std::time::{Duration, Instant};

use anyhow::ensure;
use leadgate_postgres_server::{Database, Server as Postgres};
use tempfile::TempDir;

use super::graphile::{Fetching, Script};
use super::{AT_ONCE, Setting, WORKED_AT_ONCE};
use crate::cost;
use crate::load::{lead, spread_for};
use crate::server::{APP_KEY, Server};

/// More than the workers of the baseline do: a backlog of so many for each second does not run out.
const MOST_WORKED_PER_SECOND: u64 = 8_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What a number of processes carried.
struct Rates {
    accepts: f64,
    p50_ms: f64,
    p99_ms: f64,
    jobs: f64,
    requests_per_job: f64,
}

pub(super) async fn run(setting: &Setting, postgres: &Postgres) -> anyhow::Result<()> {
    println!(
        "accepts and jobs a second; a job is one lead, which costs one request and lands in a sandbox account without quota"
    );
    println!("{:<34} {:>10} {:>8} {:>8} {:>8} {:>13}", "", "accepts/s", "p50 ms", "p99 ms", "jobs/s", "requests/job");
    print_row("leadgate, SQLite", &leadgate(setting, Store::Sqlite, 1).await?);
    let mut ratios = Vec::new();
    for &instances in &setting.instances {
        let ours = leadgate(setting, Store::Postgres(postgres), instances).await?;
        print_row(&format!("leadgate, Postgres, {instances} instances"), &ours);
        ratios.push(beside_graphile(setting, postgres, (instances, &ours)).await?);
    }
    println!();
    for ratio in ratios {
        println!("{ratio}");
    }
    println!();
    Ok(())
}

async fn beside_graphile(
    setting: &Setting,
    postgres: &Postgres,
    (processes, ours): (usize, &Rates),
) -> anyhow::Result<String> {
    let database = Database::beside_others(postgres);
    let script = Script { setting, database: database.url() };
    script.prepare()?;
    let added = script.added_per_second(processes, AT_ONCE)?;
    let worked = graphile_jobs(&script, &database, (processes, Fetching::OneByOne)).await?;
    let batched = graphile_jobs(&script, &database, (processes, Fetching::LocalQueue)).await?;
    let name = format!("graphile-worker, {processes} processes");
    println!("{name:<34} {added:>10.0} {:>8} {:>8} {worked:>8.0} {:>13}", "", "", 1);
    println!("{:<34} {:>10} {:>8} {:>8} {batched:>8.0} {:>13}", "  with a local queue", "", "", "", 1);
    Ok(format!(
        "{processes} × leadgate on Postgres: {:.2} × the accepts of graphile-worker, {:.2} × its jobs, {:.2} × those with a local queue",
        ours.accepts / added,
        ours.jobs / worked,
        ours.jobs / batched
    ))
}

async fn graphile_jobs(
    script: &Script<'_>,
    database: &Database,
    (processes, fetching): (usize, Fetching),
) -> anyhow::Result<f64> {
    database.ask("TRUNCATE graphile_worker._private_jobs");
    script.fill(MOST_WORKED_PER_SECOND * (script.setting.seconds + 2))?;
    // So that it does not plan for the empty table of a moment ago.
    database.ask("VACUUM (ANALYZE) graphile_worker._private_jobs");
    let sandbox = Server::sandbox(&script.setting.leadgate, "suite", "off").await?;
    let workers: anyhow::Result<Vec<_>> =
        (0..processes).map(|_| script.work(&sandbox, WORKED_AT_ONCE, fetching)).collect();
    let _workers = workers?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    // Once all have begun.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let rate = landed_per_second(&client, &sandbox, script.setting.seconds, u64::MAX).await?;
    let left = database.ask("SELECT EXISTS (SELECT 1 FROM graphile_worker._private_jobs)");
    ensure!(left == "t", "graphile-worker was done with its backlog before it was measured");
    Ok(rate)
}

/// Where the gateways' store is.
#[derive(Clone, Copy)]
enum Store<'a> {
    Sqlite,
    Postgres(&'a Postgres),
}

async fn leadgate(setting: &Setting, store: Store<'_>, instances: usize) -> anyhow::Result<Rates> {
    let accepting = Fleet::start(setting, store, (instances, "growth")).await?;
    accepting.post(Duration::from_millis(700), 900).await?;
    let load = accepting.post(Duration::from_secs(setting.seconds), 1).await?;
    drop(accepting);
    let working = Fleet::start(setting, store, (instances, "off")).await?;
    let (jobs, requests_per_job) = working.work(setting.seconds).await?;
    Ok(Rates {
        accepts: load.per_second(),
        p50_ms: load.quantile_ms(0.5),
        p99_ms: load.quantile_ms(0.99),
        jobs,
        requests_per_job,
    })
}

/// Gateways on one store that is made for them, before one sandbox account.
struct Fleet {
    gateways: Vec<Server>,
    sandbox: Server,
    _folder: TempDir,
    // Dropped after the gateways that use it.
    _database: Option<Database>,
}

impl Fleet {
    async fn start(setting: &Setting, store: Store<'_>, (instances, quota): (usize, &str)) -> anyhow::Result<Fleet> {
        let (folder, sandbox) =
            (tempfile::tempdir_in("target")?, Server::sandbox(&setting.leadgate, "suite", quota).await?);
        let database = match store {
            Store::Sqlite => None,
            Store::Postgres(postgres) => Some(Database::beside_others(postgres)),
        };
        let url = database.as_ref().map_or_else(|| "sqlite".to_owned(), Database::url);
        let crm = format!("http://127.0.0.1:{}/crm/sales/api", sandbox.port);
        let mut gateways = Vec::new();
        for number in 0..instances {
            let data = folder.path().join(number.to_string());
            std::fs::create_dir(&data)?;
            gateways.push(Server::gateway_on(&url, (&setting.leadgate, &crm, &data), quota != "off").await?);
        }
        Ok(Fleet { gateways, sandbox, _folder: folder, _database: database })
    }

    /// Leads that nobody waits for, spread over the gateways.
    async fn post(&self, time: Duration, run: u32) -> anyhow::Result<crate::load::Load> {
        let ports: Vec<u16> = self.gateways.iter().map(|gateway| gateway.port).collect();
        let headers = format!("authorization: Bearer {APP_KEY}\r\nprefer: respond-async\r\n");
        spread_for(&ports, AT_ONCE, time, |connection| lead(connection, run, &headers)).await
    }

    /// Jobs that land a second once a backlog is there, and requests for each.
    async fn work(&self, seconds: u64) -> anyhow::Result<(f64, f64)> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let handed_over = self.post(Duration::from_secs(seconds), 2).await?.answered;
        let rate = landed_per_second(&client, &self.sandbox, seconds, handed_over).await?;
        let (requests, landed) =
            (cost::requests(&client, &self.sandbox).await?, cost::people(&client, &self.sandbox).await?);
        Ok((rate, requests as f64 / landed as f64))
    }
}

/// People who appear in the account a second, for so many seconds or until there are so many.
async fn landed_per_second(client: &reqwest::Client, sandbox: &Server, seconds: u64, all: u64) -> anyhow::Result<f64> {
    let (began, before) = (Instant::now(), cost::people(client, sandbox).await?);
    ensure!(before < all, "all of the backlog had landed before it was measured; hand over for more --seconds");
    let mut now = before;
    while began.elapsed() < Duration::from_secs(seconds) && now < all {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        now = cost::people(client, sandbox).await?;
    }
    Ok((now - before) as f64 / began.elapsed().as_secs_f64())
}

fn print_row(name: &str, rates: &Rates) {
    println!(
        "{name:<34} {:>10.0} {:>8.2} {:>8.2} {:>8.0} {:>13.2}",
        rates.accepts, rates.p50_ms, rates.p99_ms, rates.jobs, rates.requests_per_job
    );
}
