//! One record: a sparse set of attribute values plus the parts that have a structure of their own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Kind;
use super::custom::CustomValues;
use super::values::{Pool, Values};

/// An e-mail address of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Email {
    pub(crate) id: i64,
    pub(crate) address: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) primary: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<Box<str>>,
}

/// A company of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountLink {
    pub(crate) account: i64,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) primary: bool,
}

/// A record of any kind. Only attributes that differ from their blank value take space.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) kind: Kind,
    #[serde(default, skip_serializing_if = "Values::is_empty")]
    values: Values,
    #[serde(default, skip_serializing_if = "custom_is_empty")]
    pub(crate) custom: CustomValues,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) emails: Vec<Email>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) accounts: Vec<AccountLink>,
    /// Contacts of a deal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) contacts: Vec<i64>,
    /// What a note or a task is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) targets: Vec<(Kind, i64)>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) stage_updated_at: Timestamp,
    /// Owners are assigned one second after the create, by a rule that runs after the reply.
    pub(crate) assigned_at: Timestamp,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) deleted: bool,
    /// Set on a lead that became a contact; it leaves every open view.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) converted: bool,
    /// Set on rows that came in through a bulk job.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) imported: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn custom_is_empty(custom: &CustomValues) -> bool {
    custom.is_empty()
}

impl Record {
    pub(crate) fn new(kind: Kind, id: i64, now: Timestamp) -> Self {
        Self {
            id,
            kind,
            values: Values::default(),
            custom: CustomValues::default(),
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
        self.values.get(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    pub(crate) fn id_in(&self, name: &str) -> Option<i64> {
        self.get(name).as_i64()
    }

    /// Stores a value; null removes it.
    pub(crate) fn set(&mut self, name: &'static str, value: Value) {
        self.values.set(name, value);
    }

    /// Replaces what is equal to something in the pool by that, so that many alike records take little space.
    pub(crate) fn share(&mut self, pool: &mut Pool) {
        self.values.share(pool);
        self.emails.shrink_to_fit();
    }

    /// Whether two states of a record differ in nothing but the times of writing and the writer.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let told = |(name, _): &(&'static str, &Value)| *name != "updater_id";
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
