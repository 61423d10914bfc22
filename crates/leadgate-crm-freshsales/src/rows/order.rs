//! Whether a list comes in the order of updates, newest first. Pure.
//!
//! A list that was asked for in that order can be left at the first row that is old enough, if the order is real. A server that ignores the wish can give rows in an
//! order that looks the same (newest id first, and nothing edited lately), so the opposite order is asked for once before anything is left unread.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How the rows of a list came so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Falling {
    last: Option<Timestamp>,
    broken: bool,
    /// Whether the opposite order was really the opposite, once it was asked for.
    pub(super) proven: Option<bool>,
}

impl Falling {
    /// Takes the next row; one without a time breaks the order.
    pub(super) fn see(&mut self, updated_at: Option<Timestamp>) {
        match (updated_at, self.last) {
            (Some(next), last) if last.is_none_or(|last| next <= last) => self.last = Some(next),
            _ => self.broken = true,
        }
    }

    /// Whether everything that follows is older than the moment, should the order be real.
    pub(super) fn is_past(&self, moment: Timestamp) -> bool {
        !self.broken && self.proven != Some(false) && self.last.is_some_and(|last| last <= moment)
    }

    /// Looks at the first rows of the opposite order.
    pub(super) fn compare(&mut self, opposite: &[Option<Timestamp>]) {
        let rising = opposite.windows(2).all(|pair| pair[0].is_some() && pair[0] <= pair[1]);
        let starts_below =
            opposite.first().copied().flatten().zip(self.last).is_some_and(|(first, last)| first <= last);
        self.proven = Some(rising && starts_below);
    }

    /// Whether pages may be asked for side by side: nothing will be left unread.
    pub(super) fn is_hopeless(&self) -> bool {
        self.broken || self.proven == Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    fn falling(seconds: &[i64]) -> Falling {
        let mut falling = Falling::default();
        seconds.iter().for_each(|second| falling.see(at(*second)));
        falling
    }

    #[test]
    fn only_falling_rows_get_past_a_moment() {
        let moment = at(5).unwrap();
        assert!(falling(&[9, 7, 5]).is_past(moment));
        assert!(!falling(&[9, 7, 6]).is_past(moment));
        assert!(!falling(&[7, 9, 5]).is_past(moment));
        assert!(!falling(&[]).is_past(moment));
    }

    #[test]
    fn an_order_that_does_not_turn_round_is_none() {
        let (mut real, mut chance) = (falling(&[9, 7, 5]), falling(&[9, 7, 5]));
        real.compare(&[at(1), at(1), at(2)]);
        chance.compare(&[at(9), at(7), at(5)]);
        assert_eq!((real.proven, chance.proven), (Some(true), Some(false)));
        assert!(!chance.is_past(at(5).unwrap()));
    }
}
