//! The real binary on a real PostgreSQL.

mod carrying;
mod processes;
mod serving;

use leadgate_postgres_server::Database;
use serde_json::Value;

use crate::process::Running;
use crate::serve::House;

/// Starts a gateway whose store is the database. Each names the folder in which it is started by its own number.
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
