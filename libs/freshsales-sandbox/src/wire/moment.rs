//! Dates and times as the API prints them, and the lenient forms it reads.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Seconds precision with the account zone's offset at that date; `Z` in UTC.
pub(crate) fn shown_moment(moment: Timestamp, zone: &TimeZone) -> String {
    let whole = Timestamp::from_second(moment.as_second()).unwrap_or(moment);
    if *zone == TimeZone::UTC {
        return whole.to_string();
    }
    whole.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Reads ISO 8601 with or without an offset, a bare date, or JavaScript's `Date` text.
/// Without an offset the account's zone applies. Source: seen in the wild.
pub(crate) fn parse_moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if let Ok(moment) = text.parse::<DateTime>() {
        return zone.to_ambiguous_timestamp(moment).compatible().ok();
    }
    if let Ok(date) = text.parse::<Date>() {
        return zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().ok();
    }
    let without_zone_name = text.split(" (").next().unwrap_or(text);
    ["%a %b %d %Y %H:%M:%S GMT%z", "%a %b %d %Y %H:%M:%S %z"]
        .iter()
        .find_map(|format| Timestamp::strptime(format, without_zone_name).ok())
}

/// Reads a calendar date from a date or from the start of a datetime.
pub(crate) fn parse_date(text: &str, zone: &TimeZone) -> Option<Date> {
    let text = text.trim();
    text.parse::<Date>()
        .ok()
        .or_else(|| parse_moment(text, zone).map(|moment| moment.to_zoned_datetime(zone.clone()).date()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_z_in_utc_and_the_offset_of_the_date_elsewhere() {
        let winter: Timestamp = "2026-01-05T06:44:37.9Z".parse().unwrap();
        assert_eq!(shown_moment(winter, &TimeZone::UTC), "2026-01-05T06:44:37Z");
        let zone = TimeZone::fixed(jiff::tz::offset(4));
        assert_eq!(shown_moment(winter, &zone), "2026-01-05T10:44:37+04:00");
    }

    #[test]
    fn reads_every_form_that_clients_send() {
        let expected: Timestamp = "2016-06-20T05:00:00Z".parse().unwrap();
        for text in ["2016-06-20T10:30:00+05:30", "2016-06-20T05:00:00", "Mon Jun 20 2016 10:30:00 GMT+0530 (IST)"] {
            assert_eq!(parse_moment(text, &TimeZone::UTC), Some(expected), "{text}");
        }
        assert!(parse_moment("2016-06-20", &TimeZone::UTC).is_some());
        assert_eq!(parse_moment("next week", &TimeZone::UTC), None);
    }
}
