//! Headers of the quota and `Retry-After`: one value a line, and the time.
#![no_main]

use std::time::Duration;

use freshsales::ResponseMeta;
use freshsales::rate_limit::{nearest_plausible_reset, parse_reset};
use freshsales::retry::RetryPolicy;
use freshsales::{ErrorClass, Idempotency};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use leadgate_fuzz::first_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut headers = HeaderMap::new();
    let mut rest = input;
    for name in ["x-ratelimit-reset", "x-ratelimit-limit", "x-ratelimit-remaining", "retry-after"] {
        let (line, after) = first_line(rest);
        rest = after;
        if let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) {
            headers.insert(name, value);
        }
    }
    let (time, _) = first_line(rest);
    let now = time.parse::<i64>().ok().and_then(|second| Timestamp::from_second(second).ok()).unwrap_or_default();
    let meta = ResponseMeta::read(StatusCode::TOO_MANY_REQUESTS, &headers, now, Duration::ZERO);
    let waited = ErrorClass::EdgeThrottled { retry_after: meta.retry_after };
    let _wait = RetryPolicy::default().wait_before_retry(1, Idempotency::Read, &waited, 0.5);
    if let Some(reset) = meta.rate_limit.and_then(|limit| limit.reset_text).and_then(|text| parse_reset(&text, now)) {
        let plausible = nearest_plausible_reset(reset, now);
        let hour = SignedDuration::from_hours(1);
        assert!(plausible.is_none_or(|end| end >= now && end.duration_since(now) <= hour), "a window of an hour");
    }
});
