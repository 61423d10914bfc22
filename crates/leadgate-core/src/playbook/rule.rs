//! Rules, ready to be applied.

use serde_json::Value;

use super::Trigger;
use super::condition::Condition;
use super::file::{Find, On};
use super::pattern::Pattern;
use super::template::Template;
use crate::destinations::DestinationKind;
use crate::record::RecordKind;
use crate::steps::MoveGuards;

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) on: Occasion,
    pub(super) when: Option<Condition>,
    pub(super) steps: Vec<Action>,
}

/// What a rule answers to, by name.
#[derive(Clone, Debug)]
pub(super) enum Occasion {
    /// Events of such a name.
    Event(Vec<Pattern>),
    /// Changes of such a field (`deal.stage`), from and to such values; none: any.
    Change { fields: Vec<Pattern>, from: Vec<Pattern>, to: Vec<Pattern> },
}

impl Occasion {
    /// Whether it may answer to changes of records of that kind.
    pub(super) fn concerns(&self, kind: RecordKind) -> bool {
        match self {
            Occasion::Event(_) => false,
            Occasion::Change { fields, .. } => fields.iter().any(|field| field.may_begin_with(kind.name())),
        }
    }

    pub(super) fn matches(&self, trigger: Trigger<'_>) -> bool {
        match (self, trigger) {
            (Occasion::Event(names), Trigger::Event(event)) => names.iter().any(|name| name.matches(&event.name)),
            (Occasion::Change { fields, from, to }, Trigger::Change(change, _)) => {
                let path = format!("{}.{}", change.record.kind.name(), change.field);
                fields.iter().any(|field| field.matches(&path))
                    && is_one_of(from, change.from.as_ref())
                    && is_one_of(to, Some(&change.to))
            }
            (Occasion::Event(_), Trigger::Change(..)) | (Occasion::Change { .. }, Trigger::Event(_)) => false,
        }
    }
}

fn is_one_of(patterns: &[Pattern], value: Option<&Value>) -> bool {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&text))
}

/// Named templates.
pub(super) type NamedTemplates = Vec<(String, Template)>;

/// One step of a rule.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Person {
        create: bool,
        overwrite: bool,
        fields: NamedTemplates,
        tags: Vec<Template>,
        source: Option<Template>,
        campaign: Option<Template>,
        owner: Option<Template>,
    },
    Company {
        name: Template,
        fields: NamedTemplates,
    },
    Deal {
        find: Find,
        pipeline: Option<Template>,
        oldest: bool,
        create: Option<Make>,
    },
    Move {
        stage: Template,
        guards: MoveGuards,
    },
    Set {
        on: On,
        fields: NamedTemplates,
    },
    Note {
        on: On,
        text: Template,
    },
    Task {
        on: On,
        title: Template,
        text: Option<Template>,
        due: i64,
        owner: Option<Template>,
    },
    Activity {
        on: On,
        kind: Template,
        title: Template,
        notes: Option<Template>,
        owner: Option<Template>,
    },
    Tag {
        on: On,
        tags: Vec<Template>,
    },
    Convert {
        stage: Option<Template>,
    },
    List {
        list: Template,
    },
    Send {
        destination: String,
        kind: DestinationKind,
        content: NamedTemplates,
    },
}

/// A deal to make.
#[derive(Clone, Debug)]
pub(super) struct Make {
    pub(super) name: Template,
    pub(super) amount: Option<Template>,
    pub(super) stage: Option<Template>,
}

impl Action {
    /// The word that stands behind `do` in the rules file.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Action::Person { .. } => "person",
            Action::Company { .. } => "company",
            Action::Deal { .. } => "deal",
            Action::Move { .. } => "move",
            Action::Set { .. } => "set",
            Action::Note { .. } => "note",
            Action::Task { .. } => "task",
            Action::Activity { .. } => "activity",
            Action::Tag { .. } => "tag",
            Action::Convert { .. } => "convert",
            Action::List { .. } => "list",
            Action::Send { .. } => "send",
        }
    }
}
