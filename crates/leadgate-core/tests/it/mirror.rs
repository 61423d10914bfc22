//! The mirror: what a look adds to it, and that each change comes out once whatever happens to the notifications on the way.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use leadgate_core::catalog::Catalog;
use leadgate_core::intake::{ReadingRules, Submission};
use leadgate_core::mirror::watch::{PAGE, Pace, WatchState};
use leadgate_core::mirror::{Change, Compared, Found, Mirrored, SeenBy, Sighting, Tally, Told, compare};
use leadgate_core::plan::{self, PlanContext, PlanMemory};
use leadgate_core::record::{Fields, RecordKind, RecordRef};
use leadgate_core::submission::SubmissionId;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

const DEAL: RecordRef = RecordRef { kind: RecordKind::Deal, id: 7 };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn fields(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

fn look(by: SeenBy, version: Option<i64>, seen: Value) -> Sighting {
    Sighting { record: DEAL, version: version.map(at), created_at: None, fields: fields(seen), event: None, by }
}

fn known() -> Mirrored {
    let seen = fields(json!({"stage": "New", "amount": "5", "city": null}));
    Mirrored { record: DEAL, version: Some(at(10)), fields: seen, revision: 3, told: Told::default() }
}

use SeenBy::{Poll, Webhook};

#[rstest]
#[case::older(Webhook, Some(9), json!({"stage": "Demo"}), Found::Stale, &[])]
#[case::repeated(Webhook, Some(10), json!({"stage": "New"}), Found::Same, &[])]
#[case::newer_and_same(Webhook, Some(11), json!({"stage": "New"}), Found::Same, &[])]
#[case::changed(Webhook, Some(11), json!({"stage": "Demo"}), Found::Changed, &["stage New Demo"])]
#[case::two_fields(Webhook, Some(11), json!({"stage": "Demo", "amount": "6"}), Found::Changed, &["amount 5 6", "stage New Demo"])]
#[case::to_blank(Webhook, Some(11), json!({"amount": null}), Found::Changed, &["amount 5 null"])]
#[case::from_blank(Webhook, Some(11), json!({"city": "Oslo"}), Found::Changed, &["city null Oslo"])]
#[case::unknown_field(Webhook, Some(11), json!({"owner": "a@b.c"}), Found::Same, &[])]
#[case::not_looked_at(Webhook, Some(11), json!({}), Found::Same, &[])]
#[case::same_second(Webhook, Some(10), json!({"stage": "Demo"}), Found::Unsure, &[])]
#[case::same_second_at_rest(Poll, Some(10), json!({"stage": "Demo"}), Found::Changed, &["stage New Demo"])]
#[case::no_version(Webhook, None, json!({"stage": "Demo"}), Found::Changed, &["stage New Demo"])]
#[case::found(Poll, Some(11), json!({"stage": "Demo"}), Found::Changed, &["stage New Demo"])]
#[case::found_old(Poll, Some(9), json!({"stage": "Demo"}), Found::Stale, &[])]
#[case::gone(Webhook, Some(11), json!({"deleted": true}), Found::Changed, &["deleted null true"])]
#[case::gone_in_the_same_second(Webhook, Some(10), json!({"deleted": true}), Found::Changed, &["deleted null true"])]
#[case::gone_and_changed(Webhook, Some(10), json!({"deleted": true, "stage": "Demo"}), Found::Changed, &["deleted null true", "stage New Demo"])]
#[case::gone_long_ago(Webhook, Some(9), json!({"deleted": true}), Found::Stale, &[])]
fn a_look_is_compared(
    #[case] by: SeenBy,
    #[case] version: Option<i64>,
    #[case] seen: Value,
    #[case] found: Found,
    #[case] changes: &[&str],
) {
    let compared = compare(Some(&known()), &look(by, version, seen), None, at(20));
    assert_eq!((compared.found, told(&compared)), (found, changes.iter().map(|&text| text.to_owned()).collect()));
}

/// A record that is known to be gone.
fn gone() -> Mirrored {
    compare(Some(&known()), &look(Webhook, Some(10), json!({"deleted": true})), None, at(20)).update.unwrap().record
}

#[rstest]
#[case::told_again(Webhook, Some(10), json!({"deleted": true}), Found::Same, &[])]
#[case::a_late_word_of_before(Webhook, Some(10), json!({"stage": "New"}), Found::Same, &[])]
#[case::seen_before_it_went(Poll, Some(10), json!({"stage": "New"}), Found::Same, &[])]
#[case::restored(Webhook, Some(11), json!({"stage": "New"}), Found::Changed, &["deleted true false"])]
#[case::restored_and_seen(Poll, Some(11), json!({"stage": "Demo"}), Found::Changed, &["deleted true false", "stage New Demo"])]
#[case::a_late_word_without_a_version(Webhook, None, json!({}), Found::Same, &[])]
fn a_record_that_is_gone_may_come_back(
    #[case] by: SeenBy,
    #[case] version: Option<i64>,
    #[case] seen: Value,
    #[case] found: Found,
    #[case] changes: &[&str],
) {
    let compared = compare(Some(&gone()), &look(by, version, seen), None, at(20));
    let mut told = told(&compared);
    told.sort_unstable();
    assert_eq!((compared.found, told), (found, changes.iter().map(|&text| text.to_owned()).collect()));
    let back = compared.update.is_some_and(|update| !update.record.fields.contains_key("deleted"));
    assert_eq!(back, found == Found::Changed);
}

fn told(compared: &Compared) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let one = |change: &Change| {
        format!("{} {} {}", change.field, change.from.as_ref().map_or("null".to_owned(), text), text(&change.to))
    };
    compared.update.iter().flat_map(|update| &update.changes).map(one).collect()
}

