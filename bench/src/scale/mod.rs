//! What one machine carries: accepts and jobs a second on both stores, beside graphile-worker on the same PostgreSQL, and what an accept costs with
//! many rows behind it.
//!
//! [`throughput`] starts gateways (one on SQLite; one, two and three on a database) and workers of [`graphile`], and counts what they accept and what
//! lands in a sandbox account that has no quota. [`behind`] fills a store with submissions that have ended ([`filling`]) and measures accepts
//! beside the same with fewer. [`usage`] reads what processes used.

mod behind;
mod filling;
mod graphile;
mod throughput;
mod usage;

use std::path::PathBuf;

use leadgate_postgres_server::{Database, Fsync, Server as Postgres};

use crate::fsync;

pub(crate) struct Setting {
    pub(crate) leadgate: PathBuf,
    /// The folder of graphile-worker, with what its lock file names installed.
    pub(crate) graphile_worker: PathBuf,
    pub(crate) seconds: u64,
    pub(crate) instances: Vec<usize>,
    pub(crate) rows: Vec<u64>,
    pub(crate) only: Option<Part>,
}

/// A part of the measurement.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Accepts and jobs a second.
    Rates,
    /// What an accept costs with many rows behind it in SQLite.
    Sqlite,
    /// The same in PostgreSQL.
    Postgres,
}

/// Connections and calls under way at once, of Leadgate and of the baseline.
const AT_ONCE: usize = 64;
/// Requests to the CRM under way at once in each instance (the default of `engine.concurrency`), and jobs in each worker.
const WORKED_AT_ONCE: usize = 8;

/// Beside what a server comes with: room in memory as a small machine has it. Commits wait for the disk.
const POSTGRES_SETTINGS: [&str; 2] = ["shared_buffers=256MB", "synchronous_commit=on"];

pub(crate) async fn run(setting: &Setting) -> anyhow::Result<()> {
    let postgres = Postgres::start_with(Fsync::On, &POSTGRES_SETTINGS);
    print_setting(setting, &postgres)?;
    let has = |part| setting.only.is_none_or(|only| only == part);
    if has(Part::Rates) {
        throughput::run(setting, &postgres).await?;
    }
    if has(Part::Sqlite) {
        behind::sqlite(setting).await?;
    }
    if has(Part::Postgres) {
        behind::postgres(setting, &postgres).await?;
    }
    Ok(())
}

fn print_setting(setting: &Setting, postgres: &Postgres) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in("target")?;
    let database = Database::beside_others(postgres);
    let show = |name: &str| database.ask(&format!("SHOW {name}"));
    let processors = std::thread::available_parallelism()?;
    println!(
        "scale: {processors} processors; one fsync takes {:.3} ms (median of 500)",
        fsync::median_ms(folder.path())?
    );
    println!(
        "PostgreSQL {}: fsync {}, synchronous_commit {}, shared_buffers {}, max_wal_size {}, full_page_writes {}",
        show("server_version"),
        show("fsync"),
        show("synchronous_commit"),
        show("shared_buffers"),
        show("max_wal_size"),
        show("full_page_writes")
    );
    println!("graphile-worker {}, on {}", graphile::version(setting)?, graphile::node_version()?);
    println!(
        "{AT_ONCE} connections or calls at once, {WORKED_AT_ONCE} jobs at once in each process, {} s for each measurement\n",
        setting.seconds
    );
    Ok(())
}
