//! Dates, money, ids and numbers of jobs: text as it is, and as a value of JSON.
#![no_main]

use freshsales::RecordTime;
use freshsales::jobs::JobId;
use freshsales::value::FieldValue;
use jiff::civil::Date;
use libfuzzer_sys::fuzz_target;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    if let Some(time) = RecordTime::parse(&text) {
        assert_eq!(time.as_str(), text);
    }
    let _ids = (JobId::new(&text), JobId::from_url(&text));
    for value in [serde_json::from_str(&text).unwrap_or(Value::Null), Value::from(text.as_ref())] {
        kept::<i64>(&value);
        kept::<Decimal>(&value);
        kept::<Date>(&value);
        kept::<RecordTime>(&value);
        kept::<bool>(&value);
        kept::<Number>(&value);
        kept::<Map<String, Value>>(&value);
        kept::<Vec<i64>>(&value);
        kept::<Vec<Decimal>>(&value);
    }
});

/// What was read is the same after it was written.
fn kept<T: FieldValue + PartialEq + std::fmt::Debug>(value: &Value) {
    if let Some(read) = T::read(value) {
        assert_eq!(T::read(&read.write()).as_ref(), Some(&read), "a value changed by being written");
    }
}
