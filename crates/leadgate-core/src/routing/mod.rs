//! Routing: who owns a new lead.
//!
//! Cast: [`LeadFacts`] is what the rules look at; `conditions` says whether a rule matches; `availability` whether an owner can be given a lead
//! now; `groups` whose turn it is; [`Routing::decide`] puts it together. It is pure: whom the lead was given to is told by the state that it
//! leaves behind.
//!
//! What is decided here are candidates, in order. Which of them the account really has as an active owner shows when the person is written; so
//! does whether the person, or the company, belongs to somebody already, who then keeps it.

mod availability;
mod conditions;
mod config;
mod decision;
mod facts;
mod free_mail;
mod groups;
mod replay;
pub(crate) mod text;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub(crate) use config::RoutingFile;
pub use decision::{Candidate, Decision, RuleCheck};
pub use facts::LeadFacts;
pub(crate) use free_mail::is_free;
pub use replay::{Decided, Replay};

use availability::{Absence, Hours};
use conditions::Conditions;
use facts::Compared;
use groups::{Credits, Group};

/// The rules, ready to be applied.
#[derive(Clone, Debug)]
pub struct Routing {
    is_on: bool,
    sticky: Sticky,
    match_company: Vec<CompanyBy>,
    default: Outcome,
    owners: BTreeMap<String, OwnerFacts>,
    rules: Vec<Rule>,
    zone: TimeZone,
}

/// Who keeps what belongs to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sticky {
    /// The owner of a person who is in the CRM already.
    pub contact: bool,
    /// The owner of the company, of people who are new.
    pub company: bool,
}

/// What the company of a lead is recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanyBy {
    /// The domain of the person's e-mail address, unless anybody can have one there.
    Domain,
    /// The company's web site.
    Website,
    /// Its name.
    Name,
    /// Its name without legal form and punctuation.
    SimilarName,
}

/// One rule.
#[derive(Clone, Debug)]
struct Rule {
    name: String,
    when: Conditions,
    unless: Option<Conditions>,
    outcome: Outcome,
}

/// What a rule, or the default, leads to.
#[derive(Clone, Debug)]
struct Outcome {
    who: Who,
    territory: Option<String>,
}

#[derive(Clone, Debug)]
enum Who {
    /// One of these.
    Members(Group),
    /// Nobody: the CRM's own rules may assign an owner.
    Nobody,
}

/// What is known of an owner.
#[derive(Clone, Debug)]
struct OwnerFacts {
    hours: Option<Hours>,
    absent: Vec<Absence>,
    per_day: Option<u32>,
}

/// Whose turn it is in each group, and how much each owner was given lately. Kept with the plans that changed it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoutingState {
    groups: BTreeMap<String, Credits>,
    /// Of owners whose number of leads a day is limited.
    given: BTreeMap<String, Given>,
}

/// How many leads somebody was given on a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Given {
    day: Date,
    count: u32,
}

/// What a decision depends on besides the lead and whose turn it is.
#[derive(Clone, Copy)]
pub struct RoutingMoment<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// Whether the account may have an active owner of this name, as far as is known.
    pub may_own: &'a dyn Fn(&str) -> bool,
}

impl RoutingMoment<'_> {
    /// A moment at which nothing is known of the account.
    pub fn at(now: Timestamp) -> RoutingMoment<'static> {
        RoutingMoment { now, may_own: &|_| true }
    }
}

impl Default for Routing {
    fn default() -> Self {
        Routing {
            is_on: false,
            sticky: Sticky { contact: true, company: false },
            match_company: vec![CompanyBy::Name],
            default: Outcome { who: Who::Nobody, territory: None },
            owners: BTreeMap::new(),
            rules: Vec::new(),
            zone: TimeZone::UTC,
        }
    }
}

impl Routing {
    /// Whether there is anything to decide by: a rule or a default.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Who keeps what belongs to them.
    pub fn sticky(&self) -> Sticky {
        self.sticky
    }

    /// What the company of a lead is recognised by, in order.
    pub fn match_company(&self) -> &[CompanyBy] {
        &self.match_company
    }

    /// For each rule up to the first that matches, why it does not.
    pub fn check(&self, facts: &LeadFacts, now: Timestamp) -> Vec<RuleCheck> {
        let compared = Compared::of(facts);
        let mut checks = Vec::new();
        for rule in &self.rules {
            let miss = rule.miss(&compared, now);
            let is_last = miss.is_none();
            checks.push(RuleCheck { rule: rule.name.clone(), miss });
            if is_last {
                break;
            }
        }
        checks
    }
}

impl Rule {
    fn matches(&self, lead: &Compared<'_>, now: Timestamp) -> bool {
        self.when.hold(lead, now) && !self.unless.as_ref().is_some_and(|unless| unless.hold(lead, now))
    }

    fn miss(&self, lead: &Compared<'_>, now: Timestamp) -> Option<String> {
        let missed = self.when.miss(lead, now).map(|shown| format!("not: {shown}"));
        let excluded = || self.unless.as_ref().filter(|unless| unless.hold(lead, now));
        missed.or_else(|| excluded().map(|unless| format!("excluded: {unless}")))
    }
}

/// An owner as names are compared.
fn owner_key(name: &str) -> String {
    name.trim().to_lowercase()
}
