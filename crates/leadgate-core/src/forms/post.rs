//! What is stored of a post: its fields as the page named them, and where it came from.

use serde::{Deserialize, Serialize};

/// A post, as it is stored. What the fields mean is looked up when it is read, so that a mapping that was wrong can be mended.
///
/// The moment is not in it: the inbox has it, and two clicks on one button must be the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormPost {
    /// The fields in the page's order; a name may come several times.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
    /// The page that has the form, as the browser's `Referer` header says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The page's origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl FormPost {
    /// The last text under a name; `None` if there is none or it is blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().rev().find(|(field, _)| field == name);
        found.map(|(_, text)| text.trim()).filter(|text| !text.is_empty())
    }

    /// The bytes that are stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("pairs of texts are JSON")
    }
}
