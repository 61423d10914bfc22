//! Waiting for room in the budget: as long as the caller likes, and not at all where there will be none by then.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use leadgate_core::broker::{HourShown, NoRoom};
use leadgate_core::lane::Lane;

use super::QuotaBroker;

/// The longest sleep: room that somebody gives back, or a clock that is stepped, is noticed by then.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);
/// The shortest sleep where there seems to be room already: somebody else may have taken it.
const SHORTEST_SLEEP: Duration = Duration::from_millis(5);
/// When to come back to a gateway that ends.
const RESTART: SignedDuration = SignedDuration::from_secs(5);

/// How long a request waits, and in which lane.
pub(super) struct Patience {
    lane: Lane,
    deadline: Timestamp,
}

impl Patience {
    pub(super) fn new(lane: Lane, wait: SignedDuration, now: Timestamp) -> Patience {
        Patience { lane, deadline: now.saturating_add(wait).unwrap_or(Timestamp::MAX) }
    }
}

impl QuotaBroker {
    /// Waits for a while, after which there may be room.
    ///
    /// # Errors
    /// [`NoRoom`] if there will be none within the patience.
    pub(super) async fn wait(&self, patience: &mut Patience) -> Result<(), NoRoom> {
        let (now, lane) = (self.shared.engine.now(), patience.lane);
        if self.shared.closing.load(Ordering::Relaxed) {
            return Err(self.no_room(lane, now.saturating_add(RESTART).unwrap_or(now), "ending"));
        }
        let (until, cause) = self.shared.engine.shared.budget.outlook(lane, now);
        if until > patience.deadline {
            return Err(self.no_room(lane, until, &cause));
        }
        let ahead = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        tokio::time::sleep(ahead.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)).await;
        Ok(())
    }

    fn no_room(&self, lane: Lane, until: Timestamp, cause: &str) -> NoRoom {
        let standing = self.shared.engine.standing();
        let hour = standing.hour_limit.map(|limit| HourShown {
            limit,
            remaining: limit.saturating_sub(standing.hour_ours + standing.hour_others),
            ends: standing.hour_ends,
        });
        NoRoom { until, cause: cause.to_owned(), lane, hour }
    }
}
