//! The form that changes a record: one control per writable attribute, and what a sent form changes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use http::{Method, StatusCode};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::visit::Visit;
use super::{layout, lists, record};
use crate::CustomFieldType;
use crate::model::columns::{Column, Shape, columns};
use crate::model::{Kind, List, Record, State};
use crate::wire::Reply;

/// How a value is typed.
enum Control {
    Line,
    Lines,
    Date,
    /// Values and what people see for them; the empty value clears the attribute.
    Choices(Vec<(String, String)>),
}

/// One attribute in the form.
struct Input {
    name: String,
    label: String,
    control: Control,
    /// The value as the form shows it.
    value: String,
    /// Whether it stands among the first.
    first: bool,
}

/// Attributes that stand first even while they are empty.
const FIRST: &[&str] = &[
    "first_name",
    "last_name",
    "email",
    "mobile_number",
    "work_number",
    "job_title",
    "city",
    "name",
    "amount",
    "expected_close",
    "deal_stage_id",
    "lead_stage_id",
    "lifecycle_stage_id",
    "contact_status_id",
    "owner_id",
    "phone",
    "website",
    "title",
    "description",
    "due_date",
    "status",
];

fn inputs(state: &State, record: &Record) -> Vec<Input> {
    let generation = record::generation(state, record.kind);
    let mut inputs = Vec::new();
    for column in columns(record.kind) {
        if column.name == "email" {
            let value = record.primary_email().unwrap_or_default().to_owned();
            inputs.push(Input {
                name: "email".into(),
                label: "Email".into(),
                control: Control::Line,
                value,
                first: true,
            });
        }
        let offered = column.writable && column.exists_in(generation) && column.name != "deal_pipeline_id";
        if offered && !matches!(column.shape, Shape::Opaque | Shape::Computed) {
            inputs.push(input(state, record, column));
        }
    }
    inputs.extend(state.custom_fields_of(record.kind).map(|field| {
        let value = layout_text(record.custom.get(&field.name).unwrap_or(&Value::Null));
        let control = match field.field_type {
            CustomFieldType::Checkbox => yes_no(),
            CustomFieldType::Date => Control::Date,
            CustomFieldType::Dropdown if !field.choices.is_empty() => {
                Control::Choices(field.choices.iter().map(|choice| (choice.clone(), choice.clone())).collect())
            }
            _ => Control::Line,
        };
        Input { name: field.name.clone(), label: field.label.clone(), control, value, first: true }
    }));
    inputs
}

fn input(state: &State, record: &Record, column: &Column) -> Input {
    let value = match (column.shape, record.get(column.name)) {
        (Shape::Moment, value) if !value.is_null() => lists::value(state, record, column.name),
        (_, value) => layout_text(value),
    };
    let words = column.name.trim_end_matches("_id").replace('_', " ");
    let mut letters = words.chars();
    let label = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    let first = FIRST.contains(&column.name) || !value.is_empty();
    Input { name: column.name.to_owned(), label, control: control(state, record, column), value, first }
}

fn control(state: &State, record: &Record, column: &Column) -> Control {
    match (column.shape, column.name) {
        (Shape::Choice(List::ContactStatuses), _) => Control::Choices(statuses(state)),
        (Shape::Choice(list), _) => entries(state, list),
        (_, "deal_stage_id") => stages(state),
        (_, "task_type_id") => entries(state, List::SalesActivityEntityTypes),
        (_, "status") if record.kind == Kind::Task => {
            Control::Choices(vec![("0".to_owned(), "Open".to_owned()), ("1".to_owned(), "Done".to_owned())])
        }
        (Shape::Flag, _) => yes_no(),
        (Shape::Date, _) => Control::Date,
        (Shape::LongText, _) => Control::Lines,
        _ => Control::Line,
    }
}

fn yes_no() -> Control {
    Control::Choices(vec![("true".to_owned(), "Yes".to_owned()), ("false".to_owned(), "No".to_owned())])
}

fn entries(state: &State, list: List) -> Control {
    let entries = state.catalog.list(list).iter();
    Control::Choices(entries.map(|entry| (entry.id.to_string(), entry.name.clone())).collect())
}

/// Stages of every pipeline; those of another than the default are named with it.
fn stages(state: &State) -> Control {
    let pipelines = state.catalog.list(List::DealPipelines);
    let named = |pipeline: &crate::model::catalog::Entry| {
        let prefix = if pipelines.len() > 1 { format!("{}: ", pipeline.name) } else { String::new() };
        let stages = state.catalog.stages_of(pipeline.id);
        stages.map(|stage| (stage.id.to_string(), format!("{prefix}{}", stage.name))).collect::<Vec<_>>()
    };
    Control::Choices(pipelines.iter().flat_map(named).collect())
}

/// A status is of one lifecycle stage, and several stages have statuses of the same name.
fn statuses(state: &State) -> Vec<(String, String)> {
    let of = |stage: &crate::model::catalog::Entry| {
        let statuses = state.catalog.statuses_of(stage.id);
        statuses.map(|status| (status.id.to_string(), format!("{}: {}", stage.name, status.name))).collect::<Vec<_>>()
    };
    state.catalog.list(List::LifecycleStages).iter().flat_map(of).collect()
}

