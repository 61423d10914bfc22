//! Routing: who owns a new lead.

use serde::{Deserialize, Serialize};

use crate::rules::Compiling;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoutingFile {}

/// The rules, ready to be applied.
#[derive(Clone, Debug, Default)]
pub struct Routing {}

/// Whose turn it is in each group, and how much each owner was given lately. Kept with the plans that changed it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoutingState {}

impl Routing {
    pub(crate) fn compile(_file: RoutingFile, _compiling: &mut Compiling<'_>) -> Routing {
        Routing {}
    }
}