#[rstest]
#[case::made_since(Some(11), Some(10), &["created null true"])]
#[case::from_before(Some(9), Some(10), &[])]
#[case::age_unknown(None, Some(10), &[])]
#[case::not_watched(Some(11), None, &[])]
fn the_first_look_is_a_change_only_of_what_was_made_since(
    #[case] created: Option<i64>,
    #[case] watched: Option<i64>,
    #[case] changes: &[&str],
) {
    let first = Sighting { created_at: created.map(at), ..look(Webhook, Some(12), json!({"stage": "New"})) };
    let compared = compare(None, &first, watched.map(at), at(20));
    assert_eq!(
        (compared.found, told(&compared)),
        (Found::First, changes.iter().map(|&text| text.to_owned()).collect())
    );
    assert_eq!(compared.update.unwrap().record.revision, 1);
}

#[test]
fn an_event_is_passed_on_once() {
    let named = Sighting { event: Some("deal_updated".into()), ..look(Webhook, Some(11), json!({"stage": "Demo"})) };
    let compared = compare(Some(&known()), &named, None, at(20));
    assert_eq!(told(&compared), ["stage New Demo", "event null deal_updated"]);
    let again = compare(Some(&compared.update.unwrap().record), &named, None, at(20));
    assert_eq!((again.found, again.update), (Found::Same, None));
}