/// A stored value as a form has it.
fn layout_text(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        other => layout::shown(other),
    }
}

/// Tells whether a record has changed since a form was made of it.
fn version(inputs: &[Input]) -> String {
    let mut hasher = DefaultHasher::new();
    for input in inputs {
        (&input.name, &input.value).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// The form with the record's values, or with what was sent where that was refused.
pub(super) fn form(state: &State, visit: &Visit, record: &Record, wrong: Option<&[String]>) -> Markup {
    let inputs = inputs(state, record);
    let version = version(&inputs);
    let sent = |input: &Input| wrong.and_then(|_| visit.typed(&input.name)).unwrap_or_else(|| input.value.clone());
    let (first, more): (Vec<&Input>, Vec<&Input>) = inputs.iter().partition(|input| input.first);
    html! {
        form.stack.panel method="post" action=(layout::path(record.kind, record.id)) {
            h2 { "Change" }
            @if let Some(wrong) = wrong { ul.problem role="alert" { @for sentence in wrong { li { (sentence) } } } }
            (layout::token(visit))
            input type="hidden" name="version" value=(version);
            @for input in first { (field(input, &sent(input))) }
            @if !more.is_empty() {
                details { summary { "More fields" } div.stack { @for input in more { (field(input, &sent(input))) } } }
            }
            button { "Save" }
        }
    }
}

fn field(input: &Input, value: &str) -> Markup {
    html! {
        label {
            (input.label)
            @match &input.control {
                Control::Line => input name=(input.name) value=(value) autocomplete="off";,
                Control::Lines => textarea name=(input.name) rows="4" { "\n" (value) },
                Control::Date => input type="date" name=(input.name) value=(value);,
                Control::Choices(choices) => (select(&input.name, value, choices)),
            }
        }
    }
}

fn select(name: &str, value: &str, choices: &[(String, String)]) -> Markup {
    let known = choices.iter().any(|(choice, _)| choice == value);
    html! {
        select name=(name) {
            option value="" selected[value.is_empty()] { "–" }
            // A stage that was removed is still the record's stage.
            @if !known && !value.is_empty() { option value=(value) selected { (value) " (not in the list)" } }
            @for (choice, shown) in choices { option value=(choice) selected[choice == value] { (shown) } }
        }
    }
}

/// Saves what a form changes; nothing where there is no such record.
pub(super) fn save(state: &mut State, visit: &Visit, kind: Kind, id: i64) -> Option<Reply> {
    let before = Arc::clone(state.record(kind, id)?);
    let inputs = inputs(state, &before);
    let path = layout::path(kind, id);
    if visit.field("version") != Some(&version(&inputs)) {
        let wrong =
            ["The record was changed meanwhile. These are its values now; nothing of yours was saved.".to_owned()];
        return Some(outdated(state, visit, &before, &wrong));
    }
    let body = changes(state, visit, &before, &inputs);
    if body.is_empty() {
        return Some(layout::redirect(&format!("{path}?done=same")));
    }
    let target = format!("/{}/{id}", kind.plural());
    match record::write(state, visit, kind, (Method::PUT, &target), &json!({kind.singular(): body})) {
        Ok(()) => Some(layout::redirect(&format!("{path}?done=saved"))),
        Err(wrong) => {
            let form = form(state, visit, &before, Some(&wrong));
            Some(record::shown(state, visit, &before, &form, StatusCode::BAD_REQUEST))
        }
    }
}

fn outdated(state: &State, visit: &Visit, record: &Record, wrong: &[String]) -> Reply {
    let form = html! {
        ul.problem role="alert" { @for sentence in wrong { li { (sentence) } } }
        (form(state, visit, record, None))
    };
    record::shown(state, visit, record, &form, StatusCode::CONFLICT)
}

/// The attributes that the form sent with another value than it was made with.
fn changes(state: &State, visit: &Visit, before: &Record, inputs: &[Input]) -> Map<String, Value> {
    let mut body = Map::new();
    let mut custom = before.custom.clone();
    let mut custom_changed = false;
    for input in inputs {
        let Some(sent) = visit.typed(&input.name).filter(|sent| *sent != input.value) else { continue };
        let value = if sent.is_empty() { Value::Null } else { Value::String(sent) };
        if input.name.starts_with("cf_") {
            custom.insert(input.name.clone(), value);
            custom_changed = true;
        } else if input.name == "email" && value.is_null() {
            body.insert("emails".to_owned(), json!([{"value": input.value, "_destroy": true}]));
        } else {
            body.insert(input.name.clone(), value);
        }
    }
    if custom_changed {
        // The account may replace all custom fields by those that are sent.
        body.insert("custom_field".to_owned(), Value::Object(custom.into()));
    }
    follow_status(state, &mut body);
    body
}

/// A status alone brings its lifecycle stage along, which the account would ask for.
fn follow_status(state: &State, body: &mut Map<String, Value>) {
    let status = body.get("contact_status_id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    let status = status.and_then(|id| state.catalog.entry(List::ContactStatuses, id));
    let stage = status.and_then(|status| status.extra_id("lifecycle_stage_id"));
    if let (Some(stage), false) = (stage, body.contains_key("lifecycle_stage_id")) {
        body.insert("lifecycle_stage_id".to_owned(), json!(stage));
    }
}
