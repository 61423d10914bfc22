//! A transaction on one of the connections, and what statements are run on.
//!
//! Behind a pooler in transaction mode the next transaction may come to another session of the server, which another client used before: a named
//! statement of the one is unknown there, or known as something else. So there every statement goes without a name.

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgPool, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Either, Execute, Executor, Postgres, SqlStr, Transaction};

use crate::error::{Failure, is_lost_connection};
use crate::transaction::MOST_TRIES;

/// The connections of this process to the database.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    pub(crate) pool: PgPool,
    /// Whether a pooler in transaction mode stands between.
    pub(crate) pooled: bool,
    /// What each transaction has to say for itself, behind what begins it.
    pub(crate) said: String,
    /// The schema that is named outside of such transactions, quoted.
    pub(crate) path: Option<String>,
}

impl Connections {
    /// What begins a transaction, with what each of them has to say first.
    pub(crate) fn beginning(&self, begin: String) -> String {
        begin + &self.said
    }

    /// A table's name as it is written outside of such a transaction.
    pub(crate) fn qualified(&self, table: &str) -> String {
        self.path.as_ref().map_or_else(|| table.to_owned(), |path| format!("{path}.{table}"))
    }

    /// Runs one statement by itself, which spares the round trips that begin and end a transaction. It may run twice where a connection was lost or
    /// another transaction was in the way.
    pub(crate) async fn lone<'q>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, Failure> {
        let (mut dead, mut tries) = (0, 0);
        loop {
            let ended = if self.pooled {
                self.alone_in_a_transaction(query()).await
            } else {
                query().fetch_all(&self.pool).await.map_err(Failure::from)
            };
            match ended {
                Err(failure) if failure.is_lost_connection() && dead < self.pool.options().get_max_connections() => {
                    dead += 1;
                }
                Err(failure) if failure.is_worth_another_try() && tries < MOST_TRIES => tries += 1,
                ended => return ended,
            }
        }
    }

    /// A statement is parsed and run by messages with a pause between, over which a pooler keeps a session of the server only in a transaction.
    async fn alone_in_a_transaction(&self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<PgRow>, Failure> {
        let mut session = self.begin("BEGIN".to_owned()).await?;
        let rows = query.fetch_all(&mut session).await?;
        session.commit().await?;
        Ok(rows)
    }

    /// On a task of its own, which goes on when the caller goes away: half begun, the transaction would stay open on a connection that the next one
    /// is given. Whole, it is undone as it is dropped.
    async fn begin_whole(&self, begin: String) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let pool = self.pool.clone();
        let begun = tokio::spawn(async move { pool.begin_with(AssertSqlSafe(begin)).await });
        begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// Begins a transaction with `begin`, which may hold further statements. Nothing has begun when it fails, so a connection that turns out to be
    /// dead is passed over, as after a restart of the server all of them are.
    pub(crate) async fn begin(&self, begin: String) -> Result<Session, sqlx::Error> {
        let begin = self.beginning(begin);
        let mut dead = 0;
        loop {
            match self.begin_whole(begin.clone()).await {
                Ok(transaction) => return Ok(Session { transaction, pooled: self.pooled }),
                Err(error) if is_lost_connection(&error) && dead < self.pool.options().get_max_connections() => {
                    dead += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// A transaction. It is undone when this is dropped.
#[derive(Debug)]
pub(crate) struct Session {
    transaction: Transaction<'static, Postgres>,
    pooled: bool,
}

impl Session {
    /// Makes it durable.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        self.transaction.commit().await
    }

    /// Undoes it.
    pub(crate) async fn rollback(self) -> Result<(), sqlx::Error> {
        self.transaction.rollback().await
    }
}

/// A statement that is given a name only where one lasts.
struct Statement<E> {
    inner: E,
    named: bool,
}

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Statement<E> {
    fn sql(self) -> SqlStr {
        self.inner.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.inner.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.inner.take_arguments()
    }

    fn persistent(&self) -> bool {
        self.named && self.inner.persistent()
    }
}

impl<'c> Executor<'c> for &'c mut Session {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let statement = Statement { inner: query, named: !self.pooled };
        (&mut *self.transaction).fetch_many(statement)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let statement = Statement { inner: query, named: !self.pooled };
        (&mut *self.transaction).fetch_optional(statement)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        (&mut *self.transaction).prepare_with(sql, parameters)
    }
}
