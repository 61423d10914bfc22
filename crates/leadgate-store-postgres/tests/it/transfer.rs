//! Carrying a store over to one of another kind and back.

use std::collections::BTreeSet;

use leadgate_store::Store as _;
use leadgate_store::conformance::filled::{delivery, delivery_claim, fill};
use leadgate_store::conformance::samples::{LEASE, at, claim, id, job, plan, submission, submissions};
use leadgate_store::deliveries::DeliveryStore as _;
use leadgate_store::model::{AcceptOutcome, AppKey};
use leadgate_store::scopes::Scopes;
use leadgate_store::transfer::{CopyError, TABLES, Table, Transfer, TransferRow, copy};
use leadgate_store_sqlite::{Durability, SqliteConfig, SqliteStore};
use tempfile::TempDir;

use crate::support::{Database, open_fresh};

fn sqlite() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("leadgate.db")).with_durability(Durability::Normal);
    let store = SqliteStore::open(config).unwrap();
    (folder, store)
}

async fn rows(store: &dyn Transfer, table: &'static Table) -> Vec<TransferRow> {
    store.read_rows(table, None, 1_000).await.unwrap()
}

#[tokio::test]
async fn a_filled_store_is_the_same_after_a_journey() {
    let (_folder, original) = sqlite();
    fill(&original).await;
    let there = open_fresh().await;
    let copied = copy(&original, &*there).await.unwrap();
    let empty: Vec<_> = copied.iter().filter(|table| table.digest.rows == 0).collect();
    assert!(empty.is_empty(), "every table has rows, but for {empty:?}");
    let (_other_folder, back) = sqlite();
    assert_eq!(copy(&*there, &back).await.unwrap(), copied);
    for table in TABLES {
        assert_eq!(rows(&back, table).await, rows(&original, table).await, "{}", table.name);
    }
}

#[tokio::test]
async fn an_account_is_copied_to_another_one() {
    let first = open_fresh().await;
    fill(&*first).await;
    let second = first.for_account(2);
    copy(&*first, &second).await.unwrap();
    for table in TABLES {
        assert_eq!(rows(&second, table).await, rows(&*first, table).await, "{}", table.name);
    }
}

#[tokio::test]
async fn a_copy_goes_on_where_the_original_stopped() {
    let (_folder, original) = sqlite();
    fill(&original).await;
    let there = open_fresh().await;
    copy(&original, &*there).await.unwrap();
    assert_eq!(there.accept(submission(4), at(6)).await.unwrap(), AcceptOutcome::Repeat(id(4)));
    let taken_over = claim(&*there, 20 + LEASE).await;
    assert_eq!((submissions(&taken_over), taken_over[0].abandoned_since), (vec![id(3)], Some(at(20))));
    plan(&*there, 21, job(&["z"])).await;
    assert!(claim(&*there, 21).await[0].lease.job > taken_over[0].lease.job, "what is new is numbered behind");
    assert!(there.switch_on("a", at(21)).await.unwrap());
    there.add_delivery(delivery("d4"), false, at(21)).await.unwrap();
    let claimed = there.claim_deliveries(delivery_claim("two", 21)).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| claimed.delivery.id.as_str()).collect::<Vec<_>>(), ["d2"]);
}

#[tokio::test]
async fn a_copy_goes_to_an_empty_store_only() {
    let (_folder, original) = sqlite();
    fill(&original).await;
    let there = open_fresh().await;
    let key = AppKey { name: "a".into(), digest: [0; 32], may: Scopes::ALL };
    there.put_app_key(key, at(0)).await.unwrap();
    let refused = copy(&original, &*there).await.unwrap_err();
    assert!(matches!(refused, CopyError::NotEmpty { table: "app_keys", rows: 1 }), "{refused}");
    assert!(rows(&*there, &TABLES[0]).await.is_empty(), "nothing was written");
}

/// Page by page, whatever the key of the table is made of.
async fn pages_hold_every_row_once(store: &dyn Transfer) {
    for table in TABLES {
        let mut read: Vec<TransferRow> = Vec::new();
        loop {
            let page = store.read_rows(table, read.last(), 1).await.unwrap();
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(read, rows(store, table).await, "{}", table.name);
    }
}

#[tokio::test]
async fn rows_are_read_page_by_page() {
    let (_folder, original) = sqlite();
    fill(&original).await;
    pages_hold_every_row_once(&original).await;
    let there = open_fresh().await;
    copy(&original, &*there).await.unwrap();
    pages_hold_every_row_once(&*there).await;
}

#[tokio::test]
async fn every_column_of_every_table_is_carried() {
    let database = Database::fresh().await;
    database.open().await;
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns
               WHERE table_schema = 'public' AND table_name NOT IN ('schema', 'accounts', 'room')
                 AND column_name <> 'account'";
    let there = sqlx::query_scalar::<_, String>(sql).fetch_all(&mut database.connect().await).await.unwrap();
    let carried = TABLES.iter().flat_map(|table| table.columns.iter().map(|column| (table.name, column.name)));
    let carried: BTreeSet<String> = carried.map(|(table, column)| format!("{table}.{column}")).collect();
    assert_eq!(carried, there.into_iter().collect());
}
