//! Columns of the account's own fields.

use std::collections::BTreeSet;

use super::{FieldRow, known_columns};
use crate::sync::{Column, ColumnKind, RawJson, RawMembers, Schema, Stream};

/// The columns of a stream's own fields, in the order of the fields; of two fields with one name the first counts.
pub(super) fn columns(stream: Stream, fields: &[FieldRow]) -> Vec<Column> {
    let own: Vec<&FieldRow> = fields.iter().filter(|field| field.stream == stream && field.is_own).collect();
    let clean: BTreeSet<&str> = own.iter().map(|field| field.name.as_str()).filter(|name| is_clean(name)).collect();
    let mut taken: BTreeSet<String> = known_columns(stream).map(|known| known.name.to_owned()).collect();
    let mut seen = BTreeSet::new();
    let mut columns = Vec::new();
    for field in own.into_iter().filter(|field| seen.insert(field.name.clone())) {
        let short = cleaned(&field.name);
        let meant_for_another = !is_clean(&field.name) && clean.contains(short.as_str());
        let name = if meant_for_another || taken.contains(&short) { marked(&field.name) } else { short };
        taken.insert(name.clone());
        columns.push(Column { name, kind: kind_of(&field.kind), label: field.label.clone(), field: field.id });
    }
    columns
}

/// The value of an own field's column among the row's own fields: the field's name is the column's, or becomes it when it is cleaned or marked. A field
/// whose marked name is a column of the schema has that one, and no other.
pub(super) fn value_of<'a>(column: &str, schema: &Schema, own: &RawMembers<'a>) -> Option<RawJson<'a>> {
    if let Some(value) = own.get(column) {
        return Some(value);
    }
    let others = || own.iter().filter(|(name, _)| !is_clean(name));
    let by_mark = others().find(|(name, _)| marked(name) == column);
    let is_short = |name: &str| cleaned(name) == column && schema.position(&marked(name)).is_none();
    by_mark.or_else(|| others().find(|(name, _)| is_short(name))).map(|(_, value)| value)
}

fn is_clean(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The name with `_` for everything that a column's name cannot have.
fn cleaned(name: &str) -> String {
    let letter = |letter: char| match letter.to_ascii_lowercase() {
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => '_',
    };
    name.chars().map(letter).collect()
}

/// The cleaned name with a number that is made of the whole name, where the cleaned one is another field's.
fn marked(name: &str) -> String {
    let fold = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{}_{:08x}", cleaned(name), name.bytes().fold(0x811c_9dc5, fold))
}

/// What the cells of a field are, by the CRM's word for its type. An unknown word is text: that takes every single value.
fn kind_of(word: &str) -> ColumnKind {
    match word.trim().to_ascii_lowercase().as_str() {
        "number" | "decimal" | "currency" | "percent" => ColumnKind::Decimal,
        "checkbox" | "boolean" => ColumnKind::Boolean,
        "date" => ColumnKind::Date,
        "date_time_split" | "date_time" | "datetime" => ColumnKind::Time,
        "multi_select_dropdown" | "multiselect" | "multi_select" | "group_field" => ColumnKind::Json,
        "lookup" => ColumnKind::Integer,
        _ => ColumnKind::Text,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn field(name: &str, kind: &str) -> FieldRow {
        FieldRow { stream: Stream::Deals, id: Some(7), name: name.into(), label: None, kind: kind.into(), is_own: true }
    }

    #[rstest]
    #[case("number", ColumnKind::Decimal)]
    #[case("checkbox", ColumnKind::Boolean)]
    #[case("date", ColumnKind::Date)]
    #[case("dropdown", ColumnKind::Text)]
    #[case("multi_select_dropdown", ColumnKind::Json)]
    #[case("something_new", ColumnKind::Text)]
    fn the_type_of_a_field_says_what_its_cells_are(#[case] word: &str, #[case] kind: ColumnKind) {
        assert_eq!(columns(Stream::Deals, &[field("cf_x", word)])[0].kind, kind);
    }

    #[test]
    fn names_that_clash_once_cleaned_stay_apart() {
        let fields = ["cf_a-b", "cf_a_b", "cf_a.b", "cf_no-go"].map(|name| field(name, "text"));
        let own = json!({ "cf_a-b": 1, "cf_a_b": 2, "cf_a.b": 3, "cf_no-go": 4 });
        assert_eq!(values(&fields, &own), [Some(json!(1)), Some(json!(2)), Some(json!(3)), Some(json!(4))]);
        assert_eq!(columns(Stream::Deals, &fields)[3].name, "cf_no_go");
    }

    /// The values of the fields' columns among a row's own fields.
    fn values(fields: &[FieldRow], own: &Value) -> Vec<Option<Value>> {
        let schema = Schema { stream: Stream::Deals, columns: columns(Stream::Deals, fields) };
        let own = own.to_string();
        let own: RawMembers<'_> = serde_json::from_str(&own).unwrap();
        let value = |column: &Column| value_of(&column.name, &schema, &own).map(RawJson::value);
        schema.columns.iter().map(value).collect()
    }

    #[rstest]
    #[case::both(json!({"cf_grüße": "b", "cf_größe": "a"}), [Some("a"), Some("b")])]
    #[case::the_second_alone(json!({"cf_grüße": "b"}), [None, Some("b")])]
    #[case::the_first_alone(json!({"cf_größe": "a"}), [Some("a"), None])]
    fn fields_that_are_cleaned_to_the_same_name_keep_their_own_values(
        #[values(false, true)] is_listed_backwards: bool,
        #[case] own: Value,
        #[case] expected: [Option<&str>; 2],
    ) {
        let (mut fields, mut expected) = (["cf_größe", "cf_grüße"].map(|name| field(name, "text")), expected);
        if is_listed_backwards {
            fields.reverse();
            expected.reverse();
        }
        assert_eq!(values(&fields, &own), expected.map(|text| text.map(Value::from)));
    }
}
