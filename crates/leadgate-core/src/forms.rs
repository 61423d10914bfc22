//! Forms: which forms of web pages may post leads, and what their fields mean.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::rules::Compiling;

/// A form as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormFile {}

/// The forms by name.
#[derive(Clone, Debug, Default)]
pub struct Forms {}

impl Forms {
    pub(crate) fn compile(_file: BTreeMap<String, FormFile>, _compiling: &mut Compiling<'_>) -> Forms {
        Forms {}
    }
}
