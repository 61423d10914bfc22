//! From the section as it is written to rules that can be applied. Every mistake is told with its place, all of them at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::condition::Condition;
use super::file::{FieldsFile, GuardsFile, MakeFile, OneOrMany, PlaybookFile, RuleFile, SendFile, StepFile};
use super::pattern::{Pattern, seconds};
use super::rule::{Action, Make, NamedTemplates, Occasion, Rule};
use super::template::{Template, Templates};
use super::{Playbook, view};
use crate::destinations::{DestinationKind, Destinations};
use crate::record::field;
use crate::rules::Compiling;
use crate::steps::MoveGuards;

/// What a task without a day is due in.
const DUE: i64 = 86_400;

const OF_PERSON: &[&str] = &[
    field::FIRST_NAME,
    field::LAST_NAME,
    field::MOBILE,
    field::JOB_TITLE,
    field::ADDRESS,
    field::CITY,
    field::STATE,
    field::ZIPCODE,
    field::COUNTRY,
    field::MEDIUM,
];
const OF_DEAL: &[&str] = &[field::NAME, field::AMOUNT, field::EXPECTED_CLOSE];
const OF_COMPANY: &[&str] = &[
    field::WEBSITE,
    field::EMPLOYEES,
    field::ADDRESS,
    field::CITY,
    field::STATE,
    field::ZIPCODE,
    field::COUNTRY,
    "phone",
];

impl Playbook {
    pub(crate) fn compile(file: PlaybookFile, destinations: &Destinations, compiling: &mut Compiling<'_>) -> Playbook {
        let zone = match file.time_zone.as_deref().map(TimeZone::get) {
            None => TimeZone::UTC,
            Some(Ok(zone)) => zone,
            Some(Err(_)) => {
                compiling.problem("playbook.time_zone", "there is no such zone; write one such as Europe/Berlin");
                TimeZone::UTC
            }
        };
        let templates = Templates::new(zone);
        let mut seen = BTreeSet::new();
        let mut rules = Vec::new();
        for (position, rule) in file.rules.into_iter().enumerate() {
            let place = format!("playbook.rules[{position}]");
            if !seen.insert(rule.name.clone()) {
                compiling.problem(&place, format_args!("there is another rule named \"{}\"", rule.name));
            }
            let mut reader =
                Reader { place, known: &[], templates: &templates, destinations, compiling: &mut *compiling };
            rules.extend(reader.rule(rule));
        }
        Playbook { rules: Arc::new(rules), templates }
    }
}

/// Reads one rule, and one step after the other.
struct Reader<'a, 'b> {
    place: String,
    known: &'static [&'static str],
    templates: &'a Templates,
    destinations: &'a Destinations,
    compiling: &'a mut Compiling<'b>,
}

impl Reader<'_, '_> {
    fn problem(&mut self, below: &str, message: impl std::fmt::Display) {
        let dot = if below.is_empty() { "" } else { "." };
        self.compiling.problem(&format!("{}{dot}{below}", self.place), message);
    }

    fn rule(&mut self, file: RuleFile) -> Option<Rule> {
        let RuleFile { name, event, change, from, to, when, steps } = file;
        let on = self.occasion(event, change, (from, to))?;
        self.known = match on {
            Occasion::Event(_) => view::OF_EVENT,
            Occasion::Change { .. } => view::OF_CHANGE,
        };
        let when = match when.map(|source| Condition::parse(&source, self.known)) {
            Some(Err(message)) => {
                self.problem("when", message);
                None
            }
            Some(Ok(condition)) => Some(condition),
            None => None,
        };
        if steps.is_empty() {
            self.problem("steps", "a rule without steps does nothing; give it one");
        }
        let rule = std::mem::take(&mut self.place);
        let mut actions = Vec::new();
        for (position, step) in steps.into_iter().enumerate() {
            self.place = format!("{rule}.steps[{position}]");
            actions.extend(self.step(step));
        }
        Some(Rule { name, on, when, steps: actions })
    }

    fn occasion(
        &mut self,
        event: Option<OneOrMany>,
        change: Option<OneOrMany>,
        (from, to): (Option<OneOrMany>, Option<OneOrMany>),
    ) -> Option<Occasion> {
        let patterns = |written: Option<OneOrMany>| -> Vec<Pattern> {
            written.map(OneOrMany::into_vec).unwrap_or_default().iter().map(|text| Pattern::new(text)).collect()
        };
        match (event, change) {
            (Some(event), None) => {
                if from.is_some() || to.is_some() {
                    self.problem("", "`from` and `to` go with `change`, not with `event`");
                }
                Some(Occasion::Event(patterns(Some(event))))
            }
            (None, Some(change)) => {
                let fields = change.into_vec();
                if let Some(field) = fields.iter().find(|field| !field.contains(['.', '*'])) {
                    self.problem(
                        "change",
                        format_args!("\"{field}\" names no field; write kind and field, such as deal.stage"),
                    );
                }
                let fields = patterns(Some(OneOrMany::Many(fields)));
                Some(Occasion::Change { fields, from: patterns(from), to: patterns(to) })
            }
            _ => {
                self.problem("", "a rule answers either to `event` or to `change`: give it one of the two");
                None
            }
        }
    }

    fn text(&mut self, below: &str, written: &str) -> Template {
        self.templates.parse(written, self.known).unwrap_or_else(|message| {
            self.problem(below, message);
            Template::Fixed(Value::Null)
        })
    }

    fn value(&mut self, below: &str, written: &Value) -> Template {
        self.templates.parse_value(written, self.known).unwrap_or_else(|message| {
            self.problem(below, message);
            Template::Fixed(Value::Null)
        })
    }

