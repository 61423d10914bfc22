//! Whose a row is: whether a text, a tree of values or a key names one certain person.
//!
//! Cast: [`Marks`] is what a person is recognised by, as salted digests and record ids, never as an address or a number; `texts` finds what may
//! be an address or a number in a text, however it is packed; `trees` goes through JSON. Flow: every candidate is normalised, digested and
//! looked up among the marks. So an address that is part of another is another, and whoever holds the marks cannot read an address in them.

mod texts;
mod trees;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::identity::{Email, IdentityKey, Phone};
use crate::profile::key_of_id;
use crate::record::{RecordKind, RecordRef};

/// What a person is recognised by. Digests are of 128 bits, in hexadecimal, under the salt of this one demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    salt: String,
    digests: BTreeSet<String>,
    records: BTreeSet<RecordRef>,
    /// Whether numbers are worth a look.
    #[serde(default)]
    numbers: bool,
}

/// Whom to forget, as somebody asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Their addresses.
    pub emails: Vec<Email>,
    /// Their numbers; each is in E.164.
    pub phones: Vec<Phone>,
    /// Their records: leads and contacts.
    pub records: Vec<RecordRef>,
}

impl Person {
    /// Whether nobody is named.
    pub fn is_nobody(&self) -> bool {
        self.emails.is_empty() && self.phones.is_empty() && self.records.is_empty()
    }

    /// The identities that jobs of the person are ordered by.
    pub fn keys(&self) -> Vec<IdentityKey> {
        let emails = self.emails.iter().map(IdentityKey::of_email);
        let phones = self.phones.iter().filter_map(IdentityKey::of_phone);
        emails.chain(phones).chain(self.records.iter().map(|record| IdentityKey::of_record(*record))).collect()
    }
}

impl Marks {
    /// The marks of a person under a salt, which must be random and used for nothing else.
    pub fn new(person: &Person, salt: [u8; 16]) -> Marks {
        let records = person.records.iter().copied().collect();
        let mut marks = Marks { salt: hex(&salt), digests: BTreeSet::new(), records, numbers: false };
        for email in &person.emails {
            marks.add_key(IdentityKey::of_email(email).as_str());
            // Apps that use the address as the user's id.
            marks.add_key(&key_of_id("user", email.as_str()));
            marks.add_key(&key_of_id("anonymous", email.as_str()));
        }
        for phone in &person.phones {
            marks.add_phone(phone);
        }
        marks
    }

    fn add_phone(&mut self, phone: &Phone) {
        let Some(number) = phone.e164() else { return };
        if let Some(key) = IdentityKey::of_phone(phone) {
            self.add_key(key.as_str());
        }
        self.add("number", number.trim_start_matches('+'));
        if let Some(national) = texts::national_part(number) {
            self.add("national", &national);
        }
        self.numbers = true;
    }

    /// Adds the key of an identity or a profile, as stores keep them.
    pub fn add_key(&mut self, key: &str) {
        self.add("key", key);
    }

    /// Adds an address of the person, if it is one.
    pub fn add_address(&mut self, text: &str) {
        if let Ok(email) = Email::parse(text) {
            self.add_key(IdentityKey::of_email(&email).as_str());
        }
    }

    /// Adds a record of the person.
    pub fn add_record(&mut self, record: RecordRef) {
        self.records.insert(record);
    }

    fn add(&mut self, kind: &str, value: &str) {
        let digest = self.digest(kind, value);
        self.digests.insert(digest);
    }

    fn has(&self, kind: &str, value: &str) -> bool {
        self.digests.contains(&self.digest(kind, value))
    }

    fn digest(&self, kind: &str, value: &str) -> String {
        let mut hasher = Sha256::new();
        for part in [self.salt.as_str(), kind, value] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hex(&hasher.finalize()[..16])
    }

    /// The records, leads and contacts.
    pub fn records(&self) -> impl Iterator<Item = RecordRef> + '_ {
        self.records.iter().copied()
    }

    /// The salt and the digests, in hexadecimal, for a receipt: whoever is told an address can check that it is the one.
    pub fn digests(&self) -> (&str, impl Iterator<Item = &str>) {
        (&self.salt, self.digests.iter().map(String::as_str))
    }

    /// Whether a key of an identity or a profile is the person's. Keys of records are read as records.
    pub fn is_key(&self, key: &str) -> bool {
        record_of_key(key).is_some_and(|record| self.is_record(record)) || self.has("key", key)
    }

    /// Whether a record is the person's.
    pub fn is_record(&self, record: RecordRef) -> bool {
        self.records.contains(&record)
    }

    /// Whether a body names the person: JSON, XML or a form in any shape, or a text.
    pub fn are_in_body(&self, body: &[u8]) -> bool {
        trees::tree_of(body).is_some_and(|tree| self.are_in(&tree)) || self.are_in_text(&String::from_utf8_lossy(body))
    }

    /// Whether a text names the person, plainly or in another packing: as JSON, percent-encoded, with entities.
    pub fn are_in_text(&self, text: &str) -> bool {
        texts::forms_of(text).iter().any(|form| self.are_in_plain(form))
    }

    fn are_in_plain(&self, text: &str) -> bool {
        let is_address = |email: Email| self.has("key", IdentityKey::of_email(&email).as_str());
        texts::addresses(text).any(is_address) || (self.numbers && self.numbers_in(text))
    }

    fn numbers_in(&self, text: &str) -> bool {
        texts::numbers(text).any(|number| match number {
            texts::Number::Full(digits) => self.has("number", &digits),
            texts::Number::Bare(digits) => {
                let national = digits.strip_prefix('0').unwrap_or(&digits);
                self.has("number", &digits) || self.has("national", national)
            }
        })
    }
}

/// The record whose key it is, if it is one of a person.
pub fn record_of_key(key: &str) -> Option<RecordRef> {
    let (kind, id) = key.split_once(':')?;
    let kind = RecordKind::from_name(kind).filter(|kind| matches!(kind, RecordKind::Lead | RecordKind::Contact))?;
    id.parse().ok().map(|id| RecordRef { kind, id })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
