//! Adds and removes tags of a contact; its other tags and all its custom fields stay.
//!
//! `cargo run --example merge_tags -- ingrid@example.com Webinar -Cold`
#![allow(clippy::print_stdout)]

use freshsales::contacts::{self, ContactAttributes};
use freshsales::lookup::{self, Entity};
use freshsales::merge::Guard;
use freshsales::{Client, Credentials};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("whose tags? give an e-mail address")?;
    let client = Client::detect(Credentials::from_env()?).await?;
    println!("{:?}", run(&client, &address, arguments).await?);
    Ok(())
}

/// Gives the contact's tags afterwards. A name with a `-` in front is taken off.
pub(crate) async fn run(
    client: &Client,
    address: &str,
    tags: impl IntoIterator<Item = String>,
) -> Outcome<Vec<String>> {
    let found = client.send(&lookup::by("email", address, [Entity::Contact])).await?.output;
    let contact = found.contacts.first().ok_or("nobody has this address")?;

    let (removed, added): (Vec<String>, Vec<String>) = tags.into_iter().partition(|tag| tag.starts_with('-'));
    let removed = removed.iter().map(|tag| tag.trim_start_matches('-'));
    let attributes = ContactAttributes::new().tags(added).remove_tags(removed);
    let updated = client.update(&contacts::update(contact.id, attributes).guard(Guard::Around)).await?;
    Ok(updated.record.tags.unwrap_or_default())
}
