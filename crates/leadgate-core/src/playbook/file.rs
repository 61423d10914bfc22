//! The section `[playbook]` as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaybookFile {
    /// The zone that dates are written in, such as `Europe/Berlin`.
    pub(super) time_zone: Option<String>,
    #[serde(default)]
    pub(super) rules: Vec<RuleFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub(super) name: String,
    pub(super) event: Option<OneOrMany>,
    pub(super) change: Option<OneOrMany>,
    pub(super) from: Option<OneOrMany>,
    pub(super) to: Option<OneOrMany>,
    pub(super) when: Option<String>,
    pub(super) steps: Vec<StepFile>,
}

/// A text, or several of which any will do.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        }
    }
}

/// Field values as they are written: texts are templates.
pub(super) type FieldsFile = BTreeMap<String, Value>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum On {
    Person,
    Deal,
    Company,
    /// The person of an event; the record of a change.
    #[default]
    #[serde(skip)]
    Subject,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Find {
    /// Open deals only.
    #[default]
    Open,
    /// Closed ones too.
    Any,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum StepFile {
    Person {
        #[serde(default)]
        create: bool,
        #[serde(default)]
        fields: FieldsFile,
        #[serde(default)]
        tags: Vec<String>,
        source: Option<String>,
        campaign: Option<String>,
        owner: Option<String>,
        #[serde(default)]
        overwrite: bool,
    },
    Company {
        name: String,
        #[serde(default)]
        fields: FieldsFile,
    },
    Deal {
        #[serde(default)]
        find: Find,
        pipeline: Option<String>,
        newest: Option<bool>,
        create: Option<MakeFile>,
    },
    Move {
        stage: String,
        #[serde(default)]
        guards: GuardsFile,
    },
    Set {
        #[serde(default)]
        on: On,
        fields: FieldsFile,
    },
    Note {
        #[serde(default)]
        on: On,
        text: String,
    },
    Task {
        #[serde(default)]
        on: On,
        title: String,
        text: Option<String>,
        due: Option<String>,
        owner: Option<String>,
    },
    Activity {
        #[serde(default)]
        on: On,
        r#type: String,
        title: String,
        notes: Option<String>,
        owner: Option<String>,
    },
    Tag {
        #[serde(default)]
        on: On,
        tags: Vec<String>,
    },
    Convert {
        stage: Option<String>,
    },
    List {
        list: String,
    },
    Send(SendFile),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeFile {
    pub(super) name: String,
    pub(super) amount: Option<Value>,
    pub(super) stage: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GuardsFile {
    pub(super) backwards: bool,
    pub(super) closed: bool,
    pub(super) touched_within: Option<String>,
}

/// Where something is sent, and what. Which of the fields belong there depends on the kind of destination.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SendFile {
    /// The destination's name.
    pub(super) to: String,
    pub(super) text: Option<String>,
    pub(super) blocks: Option<Value>,
    pub(super) r#type: Option<String>,
    pub(super) data: Option<Value>,
    pub(super) subject: Option<String>,
    /// Whom an e-mail goes to, if not to those whom the destination names.
    pub(super) address: Option<String>,
}
