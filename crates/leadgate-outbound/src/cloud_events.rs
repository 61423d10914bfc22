//! The body of a webhook as a CloudEvent 1.0 in its structured JSON form.

use serde_json::{Map, Value, json};

/// The type of such a body.
pub(crate) const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";
/// Who speaks.
const SOURCE: &str = "urn:leadgate";

/// Makes the event of a delivery's content. `None` if the content names no type.
pub(crate) fn event(id: &str, content: &Map<String, Value>) -> Option<Value> {
    let kind = content.get("type")?.as_str().filter(|kind| !kind.is_empty())?;
    let mut data = content.get("data").cloned().unwrap_or(Value::Null);
    // An attribute of an event may not be an object, so what was found goes with the data.
    if let (Value::Object(data), Some(found)) = (&mut data, content.get("found")) {
        data.insert("found".to_owned(), found.clone());
    }
    let mut event = json!({
        "specversion": "1.0",
        "id": id,
        "source": SOURCE,
        "type": kind,
        "datacontenttype": "application/json",
        "data": data,
    });
    if let Some(time) = content.get("timestamp").and_then(Value::as_str) {
        event["time"] = time.into();
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_becomes_an_event() {
        let content = json!({
            "type": "deal.stage_changed",
            "timestamp": "2026-03-01T12:00:00Z",
            "data": {"id": 7},
            "found": {"person": {"kind": "contact", "id": 5}},
        });
        let expected = json!({
            "specversion": "1.0",
            "id": "msg_1",
            "source": "urn:leadgate",
            "type": "deal.stage_changed",
            "time": "2026-03-01T12:00:00Z",
            "datacontenttype": "application/json",
            "data": {"id": 7, "found": {"person": {"kind": "contact", "id": 5}}},
        });
        assert_eq!(event("msg_1", content.as_object().unwrap()), Some(expected));
        assert_eq!(event("msg_1", &Map::new()), None);
    }
}
