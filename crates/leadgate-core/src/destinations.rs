//! Destinations: where deliveries go, as the rules describe them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::rules::Compiling;

/// What kind of receiver a destination is. It decides the shape of a delivery's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DestinationKind {
    /// A Slack channel behind an incoming webhook. Content: `{text, blocks?}`.
    Slack,
    /// A signed webhook. Content: `{type, timestamp, data}`.
    Webhook,
    /// A mailbox. Content: `{to?, subject, text}`; without `to`, those whom the destination names.
    Email,
}

/// A destination as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DestinationFile {
    kind: DestinationKind,
}

/// A destination.
#[derive(Clone, Debug)]
pub struct Destination {
    /// What kind of receiver it is.
    pub kind: DestinationKind,
}

/// The destinations by name.
#[derive(Clone, Debug, Default)]
pub struct Destinations {
    by_name: BTreeMap<String, Destination>,
}

impl Destinations {
    pub(crate) fn compile(file: BTreeMap<String, DestinationFile>, _compiling: &mut Compiling<'_>) -> Destinations {
        let by_name = file.into_iter().map(|(name, file)| (name, Destination { kind: file.kind })).collect();
        Destinations { by_name }
    }

    /// The destination of that name.
    pub fn get(&self, name: &str) -> Option<&Destination> {
        self.by_name.get(name)
    }

    /// The names there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}
