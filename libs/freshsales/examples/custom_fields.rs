//! Shows the custom fields of contacts, sets one of them by name, and reads it back as what it is.
//!
//! `cargo run --example custom_fields -- 40201000001 cf_region Nordics`
#![allow(clippy::print_stdout)]

use freshsales::contacts::{self, Contact, ContactAttributes};
use freshsales::custom_fields::{CustomFields, CustomValue, FieldType};
use freshsales::{Client, Credentials};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [id, name, text] = arguments.as_slice() else { return Err("give a contact's id, a field and a value".into()) };
    let client = Client::detect(Credentials::from_env()?).await?;
    println!("{:?}", run(&client, id.parse()?, name, text).await?);
    Ok(())
}

/// Gives the value that the field has afterwards.
pub(crate) async fn run(client: &Client, contact: i64, name: &str, text: &str) -> Outcome<Option<CustomValue>> {
    let schema = CustomFields::<Contact>::read(client).await?;
    for field in schema.iter() {
        println!("{field}: {:?} {}", field.field_type, field.choices.join(", "));
    }
    let field = schema.field(name)?;
    let value = match field.field_type {
        FieldType::Number => text.parse::<rust_decimal::Decimal>()?.into(),
        FieldType::Checkbox => text.parse::<bool>()?.into(),
        FieldType::Date => text.parse::<jiff::civil::Date>()?.into(),
        _ => CustomValue::from(text),
    };
    let attributes = ContactAttributes::new().custom_fields(schema.write([(name, value)])?);
    let updated = client.update(&contacts::update(contact, attributes)).await?.record;
    Ok(schema.value(&updated, name)?)
}
