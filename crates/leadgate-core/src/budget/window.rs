//! Counting: the account's hour, and the last sixty seconds.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::crm::QuotaReading;

const HOUR_SECONDS: f64 = 3_600.0;
/// An announced end further away than this is not of an hourly window.
const LONGEST_WINDOW: SignedDuration = SignedDuration::from_secs(3_660);
/// How much observation the guess about others is worth, in seconds: after so long, half of the estimate is what was seen.
const GUESS_WORTH: f64 = 300.0;
/// The guess about a stranger: others use so much of the limit in an hour.
const GUESS_SHARE: f64 = 0.20;

/// The account's hour: a fixed window, used by us and by others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct HourWindow {
    limit: Option<u32>,
    started: Timestamp,
    ends: Timestamp,
    ours: u32,
    others: u32,
    /// When the headers were last read; until then others' use is a guess.
    seen_at: Timestamp,
    /// Others' use in an hour, guessed from the windows before.
    guess: f64,
}

impl HourWindow {
    /// The window that contains `now`, if windows begin on the hour; a header will say better.
    pub(super) fn starting(limit: Option<u32>, now: Timestamp) -> HourWindow {
        let second = now.as_second();
        let started = Timestamp::from_second(second - second.rem_euclid(3_600)).unwrap_or(now);
        let guess = f64::from(limit.unwrap_or(0)) * GUESS_SHARE;
        HourWindow { limit, started, ends: after(started, HOUR_SECONDS), ours: 0, others: 0, seen_at: now, guess }
    }

    pub(super) fn set_limit(&mut self, limit: Option<u32>) {
        self.limit = limit;
    }

    pub(super) fn limit(&self) -> Option<u32> {
        self.limit
    }

    pub(super) fn ours(&self) -> u32 {
        self.ours
    }

    pub(super) fn others(&self) -> u32 {
        self.others
    }

    pub(super) fn started(&self) -> Timestamp {
        self.started
    }

    pub(super) fn ends(&self) -> Timestamp {
        self.ends
    }

    /// Requests that nobody has used yet, as far as known.
    pub(super) fn left(&self) -> u32 {
        self.limit.map_or(u32::MAX, |limit| limit.saturating_sub(self.ours + self.others))
    }

    /// The share of the window that is still to come.
    pub(super) fn share_left(&self, now: Timestamp) -> f64 {
        (seconds(now, self.ends) / HOUR_SECONDS).clamp(0.0, 1.0)
    }

    /// What others will use until the window ends. See [`Self::expected_of_others_until`].
    pub(super) fn expected_of_others(&self) -> f64 {
        self.expected_of_others_until(self.ends)
    }

    /// What others use until a moment of this window, with a margin for chance: the mean and two standard deviations of a Poisson count.
    ///
    /// Counted from when the headers were last read, since what they used after that is not in the count yet.
    pub(super) fn expected_of_others_until(&self, moment: Timestamp) -> f64 {
        let watched = seconds(self.started, self.seen_at).clamp(0.0, HOUR_SECONDS);
        let rate = (f64::from(self.others) + self.guess * GUESS_WORTH / HOUR_SECONDS) / (watched + GUESS_WORTH);
        let mean = rate * seconds(self.seen_at.max(self.started), moment).clamp(0.0, HOUR_SECONDS);
        mean + 2.0 * mean.sqrt()
    }

    /// When the window began that contains `now`, as far as known.
    pub(super) fn start_at(&self, now: Timestamp) -> Timestamp {
        if now < self.ends {
            return self.started;
        }
        after(self.ends, (seconds(self.ends, now) / HOUR_SECONDS).floor() * HOUR_SECONDS)
    }

    /// Moves on to the window that contains `now`. Requests under way may be counted in either, so they are counted in the new one too.
    pub(super) fn roll(&mut self, now: Timestamp, in_flight: u32) {
        if seconds(now, self.ends) > LONGEST_WINDOW.as_secs_f64() {
            return self.come_back_to(now);
        }
        if now < self.ends {
            return;
        }
        self.remember_others();
        self.begin(self.start_at(now), in_flight);
    }

    /// The clock was set back to before this window. Its end moves back too, or it would last for hours; what was used is kept, because it may have
    /// been used in the hour that now is.
    fn come_back_to(&mut self, now: Timestamp) {
        let hour = HourWindow::starting(self.limit, now);
        (self.started, self.ends, self.seen_at) = (hour.started, hour.ends, now);
    }

    /// The CRM's window ended earlier than expected; another began. One that ended before ours began is known already.
    pub(super) fn end_at(&mut self, ended: Timestamp, in_flight: u32) {
        if ended > self.started {
            self.remember_others();
            self.begin(ended, in_flight);
        }
    }

    fn begin(&mut self, started: Timestamp, in_flight: u32) {
        self.started = started;
        self.ends = after(started, HOUR_SECONDS);
        self.seen_at = started;
        self.ours = in_flight;
        self.others = 0;
    }

