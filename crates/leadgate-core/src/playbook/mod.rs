//! The playbook: what is done when an app reports an event or a record of the CRM changes.
//!
//! Cast: `file` is the section as it is written, `compile` turns it into rules and finds every mistake; `condition` are the conditions (CEL),
//! `template` the texts; `view` is what both see of a trigger; `respond` applies the rules, `build` makes the steps of one rule;
//! [`mod@forecast`] says what a trigger would lead to without doing it. Flow: names are matched first, then the condition, then each step's texts are
//! made. All of it is pure, and nothing of it can lose an event: a condition or a text that fails is left out and says so.

mod build;
mod compile;
mod condition;
mod file;
pub mod forecast;
mod pattern;
mod respond;
mod rule;
mod template;
mod view;

use std::sync::Arc;

pub(crate) use file::PlaybookFile;
pub use forecast::forecast;

use crate::identity::IdentityKey;
use crate::intake::Event;
use crate::mirror::{Change, Mirrored};
use crate::steps::Step;
use rule::Rule;
use template::Templates;

/// The rules, ready to be applied.
#[derive(Clone, Debug, Default)]
pub struct Playbook {
    rules: Arc<Vec<Rule>>,
    templates: Templates,
}

/// What a rule can answer to.
#[derive(Clone, Copy, Debug)]
pub enum Trigger<'a> {
    /// An event that an app reported.
    Event(&'a Event),
    /// A change of a record, and the record as it now is.
    Change(&'a Change, &'a Mirrored),
}

/// What the rules ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The identities that they touch.
    pub keys: Vec<IdentityKey>,
    /// Which rules fired and which did not, and why, in words.
    pub decisions: Vec<String>,
}
