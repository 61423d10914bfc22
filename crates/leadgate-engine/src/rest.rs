//! Rest: whether a loop that should end when its work is done may end.

use jiff::{SignedDuration, Timestamp};

/// Since when nothing has moved, and how far ahead work counts as work that is there.
pub(crate) struct Rest {
    ahead: Option<SignedDuration>,
    moved_at: Timestamp,
}

impl Rest {
    /// Without `ahead` rest never comes.
    pub(crate) fn new(ahead: Option<SignedDuration>, now: Timestamp) -> Rest {
        Rest { ahead, moved_at: now }
    }

    /// Something was planned, claimed or is under way.
    pub(crate) fn moved(&mut self, now: Timestamp) {
        self.moved_at = now;
    }

    /// Whether rest is asked for at all.
    pub(crate) fn is_wanted(&self) -> bool {
        self.ahead.is_some()
    }

    /// Whether nothing can be done for as long as work is waited for: nothing is due, or the budget has no room before; or something could be, and in all
    /// that time nothing came of it, because the CRM is down.
    pub(crate) fn has_come(&self, next_due: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(ahead) = self.ahead else { return false };
        let nothing_soon = next_due.is_none_or(|due| due.duration_since(now) > ahead);
        nothing_soon || now.duration_since(self.moved_at) >= ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn rest_comes_when_nothing_can_be_done_soon() {
        let rests = |ahead: Option<i64>, moved_at: i64, next_due: Option<i64>| {
            Rest::new(ahead.map(SignedDuration::from_secs), at(moved_at)).has_come(next_due.map(at), at(100))
        };
        for (name, ahead, moved_at, next_due, comes) in [
            ("nothing waits", Some(10), 100, None, true),
            ("due now", Some(10), 100, Some(100), false),
            ("overdue", Some(10), 100, Some(50), false),
            ("due soon", Some(10), 100, Some(110), false),
            ("due later", Some(10), 100, Some(111), true),
            ("due, but held for long", Some(10), 90, Some(100), true),
            ("due and held for a moment", Some(10), 91, Some(100), false),
            ("never asked for", None, 0, None, false),
        ] {
            assert_eq!(rests(ahead, moved_at, next_due), comes, "{name}");
        }
    }
}
