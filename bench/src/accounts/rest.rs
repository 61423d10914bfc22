//! What the accounts cost while nothing happens.

use std::time::Duration;

use super::estate::{Estate, sum};
use crate::usage::Usage;

/// How long the gateway is looked at; longer than what looks at its store now and then waits between.
const LOOKED_AT: Duration = Duration::from_secs(40);

pub(super) async fn run(estate: &Estate) -> anyhow::Result<()> {
    let settled = estate.settled().await?;
    let (requests, before) = (sum(&estate.seen().await?).requests, Usage::of(estate.gateway.process())?);
    tokio::time::sleep(LOOKED_AT).await;
    let after = Usage::of(estate.gateway.process())?;
    let asked = sum(&estate.seen().await?).requests - requests;
    let each = 1_024.0 / estate.tenants.len() as f64;
    println!("\nat rest{}", if settled { "" } else { " (requests to the CRM have not ended after two minutes)" });
    println!("{:<34} {:>12.1}", "resident, MiB", after.resident_mib);
    println!("{:<34} {:>12.1}", "of that its own, MiB", after.own_mib);
    println!("{:<34} {:>12.1}", "its own for each account, KiB", after.own_mib * each);
    println!("{:<34} {:>12}", "threads", after.threads);
    println!("{:<34} {:>12}", "open files", after.open_files);
    println!("{:<34} {:>12.4}", "cores used", after.cores_since(&before));
    println!("{:<34} {:>12}", format!("requests to the CRM in {} s", LOOKED_AT.as_secs()), asked);
    Ok(())
}
