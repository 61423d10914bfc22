//! One rule of a filtered search: an attribute, an operator and a value.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::columns::column;
use crate::model::{Kind, Record, State};
use crate::wire::{Money, Refusal, parse_moment};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    Contains,
    DoesNotContain,
    StartsWith,
    IsAfter,
    IsBefore,
    IsEmpty,
    IsNotEmpty,
    GreaterThan,
    LessThan,
    Between,
}

impl Operator {
    /// `is_in` with one value is `is`, so the two share their rule; so do their negations.
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "is" | "is_in" => Self::Is,
            "is_not" | "is_not_in" => Self::IsNot,
            "contains" => Self::Contains,
            "does_not_contain" => Self::DoesNotContain,
            "starts_with" => Self::StartsWith,
            "is_after" => Self::IsAfter,
            "is_before" => Self::IsBefore,
            "is_empty" => Self::IsEmpty,
            "is_not_empty" => Self::IsNotEmpty,
            "greater_than" => Self::GreaterThan,
            "less_than" => Self::LessThan,
            "between" => Self::Between,
            _ => return None,
        })
    }
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Attribute {
    Email,
    Deleted,
    CreatedAt,
    UpdatedAt,
    Custom(String),
    Column(&'static str),
}

/// A checked rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    attribute: Attribute,
    operator: Operator,
    values: Vec<String>,
    moments: Vec<Timestamp>,
}

impl Rule {
    pub(super) fn read(state: &State, kind: Kind, sent: &Value) -> Result<Self, Refusal> {
        let text = |name: &str| sent.get(name).and_then(Value::as_str).unwrap_or_default();
        let attribute = read_attribute(state, kind, text("attribute"));
        let attribute =
            attribute.ok_or_else(|| Refusal::invalid(format!("Invalid attribute {}", text("attribute"))))?;
        let operator = Operator::parse(text("operator"));
        let operator = operator.ok_or_else(|| Refusal::invalid(format!("Invalid operator {}", text("operator"))))?;
        let values: Vec<String> = match sent.get("value") {
            Some(Value::Array(items)) => items.iter().filter_map(scalar).collect(),
            Some(value) => scalar(value).into_iter().collect(),
            None => Vec::new(),
        };
        if state.switches.search_values_maximum.is_some_and(|maximum| values.len() > maximum) {
            return Err(Refusal::invalid(format!("Too many values for {}", text("attribute"))));
        }
        let moments: Vec<Timestamp> = values.iter().filter_map(|text| parse_moment(text, &state.config.zone)).collect();
        let needs_moment = matches!(operator, Operator::IsAfter | Operator::IsBefore);
        if needs_moment && moments.is_empty() {
            return Err(Refusal::invalid(format!("Invalid value for {}", text("attribute"))));
        }
        Ok(Self { attribute, operator, values, moments })
    }

    /// Whether the rule asks for the recycle bin.
    pub(super) fn asks_deleted(&self) -> bool {
        self.attribute == Attribute::Deleted && self.values.iter().any(|value| matches!(value.as_str(), "1" | "true"))
    }

    /// The addresses an exact e-mail rule asks for.
    pub(super) fn addresses(&self) -> Option<&[String]> {
        (self.attribute == Attribute::Email && self.operator == Operator::Is).then_some(&self.values)
    }

    /// The instant after which records must have been updated.
    pub(super) fn updated_after(&self) -> Option<Timestamp> {
        let applies = self.attribute == Attribute::UpdatedAt && self.operator == Operator::IsAfter;
        self.moments.first().copied().filter(|_| applies)
    }

    /// Whether the answer changes only with the record itself, and not with the account's settings or other records.
    pub(super) fn looks_at_the_record_alone(&self) -> bool {
        matches!(self.attribute, Attribute::Deleted | Attribute::Email | Attribute::CreatedAt | Attribute::UpdatedAt)
    }

    pub(super) fn holds(&self, state: &State, record: &Record) -> bool {
        match &self.attribute {
            Attribute::Deleted => true,
            Attribute::Email => match self.operator {
                Operator::IsEmpty => record.emails.is_empty(),
                Operator::IsNotEmpty => !record.emails.is_empty(),
                Operator::IsNot | Operator::DoesNotContain => {
                    record.emails.iter().all(|email| self.holds_for_text(&email.address))
                }
                _ => record.emails.iter().any(|email| self.holds_for_text(&email.address)),
            },
            Attribute::CreatedAt => self.holds_for_moment(record.created_at),
            Attribute::UpdatedAt => self.holds_for_moment(record.updated_at),
            Attribute::Custom(name) => self.holds_for_value(state, record.custom.get(name).unwrap_or(&Value::Null)),
            Attribute::Column(name) => self.holds_for_value(state, &stored(record, name)),
        }
    }

