//! Many accounts in one gateway, in front of as many sandbox accounts: what they cost at rest, what comes through under load, how evenly they are
//! served, and what one of them with a long queue costs the others.
//!
//! Cast: [`estate`] starts a gateway and a sandbox and adds the accounts; [`rest`] looks at them while nothing happens; [`pace`] sends events to all at a
//! given rate over few connections; [`flood`] is the load; [`shares`] gives every account the same queue and compares what is served; [`noise`] gives
//! one account a long queue and times what the others hand in. Every figure is measured in the run that prints it.

mod estate;
mod flood;
mod noise;
mod pace;
mod rest;
mod shares;

use std::path::PathBuf;
use std::time::Duration;

use crate::fsync;
use estate::Estate;

/// What is measured, and how much of it.
#[derive(clap::Args)]
pub(crate) struct Setting {
    /// The leadgate binary, built with --release.
    #[arg(long)]
    pub(crate) leadgate: PathBuf,
    /// A PostgreSQL database, empty, for the stores; without it they are files.
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// How many accounts.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) accounts: usize,
    /// Events a second that each account is sent.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) rate: f64,
    /// Seconds of load.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u64,
    /// One of so many events makes a person in the CRM; at ten a second, one of 40 is about what 1,000 requests an hour allow.
    #[arg(long, default_value_t = 40)]
    pub(crate) acting_every: u64,
    /// Connections that events are sent over.
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: usize,
    /// Jobs that each account has waiting where shares are compared.
    #[arg(long, default_value_t = 100)]
    pub(crate) queue: usize,
    /// Jobs that the noisy account has waiting.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) noisy: usize,
    /// How often the others are timed without and with it.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
}

pub(crate) async fn run(setting: &Setting) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in("target")?;
    println!(
        "accounts: {} of them in one gateway, stores in {}; {} cores, one fsync takes {:.2} ms",
        setting.accounts,
        if setting.store.is_some() { "PostgreSQL" } else { "files" },
        crate::usage::cores(),
        fsync::median_ms(folder.path())?
    );
    let estate = Estate::open(setting, folder.path()).await?;
    rest::run(&estate).await?;
    flood::run(&estate, setting).await?;
    shares::run(&estate, setting).await?;
    noise::run(&estate, setting).await
}

/// Looks until something holds. Returns whether it did within that time.
async fn until(within: Duration, mut holds: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<bool> {
    let began = std::time::Instant::now();
    while began.elapsed() < within {
        if holds().await? {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(false)
}
