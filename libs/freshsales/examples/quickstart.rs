//! Checks the key, says which generation answers, and finds people by e-mail address.
//!
//! `FRESHSALES_API_KEY=… FRESHSALES_SUBDOMAIN=acme cargo run --example quickstart -- ingrid@example.com`
//!
//! Without an account: start the sandbox and set `FRESHSALES_API_KEY=sandbox-key FRESHSALES_SUBDOMAIN=http://127.0.0.1:8080/api`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use freshsales::lookup::Entity;
use freshsales::{Client, Credentials, Error, Generation, lookup, selectors};

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::detect(Credentials::from_env()?).await?;
    run(&client, std::env::args().skip(1)).await?;
    Ok(())
}

/// Gives the number of people found.
pub(crate) async fn run(client: &Client, addresses: impl IntoIterator<Item = String>) -> Result<usize, Error> {
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
    let mut people = 0;
    for address in addresses {
        let found = client.send(&lookup::by("email", address, entities.clone())).await?.output;
        println!("{} contacts, {} leads", found.contacts.len(), found.leads.len());
        people += found.contacts.len() + found.leads.len();
    }
    Ok(people)
}
