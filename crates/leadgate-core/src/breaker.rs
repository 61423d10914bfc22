//! The breaker: when the CRM is down, asking it again for every waiting job would burn the quota and flood the logs for nothing.
//!
//! Counts failures in a row over all calls of the account. After [`MOST_FAILURES`] nothing is asked for a while; then a single call, the probe, goes
//! through. If it is answered, all go on; if not, the next wait is twice as long. Scattered failures never get that far: any answer begins
//! the count anew.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::crm::CrmFailure;

/// Failures in a row that mean an outage. A CRM that fails every fifth request does so once in ten million.
pub const MOST_FAILURES: u32 = 10;
/// The first wait.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(2);
/// The longest wait: so late may the end of an outage be noticed.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// Whether the account is asked at all. Stored only where several instances share it: a new process that is alone finds out by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Calls go through; so many in a row have failed.
    Closed { failures: u32 },
    /// None does until then; so many waits came before.
    Open { until: Timestamp, waits: u32 },
    /// One is under way; what comes of it decides.
    Probing { waits: u32 },
}

impl Default for State {
    fn default() -> Self {
        State::Closed { failures: 0 }
    }
}

/// How a call was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Like any other.
    Usual,
    /// To see whether the outage is over.
    Probe,
}

/// What a call told of the CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is there, whatever it answered.
    Answer,
    /// It is not there, or what stands before it lets nobody through.
    Silence,
    /// Neither: the call was not made, or its answer could be anybody's.
    Nothing,
}

/// What a call changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that is worth a word.
    None,
    /// An outage began; nothing is asked until then.
    Opened(Timestamp),
    /// It is over.
    Closed,
}

impl Heard {
    /// What the result of a call tells.
    pub fn from_result<T>(result: &Result<T, CrmFailure>) -> Heard {
        match result {
            Err(CrmFailure::Transient(_) | CrmFailure::OutcomeUnknown(_) | CrmFailure::Throttled { .. }) => {
                Heard::Silence
            }
            // A page of a proxy, or an answer to one kind of request that the client does not understand.
            Err(CrmFailure::Malformed(_)) => Heard::Nothing,
            Ok(_) | Err(_) => Heard::Answer,
        }
    }
}

impl Breaker {
    /// How many calls it would let through now; `u32::MAX` for any number.
    pub fn room(&self, now: Timestamp) -> u32 {
        match self.state {
            State::Closed { .. } => u32::MAX,
            State::Open { until, .. } if !is_ahead(until, now) => 1,
            State::Open { .. } | State::Probing { .. } => 0,
        }
    }

    /// Until when nothing is let through, if so. While a probe is under way that is a guess.
    pub fn refuses_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until, .. } => is_ahead(until, now).then_some(until),
            State::Probing { .. } => Some(later(now, FIRST_WAIT)),
        }
    }

    /// Whether there is an outage, as far as known.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// Lets a call through. Only after [`Breaker::refuses_until`] said that it may go.
    pub fn admit(&mut self) -> Admission {
        match self.state {
            State::Open { waits, .. } => {
                self.state = State::Probing { waits };
                Admission::Probe
            }
            State::Closed { .. } | State::Probing { .. } => Admission::Usual,
        }
    }

    /// Takes in what came of a call that was let through. Every admission must end here.
    pub fn hear(&mut self, admission: Admission, heard: Heard, now: Timestamp) -> Change {
        match (self.state, heard, admission) {
            (State::Closed { .. }, Heard::Answer, _) => self.state = State::default(),
            (State::Closed { failures }, Heard::Silence, _) if failures + 1 >= MOST_FAILURES => {
                return Change::Opened(self.wait(0, now));
            }
            (State::Closed { failures }, Heard::Silence, _) => {
                self.state = State::Closed { failures: failures + 1 };
            }
            // Also one that was sent before the outage: whoever answers is there.
            (State::Open { .. } | State::Probing { .. }, Heard::Answer, _) => {
                self.state = State::default();
                return Change::Closed;
            }
            (State::Probing { waits }, Heard::Silence, Admission::Probe) => drop(self.wait(waits + 1, now)),
            // Nothing was found out: another call is the probe.
            (State::Probing { waits }, Heard::Nothing, Admission::Probe) => {
                self.state = State::Open { until: later(now, FIRST_WAIT), waits };
            }
            (_, Heard::Nothing, _) | (State::Open { .. } | State::Probing { .. }, Heard::Silence, _) => {}
        }
        Change::None
    }

    fn wait(&mut self, waits: u32, now: Timestamp) -> Timestamp {
        let wait = FIRST_WAIT.saturating_mul(1 << waits.min(10)).min(LONGEST_WAIT);
        let until = later(now, wait);
        self.state = State::Open { until, waits };
        until
    }
}

