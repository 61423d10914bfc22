//! Opening: the pool of connections and the migrations.

use std::str::FromStr as _;
use std::time::Duration;

use leadgate_store::StoreError;
use secrecy::ExposeSecret as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::config::PostgresConfig;
use crate::error::store_error;
use crate::session::Connections;

/// A version of the schema.
struct Migration {
    sql: &'static str,
    /// The oldest version of the schema whose programs may still write after it. One that takes something away waits for a start that finds the version
    /// before it, and until none is connected that knows an older version only; so do those after it. Behind a pooler it is left out.
    compatible_since: i64,
}

/// One file per version of the schema, in order. Each only adds, so that the program of the version before can go on beside it; what is no longer
/// needed goes by another, once nobody needs it.
const MIGRATIONS: &[Migration] = &[
    Migration { sql: include_str!("../migrations/1.sql"), compatible_since: 1 },
    Migration { sql: include_str!("../migrations/2.sql"), compatible_since: 1 },
    Migration { sql: include_str!("../migrations/3.sql"), compatible_since: 1 },
    Migration { sql: include_str!("../migrations/4.sql"), compatible_since: 3 },
];

/// How long a caller waits for a free connection.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Under which only one process migrates at a time.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(7810206541230957)";

/// Makes the pool. The first connection is made when it is needed.
pub(crate) fn connections(config: &PostgresConfig) -> Result<Connections, StoreError> {
    let options = options(config.url.expose_secret())?;
    let schema = config.schema.as_deref().map(quoted);
    let mut settings = vec![("idle_in_transaction_session_timeout", config.longest_standstill.as_millis().to_string())];
    settings.extend(schema.iter().map(|schema| ("search_path", schema.clone())));
    // A pooler takes no such parameters, and gives its sessions to others: behind one, each transaction says them for itself.
    let (options, said, path) = if config.pooled {
        let said = settings.iter().map(|(name, value)| format!("; SET LOCAL {name} TO {value}")).collect();
        (options, said, schema)
    } else {
        (options.options(settings), String::new(), None)
    };
    // A pooler in transaction mode gives each transaction another session, which does not know what was prepared in the last one.
    let options =
        if config.pooled { options.statement_cache_capacity(0) } else { options.statement_cache_capacity(200) };
    let pool = PgPoolOptions::new()
        .max_connections(config.max_connections.max(2))
        .acquire_timeout(LONGEST_WAIT)
        .test_before_acquire(false);
    Ok(Connections { pool: pool.connect_lazy_with(options), pooled: config.pooled, said, path })
}

/// A name as SQL takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// How to connect to hear notifications; `None` where there is no way to.
pub(crate) fn listen_options(config: &PostgresConfig) -> Result<Option<PgConnectOptions>, StoreError> {
    match (&config.listen_url, config.pooled) {
        (Some(url), _) => options(url.expose_secret()).map(Some),
        (None, false) => options(config.url.expose_secret()).map(Some),
        (None, true) => Ok(None),
    }
}

/// How to connect to that address.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    // The reason may quote the address, which holds a password.
    let options = PgConnectOptions::from_str(url).map_err(|_| {
        StoreError::Unavailable(
            "the address of the database cannot be read; it looks like postgres://user:password@host:5432/database"
                .to_owned(),
        )
    })?;
    Ok(options.application_name(&format!("leadgate/{}", newest())).extra_float_digits(None))
}

/// What the database says of its schema.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) version: i64,
    /// The oldest version whose programs may still write.
    pub(crate) compatible_since: i64,
}

/// The version of the schema that this program brings a database to.
pub(crate) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Applies what is missing of [`MIGRATIONS`], all of it or nothing. Of several processes that start at once, one does it.
pub(crate) async fn migrate(config: &PostgresConfig, connections: &Connections) -> Result<(), StoreError> {
    let known = newest();
    let found = migrate_missing(config.schema.as_deref(), connections).await.map_err(|error| opening_failed(&error))?;
    if found.compatible_since > known { Err(StoreError::TooNew { found: found.version, known }) } else { Ok(()) }
}

async fn migrate_missing(schema: Option<&str>, connections: &Connections) -> Result<Found, sqlx::Error> {
    let begin = AssertSqlSafe(connections.beginning(begin_alone(schema)));
    let mut transaction = connections.pool.begin_with(begin).await?;
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS schema (version BIGINT NOT NULL, compatible_since BIGINT NOT NULL)")
        .execute(&mut *transaction)
        .await?;
    let found = found(&mut transaction).await?;
    let missing = MIGRATIONS.iter().skip(usize::try_from(found.version).unwrap_or(0));
    for (version, migration) in (found.version + 1..).zip(missing) {
        let compatible_since = migration.compatible_since.max(found.compatible_since);
        let takes_away = found.version > 0 && compatible_since > found.compatible_since;
        // One start with the newer tables leaves the way back open. A pooler does not show whose its sessions are.
        let is_too_soon = found.version + 1 < version || connections.pooled;
        if takes_away && (is_too_soon || is_used_before(&mut transaction, compatible_since).await?) {
            break;
        }
        sqlx::raw_sql(migration.sql).execute(&mut *transaction).await?;
        keep(&mut transaction, Found { version, compatible_since }).await?;
    }
    transaction.commit().await?;
    Ok(found)
}

/// Whether a program is connected to the database that knows only versions of the schema before that one. Programs name the newest that they know in
/// the name of their connections; those of version 1 did not yet.
async fn is_used_before(connection: &mut PgConnection, version: i64) -> Result<bool, sqlx::Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND CASE WHEN application_name = 'leadgate' THEN 1 < $1
                              WHEN application_name ~ '^leadgate/[0-9]{1,9}$'
                                  THEN split_part(application_name, '/', 2)::bigint < $1
                              ELSE false END)";
    sqlx::query_scalar(sql).persistent(false).bind(version).fetch_one(connection).await
}

/// A schema that is there is left alone: whoever prepared it need not let leadgate make others. That the tables are there is no news: each start would tell it.
fn begin_alone(schema: Option<&str>) -> String {
    let make = |name: &str| {
        let (text, name) = (name.replace('\'', "''"), quoted(name));
        format!(
            "; DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = '{text}') THEN CREATE SCHEMA {name}; END IF; END $$"
        )
    };
    format!("BEGIN; SET LOCAL client_min_messages = warning; {MIGRATION_LOCK}{}", schema.map(make).unwrap_or_default())
}

const FOUND: &str = "SELECT version, compatible_since FROM schema";

pub(crate) async fn found(connection: &mut PgConnection) -> Result<Found, sqlx::Error> {
    let found = sqlx::query(FOUND).persistent(false).fetch_optional(connection).await?;
    let Some(row) = found else { return Ok(Found { version: 0, compatible_since: 0 }) };
    Ok(Found { version: row.try_get(0)?, compatible_since: row.try_get(1)? })
}

async fn keep(connection: &mut PgConnection, schema: Found) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("DELETE FROM schema").execute(&mut *connection).await?;
    // Without a name: the connection may lead through a pooler.
    sqlx::query("INSERT INTO schema (version, compatible_since) VALUES ($1, $2)")
        .persistent(false)
        .bind(schema.version)
        .bind(schema.compatible_since)
        .execute(connection)
        .await
        .map(|_| ())
}

fn opening_failed(error: &sqlx::Error) -> StoreError {
    match store_error(error) {
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("opening the database failed: {why}")),
        other => other,
    }
}
