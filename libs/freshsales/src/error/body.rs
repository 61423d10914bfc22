//! Tolerant reader of error bodies. Pure.
//!
//! The shape that is recorded is `{"errors":{"code":400,"error_code":3002,"message":["…"]}}`; clients in the wild also guard against a
//! `message` that is one string, a map from field to sentences, the keys `message`, `error` and `description`, and plain text.

use serde_json::{Map, Value};

use super::Sentences;

/// Keys of an error object that are about the error itself and not names of fields.
const KEYS_OF_ERRORS: [&str; 10] =
    ["code", "error_code", "message", "messages", "error", "description", "status", "errors", "login", "base"];

/// Longest text that counts as a sentence; beyond it the body is a page or a dump.
const LONGEST_SENTENCE: usize = 500;

/// A field that the CRM named in a refusal, with what it said about it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldHint {
    /// The field by the CRM's name, e.g. `mobile_number`.
    pub field: String,
    /// What the CRM said about it; may quote what was sent.
    pub sentence: String,
}

impl std::fmt::Debug for FieldHint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FieldHint").field("field", &self.field).finish_non_exhaustive()
    }
}

/// What an error body says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ErrorBody {
    /// Whether the body is JSON at all; pages of the edge are not.
    pub is_json: bool,
    /// `errors.code`, usually the HTTP status again.
    pub code: Option<i64>,
    /// `errors.error_code`, e.g. 3002 for a value that is not unique.
    pub error_code: Option<i64>,
    /// All sentences found, without duplicates.
    pub sentences: Sentences,
    /// Sentences that come under the name of a field.
    pub fields: Vec<FieldHint>,
}

impl ErrorBody {
    /// Reads any body; what is not understood stays out.
    pub fn read(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(value) => Self::from_json(&value),
            Err(_) => Self::from_text(&String::from_utf8_lossy(body)),
        }
    }

    fn from_json(value: &Value) -> Self {
        let mut found = Self { is_json: true, ..Self::default() };
        match value {
            Value::Object(fields) => match fields.get("errors") {
                Some(Value::Object(errors)) => found.take_error_object(errors),
                Some(errors) => found.take_sentences(errors),
                None => found.take_error_object(fields),
            },
            other => found.take_sentences(other),
        }
        found
    }

    fn from_text(text: &str) -> Self {
        let mut found = Self::default();
        if !text.trim_start().starts_with('<') {
            found.add_sentence(text);
        }
        found
    }

    fn take_error_object(&mut self, errors: &Map<String, Value>) {
        let number = |key| errors.get(key).and_then(crate::value::FieldValue::read);
        self.code = number("code");
        self.error_code = number("error_code");
        for key in ["message", "messages", "errors", "error", "description", "base"] {
            errors.get(key).into_iter().for_each(|value| self.take_sentences(value));
        }
        let is_field = |name: &str| !KEYS_OF_ERRORS.contains(&name);
        errors.iter().filter(|(name, _)| is_field(name)).for_each(|(name, value)| self.take_field(name, value));
    }

    /// A string, a list of strings, or a map from field to either.
    fn take_sentences(&mut self, value: &Value) {
        match value {
            Value::String(sentence) => self.add_sentence(sentence),
            Value::Array(items) => items.iter().for_each(|item| self.take_sentences(item)),
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| match KEYS_OF_ERRORS.contains(&name.as_str()) {
                    true => self.take_sentences(value),
                    false => self.take_field(name, value),
                })
            }
            _ => {}
        }
    }

    fn take_field(&mut self, name: &str, value: &Value) {
        let sentences: Vec<&str> = match value {
            Value::String(sentence) => vec![sentence],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => return,
        };
        for sentence in sentences {
            if is_field_name(name) {
                self.fields.push(FieldHint { field: name.to_owned(), sentence: sentence.to_owned() });
            }
            self.add_sentence(sentence);
        }
    }

    fn add_sentence(&mut self, sentence: &str) {
        let sentence: String = sentence.trim().chars().take(LONGEST_SENTENCE).collect();
        if !sentence.is_empty() && !self.sentences.contains(&sentence) {
            self.sentences.0.push(sentence);
        }
    }
}

/// Names of fields are printed, so a key that could be a value (an address, a sentence) is no name.
fn is_field_name(key: &str) -> bool {
    (1..=80).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
