//! What an accept costs with a thousand, a million and more submissions behind it, on both stores.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use leadgate_postgres_server::{Database, Server as Postgres};
use serde_json::Value;

use super::filling::{self, Span};
use super::{AT_ONCE, Setting, usage};
use crate::load::{Load, lead, send_for};
use crate::server::{APP_KEY, Server};

/// The ratio of costs that is aimed at.
const MOST: f64 = 1.3;
/// How long before a load is measured it runs already.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long the sample may take to land.
const LANDS_WITHIN: Duration = Duration::from_secs(30);

/// What an accept cost.
struct Cost {
    rows: u64,
    gibibytes: f64,
    lone_p50_ms: f64,
    per_second: f64,
    p99_ms: f64,
    /// Of gateway and database, for one accept of many.
    processor_us: f64,
    /// Of the write-ahead log of PostgreSQL; of all that was written to the disk with SQLite.
    written_kib: f64,
}

pub(super) async fn sqlite(setting: &Setting) -> anyhow::Result<()> {
    measure(setting, &Store::Sqlite(tempfile::tempdir_in("target")?)).await
}

pub(super) async fn postgres(setting: &Setting, server: &Postgres) -> anyhow::Result<()> {
    let database = Database::beside_others(server);
    measure(setting, &Store::Postgres(database, server, tempfile::tempdir_in("target")?)).await
}

/// A store, and the folder of the gateway that uses it.
enum Store<'a> {
    Sqlite(tempfile::TempDir),
    Postgres(Database, &'a Postgres, tempfile::TempDir),
}

impl Store<'_> {
    fn name(&self) -> &'static str {
        match self {
            Store::Sqlite(_) => "SQLite",
            Store::Postgres(..) => "Postgres",
        }
    }

    fn folder(&self) -> &Path {
        match self {
            Store::Sqlite(folder) | Store::Postgres(_, _, folder) => folder.path(),
        }
    }

    async fn gateway(&self, setting: &Setting, sandbox: &Server) -> anyhow::Result<Server> {
        let url = match self {
            Store::Sqlite(_) => "sqlite".to_owned(),
            Store::Postgres(database, ..) => database.url(),
        };
        let crm = format!("http://127.0.0.1:{}/crm/sales/api", sandbox.port);
        // What is accepted waits for the quota: it is accepting that is measured.
        Server::gateway_on(&url, (&setting.leadgate, &crm, self.folder()), true).await
    }

    fn fill(&self, span: Span) -> anyhow::Result<i64> {
        match self {
            Store::Sqlite(folder) => filling::sqlite(&folder.path().join("leadgate.db"), span),
            Store::Postgres(database, ..) => filling::postgres(database, span),
        }
    }

    fn gibibytes(&self) -> f64 {
        let bytes = match self {
            Store::Sqlite(folder) => std::fs::metadata(folder.path().join("leadgate.db")).map_or(0, |file| file.len()),
            Store::Postgres(database, ..) => number(database, "SELECT pg_database_size(current_database())"),
        };
        bytes as f64 / f64::from(1 << 30)
    }

    fn processor_seconds(&self, gateway: &Server) -> f64 {
        let own = usage::processor_seconds(gateway.process());
        match self {
            Store::Sqlite(_) => own,
            Store::Postgres(_, server, _) => own + usage::processor_seconds(server.process()),
        }
    }

    fn written(&self, gateway: &Server) -> u64 {
        match self {
            Store::Sqlite(_) => usage::bytes_to_disk(gateway.process()),
            Store::Postgres(database, ..) => number(database, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"),
        }
    }
}

fn number(database: &Database, sql: &str) -> u64 {
    database.ask(sql).parse().unwrap_or(0)
}

async fn measure(setting: &Setting, store: &Store<'_>) -> anyhow::Result<()> {
    println!(
        "what an accept costs in {} with so many submissions behind it, all ended (and those of the measurement)",
        store.name()
    );
    println!(
        "{:>10} {:>6} {:>11} {:>11} {:>8} {:>8} {:>12}",
        "rows", "GiB", "lone p50 ms", "accepts/s", "p99 ms", "CPU µs", "written KiB"
    );
    let sandbox = Server::sandbox(&setting.leadgate, "suite", "growth").await?;
    land_sample(&store.gateway(setting, &sandbox).await?).await?;
    let all = setting.rows.iter().copied().max().context("no number of rows is given")?;
    let (mut costs, mut from) = (Vec::new(), 0);
    for &rows in &setting.rows {
        ensure!(rows > from, "numbers of rows must ascend");
        let copied = store.fill(Span { from, to: rows, all })?;
        from = rows;
        let gateway = store.gateway(setting, &sandbox).await?;
        check_copy(&gateway, store, copied).await?;
        let cost = accept(setting, store, (&gateway, rows)).await?;
        print_row(&cost);
        costs.push(cost);
    }
    print_ratios(&costs);
    Ok(())
}

