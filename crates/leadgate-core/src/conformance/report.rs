//! The document that can be attached to a report of a fault: shapes and differences, no value, no id, no name.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::compare::{Difference, What, compare};
use super::recorded::{Body, Recorded};
use super::shape::{CUSTOM_KEY, ID_KEY, Shape};

/// Two accounts, compared.
pub struct Report {
    replies: Vec<Compared>,
    vocabulary: Vocabulary,
}

/// One request's answers.
struct Compared {
    real: Recorded,
    /// What differs; nothing to compare with where the reference was not asked.
    differences: Vec<Difference>,
}

impl Report {
    /// Compares the answers to the same requests. The salt keeps unknown keys from being guessed by their digests; take a new one for each report.
    #[must_use]
    pub fn new(real: Vec<Recorded>, reference: &[Recorded], salt: impl Into<String>) -> Report {
        let vocabulary = Vocabulary::of(reference, salt.into());
        let compared = |real: Recorded| {
            let same = reference.iter().find(|other| other.request == real.request);
            let differences = same.map(|reference| compare(&real, reference)).unwrap_or_default();
            Compared { real, differences }
        };
        Report { replies: real.into_iter().map(compared).collect(), vocabulary }
    }

    /// How many differences there are, notes left out.
    #[must_use]
    pub fn difference_count(&self) -> usize {
        let differences = self.replies.iter().flat_map(|reply| &reply.differences);
        differences.filter(|difference| !difference.is_note()).count()
    }

    /// How many requests were compared.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.replies.len()
    }

    /// Every difference on a line, notes last.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let told = |notes: bool| {
            self.replies.iter().flat_map(move |reply| {
                let wanted = reply.differences.iter().filter(move |difference| difference.is_note() == notes);
                wanted.map(|difference| format!("{}: {}", reply.real.request, self.in_words(difference)))
            })
        };
        told(false).chain(told(true).map(|line| format!("{line} (a note)"))).collect()
    }

    /// The whole document.
    #[must_use]
    pub fn document(&self) -> Value {
        let reply = |reply: &Compared| {
            let told = |notes: bool| {
                let wanted = reply.differences.iter().filter(move |one| one.is_note() == notes);
                wanted.map(|one| self.in_words(one)).collect::<Vec<_>>()
            };
            json!({
                "request": reply.real.request,
                "status": reply.real.status,
                "headers": reply.real.headers,
                "body": self.body(&reply.real.body),
                "differences": told(false),
                "notes": told(true),
            })
        };
        json!({
            "differences": self.difference_count(),
            "replies": self.replies.iter().map(reply).collect::<Vec<_>>(),
        })
    }

    fn in_words(&self, difference: &Difference) -> String {
        let place = self.place(&difference.place);
        let types =
            |types: &[super::shape::Type]| types.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" or ");
        let status = |status: &Option<u16>| status.map_or("no reply".to_owned(), |status| status.to_string());
        let header = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        match &difference.what {
            What::Status(real, reference) => format!("answered {}, expected {}", status(real), status(reference)),
            What::Header(name, real, reference) => {
                format!("header {name} is {}, expected {}", header(real), header(reference))
            }
            What::Body(real, reference) => format!("the body is {real}, expected {reference}"),
            What::Missing => format!("{place} is missing"),
            What::Unknown => format!("{place} is not known"),
            What::Type(real, reference) => format!("{place} is {}, expected {}", types(real), types(reference)),
            What::Null => format!("{place} is null, never so in the reference"),
        }
    }

    fn place(&self, place: &[String]) -> String {
        let mut text = String::new();
        for part in place {
            if part == "[]" {
                text.push_str("[]");
            } else {
                let dot = if text.is_empty() { "" } else { "." };
                text.push_str(&format!("{dot}{}", self.vocabulary.shown(part)));
            }
        }
        if text.is_empty() { "the body".to_owned() } else { text }
    }

    fn body(&self, body: &Body) -> Value {
        match body {
            Body::Json(shape) => self.shape(shape),
            other => json!(other.name()),
        }
    }

    /// Objects as objects, arrays as arrays of one, all else by the names of the types.
    fn shape(&self, shape: &Shape) -> Value {
        let types: Vec<&str> = shape.types.iter().map(|kind| kind.name()).collect();
        let named = types.join(" | ");
        if let Some(keys) = &shape.keys {
            let member = |(key, member): (&String, &super::shape::Member)| {
                let mark = if member.always { "" } else { "?" };
                (format!("{}{mark}", self.vocabulary.shown(key)), self.shape(&member.shape))
            };
            return Value::Object(keys.iter().map(member).collect::<Map<String, Value>>());
        }
        match &shape.items {
            Some(items) => json!([self.shape(items)]),
            None if types == ["array"] => json!([]),
            None => json!(named),
        }
    }
}

/// The keys that may be shown: those of the reference, and those made of its words. All others may be somebody's own words.
struct Vocabulary {
    keys: BTreeSet<String>,
    words: BTreeSet<String>,
    salt: String,
}

impl Vocabulary {
    fn of(reference: &[Recorded], salt: String) -> Vocabulary {
        let mut keys = BTreeSet::from([ID_KEY, CUSTOM_KEY]);
        for recorded in reference {
            if let Body::Json(shape) = &recorded.body {
                shape.all_keys(&mut keys);
            }
        }
        let words = keys.iter().flat_map(|key| key.split('_')).map(str::to_owned).collect();
        Vocabulary { keys: keys.into_iter().map(str::to_owned).collect(), words, salt }
    }

    fn shown(&self, key: &str) -> String {
        if self.keys.contains(key) || key.split('_').all(|word| self.words.contains(word)) {
            return key.to_owned();
        }
        let digest = Sha256::digest(format!("{}:{key}", self.salt));
        let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("key-{digits}")
    }
}
