//! What an admin sets up in an account: mandatory and unique fields, automatic assignment, what a conversion asks for and copies, what closing
//! a deal asks for. A fresh account has none of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Kind;

/// Most fields of one kind that an admin can mark as unique. Source: official support articles on unique fields.
pub const UNIQUE_FIELDS_MAXIMUM: usize = 2;

/// Rules of one account. Set them in [`crate::SandboxConfig`], with [`crate::Account::set_rules`] or with `PUT /__sandbox/rules`.
///
/// ```
/// use freshsales_sandbox::{AccountRules, Kind};
/// let rules = AccountRules::default().require(Kind::Deal, "expected_close").make_unique(Kind::SalesAccount, "website");
/// assert!(rules.required[&Kind::Deal].contains("expected_close"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountRules {
    /// Attributes that every write of a kind must leave filled, by API name; custom fields by their `cf_` name.
    pub required: BTreeMap<Kind, BTreeSet<String>>,
    /// Attributes whose values no two live records of a kind may share: text or numbers, at most [`UNIQUE_FIELDS_MAXIMUM`] per kind.
    pub unique: BTreeMap<Kind, BTreeSet<String>>,
    /// Automatic assignment; the first rule that fits a new record acts.
    pub assignment: Vec<AssignmentRule>,
    /// What a conversion asks for and copies.
    pub conversion: ConversionRules,
    /// Whether a deal can be lost only with a `deal_reason_id`.
    pub lost_deal_needs_reason: bool,
}

impl AccountRules {
    /// These rules with one more mandatory attribute.
    #[must_use]
    pub fn require(mut self, kind: Kind, attribute: &str) -> Self {
        self.required.entry(kind).or_default().insert(attribute.to_owned());
        self
    }

    /// These rules with one more unique attribute.
    #[must_use]
    pub fn make_unique(mut self, kind: Kind, attribute: &str) -> Self {
        self.unique.entry(kind).or_default().insert(attribute.to_owned());
        self
    }

    /// These rules with one more assignment rule.
    #[must_use]
    pub fn assign(mut self, rule: AssignmentRule) -> Self {
        self.assignment.push(rule);
        self
    }

    pub(crate) fn requires(&self, kind: Kind, attribute: &str) -> bool {
        self.required.get(&kind).is_some_and(|names| names.contains(attribute))
    }

    pub(crate) fn has_unique(&self, kind: Kind, attribute: &str) -> bool {
        self.unique.get(&kind).is_some_and(|names| names.contains(attribute))
    }
}

/// Hands new records that name no owner to other users, some time after the reply to the write: the reply still shows the key's user.
/// Source: the assignment a second after the create was seen on recorded records; that a named owner stays is inferred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignmentRule {
    /// The kind it acts on.
    pub kind: Kind,
    /// Attributes and the values they must have, compared as text; it acts on every record where there are none.
    #[serde(default)]
    pub conditions: BTreeMap<String, String>,
    /// Ids of the users whose turn it is, one after the other.
    pub owners: Vec<i64>,
    /// How long after the write it runs, in milliseconds of the account's clock.
    #[serde(default = "a_second")]
    pub after_milliseconds: u64,
    /// How many records it has assigned; it decides whose turn is next.
    #[serde(default)]
    pub assigned: usize,
}

const fn a_second() -> u64 {
    1000
}

impl AssignmentRule {
    /// A rule for every record of a kind, a second after the write.
    #[must_use]
    pub fn new(kind: Kind, owners: &[i64]) -> Self {
        Self { kind, conditions: BTreeMap::new(), owners: owners.to_vec(), after_milliseconds: a_second(), assigned: 0 }
    }

    /// The same rule for records only whose attribute has this value.
    #[must_use]
    pub fn when(mut self, attribute: &str, value: &str) -> Self {
        self.conditions.insert(attribute.to_owned(), value.to_owned());
        self
    }
}

/// What a conversion of a lead asks for and copies. The mandatory fields of contact, account and deal are always checked.
/// Source: official support article on converting leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConversionRules {
    /// Whether the lead must name a company, as in accounts made before the end of June 2017.
    pub company_required: bool,
    /// Where custom fields of leads go beside the contact's field of the same name.
    pub mappings: Vec<FieldMapping>,
}

/// A custom field of leads and the field of another kind that its value is copied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldMapping {
    /// The lead's field, by its `cf_` name.
    pub from: String,
    /// The kind that gets it: contact, sales account or deal.
    pub to: Kind,
    /// The field it goes to: a `cf_` name or an attribute.
    pub field: String,
}
