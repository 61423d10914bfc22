//! The real binary on a real PostgreSQL.

mod carrying;
mod dumps;
mod processes;
mod serving;

use leadgate_postgres_server::Database;
use serde_json::Value;

use crate::process::Running;
use crate::serve::House;

/// Waits that are short, and callers that are not kept.
const QUICK: [(&str, &str); 4] = [
    ("LEADGATE__INTAKE__PATIENCE", "0s"),
    ("LEADGATE__CRM__TOTAL_TIMEOUT", "1s"),
    ("LEADGATE__RETRY__CAP", "1s"),
    ("LEADGATE__RETRY__SETTLE", "100ms"),
];

/// Ends what killed processes hold. It ends by itself in time, for which a test does not wait.
fn end_leases(database: &Database) {
    database.ask("UPDATE leadgate.jobs SET wake_at = 0 WHERE lease_worker IS NOT NULL");
    database.ask("UPDATE leadgate.duties SET held_until = 0");
}

/// Starts a gateway whose store is the database.
fn serve_on(house: &House, database: &Database, settings: &[(&str, &str)]) -> Running {
    let url = database.url();
    let mut settings = settings.to_vec();
    settings.push(("DATABASE_URL", &url));
    house.serve_with(&settings)
}

/// The e-mail addresses of the account's contacts, in order.
fn contacts(house: &House) -> Vec<String> {
    let kept = house.control("GET", "/records/contacts", None);
    let emails = kept["contacts"].as_array().unwrap().iter().map(|contact| match &contact["email"] {
        Value::String(email) => email.clone(),
        other => panic!("a contact without an address: {other}"),
    });
    let mut emails: Vec<String> = emails.collect();
    emails.sort();
    emails
}

/// So many addresses, in order.
fn addresses(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("person-{number:03}@example.com")).collect()
}
