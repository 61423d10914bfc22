//! Submissions since a moment, page by page.

use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::model::{SubmissionEntry, SubmissionFilter};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::columns::{Id, Micros, raw_submission, state_from_json};
use crate::error::store_error;

/// In order of arrival.
pub(crate) fn submissions(
    connection: &Connection,
    filter: &SubmissionFilter,
) -> Result<Vec<SubmissionEntry>, StoreError> {
    let Some(after) = place_of(connection, filter.after).map_err(|error| store_error(&error))? else {
        return Ok(Vec::new());
    };
    let rows = rows(connection, filter, after).map_err(|error| store_error(&error))?;
    let finish = |(mut entry, state): (SubmissionEntry, Option<String>)| {
        entry.state = state.as_deref().map(state_from_json).transpose()?;
        Ok(entry)
    };
    rows.into_iter().map(finish).collect()
}

/// Where in the order of arrival a page begins; `None` after a submission that is not there.
fn place_of(connection: &Connection, after: Option<SubmissionId>) -> rusqlite::Result<Option<i64>> {
    let Some(id) = after else { return Ok(Some(0)) };
    connection.prepare_cached("SELECT seq FROM inbox WHERE id = ?1")?.query_row([Id(id)], |row| row.get(0)).optional()
}

fn rows(
    connection: &Connection,
    filter: &SubmissionFilter,
    after: i64,
) -> rusqlite::Result<Vec<(SubmissionEntry, Option<String>)>> {
    let routes: Vec<&str> = filter.routes.iter().map(|route| route.name()).collect();
    // Names of routes are the program's own.
    let routes = match routes.as_slice() {
        [] => "true".to_owned(),
        names => format!("inbox.route IN ('{}')", names.join("', '")),
    };
    let sql = format!(
        "SELECT inbox.id, inbox.accepted_at, jobs.state, inbox.route, inbox.target, inbox.body, inbox.label
         FROM inbox LEFT JOIN jobs ON jobs.id = inbox.seq
         WHERE inbox.seq > ?1 AND inbox.accepted_at >= ?2 AND {routes} ORDER BY inbox.seq LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![after, Micros(filter.since), filter.limit], |row| {
        let entry = SubmissionEntry {
            id: row.get::<_, Id>(0)?.0,
            accepted_at: row.get::<_, Micros>(1)?.0,
            raw: raw_submission(row, 3)?,
            state: None,
        };
        Ok((entry, row.get(2)?))
    })?;
    rows.collect()
}
