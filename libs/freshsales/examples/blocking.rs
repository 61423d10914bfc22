//! Without an async runtime: creates a task for every contact that nobody was in touch with.
//!
//! `cargo run --example blocking -- "Never Contacted"`
#![allow(clippy::print_stdout)]

use freshsales::contacts::Contact;
use freshsales::notes::TargetKind;
use freshsales::tasks::{self, TaskAttributes};
use freshsales::{Credentials, RecordTime, blocking, views};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let view = std::env::args().nth(1).unwrap_or_else(|| "Never Contacted".to_owned());
    let client = blocking::Client::detect(Credentials::from_env()?)?;
    let due = RecordTime::parse("2026-12-31T09:00:00Z").ok_or("the due date is no time")?;
    println!("{} tasks", run(&client, &view, &due)?);
    Ok(())
}

/// Gives the number of tasks.
pub(crate) fn run(client: &blocking::Client, view: &str, due: &RecordTime) -> Outcome<usize> {
    let saved = client.send(&views::saved::<Contact>())?.output;
    let found = saved.into_iter().find(|saved| saved.name.as_deref() == Some(view));
    let view = found.ok_or_else(|| format!("there is no view {view:?}"))?;
    let mut created = 0;
    for contact in client.rows(views::rows::<Contact>(view.id)) {
        let attributes = TaskAttributes::new().title("Say hello").due_date(due.clone());
        client.send(&tasks::create(attributes.target(TargetKind::Contact, contact?.id)))?;
        created += 1;
    }
    Ok(created)
}