/// Notifications of one record in order, as version, event and stage, and the events that are passed on.
#[rstest]
#[case::two_names(&[(Some(11), "deal_updated", "Demo"), (Some(11), "deal_won", "Demo")], "deal_updated deal_won")]
#[case::each_twice(&[(Some(11), "a", "Demo"), (Some(11), "b", "Demo"), (Some(11), "a", "Demo"), (Some(11), "b", "Demo")], "a b")]
#[case::nothing_else_changed(&[(Some(11), "a", "New")], "a")]
#[case::a_later_version(&[(Some(11), "a", "Demo"), (Some(12), "a", "Demo")], "a a")]
#[case::an_unsure_look(&[(Some(11), "a", "Demo"), (Some(11), "b", "Won")], "a b")]
#[case::an_older_version(&[(Some(12), "a", "Demo"), (Some(11), "b", "Won")], "a")]
#[case::no_versions(&[(None, "a", "Demo"), (None, "a", "Demo"), (None, "a", "Won")], "a a")]
fn each_event_of_a_version_is_passed_on_once(#[case] told: &[(Option<i64>, &str, &str)], #[case] events: &str) {
    let (mut mirrored, mut passed_on) = (known(), Vec::new());
    for (version, event, stage) in told {
        let seen = look(Webhook, *version, json!({"stage": stage}));
        let seen = Sighting { event: Some((*event).to_owned()), ..seen };
        let Some(update) = compare(Some(&mirrored), &seen, None, at(20)).update else { continue };
        let named = update.changes.iter().filter(|change| change.field == "event");
        passed_on.extend(named.map(|change| change.to.as_str().unwrap().to_owned()));
        mirrored = update.record;
    }
    assert_eq!(passed_on.join(" "), events);
}

#[test]
fn what_an_older_version_kept_of_a_record_is_read() {
    assert_eq!(serde_json::from_value::<Told>(json!({})).unwrap(), Told::default());
    assert_eq!(serde_json::from_value::<Told>(json!({"awaited": 2})).unwrap().awaited, 2);
}

/// How the loss is counted: what was told, what was found, what was told late.
#[rstest]
#[case::told(&[(Webhook, 11, "Demo")], (1, 0, 0))]
#[case::told_twice(&[(Webhook, 11, "Demo"), (Webhook, 11, "Demo")], (1, 0, 0))]
#[case::told_and_seen(&[(Webhook, 11, "Demo"), (Poll, 11, "Demo")], (1, 0, 0))]
#[case::lost(&[(Poll, 11, "Demo")], (0, 1, 0))]
#[case::late(&[(Poll, 11, "Demo"), (Webhook, 11, "Demo")], (0, 0, 1))]
#[case::late_twice(&[(Poll, 11, "Demo"), (Webhook, 11, "Demo"), (Webhook, 11, "Demo")], (0, 0, 1))]
#[case::lost_then_told(&[(Poll, 11, "Demo"), (Webhook, 12, "Won")], (1, 1, 0))]
#[case::unsure_then_settled(&[(Webhook, 11, "Demo"), (Webhook, 11, "Won"), (Poll, 11, "Won")], (1, 0, 1))]
fn loss_is_counted(#[case] looks: &[(SeenBy, i64, &str)], #[case] expected: (i64, i64, i64)) {
    let (mut mirrored, mut tally) = (known(), Tally::default());
    for (by, version, stage) in looks {
        let seen = look(*by, Some(*version), json!({"stage": stage}));
        if let Some(update) = compare(Some(&mirrored), &seen, None, at(20)).update {
            tally += update.tally;
            mirrored = update.record;
        }
    }
    assert_eq!((tally.told, tally.lost, tally.late), expected);
}

#[test]
fn a_version_in_the_future_is_not_believed() {
    let (catalog, rules) = (Catalog::default(), ReadingRules::default());
    let context = PlanContext::new(SubmissionId(uuid::Uuid::nil()), at(0), &catalog, &rules);
    let mut memory = PlanMemory { records: BTreeMap::from([(DEAL, known())]), ..PlanMemory::default() };
    let seen = Submission::Sighting(Box::new(look(Webhook, Some(7_200), json!({"stage": "Demo"}))));
    let planned = plan::derive(&seen, &context, &mut memory);
    assert_eq!(planned.effects.mirror[0].record.version, Some(at(10)));
    assert!(planned.plan.decisions.iter().any(|line| line.contains("time_zone")), "{:?}", planned.plan.decisions);
}

const PACE: Pace = Pace {
    every: SignedDuration::from_secs(300),
    grace: SignedDuration::from_secs(60),
    overlap: SignedDuration::from_secs(120),
};

