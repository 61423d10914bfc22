//! One attribute of a record by the name that a person ticks: its own columns, custom fields, the name behind an id,
//! and fields of the company or the contact that it hangs on.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::Generation;
use crate::model::columns::{Column, Shape, column, columns};
use crate::model::{Kind, List, Record, State};
use crate::wire::Render;

/// How a value is written in a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    /// `MM-DD-YYYY HH:MM:SS` in the account's zone, without an offset. Source: seen on recorded deliveries.
    Moment,
    /// `MM-DD-YYYY`.
    Date,
    /// A number, where the API has a decimal string.
    Money,
    /// A string, whatever the custom field holds.
    Custom,
}

/// A value as the API shows it, with what a webhook makes of it.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) value: Value,
    form: Form,
}

impl Field {
    fn plain(value: Value) -> Self {
        Self { value, form: Form::Plain }
    }

    /// The value in simple content.
    pub(super) fn simple(&self, zone: &TimeZone) -> Value {
        match (self.form, &self.value) {
            (_, Value::Null) => Value::Null,
            (Form::Money, Value::String(amount)) => number(amount),
            (Form::Plain, Value::Array(_) | Value::Object(_)) | (Form::Custom, _) => json!(self.text(zone)),
            (Form::Plain | Form::Money, value) => value.clone(),
            (Form::Moment | Form::Date, _) => json!(self.text(zone)),
        }
    }

    /// The value inside text; nothing is empty.
    pub(super) fn text(&self, zone: &TimeZone) -> String {
        let text = text_of(&self.value);
        match self.form {
            Form::Moment => text
                .parse::<Timestamp>()
                .map_or(text, |moment| zone.to_datetime(moment).strftime("%m-%d-%Y %H:%M:%S").to_string()),
            Form::Date => text.parse::<Date>().map_or(text, |date| date.strftime("%m-%d-%Y").to_string()),
            Form::Money if !text.is_empty() => text_of(&number(&text)),
            _ => text,
        }
    }
}

/// A JSON value as text: lists joined with commas, nothing as the empty text.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// `5600` rather than `5600.0`. Source: seen on recorded deliveries.
fn number(amount: &str) -> Value {
    let whole = amount.strip_suffix(".0").and_then(|whole| whole.parse::<i64>().ok());
    whole.map_or_else(|| amount.parse::<f64>().map_or(json!(amount), |number| json!(number)), |whole| json!(whole))
}

/// Attributes that hold structure rather than a value.
const STRUCTURAL: &[&str] = &[
    "links",
    "custom_field",
    "collaboration",
    "fc_widget_collaboration",
    "collab_context",
    "phone_numbers",
    "targetables",
    "company",
    "deal",
];

const MOMENTS: &[&str] = &["created_at", "updated_at", "stage_updated_time", "last_assigned_at", "last_contacted"];
const AMOUNTS: &[&str] = &["base_currency_amount", "expected_deal_value", "open_deals_amount", "won_deals_amount"];

/// Names the admin's screen has for attributes that the API calls otherwise. Source: seen on recorded deliveries.
fn api_name(kind: Kind, name: &str) -> &str {
    match (kind, name) {
        (Kind::Deal, "lost_reason") => "deal_reason_name",
        (Kind::Deal, "lost_reason_id") => "deal_reason_id",
        _ => name,
    }
}

fn own_column(kind: Kind, name: &str) -> Option<&'static Column> {
    column(kind, name).filter(|column| !STRUCTURAL.contains(&column.name))
}

/// The picklist behind `<base>_id`.
fn list_behind(kind: Kind, base: &str) -> Option<List> {
    let id = format!("{base}_id");
    match (column(kind, &id)?.shape, base) {
        (Shape::Choice(list), _) => Some(list),
        (_, "deal_stage") => Some(List::DealStages),
        (_, "deal_pipeline") => Some(List::DealPipelines),
        (_, "task_type") => Some(List::SalesActivityEntityTypes),
        (_, "outcome") => Some(List::SalesActivityOutcomes),
        _ => None,
    }
}

/// What `<base>_name` and `<base>_email` of a picklist's id refer to.
fn relation(kind: Kind, name: &str) -> Option<(List, String, bool)> {
    let (base, email) = match (name.strip_suffix("_name"), name.strip_suffix("_email")) {
        (Some(base), _) => (base, false),
        (_, Some(base)) => (base, true),
        _ => return None,
    };
    let list = list_behind(kind, base)?;
    (!email || list == List::Users).then(|| (list, format!("{base}_id"), email))
}

