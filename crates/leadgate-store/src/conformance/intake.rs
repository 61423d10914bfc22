//! Keeping submissions and telling repeats apart.

use futures::future::{join, join_all};
use jiff::SignedDuration;
use leadgate_core::lane::Lane;
use leadgate_core::submission::{RawSubmission, Route};

use super::samples::*;
use crate::Store;
use crate::model::{AcceptOutcome, Dedupe, NewSubmission, Progress};

/// Route, target and body come back as they were, and the story says that it was received.
pub async fn a_submission_is_kept_as_it_came(store: &dyn Store) {
    for (number, route) in (1..).zip(Route::ALL) {
        let raw = RawSubmission::new(route, Some(-7), b"{ \"a\" :1}".to_vec());
        store.accept(NewSubmission { raw: raw.clone(), ..submission(number) }, at(3)).await.unwrap();
        let story = story(store, id(number)).await;
        assert_eq!((story.id, &story.raw, story.accepted_at), (id(number), &raw, at(3)));
        assert_eq!((story.progress, story.repeats), (Progress::Received, 0));
        assert!(story.job.is_none() && story.parking.is_none());
    }
}

/// A megabyte, with bytes that are no text.
pub async fn a_large_body_is_kept_byte_for_byte(store: &dyn Store) {
    let body: Vec<u8> = (0..1_000_000_u32).map(|index| (index % 251) as u8).collect();
    let raw = RawSubmission::new(Route::Note, None, body);
    store.accept(NewSubmission { raw: raw.clone(), ..submission(1) }, at(0)).await.unwrap();
    assert!(story(store, id(1)).await.raw == raw);
    assert!(store.unplanned([1; 4]).await.unwrap()[0].raw == raw);
}

/// The same key with the same body is a repeat; with another body it is a mistake. Neither is kept.
pub async fn a_repeat_by_key_is_told_from_a_reused_key(store: &dyn Store) {
    assert_eq!(store.accept(keyed(1, 10, 100), at(0)).await.unwrap(), AcceptOutcome::Accepted);
    assert_eq!(store.accept(keyed(2, 10, 100), at(1)).await.unwrap(), AcceptOutcome::Repeat(id(1)));
    assert_eq!(store.accept(keyed(3, 10, 200), at(2)).await.unwrap(), AcceptOutcome::KeyReused(id(1)));
    assert_eq!(store.accept(keyed(4, 11, 100), at(3)).await.unwrap(), AcceptOutcome::Accepted);
    assert!(store.story(id(2)).await.unwrap().is_none() && store.story(id(3)).await.unwrap().is_none());
    assert_eq!(story(store, id(1)).await.repeats, 1);
}

/// Until the moment its time is over, and no longer; then the key stands for the newer submission.
pub async fn a_key_is_remembered_for_its_time(store: &dyn Store) {
    store.accept(keyed(1, 10, 100), at(0)).await.unwrap();
    assert_eq!(store.accept(keyed(2, 10, 100), at(59)).await.unwrap(), AcceptOutcome::Repeat(id(1)));
    assert_eq!(store.accept(keyed(3, 10, 200), at(60)).await.unwrap(), AcceptOutcome::Accepted);
    assert_eq!(store.accept(keyed(4, 10, 200), at(61)).await.unwrap(), AcceptOutcome::Repeat(id(3)));
    assert_eq!(store.accept(keyed(5, 10, 100), at(62)).await.unwrap(), AcceptOutcome::KeyReused(id(3)));
}