#[test]
fn a_watch_reads_page_by_page_and_then_rests() {
    let mut watch = WatchState::new(at(0));
    let first = watch.due(at(0), &PACE).unwrap();
    assert_eq!((first.since, first.until, first.page), (Timestamp::UNIX_EPOCH, at(-60), 1));
    watch.was_read(PAGE as usize, Some(150), at(1), &PACE);
    assert_eq!(watch.due(at(1), &PACE).unwrap().page, 2);
    watch.was_read(50, Some(150), at(2), &PACE);
    assert_eq!((watch.due(at(3), &PACE), watch.read_until), (None, Some(at(-60))));
    let next = watch.due(at(302), &PACE).unwrap();
    assert_eq!((next.since, next.until, next.page), (at(-180), at(242), 1));
}

#[test]
fn a_page_is_read_again_when_rows_have_left() {
    let mut watch = WatchState::new(at(0));
    watch.due(at(0), &PACE);
    watch.was_read(PAGE as usize, Some(250), at(1), &PACE);
    watch.was_read(PAGE as usize, Some(249), at(2), &PACE);
    assert_eq!(watch.due(at(2), &PACE).unwrap().page, 1);
}

/// What happens to the notification of one change.
#[derive(Clone, Copy, Debug)]
struct Fate {
    copies: usize,
    delay: usize,
}

fn fates() -> impl Strategy<Value = Vec<(u8, Fate)>> {
    let fate = (0_usize..3, 0_usize..6).prop_map(|(copies, delay)| Fate { copies, delay });
    proptest::collection::vec((0_u8..3, fate), 1..30)
}

proptest! {
    /// A record changes, each time in a later second. Notifications show it as it was; they are lost, doubled and come in any order, with looks in
    /// between. However they come, the changes are a walk through states that the record had, in order, ending where it is; none of them
    /// twice; and where nothing was lost or reordered they are exactly the changes made.
    #[test]
    fn changes_are_seen_in_order_and_never_twice(history in fates(), looks in proptest::collection::vec(0_usize..40, 0..5)) {
        let (states, mut arrivals) = (states(&history), Vec::new());
        for (index, (_, fate)) in history.iter().enumerate() {
            for copy in 0..fate.copies {
                arrivals.push((2 * (index + fate.delay * (copy + 1)), index + 1, Webhook));
            }
        }
        for moment in looks.iter().map(|moment| moment % (history.len() + 1)) {
            arrivals.push((2 * moment + 1, moment, Poll));
        }
        arrivals.push((usize::MAX, history.len(), Poll));
        arrivals.sort_by_key(|(moment, ..)| *moment);
        let mut mirrored = Mirrored { fields: fields(json!({"stage": "0"})), version: Some(at(0)), ..known() };
        let (mut steps, mut tally) = (vec![0], Tally::default());
        for (_, index, by) in arrivals {
            let seen = look(by, Some(i64::try_from(index).unwrap()), json!({"stage": states[index]}));
            let Some(update) = compare(Some(&mirrored), &seen, None, at(99)).update else { continue };
            for change in &update.changes {
                prop_assert_eq!(change.from.as_ref().unwrap(), &mirrored.fields["stage"]);
                steps.push(index);
            }
            tally += update.tally;
            mirrored = update.record;
        }
        prop_assert!(steps.is_sorted_by(|one, other| one < other), "a step back or twice: {:?}", steps);
        prop_assert_eq!(&mirrored.fields["stage"], &json!(states[history.len()]));
        prop_assert_eq!(tally.told + tally.lost + tally.late, i64::try_from(steps.len() - 1).unwrap());
        prop_assert!(tally.lost >= 0);
        if history.iter().all(|(_, fate)| fate.copies > 0 && fate.delay == 0) {
            let made = states.windows(2).filter(|pair| pair[0] != pair[1]).count();
            prop_assert_eq!((steps.len() - 1, tally.lost), (made, 0));
        }
    }
}

/// The record's state after each change; a change may lead back.
fn states(history: &[(u8, Fate)]) -> Vec<String> {
    std::iter::once("0".to_owned()).chain(history.iter().map(|(state, _)| state.to_string())).collect()
}
