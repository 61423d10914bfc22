//! What people see of the standard attributes: label, type, choices, whether they are mandatory. Field metadata shows it and validation follows it.
//!
//! The tables were recorded from a trial account. Attributes of a lead's own company and deal have the same names as others, so they carry their
//! `base_model` and are left out here.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::Kind;
use super::columns::{Shape, column};

/// The class name of an entity and one row per field. `list` names the picklist its choices come from.
pub(crate) type Table = (&'static str, &'static [Map<String, Value>]);

/// The metadata of one entity, by its path segment.
pub(crate) fn table(entity: &str) -> Option<Table> {
    type Rows = OnceLock<Vec<Map<String, Value>>>;
    static TABLES: [(&str, &str, &str, Rows); 5] = [
        ("contacts", "Contact", include_str!("../routes/settings/contacts.json"), OnceLock::new()),
        ("leads", "Lead", include_str!("../routes/settings/leads.json"), OnceLock::new()),
        ("sales_accounts", "SalesAccount", include_str!("../routes/settings/sales_accounts.json"), OnceLock::new()),
        ("deals", "Deal", include_str!("../routes/settings/deals.json"), OnceLock::new()),
        (
            "sales_activities",
            "SalesActivity",
            include_str!("../routes/settings/sales_activities.json"),
            OnceLock::new(),
        ),
    ];
    let (_, model, text, rows) = TABLES.iter().find(|(name, ..)| *name == entity)?;
    Some((model, rows.get_or_init(|| serde_json::from_str(text).unwrap_or_default())))
}

/// The row of a standard attribute of a kind.
fn row(kind: Kind, name: &str) -> Option<&'static Map<String, Value>> {
    let (_, rows) = table(kind.plural())?;
    rows.iter().find(|row| row.get("name").is_some_and(|known| known == name) && !row.contains_key("base_model"))
}

/// What people see for an attribute name.
pub(crate) fn label(kind: Kind, name: &str) -> Cow<'static, str> {
    if let Some(Value::String(label)) = row(kind, name).and_then(|row| row.get("label")) {
        return Cow::Borrowed(label);
    }
    let words = name.trim_start_matches("cf_").trim_end_matches("_id").replace('_', " ");
    let mut letters = words.chars();
    Cow::Owned(letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect()))
}

/// The codes an attribute may hold, where the metadata lists all of them: small numbers as text. Lists that were recorded in part, whose choices
/// have ids of an account, say nothing of what is missing.
fn codes(kind: Kind, name: &str) -> Option<Vec<&'static str>> {
    let choices = row(kind, name)?.get("choices")?.as_array().filter(|choices| !choices.is_empty())?;
    let code = |choice: &'static Value| {
        choice.get("id")?.as_str().filter(|id| id.len() <= 2 && id.bytes().all(|b| b.is_ascii_digit()))
    };
    choices.iter().map(code).collect()
}

/// Whether a value, as text, is among the choices of a standard attribute; several are joined with `;` where the attribute takes several.
pub(crate) fn allows(kind: Kind, name: &str, text: &str) -> bool {
    let Some(codes) = codes(kind, name) else { return true };
    let several = row(kind, name).and_then(|row| row.get("type")).is_some_and(|kind| kind == "multi_select_dropdown");
    if several { text.split(';').all(|part| codes.contains(&part.trim())) } else { codes.contains(&text) }
}

/// Whether an admin can mark a standard attribute as unique: only text and numbers. Source: official support articles on unique fields.
pub(crate) fn can_be_unique(kind: Kind, name: &str) -> bool {
    let plain =
        |shape: Shape| matches!(shape, Shape::Text | Shape::Mobile | Shape::Integer | Shape::Number | Shape::Money);
    matches!(name, "email" | "emails")
        || column(kind, name).is_some_and(|column| column.writable && plain(column.shape))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Kind::Contact, "mobile_number", "Mobile")]
    #[case(Kind::Deal, "amount", "Deal value")]
    #[case(Kind::Lead, "name", "Name")]
    #[case(Kind::Contact, "cf_seat_count", "Seat count")]
    fn an_attribute_has_a_label(#[case] kind: Kind, #[case] name: &str, #[case] expected: &str) {
        assert_eq!(label(kind, name), expected);
    }

    #[rstest]
    #[case(Kind::Contact, "subscription_status", "1", true)]
    #[case(Kind::Contact, "subscription_status", "9", false)]
    #[case(Kind::Contact, "subscription_types", "2;3", true)]
    #[case(Kind::Contact, "subscription_types", "2;11", false)]
    #[case(Kind::Contact, "time_zone", "Chennai", true)]
    #[case(Kind::Deal, "forecast_category", "3", false)]
    #[case(Kind::Contact, "first_name", "9", true)]
    fn a_code_must_be_among_the_choices(
        #[case] kind: Kind,
        #[case] name: &str,
        #[case] text: &str,
        #[case] allowed: bool,
    ) {
        assert_eq!(allows(kind, name, text), allowed);
    }

    #[test]
    fn every_table_can_be_read() {
        for entity in ["contacts", "leads", "sales_accounts", "deals", "sales_activities"] {
            assert!(table(entity).is_some_and(|(_, rows)| !rows.is_empty()), "{entity}");
        }
    }
}
