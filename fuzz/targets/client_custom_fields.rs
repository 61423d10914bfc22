//! Metadata of custom fields: the first line is the values of a record as JSON, the rest the reply with the definitions.
#![no_main]

use freshsales::contacts::Contact;
use freshsales::custom_fields::{CustomFields, FieldType};
use freshsales::{Record, fields};
use leadgate_fuzz::{first_line, replies};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| {
    let (values, definitions) = first_line(input);
    let _type = FieldType::parse(&values);
    let Some(definitions) = replies::read(&fields::list::<Contact>(), definitions) else { return };
    let values: Value = serde_json::from_str(&values).unwrap_or_default();
    for value in values.as_object().into_iter().flat_map(|fields| fields.values()).chain([&values]) {
        replies::custom_values::<Contact>(&definitions, value);
    }
    let schema = CustomFields::<Contact>::of(&definitions);
    let record = json!({"id": 1, "custom_field": values});
    let Ok(record) = serde_json::from_value::<Contact>(record) else { return };
    assert_eq!(record.id(), 1);
    for field in schema.iter() {
        if let Ok(Some(value)) = schema.value(&record, &field.name) {
            let _written = schema.write([(field.name.as_str(), value)]);
        }
    }
});
