//! What a Suite account has beside records: marketing lists and custom modules.
//!
//! Who is on a list stands on the contacts (`contact_list_ids`), and the records of a custom module are records like any other, so that both are
//! kept, deleted and restored with them.

mod lists;
mod modules;

use serde::{Deserialize, Serialize};

pub(crate) use lists::{MarketingList, MarketingLists, WaitingChange};
pub(crate) use modules::{CustomModule, CustomModules};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Commerce {
    pub(crate) lists: MarketingLists,
    pub(crate) modules: CustomModules,
}
