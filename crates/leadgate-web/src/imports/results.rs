//! What came of each row, a page at a time in the order of the file, as NDJSON or CSV.

use std::fmt::Write as _;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use leadgate_store::imports::RowResult;
use serde::Deserialize;
use serde_json::json;

use super::{ImportPath, import_id};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::Gateway;

/// Rows of one page, at most.
const MOST_ROWS: u32 = 1_000;

const QUERY_MEND: &str =
    "the query takes `after` (a row's number), `limit` (a whole number) and `format` (ndjson or csv)";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ResultsQuery {
    after: Option<String>,
    limit: Option<String>,
    format: Option<String>,
}

/// `GET /v1/imports/{id}/results`: the rows behind `after`, those that wait among them.
pub(crate) async fn results(
    State(gateway): State<Gateway>,
    _: Caller,
    id: ImportPath,
    query: Result<Query<ResultsQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let id = import_id(id)?;
    let mend = ApiError::QueryWrong(QUERY_MEND);
    let Ok(Query(query)) = query else { return Err(mend) };
    let after = query.after.as_deref().map_or(Some(0), |after| after.parse().ok()).ok_or(mend)?;
    let limit = query.limit.as_deref().map_or(Some(MOST_ROWS), |limit| limit.parse().ok());
    let limit: u32 = limit.ok_or(ApiError::QueryWrong(QUERY_MEND))?;
    let (kind, render): (_, fn(&[RowResult]) -> String) = match query.format.as_deref() {
        None | Some("ndjson") => ("application/x-ndjson", as_ndjson),
        Some("csv") => ("text/csv; charset=utf-8", as_csv),
        Some(_) => return Err(ApiError::QueryWrong(QUERY_MEND)),
    };
    if gateway.store.import(id).await?.is_none() {
        return Err(ApiError::NoSuchImport);
    }
    let rows = gateway.store.row_results(id, after, limit.min(MOST_ROWS)).await?;
    Ok(([(CONTENT_TYPE, kind)], render(&rows)).into_response())
}

fn as_ndjson(rows: &[RowResult]) -> String {
    let line = |row: &RowResult| {
        let value = json!({
            "row": row.row,
            "outcome": row.end.name(),
            "kind": row.record.map(|record| record.kind.name()),
            "id": row.record.map(|record| record.id),
            "reason": row.reason,
            "submission": row.submission,
        });
        format!("{value}\n")
    };
    rows.iter().map(line).collect()
}

fn as_csv(rows: &[RowResult]) -> String {
    let mut text = String::from("row,outcome,kind,id,reason\r\n");
    for row in rows {
        let kind = row.record.map(|record| record.kind.name()).unwrap_or_default();
        let id = row.record.map(|record| record.id.to_string()).unwrap_or_default();
        let reason = cell(&row.reason.as_deref().unwrap_or_default().replace(['\r', '\n'], " "));
        // Writing to a text cannot fail.
        let _ = write!(text, "{},{},{kind},{id},{reason}\r\n", row.row, row.end.name());
    }
    text
}

/// A reason as a cell. Some of it may be the CRM's: what a spreadsheet would take for a formula is marked as text.
fn cell(text: &str) -> String {
    let marked = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if marked.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", marked.replace('"', "\"\"")) } else { marked }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("fine", "fine")]
    #[case::quoted("a, \"b\"", "\"a, \"\"b\"\"\"")]
    #[case::no_formula("=1+1", "'=1+1")]
    fn a_reason_is_one_cell(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(cell(text), expected);
    }
}