/// The records whose fields can be ticked beside a record's own, by the prefix of the names.
fn related(kind: Kind, name: &str) -> Option<(Kind, &str)> {
    let of = |prefix: &str, other: Kind| Some((other, name.strip_prefix(prefix)?));
    match kind {
        Kind::Contact => of("sales_account_", Kind::SalesAccount),
        Kind::Deal => of("sales_account_", Kind::SalesAccount).or_else(|| of("contact_", Kind::Contact)),
        _ => None,
    }
}

/// A part of a lead that is not a record of its own: its company and its deal.
fn nested(kind: Kind, name: &str) -> Option<(&'static str, &str)> {
    let parts = ["company", "deal"].into_iter();
    let mut parts = parts.filter_map(|part| Some((part, name.strip_prefix(part)?.strip_prefix('_')?)));
    parts.next().filter(|_| kind == Kind::Lead)
}

/// Whether a kind has a field of this name. Custom fields can be defined later, so any `cf_` name counts.
pub(super) fn exists(kind: Kind, name: &str) -> bool {
    let name = api_name(kind, name);
    name.starts_with("cf_")
        || own_column(kind, name).is_some()
        || relation(kind, name).is_some()
        || nested(kind, name).is_some()
        || related(kind, name).is_some_and(|(other, rest)| other != kind && exists(other, rest))
}

/// The fields of a kind itself, custom ones included, for a person to choose from.
pub(crate) fn own_fields(state: &State, kind: Kind) -> Vec<String> {
    let own = columns(kind).iter().filter(|column| !STRUCTURAL.contains(&column.name));
    let mut names = Vec::new();
    for column in own {
        names.push(column.name.to_owned());
        if let Some(base) = column.name.strip_suffix("_id").filter(|base| list_behind(kind, base).is_some()) {
            names.push(format!("{base}_name"));
        }
    }
    names.extend(state.custom_fields_of(kind).map(|field| field.name.clone()));
    names
}

/// The value of a field; nothing where the kind has no such field.
pub(crate) fn read(state: &State, record: &Record, name: &str) -> Option<Field> {
    let name = api_name(record.kind, name);
    if name.starts_with("cf_") {
        return Some(custom(state, record, name));
    }
    if let Some(column) = own_column(record.kind, name) {
        return Some(own(state, record, column));
    }
    if let Some((list, id, email)) = relation(record.kind, name) {
        let entry = record.id_in(&id).and_then(|id| state.catalog.entry(list, id));
        let value = entry.map(|entry| if email { entry.extra("email").clone() } else { json!(entry.name) });
        return Some(Field::plain(value.unwrap_or_default()));
    }
    if let Some((part, key)) = nested(record.kind, name) {
        return Some(Field::plain(record.get(part).get(key).cloned().unwrap_or_default()));
    }
    let (other, rest) = related(record.kind, name)?;
    let id = match other {
        Kind::SalesAccount => {
            let primary = record.accounts.iter().find(|link| link.primary);
            primary.or_else(|| record.accounts.first()).map(|link| link.account)
        }
        _ => record.contacts.first().copied(),
    };
    let unlinked = || exists(other, rest).then(|| Field::plain(Value::Null));
    id.and_then(|id| state.record(other, id)).map_or_else(unlinked, |other| read(state, other, rest))
}

/// The name of the picklist entry behind a field that is an id.
pub(super) fn entry_name(state: &State, record: &Record, name: &str) -> Option<String> {
    let name = api_name(record.kind, name);
    let list = list_behind(record.kind, name.strip_suffix("_id")?)?;
    Some(state.catalog.entry(list, record.id_in(name)?)?.name.clone())
}

fn own(state: &State, record: &Record, column: &Column) -> Field {
    let suite = state.config.profile.serves(Generation::Suite) && record.kind != Kind::Lead;
    let generation = if suite { Generation::Suite } else { Generation::Classic };
    let value = Render::new(state, generation, &[]).value(record, column);
    if column.name == "emails" {
        let addresses: Vec<&str> = record.emails.iter().map(|email| email.address.as_str()).collect();
        return Field::plain(json!(addresses));
    }
    let form = match column.shape {
        Shape::Moment => Form::Moment,
        Shape::Date => Form::Date,
        Shape::Money => Form::Money,
        _ if MOMENTS.contains(&column.name) => Form::Moment,
        _ if AMOUNTS.contains(&column.name) => Form::Money,
        _ if column.name == "closed_date" => Form::Date,
        _ => Form::Plain,
    };
    Field { value, form }
}

fn custom(state: &State, record: &Record, name: &str) -> Field {
    let value = record.custom.get(name).cloned().unwrap_or_default();
    let is_date = state
        .custom_fields_of(record.kind)
        .any(|field| field.name == name && field.field_type == crate::CustomFieldType::Date);
    Field { value, form: if is_date { Form::Date } else { Form::Custom } }
}
