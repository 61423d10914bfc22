//! The fields of a body, whichever way the page encodes them.

use std::convert::Infallible;

use axum::body::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use leadgate_core::intake::{IntakeError, Problem};
use serde_json::Value;

use crate::error::ApiError;

/// More fields than any form has.
const MOST_FIELDS: usize = 200;
/// The longest name of a field, in bytes.
const LONGEST_NAME: usize = 200;

const WRONG_TYPE: &str =
    "the form must be sent as application/x-www-form-urlencoded, multipart/form-data or application/json";
const NOT_A_FORM: &str = "the body is not what its Content-Type says; send the form again";
const NOT_UTF8: &str = "the form is not encoded as UTF-8; the page needs <meta charset=\"utf-8\">";
const TOO_MANY: &str = "the form has too many fields, or one with too long a name";

type Fields = Vec<(String, String)>;

/// Reads the fields in the order in which they were sent.
pub(super) async fn read(headers: &HeaderMap, body: Vec<u8>) -> Result<Fields, ApiError> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fields = match kind.as_str() {
        "application/x-www-form-urlencoded" => urlencoded(&body)?,
        "multipart/form-data" => multipart(declared, body).await?,
        "application/json" => json(&body)?,
        _ => return Err(ApiError::NotAForm(WRONG_TYPE)),
    };
    let sane = fields.len() <= MOST_FIELDS && fields.iter().all(|(name, _)| name.len() <= LONGEST_NAME);
    if sane { Ok(fields) } else { Err(ApiError::FormUnreadable(TOO_MANY)) }
}

/// A page in another encoding would have its letters replaced without a word.
fn urlencoded(body: &[u8]) -> Result<Fields, ApiError> {
    let fields: Fields = url::form_urlencoded::parse(body).into_owned().collect();
    let replaced = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
    if fields.iter().any(|(name, text)| replaced(name) || replaced(text)) {
        return Err(ApiError::FormUnreadable(NOT_UTF8));
    }
    Ok(fields)
}

async fn multipart(content_type: &str, body: Vec<u8>) -> Result<Fields, ApiError> {
    let broken = |_| ApiError::FormUnreadable(NOT_A_FORM);
    let boundary = multer::parse_boundary(content_type).map_err(broken)?;
    let whole = futures::stream::iter([Ok::<_, Infallible>(Bytes::from(body))]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut fields = Fields::new();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let content = part.bytes().await.map_err(broken)?;
        // A file that nobody chose is sent as an empty one.
        match is_file {
            true if content.is_empty() => continue,
            true => return Err(wrong(&name, "is a file; this form takes text only")),
            false => {}
        }
        let text = String::from_utf8(content.to_vec()).map_err(|_| ApiError::FormUnreadable(NOT_UTF8))?;
        fields.push((name, text));
    }
    Ok(fields)
}

fn json(body: &[u8]) -> Result<Fields, ApiError> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return Err(ApiError::FormUnreadable(
            "the body is not one JSON object; send {\"email\": \"name@example.com\"}",
        ));
    };
    let mut fields = Fields::new();
    for (name, value) in object {
        let values = match value {
            Value::Array(values) => values,
            value => vec![value],
        };
        for value in values {
            match value {
                Value::String(text) => fields.push((name.clone(), text)),
                Value::Number(number) => fields.push((name.clone(), number.to_string())),
                Value::Bool(flag) => fields.push((name.clone(), flag.to_string())),
                Value::Null => {}
                Value::Array(_) | Value::Object(_) => {
                    return Err(wrong(&name, "is not a text, a number, true or false, or a list of these"));
                }
            }
        }
    }
    Ok(fields)
}

/// The name is the sender's own making; only so much of it is said back.
fn wrong(name: &str, message: &str) -> ApiError {
    let field = name.chars().filter(|character| !character.is_control()).take(60).collect();
    ApiError::Intake(IntakeError::Invalid(vec![Problem { field, message: message.to_owned() }]))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read_as(kind: &str, body: Vec<u8>) -> Result<Fields, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        read(&headers, body).now_or_never().unwrap()
    }

    proptest! {
        #[test]
        fn no_body_breaks_a_reader(body in prop::collection::vec(any::<u8>(), 0..200)) {
            for kind in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json"] {
                let _ = read_as(kind, body.clone());
            }
        }

        #[test]
        fn every_encoding_keeps_every_text(fields in prop::collection::btree_map("[a-z]{1,8}", "[^\\x00\u{fffd}]{0,40}", 0..6)) {
            let expected: Fields = fields.clone().into_iter().collect();
            let mut urlencoded = url::form_urlencoded::Serializer::new(String::new());
            urlencoded.extend_pairs(&fields);
            let urlencoded = read_as("application/x-www-form-urlencoded", urlencoded.finish().into_bytes()).unwrap();
            prop_assert_eq!(&urlencoded, &expected);
            let json = read_as("application/json", serde_json::to_vec(&fields).unwrap()).unwrap();
            prop_assert_eq!(&json, &expected);
            let mut parts: String = fields.iter().map(|(name, text)| format!("--xBx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")).collect();
            parts.push_str("--xBx--\r\n");
            let multipart = read_as("multipart/form-data; boundary=xBx", parts.into_bytes()).unwrap();
            prop_assert_eq!(&multipart, &expected);
        }
    }
}