    fn maybe(&mut self, below: &str, written: Option<String>) -> Option<Template> {
        written.map(|written| self.text(below, &written))
    }

    fn texts(&mut self, below: &str, written: &[String]) -> Vec<Template> {
        written.iter().map(|written| self.text(below, written)).collect()
    }

    fn fields(&mut self, written: &FieldsFile, allowed: &[&str]) -> NamedTemplates {
        let mut templates = Vec::new();
        for (name, value) in written {
            let (name, below) = (name.as_str(), format!("fields.{name}"));
            match (name, value) {
                ("custom", Value::Object(_)) => templates.push((field::CUSTOM.to_owned(), self.value(&below, value))),
                ("custom", _) => self.problem(&below, "write the custom fields in braces: { cf_plan = \"…\" }"),
                _ if allowed.contains(&name) => templates.push((name.to_owned(), self.value(&below, value))),
                _ => {
                    let message = format!("is no field that can be set; there are: {}, custom", allowed.join(", "));
                    self.problem(&below, message);
                }
            }
        }
        templates
    }

    fn seconds(&mut self, below: &str, written: Option<&str>) -> Option<i64> {
        let seconds = seconds(written?);
        if seconds.is_none() {
            self.problem(below, "is no length of time; write one such as 30m, 24h or 2d");
        }
        seconds
    }

    fn step(&mut self, step: StepFile) -> Option<Action> {
        Some(match step {
            StepFile::Person { create, fields, tags, source, campaign, owner, overwrite } => Action::Person {
                create,
                overwrite,
                fields: self.fields(&fields, OF_PERSON),
                tags: self.texts("tags", &tags),
                source: self.maybe("source", source),
                campaign: self.maybe("campaign", campaign),
                owner: self.maybe("owner", owner),
            },
            StepFile::Company { name, fields } => {
                Action::Company { name: self.text("name", &name), fields: self.fields(&fields, OF_COMPANY) }
            }
            StepFile::Deal { find, pipeline, newest, create } => Action::Deal {
                find,
                pipeline: self.maybe("pipeline", pipeline),
                oldest: newest == Some(false),
                create: create.map(|make| self.make(make)),
            },
            StepFile::Move { stage, guards } => {
                Action::Move { stage: self.text("stage", &stage), guards: self.guards(&guards) }
            }
            StepFile::Set { on, fields } => {
                use super::file::On;
                let of_any: Vec<&str> = [OF_PERSON, OF_DEAL, OF_COMPANY].concat();
                let allowed = match on {
                    On::Person => OF_PERSON,
                    On::Deal => OF_DEAL,
                    On::Company => OF_COMPANY,
                    On::Subject => &of_any,
                };
                Action::Set { on, fields: self.fields(&fields, allowed) }
            }
            StepFile::Note { on, text } => Action::Note { on, text: self.text("text", &text) },
            StepFile::Task { on, title, text, due, owner } => Action::Task {
                on,
                title: self.text("title", &title),
                text: self.maybe("text", text),
                due: self.seconds("due", due.as_deref()).unwrap_or(DUE),
                owner: self.maybe("owner", owner),
            },
            StepFile::Activity { on, r#type, title, notes, owner } => Action::Activity {
                on,
                kind: self.text("type", &r#type),
                title: self.text("title", &title),
                notes: self.maybe("notes", notes),
                owner: self.maybe("owner", owner),
            },
            StepFile::Tag { on, tags } => Action::Tag { on, tags: self.texts("tags", &tags) },
            StepFile::Convert { stage } => Action::Convert { stage: self.maybe("stage", stage) },
            StepFile::List { list } => Action::List { list: self.text("list", &list) },
            StepFile::Send(send) => return self.send(send),
        })
    }

    fn make(&mut self, make: MakeFile) -> Make {
        Make {
            name: self.text("create.name", &make.name),
            amount: make.amount.map(|amount| self.value("create.amount", &amount)),
            stage: self.maybe("create.stage", make.stage),
        }
    }

    fn guards(&mut self, guards: &GuardsFile) -> MoveGuards {
        let touched_within = self.seconds("guards.touched_within", guards.touched_within.as_deref());
        MoveGuards { backwards: guards.backwards, closed: guards.closed, touched_within }
    }

    fn send(&mut self, send: SendFile) -> Option<Action> {
        let SendFile { to, text, blocks, r#type, data, subject, address } = send;
        let Some(kind) = self.destinations.get(&to).map(|destination| destination.kind) else {
            let names: Vec<&str> = self.destinations.names().collect();
            let message = format!("there is no destination \"{to}\"; there are: {}", names.join(", "));
            self.problem("to", message);
            return None;
        };
        let (allowed, needed): (&[&str], &[&str]) = match kind {
            DestinationKind::Slack => (&["text", "blocks"], &["text"]),
            DestinationKind::Webhook => (&["type", "data"], &[]),
            DestinationKind::Email => (&["subject", "text", "address"], &["subject", "text"]),
        };
        let of_text = |written: Option<String>| written.map(Value::String);
        let given = [
            ("text", of_text(text)),
            ("blocks", blocks),
            ("type", of_text(r#type)),
            ("data", data),
            ("subject", of_text(subject)),
            ("address", of_text(address)),
        ];
        let mut content = Vec::new();
        for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            if allowed.contains(&name) {
                let called = if name == "address" { "to" } else { name };
                content.push((called.to_owned(), self.value(name, &value)));
            } else {
                self.problem(name, format_args!("\"{to}\" has no use for it; it takes: {}", allowed.join(", ")));
            }
        }
        for name in needed.iter().filter(|name| !content.iter().any(|(given, _)| given == *name)) {
            self.problem(name, format_args!("\"{to}\" needs it: write what it should say"));
        }
        Some(Action::Send { destination: to, kind, content })
    }
}
