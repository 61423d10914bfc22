//! When syncs are due: a cron expression with its time zone.

use std::fmt;
use std::str::FromStr;

use cronexpr::Crontab;
use jiff::{SignedDuration, Timestamp};

/// How far back to look for the latest time, in seconds: a minute, an hour, a day, a month, a year.
const LOOKS_BACK: [i64; 5] = [60, 3_600, 86_400, 31 * 86_400, 366 * 86_400];

/// Times at which a sync begins, such as `0 3 * * * Europe/Berlin`: minute, hour, day of the month, month, day of the week, time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    crontab: Crontab,
    text: String,
}

/// A failed run is made up for after so long.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// So many runs in a row that fail are the last before the schedule's next time.
const MOST_FAILED: usize = 3;

/// A run of everything that is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// When it began.
    pub began: Timestamp,
    /// Whether it did not fail.
    pub is_good: bool,
}

/// A schedule that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no schedule: {reason}; write minute, hour, day, month, weekday and time zone, such as `0 3 * * * Europe/Berlin`"
)]
pub struct NoSchedule {
    text: String,
    reason: String,
}

impl FromStr for Schedule {
    type Err = NoSchedule;

    fn from_str(text: &str) -> Result<Schedule, NoSchedule> {
        let text = text.trim();
        let failed = |error: cronexpr::Error| NoSchedule {
            text: text.to_owned(),
            // What follows the first line draws the place with arrows.
            reason: error.to_string().lines().last().unwrap_or_default().trim_matches([' ', '^']).to_owned(),
        };
        let crontab = cronexpr::parse_crontab(text).map_err(failed)?;
        Ok(Schedule { crontab, text: text.to_owned() })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Schedule {
    /// The first time after a moment; none if there is none (29 February of a month that has no such day).
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let moment = cronexpr::MakeTimestamp::from_nanosecond(moment.as_nanosecond()).ok()?;
        let found = self.crontab.find_next(moment).ok()?;
        // The crate has a jiff of its own.
        Timestamp::from_nanosecond(found.timestamp().as_nanosecond()).ok()
    }

    /// When the next sync begins after these, the last one first. One that failed counts for nothing, but is made up for an hour later, and twice at
    /// most: then it has to wait for the next time.
    pub fn due_after(&self, ran: &[Ran], since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let failed = ran.iter().take_while(|run| !run.is_good).count();
        let Some(last) = ran.first() else { return self.due(None, since, now) };
        if failed == 0 || failed >= MOST_FAILED {
            return self.due(Some(last.began), since, now);
        }
        let again = last.began.saturating_add(AGAIN_AFTER).unwrap_or(last.began).max(now);
        self.due(Some(last.began), since, now).map(|due| due.min(again))
    }

    /// When the next sync begins, if the last one began then: at the next time, or at once where a time was missed. However many were missed, one
    /// sync catches up. Where none has ever run, `since` is when the schedule began to hold.
    pub fn due(&self, last: Option<Timestamp>, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        self.next_after(last.unwrap_or(since)).map(|due| due.max(now))
    }

    /// The last time up to now, if there is one behind `after`: what a sync that begins now is the sync of.
    pub fn latest(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        // From near to far, so that only few times are looked at, however close they lie and however long ago the last one was.
        let looks = LOOKS_BACK.iter().map(|seconds| now.saturating_sub(SignedDuration::from_secs(*seconds)));
        let from = looks.map(|from| from.unwrap_or(after).max(after)).chain([after]);
        let mut latest = from.filter_map(|from| self.next_after(from)).find(|time| *time <= now)?;
        while let Some(next) = self.next_after(latest).filter(|next| *next <= now) {
            latest = next;
        }
        Some(latest)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::tonight("2026-06-15T12:00:00Z", "2026-06-16T01:00:00Z")]
    #[case::exactly_then("2026-06-16T01:00:00Z", "2026-06-17T01:00:00Z")]
    #[case::winter("2026-12-15T12:00:00Z", "2026-12-16T02:00:00Z")]
    fn three_in_the_morning_of_the_zone(#[case] moment: &str, #[case] next: &str) {
        let schedule: Schedule = "0 3 * * * Europe/Berlin".parse().unwrap();
        assert_eq!(schedule.next_after(at(moment)), Some(at(next)));
    }

    #[rstest]
    #[case::none("0 3 * * * UTC", "2026-06-15T03:00:00Z", None)]
    #[case::one("0 3 * * * UTC", "2026-06-15T02:59:59Z", Some("2026-06-15T03:00:00Z"))]
    #[case::the_last_of_many("* * * * * UTC", "2020-06-15T02:59:59Z", Some("2026-06-15T12:00:00Z"))]
    #[case::long_ago("0 3 29 2 * UTC", "2020-06-15T00:00:00Z", Some("2024-02-29T03:00:00Z"))]
    fn the_latest_time_is_what_is_made_up_for(
        #[case] schedule: &str,
        #[case] after: &str,
        #[case] latest: Option<&str>,
    ) {
        let schedule: Schedule = schedule.parse().unwrap();
        assert_eq!(schedule.latest(at(after), at("2026-06-15T12:00:30Z")), latest.map(at));
    }

    #[rstest]
    #[case::later(Some("2026-06-15T03:00:05Z"), "2026-06-16T03:00:00Z")]
    #[case::missed_once(Some("2026-06-14T02:00:00Z"), "2026-06-15T12:00:00Z")]
    #[case::missed_often(Some("2026-05-01T02:00:00Z"), "2026-06-15T12:00:00Z")]
    #[case::never_ran(None, "2026-06-16T03:00:00Z")]
    fn a_missed_time_is_made_up_for_once(#[case] last: Option<&str>, #[case] due: &str) {
        let schedule: Schedule = "0 3 * * * UTC".parse().unwrap();
        let now = at("2026-06-15T12:00:00Z");
        assert_eq!(schedule.due(last.map(at), at("2026-06-15T11:00:00Z"), now), Some(at(due)));
    }

    #[rstest]
    #[case::never_ran(&[], "2026-06-16T03:00:00Z")]
    #[case::good(&[("03:00:05", true)], "2026-06-16T03:00:00Z")]
    #[case::failed(&[("11:30:00", false), ("03:00:05", true)], "2026-06-15T12:30:00Z")]
    #[case::failed_long_ago(&[("03:00:05", false)], "2026-06-15T12:00:00Z")]
    #[case::failed_too_often(&[("11:30:00", false), ("10:30:00", false), ("09:30:00", false)], "2026-06-16T03:00:00Z")]
    fn a_run_that_failed_is_made_up_for_a_few_times(#[case] ran: &[(&str, bool)], #[case] due: &str) {
        let schedule: Schedule = "0 3 * * * UTC".parse().unwrap();
        let run = |(time, is_good): &(&str, bool)| Ran { began: at(&format!("2026-06-15T{time}Z")), is_good: *is_good };
        let ran: Vec<Ran> = ran.iter().map(run).collect();
        let now = at("2026-06-15T12:00:00Z");
        assert_eq!(schedule.due_after(&ran, at("2026-06-15T11:00:00Z"), now), Some(at(due)));
    }

    #[rstest]
    #[case::no_zone("0 3 * * *")]
    #[case::no_such_zone("0 3 * * * Mars/Base")]
    #[case::words("every night")]
    #[case::hour_25("0 25 * * * UTC")]
    fn what_is_no_schedule_says_how_to_write_one(#[case] text: &str) {
        let problem = text.parse::<Schedule>().unwrap_err().to_string();
        assert!(
            problem.starts_with(&format!("`{text}` is no schedule: ")) && problem.contains("Europe/Berlin"),
            "{problem}"
        );
    }
}
