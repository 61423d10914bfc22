//! The statistics that PostgreSQL plans by, gathered while the tables of a new database grow.
//!
//! A statement that was planned for empty tables reads all rows of an account to find ten of them by number. PostgreSQL notices by itself that a table
//! has grown, but looks only once a minute, and until then a first import or burst takes a time that grows with its square.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::session::Connections;

/// After so many jobs that this process planned, and then each time that they are four times as many.
const FIRST: u64 = 500;
const GROWTH: u32 = 4;

/// The tables that have grown once so many are planned. Of a table that is empty still it is better to know nothing.
const GATHER: &str = "ANALYZE inbox, jobs, job_keys";

/// How many jobs this process planned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statistics(Arc<AtomicU64>);

impl Statistics {
    /// So many more were planned: has statistics gathered when it is time to, while the caller goes on.
    pub(crate) fn planned(&self, connections: &Connections, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let before = self.0.fetch_add(count, Ordering::Relaxed);
        if is_time(before, before.saturating_add(count)) {
            tokio::spawn(gather(connections.clone()));
        }
    }
}

fn is_time(before: u64, after: u64) -> bool {
    let marks = std::iter::successors(Some(FIRST), |mark| mark.checked_mul(u64::from(GROWTH)));
    marks.take_while(|mark| *mark <= after).any(|mark| mark > before)
}

async fn gather(connections: Connections) {
    if let Err(error) = gather_now(&connections).await {
        tracing::debug!(%error, "the database's statistics could not be gathered; it gathers them by itself, only later");
    }
}

async fn gather_now(connections: &Connections) -> Result<(), sqlx::Error> {
    let mut session = connections.begin("BEGIN".to_owned()).await?;
    sqlx::raw_sql(GATHER).execute(&mut session).await?;
    session.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Planner;

    #[test]
    fn they_are_gathered_as_tables_become_four_times_as_large() {
        let planned =
            [(0, 499), (499, 500), (500, 1_999), (0, 100_000), (1_999, 2_000), (2_000, 7_999), (31_999, 32_000)];
        let gathered = planned.map(|(before, after)| is_time(before, after));
        assert_eq!(gathered, [false, true, false, true, true, false, true]);
    }

    #[tokio::test]
    async fn with_them_rows_are_found_by_their_numbers() {
        let mut planner = Planner::fresh().await;
        planner.fill(5_000).await;
        gather_now(planner.store().connections()).await.unwrap();
        planner.plan_as_ever().await;
        let numbered = [
            (crate::plans::INSERT_JOBS, 10, "inbox_pkey"),
            (crate::claims::LEASE, 6, "jobs_pkey"),
            (crate::claims::KEYS_OF, 3, "job_keys_job"),
            (crate::turns::WRITE_STATES, 12, "jobs_pkey"),
        ];
        for (sql, parameters, index) in numbered {
            let plan = planner.plan_of(sql, parameters).await;
            assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{index} is not used in\n{plan}");
        }
    }
}