/// Whether a wait has not passed. One that is longer than any was begun before the clock was set back.
fn is_ahead(until: Timestamp, now: Timestamp) -> bool {
    until > now && until.duration_since(now) <= LONGEST_WAIT
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn opened_at_zero() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..MOST_FAILURES {
            let admission = breaker.admit();
            breaker.hear(admission, Heard::Silence, at(0));
        }
        breaker
    }

    #[test]
    fn scattered_failures_do_not_open_it() {
        let mut breaker = Breaker::default();
        for call in 0..1_000 {
            let heard = if call % 10 == 0 { Heard::Answer } else { Heard::Silence };
            assert_eq!(breaker.hear(Admission::Usual, heard, at(call)), Change::None);
        }
        assert_eq!(breaker.room(at(1_000)), u32::MAX);
    }

    #[test]
    fn so_many_in_a_row_open_it_once() {
        let mut breaker = Breaker::default();
        let changes: Vec<Change> = (0..2 * MOST_FAILURES)
            .map(|_| breaker.hear(Admission::Usual, Heard::Silence, at(0)))
            .filter(|change| *change != Change::None)
            .collect();
        assert_eq!(changes, [Change::Opened(at(2))]);
    }

    #[rstest]
    #[case::at_once(0, 0, Some(2))]
    #[case::in_the_middle(1, 0, Some(2))]
    #[case::after_the_wait(2, 1, None)]
    #[case::long_after(500, 1, None)]
    #[case::clock_set_back(-100, 1, None)]
    fn it_stays_open_for_a_moment(#[case] second: i64, #[case] room: u32, #[case] until: Option<i64>) {
        let breaker = opened_at_zero();
        assert_eq!((breaker.room(at(second)), breaker.refuses_until(at(second))), (room, until.map(at)));
    }

    #[test]
    fn one_call_probes_and_the_waits_grow_to_a_minute() {
        let (mut breaker, mut now, mut waited) = (opened_at_zero(), at(0), Vec::new());
        while waited.len() < 7 {
            let until = breaker.refuses_until(now).unwrap();
            waited.push(until.duration_since(now).as_secs());
            now = until;
            assert_eq!((breaker.admit(), breaker.room(now)), (Admission::Probe, 0));
            assert_eq!(breaker.hear(Admission::Probe, Heard::Silence, now), Change::None);
        }
        assert_eq!(waited, [2, 4, 8, 16, 32, 60, 60]);
    }

    #[rstest]
    #[case::answered(Admission::Probe, Heard::Answer, Change::Closed, u32::MAX)]
    #[case::an_older_call_was_answered(Admission::Usual, Heard::Answer, Change::Closed, u32::MAX)]
    #[case::an_older_call_failed(Admission::Usual, Heard::Silence, Change::None, 0)]
    #[case::not_made(Admission::Probe, Heard::Nothing, Change::None, 1)]
    fn what_is_heard_while_it_probes(
        #[case] admission: Admission,
        #[case] heard: Heard,
        #[case] change: Change,
        #[case] room_later: u32,
    ) {
        let mut breaker = opened_at_zero();
        breaker.admit();
        assert_eq!((breaker.hear(admission, heard, at(2)), breaker.room(at(4))), (change, room_later));
    }

    #[rstest]
    #[case::unreachable(CrmFailure::Transient(String::new()), Heard::Silence)]
    #[case::lost(CrmFailure::OutcomeUnknown(String::new()), Heard::Silence)]
    #[case::edge(CrmFailure::Throttled { wait: None }, Heard::Silence)]
    #[case::not_understood(CrmFailure::Malformed(String::new()), Heard::Nothing)]
    #[case::quota(CrmFailure::Quota { until: None }, Heard::Answer)]
    #[case::key(CrmFailure::Auth(String::new()), Heard::Answer)]
    #[case::busy(CrmFailure::Busy, Heard::Answer)]
    fn what_a_failure_tells(#[case] failure: CrmFailure, #[case] heard: Heard) {
        assert_eq!(Heard::from_result::<()>(&Err(failure)), heard);
    }
}
