//! Traces: what the gateway remembers to have left on a record, so that it can tell its own doing from other people's.
//!
//! Stores keep a trace as a number beside the record. Notes are their own ids; the other kinds have ranges of their own.

use jiff::{SignedDuration, Timestamp};

/// Bit of the traces of tasks, above any id.
const TASK: i64 = 1 << 60;
/// Bit of the traces of sales activities.
const ACTIVITY: i64 = 1 << 61;
/// Seconds are counted from here, so that two moments fit into one number until 2088.
const FIRST_SECOND: i64 = 1_577_836_800;
const MOST_SECONDS: i64 = (1 << 31) - 1;

/// The trace of a task.
pub(super) fn of_task(id: i64) -> i64 {
    id | TASK
}

/// The trace of a sales activity.
pub(super) fn of_activity(id: i64) -> i64 {
    id | ACTIVITY
}

/// The trace of a move: when the CRM says the stage changed, and the moment of the event it was for. Negative, as no id is.
pub(super) fn of_move(stage_since: Timestamp, event_at: Timestamp) -> i64 {
    -1 - ((seconds(stage_since) << 31) | seconds(event_at))
}

/// The moment of the event that the gateway itself moved the deal for, if it was the gateway that set its stage at that time.
pub(super) fn moved_for<'a>(traces: impl IntoIterator<Item = &'a i64>, stage_since: Timestamp) -> Option<Timestamp> {
    let moves = traces.into_iter().filter(|trace| **trace < 0).map(|trace| -1 - *trace);
    let ours = moves.filter(|packed| packed >> 31 == seconds(stage_since));
    ours.map(|packed| packed & MOST_SECONDS).max().map(moment)
}

fn seconds(at: Timestamp) -> i64 {
    (at.as_second() - FIRST_SECOND).clamp(0, MOST_SECONDS)
}

fn moment(seconds: i64) -> Timestamp {
    let since = Timestamp::from_second(FIRST_SECOND).unwrap_or(Timestamp::UNIX_EPOCH);
    since.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_recognised_by_the_second_of_its_stage() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (since, event) = (at("2026-03-03T10:00:05Z"), at("2026-03-03T10:00:00Z"));
        let traces = [of_task(7), of_activity(7), 7, of_move(since, event)];
        assert_eq!(moved_for(&traces, since), Some(event));
        assert_eq!(moved_for(&traces, at("2026-03-03T10:00:06Z")), None);
        assert_eq!(traces.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}
