//! When an owner can be given a lead: working hours, absences, and how many of a day.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::rules::Compiling;

/// Hours as they are written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoursFile {
    days: Option<Vec<String>>,
    from: Option<String>,
    to: Option<String>,
    time_zone: Option<String>,
}

/// Hours of the week in a time zone. Hours that end before they begin end on the next day.
#[derive(Clone, Debug)]
pub(super) struct Hours {
    /// From Monday.
    days: [bool; 7],
    /// Minutes of the day.
    from: i16,
    to: i16,
    zone: TimeZone,
}

/// Days on which somebody is away, both ends included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Absence {
    first: Date,
    last: Date,
}

const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const WHOLE_DAY: i16 = 24 * 60;

impl Hours {
    pub(super) fn compile(file: HoursFile, zone: &TimeZone, place: &str, compiling: &mut Compiling<'_>) -> Hours {
        let own = file.time_zone.map(|name| time_zone(&name, &format!("{place}.time_zone"), compiling));
        let mut minutes = |text: Option<String>, name: &str, usual: i16| match text {
            None => usual,
            Some(text) => minute_of_day(&text).unwrap_or_else(|| {
                compiling
                    .problem(&format!("{place}.{name}"), format_args!("\"{text}\" is no time of day such as 09:00"));
                usual
            }),
        };
        let (from, to) = (minutes(file.from, "from", 0), minutes(file.to, "to", WHOLE_DAY));
        if from == to {
            compiling.problem(place, "from and to are the same; leave both out for the whole day");
        }
        let days = days(file.days, &format!("{place}.days"), compiling);
        Hours { days, from, to, zone: own.unwrap_or_else(|| zone.clone()) }
    }

    pub(super) fn contain(&self, now: Timestamp) -> bool {
        let here = self.zone.to_datetime(now);
        let minute = i16::from(here.hour()) * 60 + i16::from(here.minute());
        let today = usize::from(here.weekday().to_monday_zero_offset().unsigned_abs());
        if self.from < self.to {
            return self.days[today] && (self.from..self.to).contains(&minute);
        }
        (self.days[today] && minute >= self.from) || (self.days[(today + 6) % 7] && minute < self.to)
    }

    /// Their time zone.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

impl std::fmt::Display for Hours {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = DAY_NAMES.iter().zip(self.days).filter(|(_, on)| *on).map(|(name, _)| *name);
        let days: Vec<&str> = days.collect();
        let clock = |minutes: i16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let zone = self.zone.iana_name().unwrap_or("UTC");
        write!(formatter, "{} {}-{} {zone}", days.join(" "), clock(self.from), clock(self.to))
    }
}

impl Absence {
    pub(super) fn compile(written: &str, place: &str, compiling: &mut Compiling<'_>) -> Option<Absence> {
        let (first, last) = written.split_once('/').unwrap_or((written, written));
        let read = |text: &str| text.trim().parse::<Date>().ok();
        match (read(first), read(last)) {
            (Some(first), Some(last)) if first <= last => Some(Absence { first, last }),
            _ => {
                compiling.problem(
                    place,
                    format_args!("\"{written}\" is no day or span of days such as 2026-12-24/2027-01-02"),
                );
                None
            }
        }
    }

    pub(super) fn covers(&self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }

    pub(super) fn last(&self) -> Date {
        self.last
    }
}

/// A time zone by its name.
pub(super) fn time_zone(name: &str, place: &str, compiling: &mut Compiling<'_>) -> TimeZone {
    TimeZone::get(name).unwrap_or_else(|_| {
        compiling.problem(place, format_args!("there is no time zone \"{name}\"; write one such as Europe/Berlin"));
        TimeZone::UTC
    })
}

fn days(written: Option<Vec<String>>, place: &str, compiling: &mut Compiling<'_>) -> [bool; 7] {
    let Some(written) = written else { return [true; 7] };
    let mut days = [false; 7];
    for name in written {
        let folded: String = name.to_lowercase().chars().take(3).collect();
        match DAY_NAMES.iter().position(|short| *short == folded) {
            Some(day) => days[day] = true,
            None => compiling.problem(place, format_args!("\"{name}\" is none of mon, tue, wed, thu, fri, sat, sun")),
        }
    }
    if days == [false; 7] {
        compiling.problem(place, "names no day");
    }
    days
}

fn minute_of_day(text: &str) -> Option<i16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (i16, i16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour.checked_mul(60)?.checked_add(minute)?;
    ((0..60).contains(&minute) && (0..=WHOLE_DAY).contains(&total) && hour >= 0).then_some(total)
}
