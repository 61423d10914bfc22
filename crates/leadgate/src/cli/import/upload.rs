//! Handing rows over, five hundred at a time. What arrived stays there, so an upload that stopped goes on behind it.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;

use super::super::listing::text;
use super::file::{Made, Prepared};
use crate::exit::{Exit, Failure};
use crate::remote::{Ask, Remote};

/// Rows of one request, at most.
const MOST_ROWS: usize = 500;
/// From so many bytes on a request is sent though it could take more rows.
const ENOUGH_BYTES: usize = 2 * 1024 * 1024;

/// Hands over what has not arrived, and returns the import.
pub(super) async fn upload(prepared: &Arc<Prepared>, remote: &Remote, resume: bool) -> Result<Value, Failure> {
    let import = begin(prepared, remote).await?;
    let id = text(&import["id"]);
    let known = import["known"] == Value::Bool(true);
    let arrived = import["counts"]["received"].as_u64().unwrap_or(0);
    if known && !resume {
        let state = text(&import["state"]);
        return Err(Failure::new(
            Exit::Refused,
            anyhow!(
                "this file was imported before with the same columns: import {id} ({state}, {arrived} of {} rows arrived)\n\
                 --resume goes on with it; `leadgate imports undo {id}` takes it back",
                prepared.tally.rows
            ),
        ));
    }
    // A file is read faster than it can be sent; a handful of batches waits at most.
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Vec<Value>>(4);
    let file = Arc::clone(prepared);
    let reading = tokio::task::spawn_blocking(move || read(&file, arrived, &sender));
    let path = format!("/v1/imports/{id}/rows");
    while let Some(rows) = receiver.recv().await {
        send(remote, &path, rows).await?;
    }
    reading.await.context("reading the file panicked")??;
    remote.ask(Ask::get(&format!("/v1/imports/{id}"))).await?.successful()
}

/// Reads the rows behind those that arrived; they are handed over in the order of the file, so it is their number that tells.
fn read(prepared: &Prepared, arrived: u64, sender: &Sender<Vec<Value>>) -> Result<(), Failure> {
    let (mut passed, mut batch, mut bytes) = (0, Vec::new(), 0);
    prepared.each(&mut |row, made| {
        passed += 1;
        if passed <= arrived {
            return true;
        }
        let value = match made {
            Made::Lead(lead) => json!({ "row": row, "lead": lead }),
            Made::Refused(reason) => json!({ "row": row, "refused": reason }),
            Made::DuplicateOf(first) => json!({ "row": row, "duplicate_of": first }),
        };
        bytes += value.to_string().len();
        batch.push(value);
        if batch.len() < MOST_ROWS && bytes < ENOUGH_BYTES {
            return true;
        }
        bytes = 0;
        // Whoever sends has given up if nobody takes them.
        sender.blocking_send(std::mem::take(&mut batch)).is_ok()
    })?;
    if !batch.is_empty() {
        drop(sender.blocking_send(batch));
    }
    Ok(())
}

async fn begin(prepared: &Prepared, remote: &Remote) -> Result<Value, Failure> {
    let name = prepared.options.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let body = json!({
        "name": name.unwrap_or_default(),
        "digest": prepared.digest,
        "rows": prepared.tally.rows,
        "mapping": prepared.mapping.to_json(),
    });
    let ask = Ask { method: Method::POST, path: "/v1/imports", body: Some(body), idempotency_key: None };
    remote.ask(ask).await?.successful()
}

async fn send(remote: &Remote, path: &str, rows: Vec<Value>) -> Result<(), Failure> {
    let body = Some(json!({ "rows": rows }));
    let ask = Ask { method: Method::POST, path, body, idempotency_key: None };
    remote.ask(ask).await?.successful().map(drop)
}
