//! One transaction: its lock, what it announces, and its further tries.
//!
//! `in_transaction!` runs a body in one, again where another transaction was in the way: the body may run several times, each time from an
//! untouched database. `try_in_transaction!` does the same and tells why it failed in the words of PostgreSQL.

use leadgate_store::signals::Signals;
use sqlx::AssertSqlSafe;

use crate::announcements::Announcements;
use crate::error::Failure;
use crate::notifier::Notifier;
use crate::session::{Connections, Session};

/// Which writers of an account go one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Those of plans, jobs, the mirror and imports.
    Jobs,
    /// Those of deliveries. A transaction that holds the lock of the jobs may take it too, never the other way round.
    Deliveries,
    /// Nobody: one statement that needs none.
    None,
}

/// Names this program's locks among all that may be taken in the database.
const JOBS_CLASS: i32 = 0x6c65_6164;
const DELIVERIES_CLASS: i32 = 0x6c65_6165;
/// Who keeps what came to an account; see `intake`. It is taken after the lock of the jobs, if that is held.
pub(crate) const ACCEPTS_CLASS: i32 = 0x6c65_6166;

/// A transaction of an account.
pub(crate) struct Work {
    session: Session,
    /// Whose.
    pub(crate) account: i64,
    /// What is said once it is committed.
    pub(crate) announcements: Announcements,
}

impl Work {
    pub(crate) async fn begin(connections: &Connections, account: i64, lock: Lock) -> Result<Work, Failure> {
        // Both statements in one message: a round trip less.
        let begin = match lock {
            Lock::Jobs => format!("BEGIN; {}", lock_statement(JOBS_CLASS, account)),
            Lock::Deliveries => format!("BEGIN; {}", lock_statement(DELIVERIES_CLASS, account)),
            Lock::None => "BEGIN".to_owned(),
        };
        let session = connections.begin(begin).await?;
        Ok(Work { session, account, announcements: Announcements::default() })
    }

    /// For the statements.
    pub(crate) fn connection(&mut self) -> &mut Session {
        &mut self.session
    }

    /// For statements, and for what is to be announced of them.
    pub(crate) fn parts(&mut self) -> (&mut Session, &mut Announcements) {
        (&mut self.session, &mut self.announcements)
    }

    /// Takes the lock of the deliveries besides that of the jobs.
    pub(crate) async fn lock_deliveries(&mut self) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(lock_statement(DELIVERIES_CLASS, self.account));
        sqlx::raw_sql(sql).execute(&mut self.session).await.map(|_| ())
    }

    /// Undoes everything.
    pub(crate) async fn roll_back(self) -> Result<(), Failure> {
        self.session.rollback().await.map_err(Failure::from)
    }

    /// Commits, and tells everybody.
    pub(crate) async fn commit(self, signals: &Signals, notifier: &Notifier) -> Result<(), Failure> {
        self.session.commit().await?;
        self.announcements.signal(signals);
        notifier.tell(self.announcements.payloads(self.account));
        Ok(())
    }
}

fn lock_statement(class: i32, account: i64) -> String {
    format!("SELECT pg_advisory_xact_lock({class}, {})", within_a_lock(account))
}

/// An account's number in that of a lock. Accounts beyond what this holds share a lock, which costs time and nothing else.
pub(crate) fn within_a_lock(account: i64) -> i32 {
    // What remains is less than the divisor.
    (account % i64::from(i32::MAX)) as i32
}

/// How often a body is run that other transactions were in the way of.
pub(crate) const MOST_TRIES: u32 = 5;

/// Runs `$body`, which gives a `Result<_, E>` with `E` into [`Failure`], in a transaction of `$store` under `$lock`; `$work` is the [`Work`].
macro_rules! in_transaction {
    ($store:expr, $lock:expr, |$work:ident| $body:expr) => {
        $crate::transaction::try_in_transaction!($store, $lock, |$work| $body).map_err(leadgate_store::StoreError::from)
    };
}

/// The same, with a [`Failure`] as its error.
macro_rules! try_in_transaction {
    ($store:expr, $lock:expr, |$work:ident| $body:expr) => {{
        let mut tries = 0;
        loop {
            tries += 1;
            let attempt: Result<_, $crate::error::Failure> = match $store.begin($lock).await {
                Err(failure) => Err(failure),
                Ok(mut transaction) => {
                    let result = {
                        let $work = &mut transaction;
                        $body
                    };
                    match result {
                        Ok(value) => $store.commit(transaction).await.map(|()| value),
                        Err(error) => Err($crate::error::Failure::from(error)),
                    }
                }
            };
            match attempt {
                Err(failure) if failure.is_worth_another_try() && tries < $crate::transaction::MOST_TRIES => {}
                ended => break ended,
            }
        }
    }};
}

/// Runs `$body` on a connection that sees the database as it is at one moment and changes nothing; `$connection` is a [`Session`].
macro_rules! in_snapshot {
    ($store:expr, |$connection:ident| $body:expr) => {{
        let attempt: Result<_, $crate::error::Failure> = match $store.begin_snapshot().await {
            Err(error) => Err($crate::error::Failure::from(error)),
            Ok(mut transaction) => {
                let result = {
                    let $connection = &mut transaction;
                    $body
                };
                match result {
                    Ok(value) => transaction.commit().await.map(|()| value).map_err($crate::error::Failure::from),
                    Err(error) => Err($crate::error::Failure::from(error)),
                }
            }
        };
        attempt.map_err(leadgate_store::StoreError::from)
    }};
}

pub(crate) use {in_snapshot, in_transaction, try_in_transaction};
