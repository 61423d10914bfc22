//! How long the past is kept: what may be removed by now, and when to look again.

use jiff::{SignedDuration, Timestamp};

/// Rows of each kind that are removed in one transaction, at most.
pub const MOST_AT_ONCE: u32 = 500;
/// How often to look where there was not more to remove than that.
const USUAL_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// How long to leave the store alone where there is more.
const MORE_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// How long to wait for a gateway that is at work.
const BUSY_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// A gateway that is never at rest is cleared of the past all the same, this long after the last time.
const LONGEST_PUT_OFF: SignedDuration = SignedDuration::from_hours(6);

/// How long what has ended is kept; `None` is for ever. What is open or parked is kept in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Submissions that landed.
    pub done: Option<SignedDuration>,
    /// The requests that were made for them, where they are to go before the submissions.
    pub attempts: Option<SignedDuration>,
    /// Deliveries that arrived.
    pub deliveries: Option<SignedDuration>,
    /// Imports of whose rows no submission is left.
    pub imports: Option<SignedDuration>,
    /// Receipts of people who were forgotten.
    pub receipts: Option<SignedDuration>,
    /// Changes of records.
    pub changes: Option<SignedDuration>,
    /// Profiles of people, from when something was added last.
    pub profiles: Option<SignedDuration>,
}

impl Retention {
    /// Whether everything is kept for ever.
    pub fn keeps_all(&self) -> bool {
        *self == Retention::default()
    }
}

/// The moment before which something may go that is kept for so long; `None` if all of it stays.
pub fn before(kept_for: Option<SignedDuration>, now: Timestamp) -> Option<Timestamp> {
    kept_for.and_then(|kept_for| now.checked_sub(kept_for).ok())
}

/// What a look at the gateway found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Something is due; nothing was removed.
    AtWork,
    /// What may go was removed, as far as it fits into one transaction; there may be more.
    More,
    /// It was all.
    All,
}

/// How long to wait until the next look.
pub fn wait_after(found: Found) -> SignedDuration {
    match found {
        Found::AtWork => BUSY_WAIT,
        Found::More => MORE_WAIT,
        Found::All => USUAL_WAIT,
    }
}

/// Whether to remove something now: the gateway is at rest, or has been at work for too long since the last time.
pub fn is_time(at_rest: bool, last: Timestamp, now: Timestamp) -> bool {
    at_rest || now.duration_since(last) >= LONGEST_PUT_OFF
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3_600).unwrap()
    }

    #[rstest]
    #[case::at_rest(true, 0, true)]
    #[case::at_work(false, 5, false)]
    #[case::at_work_for_long(false, 6, true)]
    fn a_gateway_at_work_is_left_alone_for_a_while(#[case] at_rest: bool, #[case] hours: i64, #[case] is: bool) {
        assert_eq!(is_time(at_rest, at(0), at(hours)), is);
    }

    #[rstest]
    #[case::kept_for_ever(None, None)]
    #[case::a_day(Some(24), Some(76))]
    #[case::longer_than_there_was_time(Some(1_000_000_000), None)]
    fn what_is_kept_for_so_long_may_go_from_before(#[case] hours: Option<i64>, #[case] moment: Option<i64>) {
        let kept_for = hours.map(SignedDuration::from_hours);
        assert_eq!(before(kept_for, at(100)), moment.map(at));
    }
}
