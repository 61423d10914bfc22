//! What goes with a submission that is removed.

use leadgate_store::Store as _;
use leadgate_store::conformance::filled::import;
use leadgate_store::conformance::samples::{accept, at, claim, finish, id, job, record_plan, submission};
use leadgate_store::imports::{ImportRow, ImportStore as _, RowContent};
use leadgate_store::retention::OldRows;

use crate::support::open_fresh;

#[tokio::test]
async fn a_row_of_an_import_goes_with_its_submission() {
    let store = open_fresh().await;
    let import = import();
    store.begin_import(import.clone(), at(0)).await.unwrap();
    let lead = |row| ImportRow { row, content: RowContent::Lead(Box::new(submission(row))) };
    store.accept_rows(import.id, vec![lead(1), lead(2)], at(0)).await.unwrap();
    store.accept_removals(import.id, vec![(2, submission(3))], at(0)).await.unwrap();
    record_plan(&*store, id(1), job(&[]), 0).await;
    record_plan(&*store, id(3), job(&[]), 0).await;
    for job in claim(&*store, 10).await {
        finish(&*store, &job, 10).await;
    }
    accept(&*store, 4, 10).await;
    let old = OldRows { done_before: Some(at(50)), ..OldRows::none(at(1_000), 100) };
    assert_eq!(store.remove_old(old).await.unwrap().submissions, 2);
    let left = store.row_results(import.id, 0, 10).await.unwrap();
    assert_eq!(left.iter().map(|row| (row.row, row.submission)).collect::<Vec<_>>(), [(2, Some(id(2)))]);
    let again = store.accept_removals(import.id, vec![(2, submission(5))], at(1_000)).await.unwrap();
    assert_eq!(again, 1, "the removal that is gone is none");
}
