//! Replies outside 2xx: the first line is the status, a path, and headers; the rest the body.
#![no_main]

use std::time::Duration;

use freshsales::error::{ErrorBody, FailedReply, classify_reply};
use freshsales::observe::path_template;
use freshsales::{Idempotency, ResponseMeta, Route};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use leadgate_fuzz::first_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (line, body) = first_line(input);
    let mut words = line.split(' ');
    let Some(status) = words.next().and_then(|word| StatusCode::from_bytes(word.as_bytes()).ok()) else { return };
    let path = words.next().unwrap_or_default().to_owned();
    let mut headers = HeaderMap::new();
    for (name, value) in words.filter_map(|word| word.split_once('=')) {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value.replace('_', " "))) {
            headers.insert(name, value);
        }
    }
    let meta = ResponseMeta::read(status, &headers, Timestamp::UNIX_EPOCH, Duration::ZERO);
    for kind in [Idempotency::Read, Idempotency::KeyedWrite, Idempotency::Write] {
        for route in [Route::InEveryAccount, Route::MayBeMissing] {
            let class =
                classify_reply(&FailedReply { status, headers: &headers, body, meta: &meta, kind, route, path: &path });
            assert!(!class.name().is_empty());
        }
    }
    let read = ErrorBody::read(body);
    assert!(read.fields.iter().all(|hint| hint.field.is_ascii()), "a name of a field that may be a value");
    assert!(!path_template(&path).contains('@'), "an address in what is logged");
});
