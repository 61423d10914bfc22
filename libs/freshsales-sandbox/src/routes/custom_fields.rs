//! Adding a custom field to a form (Suite): of contacts, sales accounts, deals, or a custom module.

use http::Method;
use serde_json::{Map, Value, json};

use super::{main_kind, path_id, settings};
use crate::model::{Kind, State};
use crate::wire::{Answer, Call, Refusal, Reply};
use crate::write::read_id;
use crate::{CustomField, CustomFieldType, Generation};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, ["settings", entity, "forms", form, "fields"]) if call.generation == Generation::Suite => {
            let owner = Owner::named(state, entity)?;
            Some(path_id(form).and_then(|form| create(state, call, owner, form)))
        }
        _ => None,
    }
}

/// What a form belongs to.
#[derive(Clone, Copy)]
enum Owner {
    Kind(Kind),
    /// A custom module by its id.
    Module(i64),
}

impl Owner {
    fn named(state: &State, entity: &str) -> Option<Self> {
        let module = state.commerce().modules.named(entity).map(|module| Self::Module(module.id));
        module.or_else(|| main_kind(entity).map(Self::Kind))
    }

    fn fields(self, state: &State) -> Vec<&CustomField> {
        match self {
            Self::Kind(kind) => state.custom_fields_of(kind).collect(),
            Self::Module(id) => {
                state.commerce().modules.get(id).into_iter().flat_map(|module| &module.fields).collect()
            }
        }
    }

    /// The class of its records and the id of its form.
    fn form(self, state: &State) -> Option<(String, i64)> {
        match self {
            Self::Kind(kind) => Some((kind.class().to_owned(), settings::form_id(kind.class()))),
            Self::Module(id) => state.commerce().modules.get(id).map(|module| (module.class(), module.form_id())),
        }
    }

    fn add(self, state: &mut State, field: CustomField) {
        match self {
            Self::Kind(_) => state.add_custom_field(field),
            Self::Module(id) => {
                if let Some(module) = state.commerce_mut().modules.get_mut(id) {
                    module.fields.push(field);
                }
            }
        }
    }
}

fn create(state: &mut State, call: &Call, owner: Owner, form: i64) -> Answer {
    let (class, form_id) = owner.form(state).filter(|(_, id)| *id == form).ok_or(Refusal::NotFound)?;
    let body = call.object()?;
    let kind = if let Owner::Kind(kind) = owner { kind } else { Kind::ModuleRecord };
    let field = read(kind, &owner.fields(state), &body)?;
    let position = owner.fields(state).len();
    owner.add(state, field.clone());
    let section = settings::form_field_id(&class, 0);
    let metadata = settings::custom_field(&class, position, &field);
    // Standard fields come before it in the form of a kind, and the name in that of a module.
    let at = u32::try_from(settings::standard_fields(&class) + position + 1).unwrap_or(u32::MAX);
    let mut shown = settings::form_field(state, &class, form_id, &section, (&metadata, at));
    shown["allow_clearing_default_value"] = Value::Bool(true);
    Ok(Reply::json(json!({ "field": shown })))
}

fn read(kind: Kind, others: &[&CustomField], body: &Map<String, Value>) -> Result<CustomField, Refusal> {
    let label = body.get("label").and_then(Value::as_str).unwrap_or_default().trim();
    if label.is_empty() {
        return Err(Refusal::invalid("Label can't be empty"));
    }
    let number = body.get("field_type").and_then(read_id);
    let field_type = number.and_then(field_type).ok_or_else(|| Refusal::invalid("Invalid field type provided."))?;
    let mut field = CustomField::new(kind, &free_name(label, others), field_type);
    label.clone_into(&mut field.label);
    field.required = body.get("required") == Some(&Value::Bool(true));
    let choices = body.get("choices").and_then(Value::as_array).into_iter().flatten();
    let text = |choice: &Value| choice.get("value").unwrap_or(choice).as_str().map(str::to_owned);
    field.choices = choices.filter_map(text).collect();
    Ok(field)
}

/// The API takes a number and no public page lists the numbers, so these are the sandbox's own.
fn field_type(number: i64) -> Option<CustomFieldType> {
    Some(match number {
        1 => CustomFieldType::Text,
        2 => CustomFieldType::Number,
        3 => CustomFieldType::Date,
        4 => CustomFieldType::Checkbox,
        5 => CustomFieldType::Dropdown,
        6 => CustomFieldType::MultiSelectDropdown,
        _ => return None,
    })
}

/// `cf_` and the label in lower case, blanks as `_`, hyphens kept, other signs dropped. Source: seen on recorded records. Numbered if it is taken.
fn free_name(label: &str, others: &[&CustomField]) -> String {
    let letter = |sign: char| match sign {
        ' ' => Some('_'),
        '-' | '_' => Some(sign),
        sign if sign.is_alphanumeric() => Some(sign),
        _ => None,
    };
    let name = format!("cf_{}", label.to_lowercase().chars().filter_map(letter).collect::<String>());
    let taken = |name: &str| others.iter().any(|field| field.name == name);
    let numbered = (1..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Budget", "cf_budget")]
    #[case("No-Go Truck Types", "cf_no-go_truck_types")]
    #[case("Seats (2026)?", "cf_seats_2026")]
    #[case("Taken", "cf_taken_2")]
    fn a_name_is_made_of_the_label(#[case] label: &str, #[case] name: &str) {
        let taken = ["cf_taken", "cf_taken_1"].map(|name| CustomField::new(Kind::Deal, name, CustomFieldType::Text));
        assert_eq!(free_name(label, &taken.each_ref()), name);
    }
}
