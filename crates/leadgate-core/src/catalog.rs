//! The catalog: the account's own names and ids, read once and kept.
//!
//! People write names; the CRM wants ids. A section that is missing or old is read again by the step that needs it, and no sooner: each
//! read is one request of the budget.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The parts of the catalog that are read, kept and refreshed by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What kind of account this is.
    Account,
    /// Deal stages of every pipeline.
    Stages,
    /// Lead sources.
    Sources,
    /// Campaigns.
    Campaigns,
    /// Owners: the users that records can belong to.
    Owners,
    /// Territories.
    Territories,
    /// Life-cycle stages of contacts, on accounts where a lead is a contact.
    LifecycleStages,
    /// Types of sales activities.
    ActivityTypes,
    /// Marketing lists.
    Lists,
}

impl Section {
    /// Every section.
    pub const ALL: [Section; 9] = [
        Section::Account,
        Section::Stages,
        Section::Sources,
        Section::Campaigns,
        Section::Owners,
        Section::Territories,
        Section::LifecycleStages,
        Section::ActivityTypes,
        Section::Lists,
    ];

    /// The name that stores, logs and messages use.
    pub fn name(self) -> &'static str {
        match self {
            Section::Account => "account",
            Section::Stages => "stages",
            Section::Sources => "sources",
            Section::Campaigns => "campaigns",
            Section::Owners => "owners",
            Section::Territories => "territories",
            Section::LifecycleStages => "lifecycle_stages",
            Section::ActivityTypes => "activity_types",
            Section::Lists => "lists",
        }
    }
}

/// What kind of account the gateway talks to: found out, never asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// A name for people, such as `Freshsales Classic`.
    pub generation: String,
    /// Leads are records of their own, beside contacts.
    pub separate_leads: bool,
    /// Whether the account refuses a second contact with the same primary e-mail; `None` if it does not say.
    pub contact_email_unique: Option<bool>,
    /// The id of the life-cycle stage that makes a contact a lead, where a lead is a contact.
    pub lead_stage_id: Option<i64>,
    /// The largest number of people one bulk request takes, where there is such a request.
    pub bulk_people: Option<u16>,
    /// The largest number of people that one search by e-mail can look for.
    pub batch_find: Option<u16>,
    /// A person not found can be written by keyed upsert rather than create.
    pub keyed_person_upsert: bool,
}

/// One name and its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedId {
    /// The id in the CRM.
    pub id: i64,
    /// The name as people see it.
    pub name: String,
    /// A second name it is known by: an owner's e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// What it belongs to: a stage's pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Where a stage stands among its like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StagePlace>,
}

/// Where a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagePlace {
    /// Its place in the order: a deal moves forwards to a larger one.
    pub position: i64,
    /// A deal in it is won or lost.
    pub closed: bool,
}

/// What a named thing belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// The contents of one section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionContent {
    /// The account itself.
    Account(AccountFacts),
    /// Names and ids.
    Names(Vec<NamedId>),
    /// The key may not read it; names cannot be resolved, ids are passed on as they are.
    Unreadable,
}

/// A section and when it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionRead {
    /// What it held.
    pub content: SectionContent,
    /// When it was read.
    pub read_at: Timestamp,
}

/// Everything known of the account's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    sections: BTreeMap<Section, SectionRead>,
}

/// How a name or id was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved<'a> {
    /// The section has not been read, or too long ago.
    NeedsReading,
    /// Found.
    Found(&'a NamedId),
    /// The account has no such thing; `valid` are the names it has.
    Unknown {
        /// The names that would have done.
        valid: Vec<String>,
    },
    /// The key may not read the section.
    Unreadable,
}

impl Catalog {
    /// Puts a freshly read section in place.
    pub fn put(&mut self, section: Section, read: SectionRead) {
        self.sections.insert(section, read);
    }

    /// What is held of a section, however old.
    pub fn get(&self, section: Section) -> Option<&SectionRead> {
        self.sections.get(&section)
    }

