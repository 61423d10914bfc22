//! Side-by-side benchmarks: Leadgate and a baseline in the same run, ratios printed.
//!
//! `leadgate-bench intake` measures durable accepts against the Express server in `express/` answering from memory, and counts the requests that
//! leads cost the CRM against the same server doing search-then-create. `leadgate-bench hooks` measures durable notifications against the Flask receiver
//! in `flask/`, and times deliveries. `leadgate-bench sandbox` measures the sandbox account, and `leadgate-bench sync` copies an account beside the dlt
//! pipeline in `dlt/`. `leadgate-bench scale` measures the stores, beside graphile-worker in `graphile-worker/`; `leadgate-bench accounts` measures many
//! accounts in one gateway, which has no baseline. Everything runs on loopback, for a bounded time, and only processes that were started here are ended.
#![allow(clippy::print_stdout)]

mod accounts;
mod cost;
mod fsync;
mod hooks;
mod intake;
mod listing;
mod load;
mod receiver;
mod sandbox;
mod scale;
mod server;
mod sync;
mod usage;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures Leadgate beside a baseline.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Durable accepts a second, their latency, and the requests that leads cost.
    Intake {
        /// The leadgate binary, built with --release.
        #[arg(long)]
        leadgate: PathBuf,
        /// The folder of the Express baseline, after `npm ci`.
        #[arg(long)]
        express: PathBuf,
        /// Seconds of load in each round.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Rounds; each runs both servers.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Durable notifications a second and their latency, and how long deliveries take.
    Hooks {
        /// The leadgate binary, built with --release.
        #[arg(long)]
        leadgate: PathBuf,
        /// A Python environment with Flask.
        #[arg(long)]
        flask: PathBuf,
        /// Seconds of load in each round.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Rounds; each runs both servers.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Cold start, memory and requests a second of the sandbox account, beside localstripe and WireMock.
    Sandbox {
        /// The leadgate binary, built with --release.
        #[arg(long)]
        leadgate: PathBuf,
        /// The folder of WireMock, after `npm ci`.
        #[arg(long)]
        wiremock: PathBuf,
        /// A Python environment with localstripe.
        #[arg(long)]
        localstripe: PathBuf,
        /// Seconds of load in each round.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Rounds; each runs all servers.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Copies contacts into Parquet files, beside a dlt pipeline: rows a second, requests, memory.
    Sync {
        /// The leadgate binary, built with --release.
        #[arg(long)]
        leadgate: PathBuf,
        /// A Python environment with dlt.
        #[arg(long)]
        dlt: PathBuf,
        /// How many contacts.
        #[arg(long, default_value_t = 20_000)]
        rows: usize,
        /// Rounds; each runs both programs.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Only Leadgate, for numbers of rows that take dlt too long.
        #[arg(long)]
        alone: bool,
    },
    /// Accepts and jobs a second on SQLite and on Postgres, beside graphile-worker, and what an accept costs with many rows behind it.
    Scale {
        /// The leadgate binary, built with --release.
        #[arg(long)]
        leadgate: PathBuf,
        /// The folder of graphile-worker, after `npm ci`.
        #[arg(long)]
        graphile_worker: PathBuf,
        /// Seconds of load in each measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// How many instances are started on one database.
        #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
        instances: Vec<usize>,
        /// How many rows are behind an accept, ascending; the first is what the others are compared with.
        #[arg(long, value_delimiter = ',', default_value = "1000,1000000")]
        rows: Vec<u64>,
        /// Only one of the two parts.
        #[arg(long)]
        only: Option<scale::Part>,
    },
    /// Many accounts in one gateway: at rest, under load, how evenly they are served, and beside one with a long queue.
    Accounts(accounts::Setting),
    /// Reads a list with the client and prints a row; started by the measurement.
    #[command(hide = true)]
    ReadList {
        #[arg(long)]
        port: u16,
        #[arg(long)]
        concurrency: u32,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    // reqwest wants a TLS provider even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Arguments::parse().what {
        What::Intake { leadgate, express, seconds, rounds } => {
            let setting = intake::Setting { leadgate, express, seconds, rounds };
            intake::run(&setting).await?;
            cost::run(&setting).await
        }
        What::Hooks { leadgate, flask, seconds, rounds } => {
            hooks::run(&hooks::Setting { leadgate, flask, seconds, rounds }).await
        }
        What::Sync { leadgate, dlt, rows, rounds, alone } => {
            sync::run(&sync::Setting { leadgate, dlt, rows, rounds, alone }).await
        }
        What::Scale { leadgate, graphile_worker, seconds, instances, rows, only } => {
            scale::run(&scale::Setting { leadgate, graphile_worker, seconds, instances, rows, only }).await
        }
        What::Accounts(setting) => accounts::run(&setting).await,
        What::ReadList { port, concurrency } => listing::read(port, concurrency).await,
        What::Sandbox { leadgate, wiremock, localstripe, seconds, rounds } => {
            listing::run(&leadgate).await?;
            sandbox::run(&sandbox::Setting { leadgate, wiremock, localstripe, seconds, rounds }).await
        }
    }
}
