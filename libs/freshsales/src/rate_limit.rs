//! The account's request quota as the CRM reports it in headers. Pure.
//!
//! Source: `x-ratelimit-limit`, `-remaining` and `-reset` are seen in the wild on replies of both generations. The reset is a
//! local time without a zone, `ddMMyyHHmmss`, which no page documents; other spellings are read in case an account has them.

use http::HeaderMap;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const HALF_HOUR: SignedDuration = SignedDuration::from_mins(30);
/// Quotas are counted by the hour, so a true reset is never further away.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Offsets of the world's time zones, in half hours from UTC.
const HALF_HOUR_OFFSETS: std::ops::RangeInclusive<i32> = -24..=28;

/// The quota of the account at the time of a reply. It is shared by all users and keys of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests per window.
    pub limit: Option<u64>,
    /// Requests left in the window.
    pub remaining: Option<u64>,
    /// End of the window, its text read as if it were UTC. The true zone is unknown: see [`nearest_plausible_reset`].
    pub reset: Option<Timestamp>,
    /// The reset as received.
    pub reset_text: Option<String>,
}

impl RateLimit {
    /// Reads the three headers; `None` if there is none of them. `now` serves resets given as seconds from now.
    pub fn from_headers(headers: &HeaderMap, now: Timestamp) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let count = |name| text(name).and_then(|value| value.parse().ok());
        let reset_text = text("x-ratelimit-reset");
        let limit = Self {
            limit: count("x-ratelimit-limit"),
            remaining: count("x-ratelimit-remaining"),
            reset: reset_text.and_then(|value| parse_reset(value, now)),
            reset_text: reset_text.map(str::to_owned),
        };
        (limit.limit.is_some() || limit.remaining.is_some() || limit.reset_text.is_some()).then_some(limit)
    }

    /// The end of the window as an instant that can be waited for, see [`nearest_plausible_reset`].
    pub fn plausible_reset(&self, now: Timestamp) -> Option<Timestamp> {
        nearest_plausible_reset(self.reset?, now)
    }
}

/// Reads a reset: `ddMMyyHHmmss` as UTC (`150626150000` is 15 June 2026 15:00:00), else seconds or milliseconds since 1970, else
/// (up to six digits) seconds from `now`. Anything else is `None`.
pub fn parse_reset(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match text.len() {
        // A number that went through an integer lost the zero of its first nine days.
        11 => parse_day_first(&format!("0{text}")),
        12 => parse_day_first(text),
        10 => Timestamp::from_second(text.parse().ok()?).ok(),
        13 => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        1..=6 => now.checked_add(SignedDuration::from_secs(text.parse().ok()?)).ok(),
        _ => None,
    }
}

fn parse_day_first(digits: &str) -> Option<Timestamp> {
    let pair = |at: usize| digits.get(at..at + 2)?.parse::<i8>().ok();
    let year = 2000 + i16::from(pair(4)?);
    let local = DateTime::new(year, pair(2)?, pair(0)?, pair(6)?, pair(8)?, pair(10)?, 0).ok()?;
    TimeZone::UTC.to_timestamp(local).ok()
}

/// The earliest instant within the hour from `now` that the reset can mean, trying every half-hour offset of the world.
///
/// The reset is printed in a zone that nobody documents. Quotas are hourly, so of all readings only those within the next hour are
/// plausible; the earliest costs at worst one more refused request, a later one up to half an hour. `None` if no reading fits.
pub fn nearest_plausible_reset(reset: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let latest = now.checked_add(WINDOW).ok()?;
    HALF_HOUR_OFFSETS
        .filter_map(|steps| reset.checked_sub(HALF_HOUR.checked_mul(steps)?).ok())
        .filter(|candidate| (now..=latest).contains(candidate))
        .min()
}
