//! The playbook: what is done when an app reports an event or a record of the CRM changes.

use serde::Deserialize;

use crate::destinations::Destinations;
use crate::identity::IdentityKey;
use crate::intake::Event;
use crate::mirror::{Change, Mirrored};
use crate::plan::PlanContext;
use crate::rules::Compiling;
use crate::steps::Step;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaybookFile {}

/// The rules, ready to be applied.
#[derive(Clone, Debug, Default)]
pub struct Playbook {}

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

impl Playbook {
    pub(crate) fn compile(
        _file: PlaybookFile,
        _destinations: &Destinations,
        _compiling: &mut Compiling<'_>,
    ) -> Playbook {
        Playbook {}
    }

    /// What is to be done.
    pub fn respond(&self, _trigger: Trigger<'_>, _context: &PlanContext<'_>) -> Response {
        Response::default()
    }
}
