//! Updates or creates contacts a hundred at a time, waits for the jobs, and names the rows that failed (Suite).
//!
//! `cargo run --example bulk_upsert -- ingrid@example.com,Ingrid,Halvorsen amir@example.com,Amir,Haddad`
#![allow(clippy::print_stdout)]

use std::time::Duration;

use freshsales::contacts::{self, ContactAttributes, UniqueKey};
use freshsales::jobs::{self, BulkItem, Job, JobId, JobPhase, LARGEST_BULK};
use freshsales::retry::{RetryPolicy, RetryingClient};
use freshsales::{Client, Credentials, Error};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A row: address, first name, last name.
type Row = (String, String, String);

/// Longest wait for one job, in readings of its status.
const MOST_READINGS: u32 = 100;

#[tokio::main]
async fn main() -> Outcome<()> {
    let row = |text: String| {
        let mut parts = text.split(',').map(str::to_owned);
        Some((parts.next()?, parts.next()?, parts.next()?))
    };
    let rows = std::env::args().skip(1).map(row).collect::<Option<Vec<Row>>>().ok_or("give address,first,last")?;
    let client = Client::detect(Credentials::from_env()?).await?;
    let failed = run(&client, &rows, Duration::from_secs(3)).await?;
    println!("{} rows, {} failed", rows.len(), failed.len());
    Ok(())
}

/// Gives what the failed rows were found by, and why they failed.
pub(crate) async fn run(
    client: &Client,
    rows: &[Row],
    between_readings: Duration,
) -> Outcome<Vec<(String, Vec<String>)>> {
    // A 405 means that too many jobs run; the policy waits and repeats, which is safe as rows are found by their address.
    let client = RetryingClient::new(client.clone(), RetryPolicy::default());
    let mut failed = Vec::new();
    for batch in rows.chunks(LARGEST_BULK) {
        let started = client.send(&contacts::bulk_upsert(batch.iter().map(item).collect())).await?.output;
        let job = finished(&client, started.id, between_readings).await?;
        let report = job.report().unwrap_or_default();
        let failures = report.failures().iter();
        failed.extend(failures.map(|row| (row.key().map(|(_, value)| value).unwrap_or_default(), row.sentences())));
    }
    Ok(failed)
}

fn item((address, first, last): &Row) -> BulkItem<ContactAttributes> {
    BulkItem::new(UniqueKey::emails(address), ContactAttributes::new().first_name(first).last_name(last))
}

async fn finished(client: &RetryingClient, id: JobId, between: Duration) -> Result<Job, Error> {
    let mut job = client.send(&jobs::status(id.clone())).await?.output;
    for _ in 0..MOST_READINGS {
        if job.phase() != JobPhase::Running {
            break;
        }
        tokio::time::sleep(between).await;
        job = client.send(&jobs::status(id.clone())).await?.output;
    }
    Ok(job)
}
