//! The account's time: real and shiftable, faster than real, or standing still until it is moved. It never goes back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Clock;

/// Account time is `at` plus the machine's time since `since`, times `factor`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccountClock {
    at: Timestamp,
    since: Timestamp,
    factor: f64,
}

#[expect(clippy::disallowed_methods, reason = "the clock of the account: everything else asks it")]
fn machine_time() -> Timestamp {
    Timestamp::now()
}

impl AccountClock {
    pub(crate) fn new(start: Clock) -> Self {
        let since = machine_time();
        match start {
            Clock::Real => Self { at: since, since, factor: 1.0 },
            Clock::Accelerated(factor) => Self { at: since, since, factor: usable(factor) },
            Clock::Stepped(at) => Self { at, since, factor: 0.0 },
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        if self.is_stepped() {
            return self.at;
        }
        let passed = machine_time().duration_since(self.since);
        let passed = if self.is_real() { passed } else { scaled(passed, self.factor) };
        self.at.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn advance(&mut self, by: SignedDuration) {
        self.at = self.at.checked_add(by).unwrap_or(Timestamp::MAX);
    }

    /// Goes on from the present account time, this many times as fast as the machine; 0 stands still.
    pub(crate) fn set_factor(&mut self, factor: f64) {
        (self.at, self.since) = (self.now(), machine_time());
        self.factor = usable(factor);
    }

    /// Jumps forward to an instant; false where that is in the account's past.
    pub(crate) fn jump_to(&mut self, instant: Timestamp) -> bool {
        let ahead = instant.duration_since(self.now());
        let possible = !ahead.is_negative();
        if possible {
            self.advance(ahead);
        }
        possible
    }

    /// After a rest outside any process: an accelerated clock goes on from where it stood, a real one has gone on.
    pub(crate) fn wake_at(&mut self, stood_at: Timestamp) {
        if !self.is_real() && !self.is_stepped() {
            (self.at, self.since) = (stood_at, machine_time());
        }
    }

    pub(crate) fn factor(&self) -> f64 {
        self.factor
    }

    pub(crate) fn is_stepped(&self) -> bool {
        self.factor == 0.0
    }

    fn is_real(&self) -> bool {
        (self.factor - 1.0).abs() < f64::EPSILON
    }
}

/// A clock cannot run backwards, and a factor that is not a number stands still.
fn usable(factor: f64) -> f64 {
    if factor.is_finite() { factor.max(0.0) } else { 0.0 }
}

fn scaled(passed: SignedDuration, factor: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(passed.as_secs_f64() * factor).unwrap_or(SignedDuration::MAX)
}
