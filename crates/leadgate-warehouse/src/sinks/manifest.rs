//! What a file sink says of itself, in a file beside its files.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_core::sync::Column;
use serde::{Deserialize, Serialize};

use super::Format;

/// The manifest. It is written last, so what it says is there; after a failure files may be newer than it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The identity of the copy that the files were published from.
    pub(crate) copy: String,
    pub(crate) format: Format,
    /// By name: `contacts`, `changes`.
    pub(crate) tables: BTreeMap<String, ManifestTable>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestTable {
    pub(crate) file: String,
    pub(crate) rows: u64,
    /// The number of the latest change that is in it.
    pub(crate) seq: i64,
    /// When its rows were last looked at in the CRM.
    pub(crate) at: Option<Timestamp>,
    pub(crate) columns: Vec<Column>,
    /// What tells the file from one that somebody else put there.
    #[serde(default)]
    pub(crate) mark: Option<String>,
}

impl Manifest {
    /// Reads a manifest; none if it is no manifest, is of other files, or of another copy, which all mean to begin anew.
    pub(crate) fn read(text: &[u8], copy: &str, format: Format) -> Option<Manifest> {
        let manifest: Manifest = serde_json::from_slice(text).ok()?;
        (manifest.copy == copy && manifest.format == format).then_some(manifest)
    }

    /// The manifest without a table, whose file has become another one; none if it says nothing of it.
    pub(crate) fn without(text: &[u8], table: &str) -> Option<Manifest> {
        let mut manifest: Manifest = serde_json::from_slice(text).ok()?;
        manifest.tables.remove(table).is_some().then_some(manifest)
    }

    /// As text.
    pub(crate) fn write(&self) -> Vec<u8> {
        // Strings, numbers and maps of strings always are JSON.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}