    /// The account facts, however old: an account does not change its kind from one hour to the next.
    pub fn account(&self) -> Option<&AccountFacts> {
        match &self.get(Section::Account)?.content {
            SectionContent::Account(facts) => Some(facts),
            SectionContent::Names(_) | SectionContent::Unreadable => None,
        }
    }

    /// Whether a section is held and was read after `since`.
    pub fn is_fresh(&self, section: Section, since: Timestamp) -> bool {
        self.get(section).is_some_and(|read| read.read_at >= since)
    }

    /// The names of a section, if it was read after `since` and shows names.
    pub fn names(&self, section: Section, since: Timestamp) -> Option<&[NamedId]> {
        match &self.get(section).filter(|read| read.read_at >= since)?.content {
            SectionContent::Names(names) => Some(names),
            SectionContent::Account(_) | SectionContent::Unreadable => None,
        }
    }

    /// Finds a thing by what a person wrote: its name in any case, its alias, its id, or `pipeline / stage`.
    pub fn resolve(&self, section: Section, wanted: &str, since: Timestamp) -> Resolved<'_> {
        let Some(read) = self.get(section).filter(|read| read.read_at >= since) else {
            return Resolved::NeedsReading;
        };
        match &read.content {
            SectionContent::Unreadable | SectionContent::Account(_) => Resolved::Unreadable,
            SectionContent::Names(names) => find(names, wanted),
        }
    }
}

/// How long a section is believed before a step reads it again.
pub const BELIEVED_FOR: SignedDuration = SignedDuration::from_hours(24);

fn find<'a>(names: &'a [NamedId], wanted: &str) -> Resolved<'a> {
    let folded = wanted.trim().to_lowercase();
    let by_name = names.iter().find(|named| {
        named.name.to_lowercase() == folded || named.alias.as_ref().is_some_and(|alias| alias.to_lowercase() == folded)
    });
    let by_id = || folded.parse::<i64>().ok().and_then(|id| names.iter().find(|named| named.id == id));
    let by_path = || names.iter().find(|named| path_of(named).is_some_and(|path| path.to_lowercase() == folded));
    match by_name.or_else(by_id).or_else(by_path) {
        Some(named) => Resolved::Found(named),
        None => Resolved::Unknown { valid: names.iter().map(|named| named.name.clone()).collect() },
    }
}

/// `Pipeline / Stage`, for a stage name that several pipelines share.
fn path_of(named: &NamedId) -> Option<String> {
    named.parent.as_ref().map(|parent| format!("{} / {}", parent.name, named.name))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn stages(read_at: Timestamp) -> Catalog {
        let parent = Some(Parent { id: 1, name: "Default".into() });
        let stage =
            |id, name: &str| NamedId { id, name: name.into(), alias: None, parent: parent.clone(), stage: None };
        let content = SectionContent::Names(vec![stage(11, "New"), stage(12, "Trial Active")]);
        let mut catalog = Catalog::default();
        catalog.put(Section::Stages, SectionRead { content, read_at });
        catalog
    }

    #[rstest]
    #[case::name("trial active", 12)]
    #[case::id("11", 11)]
    #[case::path("default / New", 11)]
    fn a_stage_is_found_as_people_write_it(#[case] wanted: &str, #[case] id: i64) {
        let catalog = stages(Timestamp::UNIX_EPOCH);
        assert!(
            matches!(catalog.resolve(Section::Stages, wanted, Timestamp::UNIX_EPOCH), Resolved::Found(named) if named.id == id)
        );
    }

    #[test]
    fn an_unknown_name_comes_with_the_valid_ones() {
        let catalog = stages(Timestamp::UNIX_EPOCH);
        let resolved = catalog.resolve(Section::Stages, "Signed", Timestamp::UNIX_EPOCH);
        assert_eq!(resolved, Resolved::Unknown { valid: vec!["New".into(), "Trial Active".into()] });
    }

    #[test]
    fn an_old_section_is_read_again() {
        let catalog = stages(Timestamp::UNIX_EPOCH);
        let since = Timestamp::UNIX_EPOCH + BELIEVED_FOR;
        assert_eq!(catalog.resolve(Section::Stages, "New", since), Resolved::NeedsReading);
    }
}
