//! A flat object as JSON, XML or a form.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::fields::text_of;
use super::rule::Encoding;
use crate::Kind;

impl Encoding {
    /// The `Content-Type` of a body.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }

    /// The body of simple content.
    pub(super) fn body(self, kind: Kind, object: Map<String, Value>) -> String {
        match self {
            Self::Json => Value::Object(object).to_string(),
            Self::Xml => xml(kind, &object),
            Self::Form => form(&object),
        }
    }
}

fn xml(kind: Kind, object: &Map<String, Value>) -> String {
    let root = kind.singular();
    let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><{root}>");
    for (name, value) in object {
        let (name, value) = (element_name(name), xml_text(&text_of(value)));
        let _ = write!(text, "<{name}>{value}</{name}>");
    }
    text + &format!("</{root}>")
}

/// Keys begin with the name of a kind, so only the letters after it can be unfit.
fn element_name(key: &str) -> String {
    key.chars().map(|letter| if letter.is_alphanumeric() || "_-.".contains(letter) { letter } else { '_' }).collect()
}

/// Markup escaped; characters that XML cannot carry are left out.
pub(super) fn xml_text(text: &str) -> String {
    let allowed = |letter: &char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r');
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars().filter(allowed) {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn form(object: &Map<String, Value>) -> String {
    let pairs = object.iter().map(|(name, value)| format!("{}={}", percent(name), percent(&text_of(value))));
    pairs.collect::<Vec<_>>().join("&")
}

/// Everything but unreserved characters, so that the result fits a path, a query and a form.
pub(super) fn percent(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_object_in_three_encodings() {
        let object = json!({"deal_id": 7, "deal_name": "A & B", "deal_cf_x": null});
        let body = |encoding: Encoding| encoding.body(Kind::Deal, object.as_object().unwrap().clone());
        assert_eq!(body(Encoding::Json), r#"{"deal_id":7,"deal_name":"A & B","deal_cf_x":null}"#);
        let elements = "<deal><deal_id>7</deal_id><deal_name>A &amp; B</deal_name><deal_cf_x></deal_cf_x></deal>";
        assert_eq!(body(Encoding::Xml), format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{elements}"));
        assert_eq!(body(Encoding::Form), "deal_id=7&deal_name=A%20%26%20B&deal_cf_x=");
    }
}
