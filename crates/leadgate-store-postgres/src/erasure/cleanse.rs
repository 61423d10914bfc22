//! The dead rows. What is deleted or written over stays in its table, dead, until a vacuum lets go of it, which this runs at once.
//!
//! A vacuum keeps what a transaction that began before may still see, and passes over tables that belong to a role whose rights this program's does not have.
//! The server's own log and backups are beyond reach, and so are bytes in free space of a page until something is written there.

use leadgate_store::StoreError;
use sqlx::AssertSqlSafe;

use crate::error::store_error;
use crate::session::Connections;

/// What a vacuum does not reach.
pub(super) const REMAINS: &[&str] = &[
    "rows of the database that are dead, and their bytes in free space of its pages, until a vacuum has let go of them and something else is written there; VACUUM FULL does both at once",
    "the database's write-ahead log, its archive, replicas and backups, as long as the server keeps them",
];

/// The tables in which something of a person is written over or deleted.
const TABLES: [&str; 15] = [
    "inbox",
    "jobs",
    "job_keys",
    "attempts",
    "known",
    "notes",
    "profiles",
    "mirror",
    "changes",
    "deliveries",
    "delivery_attempts",
    "destinations",
    "imports",
    "import_rows",
    "forgets",
];

/// How many transactions are open in this database that may see what was there before; of others' sessions only where the server tells.
const OLDER: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL
      AND backend_type <> 'autovacuum worker'";

/// How many of the tables belong to a role whose rights this one does not have: a vacuum passes those over, unless the database is this one's.
const OF_OTHERS: &str = "SELECT count(*) FROM unnest($1::text[]) AS name JOIN pg_class ON pg_class.oid = name::regclass
    WHERE NOT pg_has_role(relowner, 'USAGE')
      AND NOT (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database())";

/// Lets go of dead rows. Returns `false` where some may have to stay because somebody was reading, or because they are not this role's to vacuum.
pub(super) async fn cleanse(connections: &Connections) -> Result<bool, StoreError> {
    vacuumed(connections).await.map_err(|error| store_error(&error))
}

/// The vacuum is outside of a transaction, as it takes part in none. Indexes too: a key may be the digest of an address that can be guessed.
async fn vacuumed(connections: &Connections) -> Result<bool, sqlx::Error> {
    let tables = TABLES.map(|table| connections.qualified(table));
    let mut session = connections.begin("BEGIN".to_owned()).await?;
    let older: i64 = sqlx::query_scalar(OLDER).fetch_one(&mut session).await?;
    let of_others: i64 = sqlx::query_scalar(OF_OTHERS).bind(&tables[..]).fetch_one(&mut session).await?;
    session.commit().await?;
    let vacuum = AssertSqlSafe(format!("VACUUM (INDEX_CLEANUP ON) {}", tables.join(", ")));
    sqlx::raw_sql(vacuum).execute(&connections.pool).await?;
    Ok(older == 0 && of_others == 0)
}
