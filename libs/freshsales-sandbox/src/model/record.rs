//! One record: a sparse set of attribute values plus the parts that have a structure of their own.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Kind;

/// An e-mail address of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email {
    pub(crate) id: i64,
    pub(crate) address: String,
    pub(crate) primary: bool,
    pub(crate) label: Option<String>,
}

/// A company of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountLink {
    pub(crate) account: i64,
    pub(crate) primary: bool,
}

/// A record of any kind. Only attributes that differ from their blank value take space.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) kind: Kind,
    values: Vec<(&'static str, Value)>,
    pub(crate) custom: Map<String, Value>,
    pub(crate) emails: Vec<Email>,
    pub(crate) accounts: Vec<AccountLink>,
    /// Contacts of a deal.
    pub(crate) contacts: Vec<i64>,
    /// What a note or a task is about.
    pub(crate) targets: Vec<(Kind, i64)>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) stage_updated_at: Timestamp,
    /// Owners are assigned one second after the create, by a rule that runs after the reply.
    pub(crate) assigned_at: Timestamp,
    pub(crate) deleted: bool,
    /// Set on a lead that became a contact; it leaves every open view.
    pub(crate) converted: bool,
    /// Set on rows that came in through a bulk job.
    pub(crate) imported: bool,
}

impl Record {
    pub(crate) fn new(kind: Kind, id: i64, now: Timestamp) -> Self {
        Self {
            id,
            kind,
            values: Vec::new(),
            custom: Map::new(),
            emails: Vec::new(),
            accounts: Vec::new(),
            contacts: Vec::new(),
            targets: Vec::new(),
            created_at: now,
            updated_at: now,
            stage_updated_at: now,
            assigned_at: now.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(now),
            deleted: false,
            converted: false,
            imported: false,
        }
    }

    /// The stored value; null where there is none.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.values.iter().find(|(key, _)| *key == name).map_or(&Value::Null, |(_, value)| value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    pub(crate) fn id_in(&self, name: &str) -> Option<i64> {
        self.get(name).as_i64()
    }

    /// Stores a value; null removes it.
    pub(crate) fn set(&mut self, name: &'static str, value: Value) {
        let position = self.values.iter().position(|(key, _)| *key == name);
        match (position, value.is_null()) {
            (Some(at), true) => drop(self.values.swap_remove(at)),
            (Some(at), false) => self.values[at].1 = value,
            (None, true) => {}
            (None, false) => self.values.push((name, value)),
        }
    }

    /// Whether two states of a record differ in nothing but the times of writing and the writer.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let told = |(name, _): &&(&'static str, Value)| *name != "updater_id";
        let values =
            |one: &Self, two: &Self| one.values.iter().filter(told).all(|(name, value)| two.get(name) == value);
        values(self, other)
            && values(other, self)
            && self.custom == other.custom
            && self.emails == other.emails
            && self.accounts == other.accounts
            && self.contacts == other.contacts
            && self.targets == other.targets
            && (self.deleted, self.converted) == (other.deleted, other.converted)
    }

    pub(crate) fn primary_email(&self) -> Option<&str> {
        self.emails.iter().find(|email| email.primary).map(|email| email.address.as_str())
    }

    /// First and last name, or what else identifies the record to a person.
    pub(crate) fn display_name(&self) -> String {
        if let Some(name) = self.text("name").or_else(|| self.text("title")) {
            return name.to_owned();
        }
        let names: Vec<&str> = ["first_name", "last_name"].iter().filter_map(|part| self.text(part)).collect();
        if names.is_empty() { self.primary_email().unwrap_or_default().to_owned() } else { names.join(" ") }
    }

    /// The record ids this record hangs on, for looking it up from there.
    pub(crate) fn links(&self) -> Vec<(Kind, i64)> {
        let accounts = self.accounts.iter().map(|link| (Kind::SalesAccount, link.account));
        let contacts = self.contacts.iter().map(|&id| (Kind::Contact, id));
        accounts.chain(contacts).chain(self.targets.iter().copied()).collect()
    }
}
