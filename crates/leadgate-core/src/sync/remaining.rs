//! When a reading that is under way will be done: at the speed seen so far, or later where the account's quota does not last.

use jiff::{SignedDuration, Timestamp};

use super::PAGE;
use crate::budget::Standing;

/// The quota's window.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How far a reading of one list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Underway {
    /// When it began.
    pub began: Timestamp,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that there are, if the account has said it.
    pub of: Option<u64>,
}

/// How long it still takes; `None` where nobody knows how many rows there are, or none was read yet.
///
/// What others will use of the quota is not known, so it may take longer.
pub fn time_left(reading: &Underway, standing: &Standing, now: Timestamp) -> Option<SignedDuration> {
    let left = reading.of?.saturating_sub(reading.rows);
    if left == 0 {
        return Some(SignedDuration::ZERO);
    }
    let by_speed = by_speed(reading, left, now)?;
    let stopped = standing.stopped.as_ref().map_or(SignedDuration::ZERO, |stop| stop.until.duration_since(now));
    Some(by_speed.max(by_quota(left.div_ceil(PAGE), standing, now)).max(stopped))
}

fn by_speed(reading: &Underway, left: u64, now: Timestamp) -> Option<SignedDuration> {
    let elapsed = now.duration_since(reading.began).max(SignedDuration::ZERO);
    let seconds = elapsed.as_secs_f64() * left as f64 / reading.rows as f64;
    // Without a row there is no speed: the quotient is no number, or no end.
    seconds.is_finite().then(|| SignedDuration::from_secs(seconds.min(1e12) as i64))
}

/// What does not fit into this hour waits for the next, each of which takes so many.
fn by_quota(requests: u64, standing: &Standing, now: Timestamp) -> SignedDuration {
    let Some(limit) = standing.hour_limit else { return SignedDuration::ZERO };
    let used = standing.hour_ours.saturating_add(standing.hour_others);
    let later = requests.saturating_sub(u64::from(limit.saturating_sub(used)));
    let hours = later.div_ceil(u64::from(limit).max(1));
    let Some(further) = hours.checked_sub(1) else { return SignedDuration::ZERO };
    let further = HOUR.saturating_mul(i32::try_from(further).unwrap_or(i32::MAX));
    standing.hour_ends.duration_since(now).max(SignedDuration::ZERO).saturating_add(further)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::budget::Stop;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    /// An hour of a thousand requests that ends in ten minutes.
    fn standing(used: u32) -> Standing {
        Standing {
            hour_limit: Some(1_000),
            hour_ours: used,
            hour_others: 0,
            hour_ends: at(700),
            minute_ours: 0,
            room: [0; 4],
            stopped: None,
        }
    }

    #[rstest]
    #[case::nobody_knows_how_many(500, None, 0, None)]
    #[case::nothing_was_read(0, Some(500), 0, None)]
    #[case::everything_was_read(500, Some(500), 0, Some(0))]
    #[case::more_than_there_were(600, Some(500), 0, Some(0))]
    #[case::at_the_speed_so_far(1_000, Some(3_000), 0, Some(200))]
    #[case::what_is_left_of_the_hour_lasts(1_000, Some(3_000), 980, Some(200))]
    #[case::in_the_next_hour(10_000, Some(13_000), 980, Some(600))]
    #[case::in_the_third_hour_from_now(10_000, Some(310_000), 200, Some(7_800))]
    fn it_takes(#[case] rows: u64, #[case] of: Option<u64>, #[case] used: u32, #[case] seconds: Option<i64>) {
        let reading = Underway { began: at(0), rows, of };
        let left = time_left(&reading, &standing(used), at(100));
        assert_eq!(left.map(|left| left.as_secs()), seconds);
    }

    #[test]
    fn a_stop_is_waited_for_and_without_a_limit_nothing_is() {
        let reading = Underway { began: at(0), rows: 1_000, of: Some(3_000) };
        let stop = Stop { until: at(1_000), class: "throttled".to_owned() };
        let stopped = Standing { stopped: Some(stop), ..standing(0) };
        assert_eq!(time_left(&reading, &stopped, at(100)), Some(SignedDuration::from_secs(900)));
        let unlimited = Standing { hour_limit: None, ..standing(1_000) };
        assert_eq!(time_left(&reading, &unlimited, at(100)), Some(SignedDuration::from_secs(200)));
    }
}
