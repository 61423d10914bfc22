//! Waking for nothing: while the budget is spent and as much is planned as may be, each further submission wakes an engine that can do nothing with it. Such
//! an engine lets wakes gather for a moment, so that a round looks at many of them and accepting has the processor to itself.

use std::time::Duration;

/// So many rounds in a row may come to nothing before wakes are gathered: the last one of a stretch of work always does.
const FREE: u32 = 2;
/// The first pause; each further one is twice as long.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(16);

/// How often in a row a round that something had woken the engine for came to nothing.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    in_vain: u32,
}

impl Patience {
    /// A round is over that a wake began; `moved` if it came to something.
    pub(crate) fn woken(&mut self, moved: bool) {
        self.in_vain = if moved { 0 } else { self.in_vain.saturating_add(1) };
    }

    /// Something happened that is looked at without delay.
    pub(crate) fn end(&mut self) {
        self.in_vain = 0;
    }

    /// How long to let wakes gather.
    pub(crate) fn pause(&self) -> Duration {
        let Some(doublings) = self.in_vain.checked_sub(FREE + 1) else { return Duration::ZERO };
        SHORTEST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(rounds: impl IntoIterator<Item = bool>) -> Vec<u128> {
        let mut patience = Patience::default();
        let after = |moved| {
            patience.woken(moved);
            patience.pause().as_millis()
        };
        rounds.into_iter().map(after).collect()
    }

    #[test]
    fn who_is_woken_for_nothing_again_and_again_lets_wakes_gather() {
        assert_eq!(pauses([false; 9]), [0, 0, 1, 2, 4, 8, 16, 16, 16]);
        assert_eq!(pauses([false; 200]).last(), Some(&16));
    }

    #[test]
    fn work_ends_the_patience() {
        assert_eq!(pauses([false, false, false, true, false, false, false]), [0, 0, 1, 0, 0, 0, 1]);
        let mut patience = Patience { in_vain: 9 };
        patience.end();
        assert_eq!(patience.pause(), Duration::ZERO);
    }
}
