//! The ledger against a simulated account: never over the quota, little left over, room for the urgent.

use rstest::rstest;

use super::*;

fn start() -> Timestamp {
    "2026-06-15T14:00:00Z".parse().unwrap()
}

fn reading(limit: u32, remaining: u32) -> QuotaReading {
    QuotaReading { limit, remaining, reset: Some("2026-06-15T15:00:00Z".parse().unwrap()) }
}

#[test]
fn without_limits_everything_is_allowed() {
    let settings = BudgetSettings { per_hour: None, per_minute: None, ..BudgetSettings::default() };
    assert_eq!(Ledger::new(settings, start()).room(Lane::Sync, start()), u32::MAX);
}

#[rstest]
#[case::of_the_hour(Some(1_000), None, 500..=900)]
#[case::of_five_minutes(Some(1_000), Some(100), 300..=450)]
#[case::without_limits(None, None, u32::MAX..=u32::MAX)]
fn room_of_the_next_minutes(
    #[case] per_hour: Option<u32>,
    #[case] per_minute: Option<u32>,
    #[case] expected: std::ops::RangeInclusive<u32>,
) {
    let settings = BudgetSettings { per_hour, per_minute, ..BudgetSettings::default() };
    let room = Ledger::new(settings, start()).room_within(Lane::Bulk, 5, start());
    assert!(expected.contains(&room), "{room}");
}

#[test]
fn lower_lanes_leave_a_reserve_to_higher_ones() {
    let ledger = Ledger::new(BudgetSettings::default(), start());
    let [interactive, event, bulk, sync] = Lane::ALL.map(|lane| ledger.hour_room(lane, start()));
    assert!(interactive > event && event > bulk && bulk > sync, "{interactive} {event} {bulk} {sync}");
}

#[test]
fn what_others_used_is_seen_in_the_headers() {
    let mut ledger = Ledger::new(BudgetSettings::default(), start());
    let permit = ledger.take(Lane::Interactive, start()).unwrap();
    ledger.settle(permit, 1, Some(reading(1000, 900)), start());
    let standing = ledger.standing(start());
    assert_eq!((standing.hour_ours, standing.hour_others), (1, 99));
}

#[test]
fn a_larger_plan_is_learned_from_the_headers() {
    let mut ledger = Ledger::new(BudgetSettings::default(), start());
    let permit = ledger.take(Lane::Bulk, start()).unwrap();
    ledger.settle(permit, 1, Some(reading(5000, 4999)), start());
    assert_eq!(ledger.standing(start()).hour_limit, Some(5000));
}

#[test]
fn a_429_stops_the_account_until_the_reset_and_no_longer() {
    let mut ledger = Ledger::new(BudgetSettings::default(), start());
    let reset = later(start(), SignedDuration::from_mins(20));
    ledger.stop_until(reset, "quota", start());
    assert_eq!(ledger.take(Lane::Interactive, start()).unwrap_err().until, reset);
    assert!(ledger.room(Lane::Interactive, reset) > 0);
}

#[test]
fn a_window_that_ended_while_the_reply_was_under_way_says_nothing_of_the_next() {
    let mut ledger = Ledger::new(BudgetSettings::default(), start());
    let permit = ledger.take(Lane::Interactive, start()).unwrap();
    let ended = later(start(), SignedDuration::from_secs(1));
    let now = later(start(), SignedDuration::from_millis(1_100));
    ledger.settle(permit, 1, Some(QuotaReading { limit: 1000, remaining: 0, reset: Some(ended) }), now);
    let standing = ledger.standing(now);
    assert_eq!((standing.hour_others, standing.hour_ends), (0, later(ended, SignedDuration::from_hours(1))));
}

#[rstest::rstest]
#[case::asked_in_the_hour_before("2026-06-15T13:59:59Z", 0)]
#[case::asked_in_this_hour("2026-06-15T14:00:00Z", 999)]
fn a_reading_without_an_end_counts_for_the_hour_it_was_asked_in(#[case] asked: Timestamp, #[case] others: u32) {
    let mut ledger = Ledger::new(BudgetSettings::default(), asked);
    let permit = ledger.take(Lane::Interactive, asked).unwrap();
    let now = later(start(), SignedDuration::from_secs(1));
    ledger.settle(permit, 1, Some(QuotaReading { limit: 1000, remaining: 0, reset: None }), now);
    assert_eq!(ledger.standing(now).hour_others, others);
}

#[test]
fn a_clock_that_is_set_back_frees_the_minute_and_ends_the_hour_in_an_hour() {
    let settings = BudgetSettings { per_minute: Some(10), ..BudgetSettings::default() };
    let mut ledger = Ledger::new(settings, start());
    while let Ok(permit) = ledger.take(Lane::Interactive, start()) {
        ledger.settle(permit, 1, None, start());
    }
    let back = later(start(), SignedDuration::from_hours(-5));
    assert!(ledger.take(Lane::Interactive, back).is_ok());
    let standing = ledger.standing(back);
    assert_eq!((standing.hour_ends, standing.hour_ours), (later(back, SignedDuration::from_hours(1)), 10));
}

