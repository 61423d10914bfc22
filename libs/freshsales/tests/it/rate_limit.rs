//! The quota headers and what their reset can mean.

use freshsales::RateLimit;
use freshsales::rate_limit::{nearest_plausible_reset, parse_reset};
use http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rstest::rstest;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[rstest]
#[case("150626150000", Some("2026-06-15T15:00:00Z"))]
#[case(" 231126145959 ", Some("2026-11-23T14:59:59Z"))]
#[case("50626150000", Some("2026-06-05T15:00:00Z"))]
#[case("1781535600", Some("2026-06-15T15:00:00Z"))]
#[case("1781535600000", Some("2026-06-15T15:00:00Z"))]
#[case("90", Some("2026-06-15T14:31:30Z"))]
#[case("0", Some("2026-06-15T14:30:00Z"))]
#[case("", None)]
#[case("soon", None)]
#[case("-5", None)]
#[case("320626150000", None)]
#[case("151326150000", None)]
#[case("150626250000", None)]
#[case("12345678", None)]
#[case("99999999999999999999", None)]
fn a_reset_is_read(#[case] text: &str, #[case] expected: Option<&str>) {
    assert_eq!(parse_reset(text, at("2026-06-15T14:30:00Z")), expected.map(at));
}

#[rstest]
#[case::utc("2026-06-15T15:00:00Z", Some("2026-06-15T15:00:00Z"))]
#[case::berlin("2026-06-15T17:00:00Z", Some("2026-06-15T15:00:00Z"))]
#[case::india("2026-06-15T20:30:00Z", Some("2026-06-15T15:00:00Z"))]
#[case::new_york("2026-06-15T11:00:00Z", Some("2026-06-15T15:00:00Z"))]
#[case::too_old("2026-06-13T15:00:00Z", None)]
#[case::too_far("2026-06-17T15:00:00Z", None)]
fn a_reset_is_mapped_into_the_next_hour(#[case] read: &str, #[case] expected: Option<&str>) {
    let now = at("2026-06-15T14:45:00Z");
    assert_eq!(nearest_plausible_reset(at(read), now), expected.map(at));
}

#[test]
fn headers_are_read_each_by_itself() {
    let read = |headers: &[(&'static str, &'static str)]| {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
        RateLimit::from_headers(&headers, at("2026-06-15T14:30:00Z"))
    };
    let quota =
        read(&[("x-ratelimit-limit", "1000"), ("x-ratelimit-remaining", "987"), ("x-ratelimit-reset", "150626150000")]);
    let quota = quota.unwrap();
    assert_eq!((quota.limit, quota.remaining, quota.reset), (Some(1000), Some(987), Some(at("2026-06-15T15:00:00Z"))));
    assert_eq!(quota.reset_text.as_deref(), Some("150626150000"));
    assert_eq!(read(&[("x-ratelimit-remaining", "lots")]), None);
    assert_eq!(read(&[("x-ratelimit-reset", "soon")]).unwrap().reset, None);
}

proptest! {
    #[test]
    fn every_moment_of_the_century_comes_back(second in 946_684_800_i64..4_102_444_800) {
        let moment = Timestamp::from_second(second).unwrap();
        let text = moment.strftime("%d%m%y%H%M%S").to_string();
        prop_assert_eq!(parse_reset(&text, Timestamp::UNIX_EPOCH), Some(moment));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,20}|[0-9]{1,22}") {
        let _ = parse_reset(&text, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_true_reset_in_any_zone_maps_into_the_hour_and_never_past_it(wait in 0_i64..=3600, steps in -24_i64..=28) {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let truth = now + SignedDuration::from_secs(wait);
        let printed = truth + SignedDuration::from_mins(30 * steps);
        let mapped = nearest_plausible_reset(printed, now).unwrap();
        prop_assert!(now <= mapped && mapped <= truth);
        prop_assert_eq!((truth.as_second() - mapped.as_second()) % 1800, 0);
    }
}
