//! Erasing an account: nothing of it is left in any table, and everything of the others.

use std::collections::BTreeSet;

use leadgate_store::accounts::{
    AccountChange, AccountNumber, AccountRegistry as _, AccountState, AddAccountOutcome, NewAccount,
};
use leadgate_store::conformance::filled::fill;
use leadgate_store::conformance::samples::{PATIENCE, at};
use leadgate_store::transfer::{TABLES, Transfer as _};
use leadgate_store_postgres::PostgresAccounts;
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::time::timeout;

use crate::support::{Database, open_accounts};

/// Every table that has rows of accounts, as the database says.
async fn tables_of_accounts(connection: &mut PgConnection) -> BTreeSet<String> {
    let sql = "SELECT table_name::text FROM information_schema.columns
               WHERE table_schema = 'public' AND column_name = 'account'";
    sqlx::query_scalar(sql).fetch_all(connection).await.unwrap().into_iter().collect()
}

async fn add(accounts: &PostgresAccounts, name: &str) -> AccountNumber {
    let new = NewAccount { name: name.parse().unwrap(), state: AccountState::Active, settings: serde_json::json!({}) };
    match accounts.add_account(new, at(0)).await.unwrap() {
        AddAccountOutcome::Added(number) => number,
        AddAccountOutcome::NameTaken => panic!("{name} is taken"),
    }
}

async fn remove(accounts: &PostgresAccounts, number: AccountNumber) {
    let change = AccountChange { state: Some(AccountState::Removing), ..AccountChange::default() };
    assert!(accounts.change_account(number, change, at(1)).await.unwrap());
}

#[tokio::test]
async fn every_table_is_erased() {
    let accounts = open_accounts().await;
    let number = add(&accounts, "acme").await;
    let (kept, gone) = (accounts.main(), accounts.main().for_account(number.0));
    fill(&**kept).await;
    fill(&gone).await;
    remove(&accounts, number).await;
    let mut rows = 0;
    loop {
        let erased = accounts.erase_account(number, 7).await.unwrap();
        assert!(erased.rows <= 7, "{erased:?}");
        rows += erased.rows;
        if erased.finished {
            break;
        }
    }
    let mut there = 0;
    for table in TABLES {
        there += kept.count_and_digest(table).await.unwrap().rows;
    }
    assert_eq!(rows, there, "both had the same");
    let mut connection = accounts.database().connect().await;
    for table in tables_of_accounts(&mut connection).await {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE account = $1"));
        let left: i64 = sqlx::query_scalar(sql).bind(number.0).fetch_one(&mut connection).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn no_table_of_accounts_is_left_out() {
    let database = Database::fresh().await;
    database.open().await;
    let mut there = tables_of_accounts(&mut database.connect().await).await;
    assert!(there.remove("room"), "it never has a row");
    assert_eq!(there, TABLES.iter().map(|table| table.name.to_owned()).collect());
}

async fn until_two_listen(connection: &mut PgConnection) {
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'";
    while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *connection).await.unwrap() < 2 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn another_process_hears_of_a_change_of_the_list() {
    let one = open_accounts().await;
    let other = PostgresAccounts::new(std::sync::Arc::new(one.database().open().await));
    let mut connection = one.database().connect().await;
    timeout(PATIENCE, until_two_listen(&mut connection)).await.unwrap();
    add(&one, "acme").await;
    timeout(PATIENCE, other.changed()).await.unwrap();
    assert_eq!(other.accounts().await.unwrap().len(), 2);
}