    fn remember_others(&mut self) {
        self.guess = (self.guess + f64::from(self.others)) / 2.0;
    }

    pub(super) fn count_ours(&mut self, requests: u32) {
        self.ours += requests;
    }

    /// Requests of ours that nobody had counted: a header that another instance read meanwhile may have shown them as others'.
    pub(super) fn find_ours(&mut self, requests: u32) {
        self.ours += requests;
        self.others = self.others.saturating_sub(requests);
    }

    pub(super) fn give_back(&mut self, requests: u32) {
        self.ours = self.ours.saturating_sub(requests);
    }

    /// Takes in what a reply said. Returns how many requests of others it newly showed.
    pub(super) fn read(&mut self, reading: &QuotaReading, in_flight: u32, now: Timestamp) -> u32 {
        self.adopt_limit(reading.limit);
        self.adopt_end(reading, in_flight, now);
        self.seen_at = now;
        let used = reading.limit.saturating_sub(reading.remaining);
        // A request under way may be in the CRM's count or not. Taking it as counted can only make others look smaller for a moment.
        let others = used.saturating_sub(self.ours);
        // Replies may come out of order, so the count never goes down within a window.
        let before = self.others;
        self.others = before.max(others);
        self.others - before
    }

    fn adopt_limit(&mut self, limit: u32) {
        if self.limit != Some(limit) {
            self.limit = Some(limit);
        }
    }

    /// The CRM knows best when its window ends. An end that moved on by more than a few minutes is another window.
    fn adopt_end(&mut self, reading: &QuotaReading, in_flight: u32, now: Timestamp) {
        let Some(reset) =
            reading.reset.filter(|reset| *reset > now && seconds(now, *reset) <= LONGEST_WINDOW.as_secs_f64())
        else {
            return;
        };
        let moved = seconds(self.ends, reset);
        if moved > 300.0 {
            self.remember_others();
            self.begin(after(reset, -HOUR_SECONDS), in_flight + 1);
        }
        self.ends = reset;
        self.started = after(reset, -HOUR_SECONDS);
    }
}

/// The last sixty seconds, by seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct MinuteWindow {
    /// `(second, ours, others)`, ascending.
    seconds: VecDeque<(i64, u32, u32)>,
}

/// Sixty seconds and one for rounding.
const MINUTE_SECONDS: i64 = 61;

impl MinuteWindow {
    pub(super) fn ours(&self, now: Timestamp) -> u32 {
        self.live(now).map(|(_, ours, _)| ours).sum()
    }

    pub(super) fn others(&self, now: Timestamp) -> u32 {
        self.live(now).map(|(_, _, others)| others).sum()
    }

    /// Whether we asked nothing for so long, at most a minute.
    pub(super) fn is_quiet_for(&self, span: SignedDuration, now: Timestamp) -> bool {
        let since = now.as_second() - span.as_secs();
        self.live(now).all(|(second, ours, _)| *ours == 0 || *second <= since)
    }

    fn live(&self, now: Timestamp) -> impl Iterator<Item = &(i64, u32, u32)> {
        // A clock that was set back leaves entries of a time to come; they count for nothing.
        let (since, until) = (now.as_second() - MINUTE_SECONDS, now.as_second() + 1);
        self.seconds.iter().filter(move |(second, _, _)| (since + 1..=until).contains(second))
    }

    pub(super) fn count_ours(&mut self, now: Timestamp, requests: u32) {
        self.at(now).1 += requests;
    }

    pub(super) fn count_others(&mut self, now: Timestamp, requests: u32) {
        self.at(now).2 += requests;
    }

    pub(super) fn give_back(&mut self, now: Timestamp) {
        let entry = self.at(now);
        entry.1 = entry.1.saturating_sub(1);
    }

    fn at(&mut self, now: Timestamp) -> &mut (i64, u32, u32) {
        let second = now.as_second();
        while self.seconds.front().is_some_and(|(old, _, _)| *old <= second - MINUTE_SECONDS) {
            self.seconds.pop_front();
        }
        while self.seconds.back().is_some_and(|(last, _, _)| *last > second + 1) {
            self.seconds.pop_back();
        }
        if self.seconds.back().is_none_or(|(last, _, _)| *last < second) {
            self.seconds.push_back((second, 0, 0));
        }
        let last = self.seconds.len() - 1;
        &mut self.seconds[last]
    }

    /// When the oldest second that counts will no longer count.
    pub(super) fn frees_at(&self, now: Timestamp) -> Timestamp {
        let oldest = self
            .live(now)
            .find(|(_, ours, others)| ours + others > 0)
            .map_or(now.as_second(), |(second, _, _)| *second);
        Timestamp::from_second(oldest + MINUTE_SECONDS).unwrap_or(now)
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn after(moment: Timestamp, seconds: f64) -> Timestamp {
    let milliseconds = SignedDuration::from_millis((seconds * 1_000.0) as i64);
    moment.saturating_add(milliseconds).unwrap_or(Timestamp::MAX)
}
