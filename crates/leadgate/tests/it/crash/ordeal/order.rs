//! Whether what was sent of a person landed in the order in which it was sent.

use std::collections::BTreeMap;

use freshsales_sandbox::{Account, Kind};
use serde_json::Value;

use super::Workload;

/// Notes were made in that order, and of what overwrites the last has won.
pub(super) fn is_kept(account: &Account, workload: &Workload, people: &BTreeMap<String, (Kind, Value)>) {
    for (who, person) in &workload.people {
        let (kind, record) = &people[who];
        let mut notes = account.notes_of(*kind, record["id"].as_i64().unwrap());
        notes.sort_by_key(|note| note["id"].as_i64());
        let notes: Vec<&str> = notes.iter().map(|note| note["description"].as_str().unwrap()).collect();
        assert_eq!(notes, person.notes, "the order of the notes of {who}");
        assert_eq!(record["job_title"].as_str(), person.job_title.as_deref(), "the last job title of {who}");
    }
}
