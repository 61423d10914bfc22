//! The marketing lists of an account, and the changes of whole lists that are still to be carried out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const FIRST_ID: i64 = 70_000_000_001;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MarketingList {
    pub(crate) id: i64,
    pub(crate) name: String,
}

/// All contacts of a list leave it, for another or for none. The reply to such a request comes before its effect.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct WaitingChange {
    pub(crate) due: Timestamp,
    pub(crate) from: i64,
    pub(crate) to: Option<i64>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MarketingLists {
    lists: Vec<MarketingList>,
    waiting: Vec<WaitingChange>,
}

impl MarketingLists {
    pub(crate) fn all(&self) -> &[MarketingList] {
        &self.lists
    }

    pub(crate) fn get(&self, id: i64) -> Option<&MarketingList> {
        self.lists.iter().find(|list| list.id == id)
    }

    /// Lists are never deleted, so their number tells the next id.
    pub(crate) fn create(&mut self, name: &str) -> MarketingList {
        let id = FIRST_ID + i64::try_from(self.lists.len()).unwrap_or_default();
        let list = MarketingList { id, name: name.to_owned() };
        self.lists.push(list.clone());
        list
    }

    pub(crate) fn rename(&mut self, id: i64, name: &str) -> Option<MarketingList> {
        let list = self.lists.iter_mut().find(|list| list.id == id)?;
        name.clone_into(&mut list.name);
        Some(list.clone())
    }

    pub(crate) fn plan(&mut self, change: WaitingChange) {
        self.waiting.push(change);
    }

    pub(crate) fn has_due(&self, now: Timestamp) -> bool {
        self.waiting.iter().any(|change| change.due <= now)
    }

    /// Takes the changes whose time has come, in the order they were asked for.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<WaitingChange> {
        self.waiting.extract_if(.., |change| change.due <= now).collect()
    }
}
