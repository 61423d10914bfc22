//! What an answer means for a delivery: done, again and when, or parked. And for its destination: whether it has to be left alone.

use jiff::{SignedDuration, Timestamp};

use super::{DeliveryAnswer, DeliveryFailure};

/// The longest that a receiver can ask to be left alone.
const LONGEST_HOLD: SignedDuration = SignedDuration::from_hours(24);
/// By so much at most a wait is longer than the schedule says, so that what failed together does not come again together.
const SPREAD: f64 = 0.2;

/// What is next for a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterAttempt {
    /// Nothing: the receiver has it.
    Delivered,
    /// Another attempt.
    RetryAt(Timestamp),
    /// A person must look at it.
    Park(String),
}

/// What [`after_attempt`] decides by.
#[derive(Clone, Copy, Debug)]
pub struct RetryRules<'a> {
    /// The waits between attempts.
    pub waits: &'a [SignedDuration],
    /// Attempts made so far, this one included.
    pub attempts: u32,
    /// The present moment.
    pub now: Timestamp,
    /// A random number in `0.0..1.0`.
    pub jitter: f64,
}

/// What is next for a delivery after an answer.
pub fn after_attempt(answer: &DeliveryAnswer, rules: &RetryRules<'_>) -> AfterAttempt {
    let failure = match &answer.result {
        Ok(()) => return AfterAttempt::Delivered,
        // Nothing that passes with time.
        Err(failure @ (DeliveryFailure::Gone | DeliveryFailure::Unusable(_))) => {
            return AfterAttempt::Park(failure.to_string());
        }
        Err(failure) => failure,
    };
    let failed_before = usize::try_from(rules.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let Some(wait) = rules.waits.get(failed_before) else {
        return AfterAttempt::Park(format!("gave up after {} attempts; the last: {failure}", rules.attempts));
    };
    let spread = wait.as_secs_f64() * SPREAD * rules.jitter.clamp(0.0, 1.0);
    let wait = wait.saturating_add(SignedDuration::try_from_secs_f64(spread).unwrap_or_default());
    AfterAttempt::RetryAt(later(rules.now, wait.max(asked_for(answer))))
}

/// Until when the destination as a whole is left alone, because it asked for that.
pub fn hold_until(answer: &DeliveryAnswer, now: Timestamp) -> Option<Timestamp> {
    let asks = matches!(answer.result, Err(DeliveryFailure::Throttled | DeliveryFailure::Trouble(_)));
    (asks && answer.retry_after.is_some()).then(|| later(now, asked_for(answer)))
}

fn asked_for(answer: &DeliveryAnswer) -> SignedDuration {
    answer.retry_after.unwrap_or_default().clamp(SignedDuration::ZERO, LONGEST_HOLD)
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// Reads `Retry-After`: seconds, or a moment in HTTP's form.
pub fn parse_retry_after(text: &str, now: Timestamp) -> Option<SignedDuration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(SignedDuration::from_secs(seconds.into()));
    }
    let moment = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(moment.duration_since(now).max(SignedDuration::ZERO))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::destinations::Limits;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn refused() -> DeliveryAnswer {
        DeliveryAnswer { status: Some(500), ..DeliveryAnswer::failed(DeliveryFailure::Refused("500".to_owned())) }
    }

    fn after(answer: &DeliveryAnswer, attempts: u32, jitter: f64) -> AfterAttempt {
        let limits = Limits::default();
        after_attempt(answer, &RetryRules { waits: &limits.retries, attempts, now: at(0), jitter })
    }

    #[rstest]
    #[case::first(1, 0.0, 5)]
    #[case::spread(1, 1.0, 6)]
    #[case::second(2, 0.0, 300)]
    #[case::last(9, 0.0, 86_400)]
    fn the_schedule_is_followed(#[case] attempts: u32, #[case] jitter: f64, #[case] seconds: i64) {
        assert_eq!(after(&refused(), attempts, jitter), AfterAttempt::RetryAt(at(seconds)));
    }

    #[test]
    fn after_the_schedule_it_is_parked_with_the_last_failure() {
        let AfterAttempt::Park(why) = after(&refused(), 10, 0.0) else { panic!("it is not parked") };
        assert_eq!(why, "gave up after 10 attempts; the last: the receiver refused it: 500");
    }

    #[rstest]
    #[case::longer_than_the_schedule(60, 60)]
    #[case::shorter_than_the_schedule(1, 5)]
    #[case::longer_than_a_day(1_000_000, 86_400)]
    fn the_receiver_may_ask_for_more_time(#[case] asked: i64, #[case] seconds: i64) {
        let asked = Some(SignedDuration::from_secs(asked));
        let answer = DeliveryAnswer { retry_after: asked, ..DeliveryAnswer::failed(DeliveryFailure::Throttled) };
        assert_eq!(after(&answer, 1, 0.0), AfterAttempt::RetryAt(at(seconds)));
    }

    #[test]
    fn only_one_who_is_in_trouble_is_left_alone_as_a_whole() {
        let retry_after = Some(SignedDuration::from_secs(30));
        let throttled = DeliveryAnswer { retry_after, ..DeliveryAnswer::failed(DeliveryFailure::Throttled) };
        assert_eq!(hold_until(&throttled, at(0)), Some(at(30)));
        assert_eq!(hold_until(&DeliveryAnswer { retry_after, ..refused() }, at(0)), None);
        assert_eq!(hold_until(&DeliveryAnswer::failed(DeliveryFailure::Throttled), at(0)), None);
    }

    #[rstest]
    #[case::gone(DeliveryFailure::Gone)]
    #[case::unusable(DeliveryFailure::Unusable("no text".to_owned()))]
    fn what_time_does_not_mend_is_parked_at_once(#[case] failure: DeliveryFailure) {
        assert!(matches!(after(&DeliveryAnswer::failed(failure), 1, 0.0), AfterAttempt::Park(_)));
    }

    #[rstest]
    #[case("120", Some(120))]
    #[case(" 0 ", Some(0))]
    #[case("Thu, 01 Jan 1970 00:02:00 GMT", Some(120))]
    #[case("Wed, 31 Dec 1969 23:00:00 GMT", Some(0))]
    #[case("-5", None)]
    #[case("soon", None)]
    fn how_long_a_receiver_asks_for(#[case] text: &str, #[case] seconds: Option<i64>) {
        assert_eq!(parse_retry_after(text, at(0)), seconds.map(SignedDuration::from_secs));
    }
}
