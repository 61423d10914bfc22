//! Looks at a database without changing it: for those who want to know whether a store could be opened, not to open it.

use leadgate_store::StoreError;
use sqlx::{PgConnection, Row as _};

use crate::config::PostgresConfig;
use crate::error::store_error;
use crate::open;

/// What a database is like.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The version of the server, such as `16.4`.
    pub server: String,
    /// Whether a commit is on the disk when it is answered.
    pub waits_for_disk: bool,
    /// The version of the tables that are there; `None` if there are none yet.
    pub schema: Option<i64>,
    /// The version that this program brings them to.
    pub newest_schema: i64,
    /// Whether this program may write to them.
    pub is_usable: bool,
}

/// Connects and looks. Nothing is made.
///
/// # Errors
/// [`StoreError::Unavailable`] if the database cannot be reached or refuses.
pub async fn inspect(config: &PostgresConfig) -> Result<Inspection, StoreError> {
    let connections = open::connections(config)?;
    let looked = async {
        let begin = connections.beginning("BEGIN READ ONLY".to_owned());
        let mut transaction = connections.pool.begin_with(sqlx::AssertSqlSafe(begin)).await?;
        look(&mut transaction).await
    };
    let looked = looked.await.map_err(|error| store_error(&error));
    connections.pool.close().await;
    looked
}

async fn look(connection: &mut PgConnection) -> Result<Inspection, sqlx::Error> {
    let sql = "SELECT current_setting('server_version'),
                      current_setting('synchronous_commit') <> 'off' AND current_setting('fsync') = 'on',
                      to_regclass('schema') IS NOT NULL";
    let row = sqlx::query(sql).persistent(false).fetch_one(&mut *connection).await?;
    let found = if row.try_get(2)? { Some(open::found(connection).await?) } else { None };
    let known = open::newest();
    Ok(Inspection {
        server: row.try_get(0)?,
        waits_for_disk: row.try_get(1)?,
        schema: found.map(|found| found.version),
        newest_schema: known,
        is_usable: found.is_none_or(|found| found.compatible_since <= known),
    })
}
