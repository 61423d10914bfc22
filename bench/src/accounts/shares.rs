//! How evenly accounts are served that all have work waiting.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::json;

use super::estate::{Estate, Tenant};
use super::{Setting, until};

/// The longest that half of the work may take.
const HALF_WITHIN: Duration = Duration::from_secs(600);
/// Accounts that are filled at once.
const AT_ONCE: usize = 8;

pub(super) async fn run(estate: &Estate, setting: &Setting) -> anyhow::Result<()> {
    let filled = futures::stream::iter(&estate.tenants).map(|tenant| fill(estate, tenant, setting.queue));
    for filled in filled.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
        filled?;
    }
    let before = estate.all_waiting().await?;
    let half = before.iter().sum::<u64>() / 2;
    let mut after = before.clone();
    until(HALF_WITHIN, async || {
        after = estate.all_waiting().await?;
        Ok(after.iter().sum::<u64>() <= half)
    })
    .await?;
    // Who had nothing left could not be served more.
    let busy = before.iter().zip(&after).filter(|(_, after)| **after > 0);
    let shares: Vec<f64> = busy.map(|(before, after)| before.saturating_sub(*after) as f64).collect();
    println!("\nshares: {} jobs waiting in each account, until half of all are done", setting.queue);
    println!("{:<34} {:>12}", "accounts with work all the time", shares.len());
    println!("{:<34} {:>12.4}", "Jain's index of what was served", jain(&shares));
    let least = shares.iter().copied().fold(f64::INFINITY, f64::min);
    let most = shares.iter().copied().fold(0.0, f64::max);
    println!("{:<34} {:>12}", "least and most served", format!("{least:.0} and {most:.0}"));
    until(HALF_WITHIN, async || Ok(estate.all_waiting().await?.iter().all(|waiting| *waiting == 0))).await?;
    Ok(())
}

/// Hands in events about one person, which go one after another: so a queue lasts as long as there are turns to wait for.
async fn fill(estate: &Estate, tenant: &Tenant, count: usize) -> anyhow::Result<()> {
    let run = estate.next_run();
    let called = |number: usize| {
        let properties = json!({"number": format!("call {number} of run {run}")});
        json!({"event": "Called", "email": format!("called{run}@example.com"), "properties": properties})
    };
    estate.hand_in(tenant, (0..count).map(called).collect()).await
}

/// (Σx)² / (n·Σx²): 1 where all have the same, 1/n where one has everything.
fn jain(shares: &[f64]) -> f64 {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    sum * sum / (shares.len() as f64 * squares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_one_for_equals_and_small_for_one_who_has_all() {
        assert!((jain(&[3.0; 7]) - 1.0).abs() < 1e-9);
        assert!((jain(&[5.0, 0.0, 0.0, 0.0]) - 0.25).abs() < 1e-9);
    }
}
