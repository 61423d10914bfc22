//! Checks the key, says which generation answers, and finds people by e-mail address.
//!
//! `FRESHSALES_API_KEY=… FRESHSALES_SUBDOMAIN=acme cargo run --example quickstart -- ingrid@example.com`
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use freshsales::lookup::Entity;
use freshsales::{Client, Credentials, Generation, lookup, selectors};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::detect(Credentials::from_env()?).await?;
    println!("{} answers at {}", client.generation(), client.root());

    let owners = client.send(&selectors::owners()).await?;
    println!("{} users can own records", owners.output.len());
    if let Some(quota) = &owners.meta.rate_limit {
        println!("{:?} of {:?} requests left", quota.remaining, quota.limit);
    }

    let entities = match client.generation() {
        Generation::Classic => vec![Entity::Contact, Entity::Lead],
        Generation::Suite => vec![Entity::Contact],
    };
    for address in std::env::args().skip(1) {
        let found = client.send(&lookup::by("email", address, entities.clone())).await?.output;
        println!("{} contacts, {} leads", found.contacts.len(), found.leads.len());
    }
    Ok(())
}