/// However long that is, and whatever else is remembered.
pub async fn keys_are_remembered_for_minutes_and_for_years(store: &dyn Store) {
    let hour = 3_600;
    let times = [1, 600, 601, 6 * hour, 24 * hour, 90 * 24 * hour, 3_650 * 24 * hour];
    for (number, seconds) in (1..).zip(times) {
        let within = SignedDuration::from_secs(seconds);
        let dedupe = Dedupe::Key { key: digest(number), body: digest(1), within };
        let one = |repeat| NewSubmission { id: id(10 * number + repeat), dedupe, ..submission(1) };
        assert_eq!(store.accept(one(0), at(0)).await.unwrap(), AcceptOutcome::Accepted, "{seconds}");
        let last = store.accept(one(1), at(seconds - 1)).await.unwrap();
        assert_eq!(last, AcceptOutcome::Repeat(id(10 * number)), "{seconds}");
        assert_eq!(store.accept(one(2), at(seconds)).await.unwrap(), AcceptOutcome::Accepted, "{seconds}");
    }
    let for_ever = Dedupe::Key { key: digest(90), body: digest(1), within: SignedDuration::MAX };
    for (number, outcome) in [(901, AcceptOutcome::Accepted), (902, AcceptOutcome::Repeat(id(901)))] {
        let one = NewSubmission { dedupe: for_ever, ..submission(number) };
        assert_eq!(store.accept(one, at(0)).await.unwrap(), outcome);
    }
    assert_eq!(store.accept(keyed(1, 1, 1), at(2)).await.unwrap(), AcceptOutcome::Accepted);
}

/// The same content within its time is a repeat, later it is new. A repeat does not lengthen the time.
pub async fn a_repeat_by_content_is_recognised_for_its_time(store: &dyn Store) {
    let same = |number| NewSubmission { id: id(number), ..submission(1) };
    store.accept(same(1), at(0)).await.unwrap();
    assert_eq!(store.accept(same(2), at(30)).await.unwrap(), AcceptOutcome::Repeat(id(1)));
    assert_eq!(store.accept(same(3), at(59)).await.unwrap(), AcceptOutcome::Repeat(id(1)));
    assert_eq!(story(store, id(1)).await.repeats, 2);
    assert_eq!(store.accept(same(4), at(60)).await.unwrap(), AcceptOutcome::Accepted);
    assert_eq!(store.accept(same(5), at(61)).await.unwrap(), AcceptOutcome::Repeat(id(4)));
}

/// A caller's key never meets content.
pub async fn a_key_and_content_with_the_same_digest_are_two_things(store: &dyn Store) {
    store.accept(keyed(1, 5, 100), at(0)).await.unwrap();
    let by_content = NewSubmission { id: id(2), ..submission(5) };
    assert!(matches!(by_content.dedupe, Dedupe::Content { content, .. } if content == digest(5)));
    assert_eq!(store.accept(by_content, at(1)).await.unwrap(), AcceptOutcome::Accepted);
    assert_eq!(store.accept(keyed(3, 5, 100), at(2)).await.unwrap(), AcceptOutcome::Repeat(id(1)));
}

/// All others are told its id.
pub async fn of_concurrent_repeats_exactly_one_is_accepted(store: &dyn Store) {
    let outcomes = join_all((1..=50).map(|number| store.accept(keyed(number, 10, 100), at(0)))).await;
    let outcomes: Vec<AcceptOutcome> = outcomes.into_iter().map(Result::unwrap).collect();
    let accepted = outcomes.iter().position(|outcome| *outcome == AcceptOutcome::Accepted).unwrap();
    let winner = id(accepted as u64 + 1);
    let repeats = outcomes.iter().filter(|outcome| **outcome == AcceptOutcome::Repeat(winner)).count();
    assert_eq!(repeats, 49);
    assert_eq!(story(store, winner).await.repeats, 49);
}

/// Concurrency loses nothing.
pub async fn concurrent_submissions_are_all_kept(store: &dyn Store) {
    let outcomes = join_all((1..=200).map(|number| store.accept(submission(number), at(0)))).await;
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap() == AcceptOutcome::Accepted));
    assert_eq!(store.unplanned([1_000; 4]).await.unwrap().len(), 200);
}

