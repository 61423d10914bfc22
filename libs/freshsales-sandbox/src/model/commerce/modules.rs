//! The custom modules of an account: kinds of records that it has defined itself, each with its own fields.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::CustomField;

const FIRST_ID: i64 = 70_010_000_001;
const FIRST_FORM_ID: i64 = 79_850_000_001;

/// Custom modules stand behind the CRM's own in the menu.
const FIRST_POSITION: i64 = 10;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CustomModule {
    pub(crate) id: i64,
    /// Name in paths and envelopes: `cm_project`.
    pub(crate) entity_name: String,
    pub(crate) singular_name: String,
    pub(crate) plural_name: String,
    pub(crate) icon: String,
    pub(crate) description: Option<String>,
    pub(crate) show_in_navigation_menu: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Fields of its records beside the name.
    pub(crate) fields: Vec<CustomField>,
}

impl CustomModule {
    /// Its place among the modules that the account has ever had, from 0.
    fn number(&self) -> i64 {
        self.id - FIRST_ID
    }

    pub(crate) fn position(&self) -> i64 {
        FIRST_POSITION + self.number()
    }

    /// Every module has one form.
    pub(crate) fn form_id(&self) -> i64 {
        FIRST_FORM_ID + self.number()
    }

    /// `CmProject` of `cm_project`.
    pub(crate) fn class(&self) -> String {
        let capitalised = |word: &str| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
        };
        self.entity_name.split('_').map(capitalised).collect()
    }

    /// The key of several records in a reply. That it is a plain plural is inferred.
    pub(crate) fn plural_key(&self) -> String {
        format!("{}s", self.entity_name)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CustomModules {
    modules: Vec<CustomModule>,
    /// How many there have ever been.
    made: i64,
}

impl CustomModules {
    pub(crate) fn all(&self) -> &[CustomModule] {
        &self.modules
    }

    pub(crate) fn get(&self, id: i64) -> Option<&CustomModule> {
        self.modules.iter().find(|module| module.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: i64) -> Option<&mut CustomModule> {
        self.modules.iter_mut().find(|module| module.id == id)
    }

    pub(crate) fn named(&self, entity_name: &str) -> Option<&CustomModule> {
        self.modules.iter().find(|module| module.entity_name == entity_name)
    }

    /// Stores a new module under the next id.
    pub(crate) fn add(&mut self, mut module: CustomModule) -> CustomModule {
        module.id = FIRST_ID + self.made;
        self.made += 1;
        self.modules.push(module.clone());
        module
    }

    pub(crate) fn remove(&mut self, id: i64) -> Option<CustomModule> {
        let at = self.modules.iter().position(|module| module.id == id)?;
        Some(self.modules.remove(at))
    }

    /// Whether any module has a field of this name.
    pub(crate) fn have_field(&self, name: &str) -> bool {
        self.modules.iter().flat_map(|module| &module.fields).any(|field| field.name == name)
    }
}
