//! A signed webhook from a delivery's content.

use leadgate_core::delivery::{DeliveryFailure, Parcel};
use leadgate_core::destinations::{BodyFormat, WebhookReceiver};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use crate::cloud_events;
use crate::standard_webhooks::{ID_HEADER, Message, SIGNATURE_HEADER, TIMESTAMP_HEADER, signatures};

/// Says that somebody tries the destination.
const TEST_HEADER: &str = "leadgate-test";

/// A body and its headers.
pub(crate) struct Letter {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Writes and signs the request of a parcel.
pub(crate) fn letter(parcel: &Parcel, receiver: &WebhookReceiver) -> Result<Letter, DeliveryFailure> {
    let unusable = |why: &str| DeliveryFailure::Unusable(why.to_owned());
    let content = parcel.content.as_object().ok_or_else(|| unusable("the content is no object"))?;
    let (content_type, body) =
        body(parcel, content, receiver.format).ok_or_else(|| unusable("the content has no `type`"))?;
    let body = body.to_string().into_bytes();
    let message = Message { id: &parcel.id, sent_at: parcel.sent_at, body: &body };
    let signature = signatures(&message, &receiver.keys).ok_or_else(|| unusable("a secret cannot sign"))?;
    let own = [
        (ID_HEADER, parcel.id.clone()),
        (TIMESTAMP_HEADER, parcel.sent_at.as_second().to_string()),
        (SIGNATURE_HEADER, signature),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in &receiver.headers {
        insert(&mut headers, name, value.expose_secret())?;
    }
    for (name, value) in own {
        insert(&mut headers, name, &value)?;
    }
    if parcel.test {
        headers.insert(TEST_HEADER, HeaderValue::from_static("true"));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(Letter { headers, body })
}

fn body(parcel: &Parcel, content: &Map<String, Value>, format: BodyFormat) -> Option<(&'static str, Value)> {
    match format {
        BodyFormat::Plain => {
            content.get("type")?.as_str()?;
            Some(("application/json", Value::Object(content.clone())))
        }
        BodyFormat::CloudEvents => Some((cloud_events::CONTENT_TYPE, cloud_events::event(&parcel.id, content)?)),
    }
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), DeliveryFailure> {
    let unusable = |_| DeliveryFailure::Unusable(format!("the header {name} cannot be written"));
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable(()))?;
    let mut value = HeaderValue::from_str(value).map_err(|_| unusable(()))?;
    value.set_sensitive(true);
    headers.insert(header, value);
    Ok(())
}
