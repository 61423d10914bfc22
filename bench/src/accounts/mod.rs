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

pub(crate) struct Setting {
    pub(crate) leadgate: PathBuf,
    /// A PostgreSQL database; without, the stores are files.
    pub(crate) store: Option<String>,
    pub(crate) accounts: usize,
    /// Events a second that each account is sent.
    pub(crate) rate: f64,
    pub(crate) seconds: u64,
    /// One of so many events asks for something in the CRM.
    pub(crate) acting_every: u64,
    pub(crate) connections: usize,
    /// Jobs that each account has waiting where shares are compared.
    pub(crate) queue: usize,
    /// Jobs that the noisy account has waiting.
    pub(crate) noisy: usize,
    /// How often the others are timed with and without it.
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
