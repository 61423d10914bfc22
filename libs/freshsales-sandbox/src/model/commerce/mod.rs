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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CustomField, CustomFieldType, Kind};

    #[test]
    fn it_is_written_and_read_without_loss() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let mut commerce = Commerce::default();
        let list = commerce.lists.create("June");
        commerce.lists.plan(WaitingChange { due: now, from: list.id, to: None });
        commerce.modules.add(CustomModule {
            id: 0,
            entity_name: "cm_project".to_owned(),
            singular_name: "Project".to_owned(),
            plural_name: "Projects".to_owned(),
            icon: "icon-1".to_owned(),
            description: None,
            show_in_navigation_menu: true,
            created_at: now,
            updated_at: now,
            fields: vec![CustomField::new(Kind::ModuleRecord, "cf_budget", CustomFieldType::Number).required()],
        });
        let written = serde_json::to_string(&commerce).unwrap();
        let read: Commerce = serde_json::from_str(&written).unwrap();
        assert_eq!(format!("{read:?}"), format!("{commerce:?}"));
    }
}
