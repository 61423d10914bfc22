//! Writes all contacts of a view as JSON lines, with their owners; stops after so many rows and says where to go on.
//!
//! `cargo run --example export_list -- "All Contacts" 1000 > contacts.jsonl`, then `… -- "All Contacts" 1000 "$(cat cursor.json)" >> contacts.jsonl`
//!
//! The cursor is written to standard error. View names are in the language of the key's owner.
#![allow(clippy::print_stderr)]

use std::io::Write;

use freshsales::contacts::Contact;
use freshsales::retry::{RetryPolicy, RetryingClient};
use freshsales::{Client, Credentials, ListCursor, views};
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let view = arguments.next().unwrap_or_else(|| "All Contacts".to_owned());
    let limit = arguments.next().map_or(Ok(usize::MAX), |number| number.parse())?;
    let cursor = arguments.next().map(|text| serde_json::from_str(&text)).transpose()?;
    let client = Client::detect(Credentials::from_env()?).await?;
    if let Some(cursor) = run(&client, &view, limit, cursor, &mut std::io::stdout()).await? {
        eprintln!("{}", serde_json::to_string(&cursor)?);
    }
    Ok(())
}

/// Gives the place to go on from, if the limit came before the end of the list.
pub(crate) async fn run(
    client: &Client,
    view: &str,
    limit: usize,
    cursor: Option<ListCursor>,
    output: &mut impl Write,
) -> Outcome<Option<ListCursor>> {
    let saved = client.send(&views::saved::<Contact>()).await?.output;
    let found = saved.into_iter().find(|saved| saved.name.as_deref() == Some(view));
    let view = found.ok_or_else(|| format!("there is no view {view:?}"))?;

    let client = RetryingClient::new(client.clone(), RetryPolicy::default());
    let mut contacts = client.stream(views::rows::<Contact>(view.id).include(["owner"])).page_size(100);
    if let Some(cursor) = cursor {
        contacts = contacts.resume(cursor)?;
    }
    for _ in 0..limit {
        let Some(contact) = contacts.next_row().await.transpose()? else { return Ok(None) };
        let owner = contact.owner().and_then(|owner| owner.display_name);
        writeln!(output, "{}", json!({ "contact": contact.record, "owner": owner }))?;
    }
    Ok(Some(contacts.cursor()))
}
