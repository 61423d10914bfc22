//! Letting go of what was erased.

use leadgate_store::conformance::samples::PATIENCE;
use leadgate_store::erasure::ErasureStore as _;
use sqlx::AssertSqlSafe;
use tokio::time::timeout;

use crate::support::Database;

#[tokio::test]
async fn dead_rows_are_let_go_of_once_nobody_reads_what_was() {
    let database = Database::fresh().await;
    let store = database.open().await;
    let mut reader = database.connect().await;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM inbox";
    sqlx::raw_sql(begin).execute(&mut reader).await.unwrap();
    assert!(!store.cleanse().await.unwrap());
    sqlx::raw_sql("ROLLBACK").execute(&mut reader).await.unwrap();
    let cleansed = async { while !store.cleanse().await.unwrap() {} };
    timeout(PATIENCE, cleansed).await.unwrap();
    let sql = "SELECT count(*) FROM pg_stat_user_tables WHERE vacuum_count > 0";
    assert_eq!(sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut reader).await.unwrap(), 15);
    assert!(store.remains().iter().any(|sentence| sentence.contains("write-ahead log")));
}

#[tokio::test]
async fn a_role_that_may_not_vacuum_a_table_says_so() {
    let database = Database::fresh().await;
    database.open().await.close().await;
    let mut owner = database.connect().await;
    let role = format!("guest_of_{}", database.name());
    let grant = format!(
        "CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA public TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"
    );
    sqlx::raw_sql(AssertSqlSafe(grant)).execute(&mut owner).await.unwrap();
    let store = database.open_as(&role).await;
    assert!(!store.cleanse().await.unwrap());
    store.close().await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP OWNED BY {role}; DROP ROLE {role}"))).execute(&mut owner).await.unwrap();
}
