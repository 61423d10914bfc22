//! Cursors that were stored: the first line is the cursor, the rest the pages that a stream resumed from it is given.
#![no_main]

use freshsales::contacts::Contact;
use freshsales::tasks::{self, TaskFilter};
use freshsales::{Client, Generation, ListCursor, ListRequest, views};
use leadgate_fuzz::{first_line, script};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (line, pages) = first_line(input);
    let Ok(cursor) = serde_json::from_str::<ListCursor>(&line) else { return };
    let written = serde_json::to_string(&cursor).expect("a cursor is JSON");
    assert_eq!(
        serde_json::from_str::<ListCursor>(&written).ok(),
        Some(cursor.clone()),
        "a cursor changed by being stored"
    );
    let client = || script::client(script::replies(pages, 8)).generation(Generation::Suite).build();
    let Ok(client) = client() else { return };
    script::run(async {
        resumed(&client, views::rows::<Contact>(1), cursor.clone()).await;
        resumed(&client, views::scroll::<Contact>(1), cursor.clone()).await;
        resumed(&client, tasks::list(TaskFilter::Open), cursor).await;
    });
});

/// Reads on; at any place the cursor can be stored and read.
async fn resumed<R: ListRequest>(client: &Client, request: R, cursor: ListCursor) {
    let Ok(mut stream) = client.stream(request).resume(cursor) else { return };
    for _ in 0..2000 {
        let Some(Ok(_)) = stream.next_row().await else { break };
        let stored = serde_json::to_string(&stream.cursor()).expect("a cursor is JSON");
        assert!(serde_json::from_str::<ListCursor>(&stored).is_ok(), "a cursor that cannot be read back");
    }
}
