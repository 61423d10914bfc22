//! What a sync will cost, said before it runs: requests for each stream, and how long the account's quota makes them take.

use jiff::SignedDuration;
use serde::Serialize;

use super::Stream;
use crate::budget::BudgetSettings;
use crate::lane::Lane;

/// Rows of a page.
pub const PAGE: u64 = 100;
/// Requests of a window in which nothing happened: what changed, what was deleted, how many there are.
const QUIET_WINDOW: u64 = 3;

/// What is known of a stream before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which stream.
    pub stream: Stream,
    /// Rows of it, from the copy or by asking; none if that is not known.
    pub rows: Option<u64>,
    /// Whether everything will be read.
    pub whole: bool,
}

/// What a stream will cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StreamCost {
    /// Which stream.
    pub stream: Stream,
    /// Rows of it, if known.
    pub rows: Option<u64>,
    /// Whether everything will be read.
    pub whole: bool,
    /// Requests. For a window: if nothing changed; each hundred changed rows cost one more.
    pub requests: u64,
}

/// What a sync will cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Each stream.
    pub streams: Vec<StreamCost>,
    /// Requests in all.
    pub requests: u64,
    /// Requests that the lane of syncing may make in an hour, others' use left aside; none without a limit.
    pub per_hour: Option<u64>,
    /// How long the quota makes it take, in seconds.
    pub seconds: u64,
}

impl Known {
    fn cost(self) -> StreamCost {
        let Known { stream, rows, whole } = self;
        let pages = rows.unwrap_or(0).div_ceil(PAGE).max(1);
        // A list of several pages has its first page read twice: once for their number.
        let pass = pages + u64::from(pages > 1);
        let requests = match (whole, stream.tells_changes()) {
            (true, true) => pass + QUIET_WINDOW - 1,
            (true, false) => pass,
            (false, _) => QUIET_WINDOW,
        };
        StreamCost { stream, rows, whole, requests }
    }
}

impl Forecast {
    /// The cost of reading these streams under a budget.
    pub fn of(known: impl IntoIterator<Item = Known>, budget: &BudgetSettings) -> Forecast {
        let streams: Vec<StreamCost> = known.into_iter().map(Known::cost).collect();
        let requests = streams.iter().map(|cost| cost.requests).sum();
        let per_hour = budget.per_hour.map(|limit| share_of_hour(budget, limit));
        let by_hour = per_hour.map_or(0, |per_hour| seconds_for(requests, per_hour, 3_600));
        let by_minute = budget.per_minute.map_or(0, |limit| {
            let share = budget.reserves.of_minute(Lane::Sync, limit);
            seconds_for(requests, (share as u64).max(1), 60)
        });
        Forecast { streams, requests, per_hour, seconds: by_hour.max(by_minute) }
    }

    /// How long it takes.
    pub fn duration(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.seconds).unwrap_or(i64::MAX))
    }

    /// The forecast in a sentence.
    pub fn sentence(&self) -> String {
        let requests = format!("{} requests", grouped(self.requests));
        match self.per_hour {
            None => format!("{requests}; the account has no limit that the gateway knows of"),
            Some(per_hour) => format!(
                "{requests}; syncing may make up to {} an hour, so it takes about {}",
                grouped(per_hour),
                span(self.seconds)
            ),
        }
    }
}

/// What the hour leaves to syncing while nobody else uses it: at its beginning all reserves are whole, at its end they are gone.
fn share_of_hour(budget: &BudgetSettings, limit: u32) -> u64 {
    let kept = budget.reserves.of_hour(Lane::Sync, limit, 0.0);
    ((f64::from(limit) - kept).max(1.0)) as u64
}

/// The last window need not be waited for: its requests are made at once.
fn seconds_for(requests: u64, per_window: u64, window: u64) -> u64 {
    requests.saturating_sub(1) / per_window.max(1) * window
}

/// A span for people, rounded up: `25 s`, `7 min`, `3 h 20 min`.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds.div_ceil(60)),
        _ => match (seconds / 3_600, seconds % 3_600 / 60) {
            (hours, 0) => format!("{hours} h"),
            (hours, minutes) => format!("{hours} h {minutes} min"),
        },
    }
}

/// A number with a comma between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn known(stream: Stream, rows: u64, whole: bool) -> Known {
        Known { stream, rows: Some(rows), whole }
    }

    #[rstest]
    #[case::everything(known(Stream::Contacts, 100_000, true), 1_003)]
    #[case::one_page(known(Stream::Deals, 40, true), 3)]
    #[case::a_window(known(Stream::Deals, 20_000, false), 3)]
    #[case::names(known(Stream::Users, 12, true), 1)]
    #[case::nobody_knows(Known { stream: Stream::Contacts, rows: None, whole: true }, 3)]
    fn requests_of_a_stream(#[case] known: Known, #[case] requests: u64) {
        let forecast = Forecast::of([known], &BudgetSettings::default());
        assert_eq!(forecast.requests, requests);
    }

    #[rstest]
    #[case::fits_an_hour(500, 60)]
    #[case::three_hours(3_000 * 100, 3 * 3_600)]
    fn the_quota_says_how_long(#[case] rows: u64, #[case] at_most: u64) {
        let forecast = Forecast::of([known(Stream::Contacts, rows, true)], &BudgetSettings::default());
        assert!(forecast.seconds <= at_most && forecast.seconds + 3_600 > at_most.min(3_600 * 3), "{forecast:?}");
    }

    #[test]
    fn it_is_told_in_a_sentence() {
        let forecast = Forecast::of([known(Stream::Contacts, 300_000, true)], &BudgetSettings::default());
        let told = forecast.sentence();
        assert!(
            told.starts_with("3,003 requests; syncing may make up to 991 an hour, so it takes about 3 h"),
            "{told}"
        );
    }

    #[rstest]
    #[case(7, "7 s")]
    #[case(61, "2 min")]
    #[case(3_600, "1 h")]
    #[case(12_000, "3 h 20 min")]
    fn spans_for_people(#[case] seconds: u64, #[case] text: &str) {
        assert_eq!(span(seconds), text);
    }
}
