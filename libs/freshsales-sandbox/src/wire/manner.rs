//! How the account says what it says: its language, the shape of its errors, and the texts that nobody has recorded.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::words::{Sentence, translate};
use super::{NOT_FOUND_PAGE, Refusal, Reply, ReplyBody};
use crate::Language;
use crate::model::State;
use crate::switches::{ErrorShape, UnrecordedTexts};

/// How one account says what it says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) language: Language,
    pub(crate) shape: ErrorShape,
    pub(crate) texts: UnrecordedTexts,
}

/// Sentences whose wording nobody has recorded.
const UNRECORDED: &[&str] = &["Not found", "Filter can't be blank"];

impl Manner {
    pub(crate) fn of(state: &State) -> Self {
        let switches = &state.switches;
        Self { language: state.language, shape: switches.error_shape, texts: switches.unrecorded_texts }
    }

    fn say(self, english: &str) -> Option<String> {
        match self.texts {
            UnrecordedTexts::Other if UNRECORDED.contains(&english) => Some("Refused, see the reference.".to_owned()),
            UnrecordedTexts::Missing if UNRECORDED.contains(&english) => None,
            _ => Some(translate(self.language, english)),
        }
    }

    /// The sentences of a refusal in the account's language.
    pub(crate) fn sentences(self, refusal: &Refusal) -> Vec<String> {
        refusal.sentences().iter().filter_map(|sentence| self.say(sentence)).collect()
    }

    /// A confirmation whose wording is recorded: `{"message":…}`.
    pub(crate) fn message(self, english: &str) -> Reply {
        Reply::json(json!({"message": translate(self.language, english)}))
    }

    /// The confirmation of a bulk call: `{"message":…}`. Its wording is not recorded.
    pub(crate) fn confirmation(self, english: &str) -> Map<String, Value> {
        let message = match self.texts {
            UnrecordedTexts::Usual => Some(translate(self.language, english)),
            UnrecordedTexts::Other => Some("OK".to_owned()),
            UnrecordedTexts::Missing => None,
        };
        message.map(|message| ("message".to_owned(), Value::String(message))).into_iter().collect()
    }

    /// The error envelope of a status.
    pub(crate) fn errors(self, status: StatusCode, english: &[String]) -> Reply {
        let said: Vec<String> = english.iter().filter_map(|sentence| self.say(sentence)).collect();
        let mut errors = json!({"code": status.as_u16()});
        match self.shape {
            _ if said.is_empty() => {}
            ErrorShape::PlainText => errors["message"] = Value::String(said.join(" ")),
            ErrorShape::List | ErrorShape::FieldMap => errors["message"] = json!(said),
        }
        Reply::json(json!({"errors": errors})).with_status(status)
    }

    /// The envelope of refused values, where the account names fields instead of a list: sentences about none are under `base`.
    pub(crate) fn field_map(self, refusal: &Refusal) -> Value {
        let sentences: Vec<Sentence> = match refusal {
            Refusal::Invalid(sentences) => sentences.clone(),
            other => other.sentences().into_iter().map(Sentence::from).collect(),
        };
        let mut errors = Map::new();
        for sentence in sentences {
            let field = sentence.field.unwrap_or_else(|| "base".to_owned());
            let said = self.say(&sentence.text).unwrap_or_default();
            if let Value::Array(list) = errors.entry(field).or_insert_with(|| json!([])) {
                list.push(Value::String(said));
            }
        }
        Value::Object(errors)
    }

    fn invalid(self, refusal: &Refusal) -> Reply {
        let status = StatusCode::BAD_REQUEST;
        if self.shape == ErrorShape::FieldMap {
            return Reply::json(json!({"errors": self.field_map(refusal)})).with_status(status);
        }
        self.errors(status, &refusal.sentences())
    }

    fn not_unique(self, refusal: &Refusal) -> Reply {
        let mut reply = self.invalid(refusal);
        if let ReplyBody::Json(body) = &mut reply.body {
            body["errors"]["error_code"] = json!(3002);
        }
        reply
    }

    /// What a refused request is answered.
    pub(crate) fn refuse(self, refusal: Refusal) -> Reply {
        let english = refusal.sentences();
        match &refusal {
            Refusal::Invalid(_) => self.invalid(&refusal),
            Refusal::NotUnique(_) => self.not_unique(&refusal),
            Refusal::Unprocessable(_) => self.errors(StatusCode::UNPROCESSABLE_ENTITY, &english),
            Refusal::Forbidden => self.errors(StatusCode::FORBIDDEN, &english),
            Refusal::NotFound => self.errors(StatusCode::NOT_FOUND, &english),
            Refusal::NotAnId => Reply::empty(StatusCode::NOT_FOUND),
            Refusal::UnknownRoute => Reply::html(StatusCode::NOT_FOUND, NOT_FOUND_PAGE),
            Refusal::Busy => Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}
