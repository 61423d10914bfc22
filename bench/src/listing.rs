//! Reading a list of a hundred thousand contacts with the client: records a second, and the memory that it takes. The client runs in a process
//! of its own, so that its peak is its own.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use freshsales::contacts::Contact;
use freshsales::{Client, Credentials, Generation, views};

use crate::server::{CRM_KEY, Server};

const CONTACTS: usize = 100_000;

/// Starts the account and a reader for each number of pages at once.
pub(crate) async fn run(leadgate: &Path) -> anyhow::Result<()> {
    println!("listing: {CONTACTS} contacts with the client, 100 a page, from a sandbox account without a quota");
    println!("{:<14} {:>12} {:>10} {:>12}", "pages at once", "records/s", "seconds", "peak MiB");
    let started = Instant::now();
    let sandbox = Server::sandbox_with(leadgate, "suite", "off", CONTACTS).await?;
    let seeded = started.elapsed().as_secs_f64();
    for concurrency in [1, 4] {
        let mut reader = Command::new(std::env::current_exe()?);
        reader.args(["read-list", "--port", &sandbox.port.to_string(), "--concurrency", &concurrency.to_string()]);
        ensure!(reader.status().context("starting the reader")?.success(), "the reader failed");
    }
    let memory = sandbox.resident_mib().unwrap_or(f64::NAN);
    println!("the account was seeded in {seeded:.1} s and holds {memory:.0} MiB\n");
    Ok(())
}

/// The reader: counts distinct contacts and prints its row.
pub(crate) async fn read(port: u16, concurrency: u32) -> anyhow::Result<()> {
    let credentials = Credentials::parse(CRM_KEY, &format!("http://127.0.0.1:{port}/crm/sales/api"))?;
    let client = Client::builder(credentials).generation(Generation::Suite).build()?;
    let saved = client.send(&views::saved::<Contact>()).await?.output;
    let view = saved.iter().find(|view| view.name.as_deref() == Some("All Contacts")).context("no view of all")?;
    let started = Instant::now();
    let mut contacts = client.stream(views::rows::<Contact>(view.id)).page_size(100).concurrency(concurrency);
    let mut count = 0_usize;
    while let Some(contact) = contacts.next_row().await {
        count += usize::from(contact?.id > 0);
    }
    ensure!(count == CONTACTS, "{count} contacts were read");
    let seconds = started.elapsed().as_secs_f64();
    let peak = peak_mib().unwrap_or(f64::NAN);
    println!("{concurrency:<14} {:>12.0} {seconds:>10.1} {peak:>12.1}", count as f64 / seconds);
    Ok(())
}

fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