#[test]
fn a_stop_does_not_outlast_a_clock_that_is_set_back() {
    let mut ledger = Ledger::new(BudgetSettings::default(), start());
    ledger.stop_until(later(start(), SignedDuration::from_mins(20)), "quota", start());
    assert_eq!(ledger.standing(later(start(), SignedDuration::from_hours(-5))).stopped, None);
}

#[test]
fn a_restart_goes_on_where_it_stopped() {
    let mut ledger = Ledger::new(BudgetSettings::default(), start());
    for _ in 0..50 {
        let permit = ledger.take(Lane::Interactive, start()).unwrap();
        ledger.settle(permit, 1, None, start());
    }
    let stored = serde_json::to_string(&ledger).unwrap();
    let again: Ledger = serde_json::from_str(&stored).unwrap();
    assert_eq!(again.resume(BudgetSettings::default(), start()).standing(start()).hour_ours, 50);
}

#[test]
fn any_sixty_seconds_hold_no_more_than_the_minute_allows() {
    let settings = BudgetSettings { per_hour: None, ..BudgetSettings::default() };
    let mut ledger = Ledger::new(settings, start());
    let taken = (0..500).map_while(|_| ledger.take(Lane::Interactive, start()).ok()).count();
    assert_eq!(taken, 380);
    let refusal = ledger.refusal(Lane::Interactive, start());
    assert_eq!(refusal.cause, "minute");
    assert!(ledger.room(Lane::Interactive, refusal.until) > 0);
}

/// An hour of bulk work while others ask as often as told in each second: what share of the rest is used, in percent, and how often bulk work is refused.
fn an_hour_beside_others(ledger: &mut Ledger, from: Timestamp, others_in: impl Fn(u32) -> u32) -> (u32, u32) {
    let (limit, mut ours, mut others, mut refused) = (1000_u32, 0_u32, 0_u32, 0_u32);
    let reset = later(from, SignedDuration::from_hours(1));
    for second in 0..3600 {
        let now = later(from, SignedDuration::from_secs(i64::from(second)));
        others += others_in(second);
        while let Ok(permit) = ledger.take(Lane::Bulk, now) {
            let accepted = ours + others < limit;
            ours += u32::from(accepted);
            refused += u32::from(!accepted);
            let remaining = limit - (ours + others).min(limit);
            ledger.settle(permit, 1, Some(QuotaReading { limit, remaining, reset: Some(reset) }), now);
        }
    }
    (ours * 100 / (limit - others), refused)
}

#[rstest::rstest]
#[case::nobody(|_| 0)]
#[case::five_a_minute(|second| u32::from(second % 60 < 5))]
#[case::ten_a_minute(|second| u32::from(second % 60 < 10))]
#[case::a_burst_of_300_and_then_silence(|second| if second < 150 { 2 } else { 0 })]
fn bulk_work_uses_what_others_leave_and_is_never_refused(#[case] others_in: fn(u32) -> u32) {
    let mut ledger = Ledger::new(BudgetSettings::default(), start());
    for hour in 0..3 {
        let from = later(start(), SignedDuration::from_hours(hour));
        let (used_percent, refused) = an_hour_beside_others(&mut ledger, from, others_in);
        assert_eq!(refused, 0, "hour {hour}");
        assert!(used_percent >= 95, "hour {hour}: {used_percent} %");
    }
}

#[test]
fn an_account_that_tells_nothing_is_not_looked_at_until_it_is_empty() {
    let mut ledger = Ledger::new(BudgetSettings::default(), start());
    let mut asked = 0;
    for second in 0..3600 {
        let now = later(start(), SignedDuration::from_secs(second));
        while let Ok(permit) = ledger.take(Lane::Bulk, now) {
            asked += 1;
            ledger.settle(permit, 1, None, now);
        }
    }
    assert!((700..=800).contains(&asked), "{asked}");
}

proptest::proptest! {
    #[test]
    fn no_order_of_events_breaks_the_count(events in proptest::collection::vec((0_u8..4, 0_u32..1200, 0_i64..900), 1..200)) {
        let mut ledger = Ledger::new(BudgetSettings::default(), start());
        let mut now = start();
        let mut permits = Vec::new();
        for (kind, number, wait) in events {
            now = later(now, SignedDuration::from_secs(wait));
            match kind {
                0 | 1 => permits.extend(ledger.take(Lane::ALL[number as usize % 4], now).ok()),
                2 => if let Some(permit) = permits.pop() {
                    let reading = QuotaReading { limit: 1000, remaining: number.min(1000), reset: None };
                    ledger.settle(permit, number % 3, Some(reading), now);
                },
                _ => ledger.stop_until(later(now, SignedDuration::from_secs(i64::from(number))), "quota", now),
            }
            let standing = ledger.standing(now);
            proptest::prop_assert!(standing.room[0] <= 1000);
            proptest::prop_assert!(standing.stopped.is_none_or(|stop| stop.until > now));
        }
    }
}