    fn holds_for_value(&self, state: &State, value: &Value) -> bool {
        match self.operator {
            Operator::IsEmpty => is_empty(value),
            Operator::IsNotEmpty => !is_empty(value),
            Operator::IsNot | Operator::DoesNotContain => texts(value).iter().all(|text| self.holds_for_text(text)),
            Operator::IsAfter | Operator::IsBefore => value
                .as_str()
                .and_then(|text| parse_moment(text, &state.config.zone))
                .is_some_and(|moment| self.holds_for_moment(moment)),
            _ => texts(value).iter().any(|text| self.holds_for_text(text)),
        }
    }

    fn holds_for_moment(&self, moment: Timestamp) -> bool {
        let first = self.moments.first();
        match self.operator {
            Operator::IsAfter | Operator::GreaterThan => first.is_some_and(|&bound| moment > bound),
            Operator::IsBefore | Operator::LessThan => first.is_some_and(|&bound| moment < bound),
            Operator::Between => self.moments.len() == 2 && self.moments[0] <= moment && moment <= self.moments[1],
            _ => first.is_some_and(|bound| bound.as_second() == moment.as_second()),
        }
    }

    fn holds_for_text(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let any = |test: &dyn Fn(&str) -> bool| self.values.iter().any(|value| test(&value.to_lowercase()));
        let number = number_of(text);
        let bound = |at: usize| self.values.get(at).map(|value| number_of(value));
        match self.operator {
            Operator::Is => any(&|value| value == lower),
            Operator::IsNot => !any(&|value| value == lower),
            Operator::Contains => any(&|value| lower.contains(value)),
            Operator::DoesNotContain => !any(&|value| lower.contains(value)),
            Operator::StartsWith => any(&|value| lower.starts_with(value)),
            Operator::GreaterThan => bound(0).is_some_and(|bound| number > bound),
            Operator::LessThan => bound(0).is_some_and(|bound| number < bound),
            Operator::Between => bound(0).zip(bound(1)).is_some_and(|(low, high)| low <= number && number <= high),
            _ => false,
        }
    }
}

fn read_attribute(state: &State, kind: Kind, name: &str) -> Option<Attribute> {
    let plain = child_column(kind, name).unwrap_or(name);
    Some(match plain {
        "email" | "emails" if matches!(kind, Kind::Contact | Kind::Lead) => Attribute::Email,
        "deleted" | "is_deleted" => Attribute::Deleted,
        "created_at" => Attribute::CreatedAt,
        "updated_at" => Attribute::UpdatedAt,
        "sales_account_id" => Attribute::Column("sales_account_id"),
        custom if custom.starts_with("cf_") => {
            let known = match kind {
                Kind::ModuleRecord => state.commerce().modules.have_field(custom),
                _ => state.custom_fields_of(kind).any(|field| field.name == custom),
            };
            return (known || !state.switches.unknown_custom_field_refused)
                .then(|| Attribute::Custom(custom.to_owned()));
        }
        other => Attribute::Column(column(kind, other)?.name),
    })
}

/// The column of a child-table form, `{entity}_{table}.{column}`: `contact_email.email`, `lead_city.city`.
fn child_column(kind: Kind, name: &str) -> Option<&str> {
    let (table, column) = name.split_once('.')?;
    table.strip_prefix(kind.singular())?.starts_with('_').then_some(column)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn stored(record: &Record, name: &str) -> Value {
    match name {
        "id" => record.id.into(),
        "display_name" => record.display_name().into(),
        "sales_account_id" => record.accounts.first().map(|link| link.account).into(),
        _ => record.get(name).clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty)
}

/// The texts of a value; several choices in one string are several texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(scalar).collect(),
        Value::String(joined) if joined.contains(';') => {
            joined.split(';').map(str::to_owned).chain([joined.clone()]).collect()
        }
        Value::Null => vec![String::new()],
        other => scalar(other).into_iter().collect(),
    }
}

fn number_of(text: &str) -> f64 {
    let money = Money::parse(&Value::String(text.to_owned())).map(|money| money.to_string());
    money.as_deref().unwrap_or(text).parse().unwrap_or(f64::NAN)
}

/// A value to sort by: numbers and amounts by size, texts by their first letters.
pub(super) fn comparable(_state: &State, record: &Record, attribute: &str) -> f64 {
    let text = scalar(&stored(record, attribute)).unwrap_or_default();
    let number = number_of(&text);
    if number.is_nan() { first_letters(&text) } else { number }
}

fn first_letters(text: &str) -> f64 {
    text.to_lowercase().bytes().take(6).fold(0.0, |sum, byte| sum * 256.0 + f64::from(byte))
}
