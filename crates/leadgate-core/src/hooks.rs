//! Notifications: what webhooks of the CRM's workflows say of a record, read into the gateway's own words.

use serde::Deserialize;

use crate::rules::Compiling;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HookFile {}

/// Which notifications are taken and how they are read.
#[derive(Clone, Debug, Default)]
pub struct HookRules {}

impl HookRules {
    pub(crate) fn compile(_file: HookFile, _compiling: &mut Compiling<'_>) -> HookRules {
        HookRules {}
    }
}
