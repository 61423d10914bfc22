//! The account's time: real and shiftable, or standing still until it is moved.

use jiff::{SignedDuration, Timestamp};

use crate::Clock;

#[derive(Debug)]
pub(crate) struct AccountClock {
    start: Clock,
    advanced: SignedDuration,
}

impl AccountClock {
    pub(crate) fn new(start: Clock) -> Self {
        Self { start, advanced: SignedDuration::ZERO }
    }

    #[expect(clippy::disallowed_methods, reason = "the clock of the account: everything else asks it")]
    pub(crate) fn now(&self) -> Timestamp {
        let base = match self.start {
            Clock::Real => Timestamp::now(),
            Clock::Stepped(start) => start,
        };
        base.checked_add(self.advanced).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn advance(&mut self, by: SignedDuration) {
        self.advanced = self.advanced.saturating_add(by);
    }

    pub(crate) fn is_stepped(&self) -> bool {
        matches!(self.start, Clock::Stepped(_))
    }
}