/// Not in the order of their ids or times; and no more than asked for.
pub async fn the_unplanned_come_in_order_of_arrival(store: &dyn Store) {
    for (number, seconds) in [(3, 5), (1, 4), (2, 6)] {
        accept(store, number, seconds).await;
    }
    let entries = store.unplanned([10; 4]).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id(3), id(1), id(2)]);
    assert_eq!((&entries[0].raw, entries[0].accepted_at), (&submission(3).raw, at(5)));
    assert_eq!(store.unplanned([2; 4]).await.unwrap().len(), 2);
}

/// Whatever arrived first; and each lane has its own limit.
pub async fn the_unplanned_of_the_most_urgent_lane_come_first(store: &dyn Store) {
    for (number, lane) in [(1, Lane::Bulk), (2, Lane::Sync), (3, Lane::Bulk), (4, Lane::Event), (5, Lane::Interactive)]
    {
        store.accept(submission_in(lane, number), at(0)).await.unwrap();
    }
    let unplanned = async |per_lane| {
        let entries = store.unplanned(per_lane).await.unwrap();
        entries.iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    assert_eq!(unplanned([10; 4]).await, [5, 4, 1, 3, 2].map(id));
    assert_eq!(unplanned([1; 4]).await, [5, 4, 1, 2].map(id));
    assert_eq!(unplanned([0, 0, 2, 0]).await, [1, 3].map(id));
    assert_eq!(unplanned([0; 4]).await, []);
    assert_eq!(store.stats(at(0)).await.unwrap().unplanned, 5);
}

/// It is no error to ask.
pub async fn an_unknown_submission_has_no_story(store: &dyn Store) {
    assert!(store.story(id(1)).await.unwrap().is_none());
}

/// Those who plan need not poll.
pub async fn an_accepted_submission_is_signalled(store: &dyn Store) {
    accept(store, 1, 0).await;
    assert!(work_is_signalled(store).await);
}

/// They arrive in the order they were handed over, and work is signalled.
pub async fn several_submissions_are_kept_in_order(store: &dyn Store) {
    let outcomes = store.accept_many([3, 1, 2].map(submission).into(), at(5)).await.unwrap();
    assert_eq!(outcomes, [AcceptOutcome::Accepted; 3]);
    assert!(work_is_signalled(store).await);
    let entries = store.unplanned([10; 4]).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [3, 1, 2].map(id));
    assert_eq!(entries[0].accepted_at, at(5));
    assert_eq!(store.accept_many(Vec::new(), at(5)).await.unwrap(), []);
}

/// Whether it repeats what was kept before or another one of the same call; the others are kept.
pub async fn a_repeat_among_several_is_told_by_itself(store: &dyn Store) {
    store.accept(keyed(1, 10, 100), at(0)).await.unwrap();
    let several = vec![keyed(2, 10, 100), keyed(3, 11, 100), keyed(4, 11, 100), keyed(5, 10, 200)];
    let outcomes = store.accept_many(several, at(1)).await.unwrap();
    let [repeat, again] = [1, 3].map(|number| AcceptOutcome::Repeat(id(number)));
    assert_eq!(outcomes, [repeat, AcceptOutcome::Accepted, again, AcceptOutcome::KeyReused(id(1))]);
    assert_eq!(store.unplanned([10; 4]).await.unwrap().len(), 2);
    assert_eq!((story(store, id(1)).await.repeats, story(store, id(3)).await.repeats), (1, 1));
}

/// The same events sent twice at the same moment are kept once.
pub async fn several_at_once_by_two_callers_are_told_apart(store: &dyn Store) {
    let several = |first: u64| (0..20).map(|number| keyed(first + number, number, 100)).collect();
    let (one, two) = join(store.accept_many(several(100), at(0)), store.accept_many(several(200), at(0))).await;
    let outcomes = [one.unwrap(), two.unwrap()].concat();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == AcceptOutcome::Accepted).count(), 20);
    assert_eq!(store.unplanned([100; 4]).await.unwrap().len(), 20);
}
