//! Lists taken a round at a time, by a stream that is made anew for each: the same guarantees as row by row.

use super::*;

/// Reads a list in rounds; after each, the stream is dropped and another goes on from the stored cursor. The number of requests that the batches told comes along.
async fn read_in_batches<R: ListRequest>(
    make: impl Fn() -> ListStream<R>,
    width: u32,
) -> Result<(Vec<i64>, u32), Error> {
    let (mut read, mut requests, mut stream) = (Vec::new(), 0, make());
    while let Some(batch) = stream.next_batch().await {
        let batch = batch?;
        assert!((1..=width).contains(&batch.requests), "{} requests at once", batch.requests);
        assert!(batch.pages.len() == batch.requests as usize && batch.meta.is_some());
        requests += batch.requests;
        read.extend(ids(&batch.rows));
        let stored = serde_json::to_string(&stream.cursor()).unwrap();
        stream = make().resume(serde_json::from_str::<ListCursor>(&stored).unwrap()).unwrap();
    }
    Ok((read, requests))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_of_a_view_are_exact(list in list(), size in 1..40_u32) {
        let before = list.visible();
        let size = if list.fixed_size.is_some() { size.max(25) } else { size };
        let (client, list) = serve(list);
        let view = || client.stream(views::rows::<Contact>(7)).page_size(size);
        let (read, requests) = block(read_in_batches(view, 1)).unwrap();
        assert_exact(&list, &before, &read);
        prop_assert_eq!(requests as usize, list.lock().unwrap().requests.len());
    }

    #[test]
    fn batches_of_a_scroll_are_exact(list in list(), size in 1..40_u32) {
        let before = list.visible();
        let (client, list) = serve(list);
        let (read, _) = block(read_in_batches(|| client.stream(views::scroll::<Contact>(7)).page_size(size), 1)).unwrap();
        assert_exact(&list, &before, &read);
    }

    #[test]
    fn batches_of_several_pages_miss_nothing_when_rows_are_deleted(
        deleted in prop::collection::vec(any::<u8>(), 0..20),
        delays in prop::collection::vec(0..6_u8, 40),
        size in 1..12_u32,
        width in 2..6_u32,
    ) {
        let changes = deleted.into_iter().map(Change::Delete).collect();
        let list = List { changes, delays, ..List::of([true; 90]) };
        let before = list.visible();
        let (client, list) = serve(list);
        let view = || client.stream(views::rows::<Contact>(7)).page_size(size).concurrency(width);
        let (read, requests) = block(read_in_batches(view, width)).unwrap();
        assert_exact(&list, &before, &read);
        prop_assert_eq!(requests as usize, list.lock().unwrap().requests.len());
    }
}

/// A page is read, then rows before it go: the row behind it slides into a page that is read later.
#[test]
fn a_row_that_slid_past_the_pages_of_its_round_is_read() {
    let list = List { changes: vec![Change::Delete(0); 5], delays: vec![3, 0, 1, 2, 0], ..List::of([true; 90]) };
    let before = list.visible();
    let (client, list) = serve(list);
    let view = || client.stream(views::rows::<Contact>(7)).page_size(1).concurrency(4);
    let (read, _) = block(read_in_batches(view, 4)).unwrap();
    assert_exact(&list, &before, &read);
}

#[test]
fn rows_that_wait_come_as_a_batch_without_a_request() {
    let (client, _) = serve(List::of([true; 30]));
    let mut stream = client.stream(views::rows::<Contact>(7)).page_size(100);
    block(async {
        stream.next_row().await.unwrap().unwrap();
        let batch = stream.next_batch().await.unwrap().unwrap();
        assert_eq!((batch.rows.len(), batch.requests, batch.total), (29, 1, Some(30)));
        assert!(stream.is_read() && stream.next_batch().await.is_none());
    });
}

/// A page of 50 rows where 100 were asked for may be the largest that the server gives.
#[test]
fn a_server_with_smaller_pages_is_read_to_its_end() {
    let (client, _) = serve(List { meta: Meta::Total, fixed_size: Some(50), ..List::of([true; 330]) });
    let search = filtered_search::by_rules::<Contact>(vec![]);
    assert_eq!(block(client.stream(search).collect_all()).unwrap().len(), 330);
}
