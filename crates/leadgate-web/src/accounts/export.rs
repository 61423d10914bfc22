//! Everything of an account, as lines of JSON: a thing a line, its table named first.
//!
//! The first line is the account, the last one says how many lines came before it, so that an export that was cut short can be told. Bodies are as
//! they came. The store is read a page at a time, no faster than the reader takes the lines.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{Stream, StreamExt as _, try_unfold};
use jiff::Timestamp;
use leadgate_core::submission::SubmissionId;
use leadgate_store::deliveries::DeliveryFilter;
use leadgate_store::imports::{ImportId, RowResult};
use leadgate_store::model::{SeenChange, SubmissionFilter, SubmissionStory};
use leadgate_store::{Store, StoreError};
use serde_json::{Value, json};

use crate::deliveries;
use crate::operator::story_document;

/// Things of one page.
const PAGE: u32 = 200;
/// Deliveries and imports are listed the youngest first and without pages: so many at most.
const MOST: u32 = 1_000_000;

/// What comes next.
enum Next {
    Account(Box<Value>),
    Submissions(Option<SubmissionId>),
    Changes(i64),
    Deliveries(std::vec::IntoIter<String>),
    Imports,
    /// Of these imports the last one first, behind that row.
    ImportRows(Vec<ImportId>, u64),
    End,
    Done,
}

struct Export {
    store: Arc<dyn Store>,
    next: Next,
    lines: u64,
}

/// The lines, several to a chunk. After an error there are no more.
pub fn lines(account: Value, store: Arc<dyn Store>) -> impl Stream<Item = Result<String, StoreError>> + Send + 'static {
    let export = Export { store, next: Next::Account(Box::new(account)), lines: 0 };
    let chunks = try_unfold(export, async |mut export| match export.chunk().await? {
        Some(chunk) => Ok(Some((chunk, export))),
        None => Ok(None),
    });
    chunks.filter(|chunk| std::future::ready(!matches!(chunk, Ok(text) if text.is_empty()))).boxed()
}

impl Export {
    async fn chunk(&mut self) -> Result<Option<String>, StoreError> {
        let (rows, next) = match std::mem::replace(&mut self.next, Next::Done) {
            Next::Account(account) => (vec![row("account", *account)], Next::Submissions(None)),
            Next::Submissions(after) => self.submissions(after).await?,
            Next::Changes(after) => self.changes(after).await?,
            Next::Deliveries(ids) => self.deliveries(ids).await?,
            Next::Imports => self.imports().await?,
            Next::ImportRows(ids, after) => self.import_rows(ids, after).await?,
            Next::End => (vec![row("end", json!({"lines": self.lines}))], Next::Done),
            Next::Done => return Ok(None),
        };
        self.next = next;
        self.lines += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        Ok(Some(rows.iter().map(|row| format!("{row}\n")).collect()))
    }

    async fn submissions(&self, after: Option<SubmissionId>) -> Result<(Vec<Value>, Next), StoreError> {
        let filter = SubmissionFilter { since: Timestamp::MIN, after, routes: Vec::new(), limit: PAGE };
        let entries = self.store.submissions(filter).await?;
        let Some(last) = entries.last().map(|entry| entry.id) else { return Ok((Vec::new(), Next::Changes(0))) };
        let mut rows = Vec::with_capacity(entries.len());
        for entry in entries {
            // One that retention removed meanwhile is left out.
            rows.extend(self.store.story(entry.id).await?.map(|story| row("submissions", submission(&story))));
        }
        Ok((rows, Next::Submissions(Some(last))))
    }

    async fn changes(&self, after: i64) -> Result<(Vec<Value>, Next), StoreError> {
        let changes = self.store.changes(after, PAGE).await?;
        let Some(last) = changes.last().map(|change| change.seq) else {
            let all = DeliveryFilter { progress: None, destination: None, limit: MOST };
            let ids: Vec<String> = self.store.deliveries(all).await?.into_iter().map(|delivery| delivery.id).collect();
            return Ok((Vec::new(), Next::Deliveries(ids.into_iter())));
        };
        Ok((changes.iter().map(|seen| row("changes", change(seen))).collect(), Next::Changes(last)))
    }

    async fn deliveries(&self, mut ids: std::vec::IntoIter<String>) -> Result<(Vec<Value>, Next), StoreError> {
        let mut rows = Vec::new();
        for id in ids.by_ref().take(PAGE as usize) {
            let story = self.store.delivery(&id).await?;
            rows.extend(story.map(|story| row("deliveries", deliveries::story_document(&story))));
        }
        let next = if ids.as_slice().is_empty() { Next::Imports } else { Next::Deliveries(ids) };
        Ok((rows, next))
    }

    async fn imports(&self) -> Result<(Vec<Value>, Next), StoreError> {
        let imports = self.store.imports(MOST).await?;
        let rows = imports.iter().map(|import| {
            let document = json!({"id": import.id, "name": import.name, "rows": import.rows, "mapping": import.mapping,
                                  "created_at": import.created_at, "state": import.state.name()});
            row("imports", document)
        });
        let ids = imports.iter().map(|import| import.id).collect();
        Ok((rows.collect(), Next::ImportRows(ids, 0)))
    }

    /// What a page of an import's rows became. The rows themselves are submissions.
    async fn import_rows(&self, ids: Vec<ImportId>, after: u64) -> Result<(Vec<Value>, Next), StoreError> {
        let Some(id) = ids.last().copied() else { return Ok((Vec::new(), Next::End)) };
        let results = self.store.row_results(id, after, PAGE).await?;
        let rows = results.iter().map(|result| row("import_rows", import_row(id, result))).collect();
        let next = match results.last() {
            Some(last) => Next::ImportRows(ids, last.row),
            None => Next::ImportRows(ids[..ids.len() - 1].to_vec(), 0),
        };
        Ok((rows, next))
    }
}

fn import_row(import: ImportId, result: &RowResult) -> Value {
    json!({
        "import": import,
        "row": result.row,
        "end": result.end.name(),
        "record": result.record,
        "reason": result.reason,
        "submission": result.submission,
    })
}

fn row(table: &'static str, of: Value) -> Value {
    let mut document = json!({"table": table});
    if let (Value::Object(document), Value::Object(of)) = (&mut document, of) {
        document.extend(of);
    }
    document
}

/// The story, and with it what no answer to an app has: the body as it came.
fn submission(story: &SubmissionStory) -> Value {
    let mut document = story_document(story);
    document["target"] = story.raw.target.into();
    document["label"] = story.raw.label.clone().into();
    match std::str::from_utf8(&story.raw.body) {
        Ok(text) => document["body"] = text.into(),
        Err(_) => document["body_base64"] = STANDARD.encode(&story.raw.body).into(),
    }
    document
}

fn change(seen: &SeenChange) -> Value {
    json!({"seq": seen.seq, "submission": seen.submission, "change": seen.change})
}
