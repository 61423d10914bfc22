//! Moments as the CRM writes nearly all of them: `2026-11-28T09:30:00Z`.

use jiff::Timestamp;

/// The moment that is written so; none if it is written in any other way, or is none.
pub fn plain_moment(text: &str) -> Option<Timestamp> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let is_plain = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if !is_plain.iter().all(|(at, mark)| bytes[*at] == *mark) {
        return None;
    }
    let two = |at: usize| Some(digit(bytes[at])? * 10 + digit(bytes[at + 1])?);
    let (year, month, day) = (two(0)? * 100 + two(2)?, two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    let is_day = year >= 1 && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_day || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Timestamp::from_second(days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second).ok()
}

fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Years are counted from March, so that the day of a leap year is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let before_month = (153 * month + 2) / 5;
    year * 365 + leap_days + before_month + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1970-01-01T00:00:00Z", Some(0))]
    #[case("2026-11-28T09:30:00Z", Some(1_795_858_200))]
    #[case("0001-01-01T00:00:00Z", Some(-62_135_596_800))]
    #[case("0000-12-31T00:00:00Z", None)]
    #[case("2025-02-29T00:00:00Z", None)]
    #[case("2026-11-28T09:30:60Z", None)]
    #[case("2026-11-28 09:30:00Z", None)]
    #[case("2026-11-28T09:30:00+", None)]
    fn it_is_what_is_written(#[case] text: &str, #[case] second: Option<i64>) {
        assert_eq!(plain_moment(text).map(Timestamp::as_second), second);
    }

    proptest! {
        #[test]
        fn it_is_what_a_parser_reads(second in -62_135_596_800..253_402_207_200_i64) {
            let moment = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(plain_moment(&moment.to_string()), Some(moment));
        }

        /// Days and times that there are, and those just beyond.
        #[test]
        fn whatever_it_reads_a_parser_reads_alike(
            (year, month, day) in (0..=9_999_i64, 0..=13_i64, 0..=32_i64),
            (hour, minute, second) in (0..=25_i64, 0..=61_i64, 0..=61_i64),
        ) {
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
            if let Some(moment) = plain_moment(&text) {
                prop_assert_eq!(text.parse::<Timestamp>().ok(), Some(moment), "{}", text);
            }
        }
    }
}
