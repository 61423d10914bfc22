//! Callers who go away in the middle, as those of a web server do.

use leadgate_store::Store as _;
use leadgate_store::conformance::samples::{at, id};
use leadgate_store::model::AppKey;
use leadgate_store::scopes::Scopes;

use crate::support::open_fresh;

#[tokio::test]
async fn who_goes_away_while_reading_leaves_no_transaction_to_the_next() {
    let store = open_fresh().await;
    for turns in (0..400).map(|round| round % 40) {
        tokio::select! {
            biased;
            _ = store.story(id(1)) => {}
            () = turns_of_others(turns) => {}
        }
        let key = AppKey { name: "app".to_owned(), digest: [7; 32], may: Scopes::ALL };
        store.put_app_key(key, at(0)).await.unwrap();
    }
}

async fn turns_of_others(turns: u32) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}
