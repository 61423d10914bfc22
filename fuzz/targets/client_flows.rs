//! What takes several requests, against scripted replies: detecting the account, whole lists, merging updates, bulk calls.
//!
//! The first byte chooses; the pieces behind it are the replies.
#![no_main]

use std::time::Duration;

use freshsales::contacts::{self, Contact, ContactAttributes};
use freshsales::deals::Deal;
use freshsales::follow::{Patience, upsert_all};
use freshsales::jobs::BulkItem;
use freshsales::retry::{RetryPolicy, RetryingClient};
use freshsales::verbs::UniqueKey;
use freshsales::{Client, Generation, ListRequest, ListRow, filtered_search, views};
use leadgate_fuzz::script;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, replies)) = input.split_first() else { return };
    let builder = script::client(script::replies(replies, 12));
    if choice % 8 == 0 {
        let _client = script::run(builder.detect());
        return;
    }
    let Ok(client) = builder.generation(Generation::Suite).build() else { return };
    script::run(async {
        match choice % 8 {
            1 => whole(&client, views::rows::<Contact>(1), 1).await,
            2 => whole(&client, views::scroll::<Contact>(1), 1).await,
            3 => whole(&client, filtered_search::by_rules::<Deal>(vec![]), 3).await,
            4 => whole(&client, views::rows::<Deal>(1), 40).await,
            5 => {
                let attributes = ContactAttributes::new().tags(["a"]).remove_tags(["b"]).custom_field("cf_a", 1);
                let _updated = client.update(&contacts::update(1, attributes)).await;
            }
            6 => {
                let item = |n| BulkItem::new(UniqueKey::emails(format!("a{n}@example.com")), ContactAttributes::new());
                let items: Vec<_> = (0..150).map(item).collect();
                let patience = Patience::default().waiting(Duration::from_secs(2), Duration::from_secs(5));
                let followed = upsert_all::<Contact>(&client, &items, patience).await;
                assert_eq!(followed.results.len(), items.len(), "a result for each item");
            }
            _ => {
                let client = RetryingClient::new(client, RetryPolicy::default());
                let _reply = client.send(&contacts::view(1)).await;
            }
        }
    });
});

async fn whole<R: ListRequest>(client: &Client, request: R, concurrency: u32) {
    let mut seen = std::collections::HashSet::new();
    let mut rows = client.stream(request).concurrency(concurrency);
    while let Some(Ok(row)) = rows.next_row().await {
        assert!(seen.insert(row.record.row_id()), "a row that came twice");
        let _cursor = rows.cursor();
    }
    let progress = rows.progress();
    assert_eq!(progress.rows, seen.len() as u64, "as many rows as were given");
}
