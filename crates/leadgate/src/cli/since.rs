//! A moment on the command line, named or so long ago.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

/// A span before now, or a moment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Since {
    Ago(SignedDuration),
    Moment(Timestamp),
}

impl Since {
    /// The moment, seen from now.
    pub(super) fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Since::Moment(moment) => moment,
            Since::Ago(span) => now.saturating_sub(span).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Since, Self::Err> {
        if let Ok(moment) = text.parse() {
            return Ok(Since::Moment(moment));
        }
        let hours = match text.strip_suffix('d') {
            Some(days) => days.parse::<u16>().ok().map(|days| i64::from(days) * 24),
            None => text.strip_suffix('h').and_then(|hours| hours.parse::<u16>().ok()).map(i64::from),
        };
        let hours = hours.ok_or("write it as 30d, 12h, or a moment such as 2026-06-15T14:00:00Z")?;
        Ok(Since::Ago(SignedDuration::from_hours(hours)))
    }
}
