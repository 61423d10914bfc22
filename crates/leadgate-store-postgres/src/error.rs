//! What PostgreSQL says, in the words of the store.

use std::io;

use leadgate_store::StoreError;
pub(crate) use leadgate_store::stored::corrupt;

/// The database ended the connection of somebody who stood still in the middle of a transaction.
const STOOD_STILL: &str = "25P03";

/// Why a transaction failed: PostgreSQL refused, or the store did.
#[derive(Debug)]
pub(crate) enum Failure {
    /// PostgreSQL, or the way to it.
    Sql(sqlx::Error),
    /// What was read.
    Store(StoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        Failure::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Store(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        match failure {
            Failure::Sql(error) => store_error(&error),
            Failure::Store(error) => error,
        }
    }
}

impl Failure {
    /// Whether nothing of the transaction was kept and the same again may well succeed: it was in the way of another one.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        let Failure::Sql(error) = self else { return false };
        matches!(code(error).as_deref(), Some("40001" | "40P01"))
    }

    /// Whether it cannot be done with these values or with what is stored of them, whoever asks and however often.
    pub(crate) fn is_refused(&self) -> bool {
        let error = match self {
            Failure::Store(_) => return true,
            Failure::Sql(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_)) => {
                return true;
            }
            Failure::Sql(error) => error,
        };
        // 22: the data, 23: constraints, 54: longer than the program's limits, 53200: too many locks for one transaction.
        code(error).is_some_and(|code| ["22", "23", "54", "53200"].iter().any(|refusal| code.starts_with(refusal)))
    }

    /// Whether the connection was lost, so that nobody knows what became of a commit that was under way.
    pub(crate) fn is_lost_connection(&self) -> bool {
        matches!(self, Failure::Sql(error) if is_lost_connection(error))
    }
}

/// Whether the connection was lost: by itself, or because the server ended it.
pub(crate) fn is_lost_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => code(error).is_some_and(|code| code.starts_with("08") || code.starts_with("57P") || code == STOOD_STILL),
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(std::borrow::Cow::into_owned)
}

/// The store's word for a failure of PostgreSQL.
pub(crate) fn store_error(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::ColumnDecode { source, .. } => corrupt("column", source),
        sqlx::Error::Io(why) => lost(why),
        sqlx::Error::PoolTimedOut => StoreError::Unavailable(
            "every connection to the database was in use for too long; allow more of them, or look for what holds them"
                .to_owned(),
        ),
        sqlx::Error::PoolClosed => StoreError::Unavailable("the store is being closed".to_owned()),
        sqlx::Error::Database(_) => refused(error),
        _ => StoreError::Unavailable(format!("the database could not be asked: {error}")),
    }
}

fn lost(why: &io::Error) -> StoreError {
    StoreError::Unavailable(format!(
        "the connection to the database failed: {why}; see that it runs and can be reached"
    ))
}

fn refused(error: &sqlx::Error) -> StoreError {
    let code = code(error).unwrap_or_default();
    match code.as_str() {
        "53100" => StoreError::DiskFull,
        "53300" => StoreError::Unavailable(
            "the database takes no more connections; allow it more, or leadgate fewer".to_owned(),
        ),
        "57P01" | "57P02" | "57P03" => {
            StoreError::Unavailable("the database is starting or stopping; it will be asked again".to_owned())
        }
        STOOD_STILL => StoreError::Unavailable(
            "this process stood still in the middle of a transaction for too long, and the database undid it; is the machine short of processors?"
                .to_owned(),
        ),
        "40001" | "40P01" => {
            StoreError::Unavailable("other transactions were in the way again and again; try again".to_owned())
        }
        _ => StoreError::Unavailable(format!("the database refused: {error} (code {code})")),
    }
}
