//! A courier to made-up destinations.

use std::sync::Arc;

use jiff::Timestamp;
use leadgate_core::delivery::{DeliveryAnswer, Outbound as _, Parcel};
use leadgate_core::rules::Rules;
use leadgate_outbound::Courier;
use leadgate_outbound::dialing::{LookUp, SystemLookUp};
use serde_json::{Value, json};

pub(crate) const SHARED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const PRIVATE: &str = "whsk_V0VCSE9PS0FTWU1NRVRSSUNURVNUUFJJVkFURUtFWTE=";

pub(crate) fn webhook_rules(url: &str, more: &str) -> String {
    format!("[destinations.it]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"{SHARED}\", \"{PRIVATE}\"]\n{more}")
}

pub(crate) fn content() -> Value {
    json!({"type": "deal.stage_changed", "timestamp": "2026-03-01T12:00:00Z", "data": {"id": 7, "to": "Won"}})
}

pub(crate) fn parcel(content: Value) -> Parcel {
    let sent_at = Timestamp::from_second(1_614_265_330).unwrap();
    Parcel { id: "msg_1".to_owned(), destination: "it".to_owned(), content, sent_at, test: false }
}

pub(crate) async fn deliver(rules: &str, content: Value) -> DeliveryAnswer {
    deliver_looking_up(rules, content, Arc::new(SystemLookUp)).await
}

pub(crate) async fn deliver_looking_up(rules: &str, content: Value, look_up: Arc<dyn LookUp>) -> DeliveryAnswer {
    let rules = Rules::parse(rules, &|_| None).unwrap();
    Courier::with_look_up(&rules.destinations, look_up).deliver(parcel(content)).await
}
