//! Submissions since a moment, page by page.

use jiff::{SignedDuration, Timestamp};
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::model::{SubmissionEntry, SubmissionFilter};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::columns::{Id, Micros, raw_submission, state_from_json};
use crate::error::store_error;

/// By how much a clock may have been set back between two submissions without one being passed over.
const CLOCK_SET_BACK: SignedDuration = SignedDuration::from_hours(1);

/// One of the last that came before a moment: only every 64th is in the index. Submissions are numbered in order of arrival, so what came later is read by
/// number from there on.
const LAST_BEFORE: &str = "SELECT seq FROM inbox WHERE seq % 64 = 0 AND accepted_at < ?1
    ORDER BY accepted_at DESC, seq DESC LIMIT 1";

/// Before the first that came after a submission which was removed. Ids sort by time of arrival, but of requests at the same time the later id may be
/// in first; so some that come next by id are looked at, and the first of them by number counts.
const WOULD_STAND: &str = "SELECT coalesce(
    (SELECT min(seq) - 1 FROM (SELECT seq FROM inbox WHERE id > ?1 ORDER BY id LIMIT 1000)),
    (SELECT max(seq) FROM inbox), 0)";

/// In order of arrival.
pub(crate) fn submissions(
    connection: &Connection,
    filter: &SubmissionFilter,
) -> Result<Vec<SubmissionEntry>, StoreError> {
    let place = match filter.after {
        Some(after) => place_of(connection, after),
        None => start_of(connection, filter.since),
    };
    let after = place.map_err(|error| store_error(&error))?;
    let rows = rows(connection, filter, after).map_err(|error| store_error(&error))?;
    let finish = |(mut entry, state): (SubmissionEntry, Option<String>)| {
        entry.state = state.as_deref().map(state_from_json).transpose()?;
        Ok(entry)
    };
    rows.into_iter().map(finish).collect()
}

/// Before the first that may be of that moment.
fn start_of(connection: &Connection, since: Timestamp) -> rusqlite::Result<i64> {
    let earlier = since.saturating_sub(CLOCK_SET_BACK).unwrap_or(Timestamp::MIN);
    let last = connection.prepare_cached(LAST_BEFORE)?.query_row([Micros(earlier)], |row| row.get(0)).optional()?;
    Ok(last.unwrap_or(0))
}

/// Where in the order of arrival a page begins. After a submission that is no longer there, that is where it would stand.
fn place_of(connection: &Connection, id: SubmissionId) -> rusqlite::Result<i64> {
    let mut is_there = connection.prepare_cached("SELECT seq FROM inbox WHERE id = ?1")?;
    let place = is_there.query_row([Id(id)], |row| row.get(0)).optional()?;
    place.map_or_else(|| connection.prepare_cached(WOULD_STAND)?.query_row([Id(id)], |row| row.get(0)), Ok)
}

fn rows(
    connection: &Connection,
    filter: &SubmissionFilter,
    after: i64,
) -> rusqlite::Result<Vec<(SubmissionEntry, Option<String>)>> {
    let mut statement = connection.prepare_cached(&page(filter))?;
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

fn page(filter: &SubmissionFilter) -> String {
    let routes: Vec<&str> = filter.routes.iter().map(|route| route.name()).collect();
    // Names of routes are the program's own.
    let routes = match routes.as_slice() {
        [] => "true".to_owned(),
        names => format!("inbox.route IN ('{}')", names.join("', '")),
    };
    format!(
        "SELECT inbox.id, inbox.accepted_at, jobs.state, inbox.route, inbox.target, inbox.body, inbox.label
         FROM inbox LEFT JOIN jobs ON jobs.id = inbox.seq
         WHERE inbox.seq > ?1 AND inbox.accepted_at >= ?2 AND {routes} ORDER BY inbox.seq LIMIT ?3"
    )
}

#[cfg(test)]
mod tests {
    use leadgate_store::Store as _;
    use leadgate_store::conformance::samples::{accept, at, id};

    use super::*;
    use crate::testing::{fresh, plan_of};

    #[tokio::test]
    async fn a_page_is_found_by_its_moment_and_read_by_number() {
        let (_folder, store) = fresh();
        let filter = SubmissionFilter { since: at(0), after: None, routes: Vec::new(), limit: 10 };
        let (start, place, page) = store
            .read(move |connection| {
                let plan = |sql: &str| plan_of(connection, sql);
                Ok((plan(LAST_BEFORE)?, plan(WOULD_STAND)?, plan(&page(&filter))?))
            })
            .await
            .unwrap();
        assert!(place.contains("SEARCH inbox USING COVERING INDEX inbox_id (id>?)"), "{place}");
        assert_eq!(start, "SEARCH inbox USING COVERING INDEX inbox_accepted (accepted_at<?)");
        assert!(page.starts_with("SEARCH inbox USING INTEGER PRIMARY KEY (rowid>?)"), "{page}");
        assert!(!page.contains("TEMP B-TREE"), "{page}");
    }

    #[tokio::test]
    async fn the_first_of_a_moment_is_found_whatever_one_clock_said() {
        let (_folder, store) = fresh();
        for number in 1..=300 {
            // One that is in the index came without a clock.
            let moment = if number == 192 { -1_000_000 } else { i64::try_from(number).unwrap() * 3_600 };
            accept(&store, number, moment).await;
        }
        for (hours, first) in [(66, Some(66)), (150, Some(150)), (192, Some(193)), (300, Some(300)), (301, None)] {
            let filter = SubmissionFilter { since: at(hours * 3_600), after: None, routes: Vec::new(), limit: 1 };
            let listed = store.submissions(filter).await.unwrap();
            assert_eq!(listed.first().map(|entry| entry.id), first.map(id), "since {hours} h");
        }
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_hides_nothing() {
        let (_folder, store) = fresh();
        for (number, seconds) in [(1, 0), (2, 7_000), (3, 5_000), (4, 7_100)] {
            accept(&store, number, seconds).await;
        }
        let filter = SubmissionFilter { since: at(6_000), after: None, routes: Vec::new(), limit: 10 };
        let listed = store.submissions(filter).await.unwrap();
        assert_eq!(listed.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id(2), id(4)]);
    }
}
