//! Opening: migrations, and who may not open a store.

use futures::future::join_all;
use leadgate_store::{Store as _, StoreError};
use leadgate_store_postgres::PostgresStore;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::support::Database;

#[tokio::test]
async fn of_processes_that_start_at_once_one_makes_the_tables() {
    let database = Database::fresh().await;
    let opened = join_all((0..8).map(|_| PostgresStore::open(database.config()))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    let mut connection = database.connect().await;
    let row = sqlx::query("SELECT count(*), (SELECT count(*) FROM accounts WHERE number = 1) FROM schema")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (1, 1));
}

/// The version of the schema, the oldest whose programs may write, and whether the index of version 1 is there.
async fn seen(connection: &mut PgConnection) -> (i64, i64, bool) {
    let sql = "SELECT version, compatible_since, to_regclass('inbox_dedupe') IS NOT NULL FROM schema";
    let row = sqlx::query(sql).fetch_one(connection).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// The tables as a start that found an older version left them.
const OF_VERSION_3: &str = "UPDATE schema SET version = 3, compatible_since = 1;
    CREATE INDEX inbox_dedupe ON inbox (account, dedupe, dedupe_kind, seq)";

#[tokio::test]
async fn what_programs_of_before_need_stays_until_they_are_gone() {
    let cases = [("leadgate", true), ("leadgate/2", true), ("leadgate/3", false), ("psql/1", false)];
    for (name, stays) in cases {
        let database = Database::fresh().await;
        database.open().await.close().await;
        let mut other = database.connect().await;
        let set = AssertSqlSafe(format!("{OF_VERSION_3}; SET application_name = '{name}'"));
        sqlx::raw_sql(set).execute(&mut other).await.unwrap();
        database.open().await.close().await;
        assert_eq!(seen(&mut other).await, if stays { (3, 1, true) } else { (4, 3, false) }, "{name}");
        sqlx::raw_sql("SET application_name = 'gone'").execute(&mut other).await.unwrap();
        database.open().await;
        assert_eq!(seen(&mut other).await, (4, 3, false), "{name}");
    }
}

#[tokio::test]
async fn nothing_is_taken_away_at_the_first_start_nor_behind_a_pooler() {
    let database = Database::fresh().await;
    database.open().await.close().await;
    let mut other = database.connect().await;
    let older = format!("{OF_VERSION_3}; UPDATE schema SET version = 2; DROP INDEX inbox_dedupe_period");
    sqlx::raw_sql(AssertSqlSafe(older)).execute(&mut other).await.unwrap();
    database.open().await.close().await;
    assert_eq!(seen(&mut other).await, (3, 1, true));
    PostgresStore::open(database.config().pooled(None)).await.unwrap();
    assert_eq!(seen(&mut other).await, (3, 1, true));
    database.open().await;
    assert_eq!(seen(&mut other).await, (4, 3, false));
}

async fn set_schema(database: &Database, version: i64, compatible_since: i64) {
    let sql = format!("UPDATE schema SET version = {version}, compatible_since = {compatible_since}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database.connect().await).await.unwrap();
}

#[tokio::test]
async fn what_a_newer_version_changed_for_good_is_left_alone() {
    let database = Database::fresh().await;
    database.open().await;
    set_schema(&database, 99, 98).await;
    let refused = PostgresStore::open(database.config()).await.unwrap_err();
    assert!(matches!(refused, StoreError::TooNew { found: 99, .. }), "{refused}");
}

#[tokio::test]
async fn the_version_before_goes_on_beside_a_newer_one() {
    let database = Database::fresh().await;
    let running = database.open().await;
    set_schema(&database, 99, 1).await;
    let mut connection = database.connect().await;
    sqlx::raw_sql("ALTER TABLE inbox ADD COLUMN later TEXT").execute(&mut connection).await.unwrap();
    running.unplanned([10; 4]).await.unwrap();
    let started = database.open().await;
    started.unplanned([10; 4]).await.unwrap();
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_not_quoted() {
    let config = leadgate_store_postgres::PostgresConfig::new("postgres://me:secret@[bad".to_owned().into());
    let refused = PostgresStore::open(config).await.unwrap_err().to_string();
    assert!(refused.contains("postgres://user:password@host") && !refused.contains("secret"), "{refused}");
}