/// Hands over one lead and waits until it is in the account.
async fn land_sample(gateway: &Server) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client.post(format!("http://127.0.0.1:{}/leads", gateway.port)).bearer_auth(APP_KEY);
    let body = serde_json::json!({ "email": "sample000000000000000000000@example.com", "firstName": "Ada", "lastName": "King", "source": "Web" });
    let answer = request.json(&body).header("prefer", "wait=20").timeout(LANDS_WITHIN).send().await?;
    ensure!(answer.status() == 200, "the sample was answered {}", answer.status());
    Ok(())
}

/// Reads a copied submission through the gateway: one that has landed.
async fn check_copy(gateway: &Server, store: &Store<'_>, number: i64) -> anyhow::Result<()> {
    let id = match store {
        Store::Sqlite(folder) => {
            let connection = rusqlite::Connection::open(folder.path().join("leadgate.db"))?;
            connection.query_row("SELECT lower(hex(id)) FROM inbox WHERE seq = ?1", [number], |row| row.get(0))?
        }
        Store::Postgres(database, ..) => {
            database.ask(&format!("SELECT encode(id, 'hex') FROM leadgate.inbox WHERE seq = {number}"))
        }
    };
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("http://127.0.0.1:{}/v1/submissions/{id}", gateway.port);
    let answer = client.get(url).bearer_auth(APP_KEY).send().await?;
    ensure!(answer.status() == 200, "a copied submission was answered {}", answer.status());
    let read: Value = answer.json().await?;
    ensure!(read["status"] == "done", "a copied submission is {}", read["status"]);
    Ok(())
}

async fn accept(setting: &Setting, store: &Store<'_>, (gateway, rows): (&Server, u64)) -> anyhow::Result<Cost> {
    let time = Duration::from_secs(setting.seconds);
    // Each load has addresses of its own.
    let run = 10 * u32::try_from(setting.rows.iter().position(|&all| all == rows).unwrap_or(0))?;
    post(gateway, 1, WARM_UP, run).await?;
    let lone = post(gateway, 1, time, run + 1).await?;
    post(gateway, AT_ONCE, WARM_UP, run + 2).await?;
    let (processor, written) = (store.processor_seconds(gateway), store.written(gateway));
    let many = post(gateway, AT_ONCE, time, run + 3).await?;
    let per_accept = 1.0 / many.answered as f64;
    Ok(Cost {
        rows,
        gibibytes: store.gibibytes(),
        lone_p50_ms: lone.quantile_ms(0.5),
        per_second: many.per_second(),
        p99_ms: many.quantile_ms(0.99),
        processor_us: (store.processor_seconds(gateway) - processor) * 1e6 * per_accept,
        written_kib: (store.written(gateway) - written) as f64 / 1024.0 * per_accept,
    })
}

async fn post(gateway: &Server, connections: usize, time: Duration, run: u32) -> anyhow::Result<Load> {
    let headers = format!("authorization: Bearer {APP_KEY}\r\nprefer: respond-async\r\n");
    send_for(gateway.port, connections, time, |connection| lead(connection, run, &headers)).await
}

fn print_row(cost: &Cost) {
    println!(
        "{:>10} {:>6.2} {:>11.3} {:>11.0} {:>8.2} {:>8.1} {:>12.2}",
        cost.rows, cost.gibibytes, cost.lone_p50_ms, cost.per_second, cost.p99_ms, cost.processor_us, cost.written_kib
    );
}

/// The time of an accept beside that with the fewest rows.
fn print_ratios(costs: &[Cost]) {
    let [fewest, more @ ..] = costs else { return };
    for cost in more {
        let (lone, many) = (cost.lone_p50_ms / fewest.lone_p50_ms, fewest.per_second / cost.per_second);
        let kept = if lone.max(many) <= MOST { "within" } else { "above" };
        println!(
            "{} rows cost {lone:.2} × what {} cost for a lone accept and {many:.2} × at {AT_ONCE} connections, {kept} {MOST}",
            cost.rows, fewest.rows
        );
    }
    println!();
}
