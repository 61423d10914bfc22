//! Field names, both ways. Most of the gateway's names are the CRM's own; what differs is here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leadgate_core::record::{Fields, RecordKind, RecordRef, Snapshot, field, is_blank_value};
use serde_json::{Map, Value, json};

/// Fields of a person that have the same name and shape on both sides.
const PLAIN: [&str; 17] = [
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
    field::SOURCE_ID,
    field::CAMPAIGN_ID,
    field::OWNER_ID,
    field::TERRITORY_ID,
    field::TAGS,
    field::CUSTOM,
    field::LIFECYCLE_STAGE_ID,
];

/// Fields of a deal beside those.
const OF_DEAL: [&str; 6] =
    [field::NAME, field::AMOUNT, field::STAGE_ID, field::PIPELINE_ID, field::STAGE_SINCE, field::EXPECTED_CLOSE];

/// Attributes to write, from the gateway's fields.
pub(crate) fn attributes(kind: RecordKind, fields: &Fields) -> Map<String, Value> {
    let mut written = Map::new();
    for (name, value) in fields {
        match (name.as_str(), kind) {
            (field::COMPANY_ID, RecordKind::Contact) => {
                written.insert("sales_accounts".to_owned(), json!([{ "id": value, "is_primary": true }]));
            }
            (field::COMPANY_NAME, RecordKind::Lead) => nest(&mut written, "company", "name", value),
            (field::EMPLOYEES, RecordKind::Lead) => nest(&mut written, "company", "number_of_employees", value),
            (field::WEBSITE, RecordKind::Lead) => nest(&mut written, "company", "website", value),
            (field::DEAL_NAME, RecordKind::Lead) => nest(&mut written, "deal", "name", value),
            (field::DEAL_AMOUNT, RecordKind::Lead) => nest(&mut written, "deal", "amount", value),
            (field::EMPLOYEES, RecordKind::Company) => {
                written.insert("number_of_employees".to_owned(), value.clone());
            }
            // What the other kinds of record have no place for.
            (field::COMPANY_ID | field::COMPANY_NAME | field::EMPLOYEES, _) => {}
            (field::DEAL_NAME | field::DEAL_AMOUNT, _) => {}
            (field::WEBSITE, RecordKind::Contact) | (field::LIFECYCLE_STAGE_ID, RecordKind::Lead) => {}
            (plain, _) => drop(written.insert(plain.to_owned(), value.clone())),
        }
    }
    written
}

fn nest(written: &mut Map<String, Value>, outer: &str, inner: &str, value: &Value) {
    let entry = written.entry(outer).or_insert_with(|| json!({}));
    if let Value::Object(object) = entry {
        object.insert(inner.to_owned(), value.clone());
    }
}

/// A record as the gateway sees it. A key that the reply does not have is unread; one that is null or empty is blank.
pub(crate) fn snapshot(kind: RecordKind, id: i64, shown: &Value) -> Snapshot {
    let mut reader = Reader { shown, fields: Fields::new(), unread: BTreeSet::new() };
    for name in PLAIN {
        reader.take(name, &format!("/{name}"), &format!("/{name}"));
    }
    reader.email();
    match kind {
        RecordKind::Contact => reader.company_of_contact(),
        RecordKind::Lead => reader.inside_lead(),
        RecordKind::Company => {
            reader.take(field::WEBSITE, "/website", "/website");
            reader.take(field::EMPLOYEES, "/number_of_employees", "/number_of_employees");
            reader.take(field::COMPANY_NAME, "/name", "/name");
            reader.take(field::OPEN_DEALS, "/open_deals_amount", "/open_deals_amount");
        }
        RecordKind::Deal => {
            for name in OF_DEAL {
                reader.take(name, &format!("/{name}"), &format!("/{name}"));
            }
        }
    }
    let moment = |name: &str| shown.get(name).and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
    let (created_at, updated_at) = (moment("created_at"), moment("updated_at"));
    let Reader { fields, unread, .. } = reader;
    Snapshot { record: RecordRef { kind, id }, created_at, updated_at, fields, unread }
}

struct Reader<'a> {
    shown: &'a Value,
    fields: Fields,
    unread: BTreeSet<String>,
}

impl Reader<'_> {
    /// Takes the value at `pointer`; the field counts as read if something, be it null, is at `outer`.
    fn take(&mut self, name: &str, outer: &str, pointer: &str) {
        if self.shown.pointer(outer).is_none() {
            self.unread.insert(name.to_owned());
        } else if let Some(value) = self.shown.pointer(pointer).filter(|value| !is_blank_value(value)) {
            self.fields.insert(name.to_owned(), value.clone());
        }
    }

    fn email(&mut self) {
        let plain = self.shown.get("email").filter(|value| !is_blank_value(value)).cloned();
        let primary = || {
            let rows = self.shown.get("emails")?.as_array()?;
            let row =
                rows.iter().find(|row| row.get("is_primary") == Some(&Value::Bool(true))).or_else(|| rows.first())?;
            row.get("value").cloned()
        };
        if let Some(email) = plain.or_else(primary) {
            self.fields.insert(field::EMAIL.to_owned(), email);
        }
    }

    fn company_of_contact(&mut self) {
        self.take(field::COMPANY_ID, "/sales_accounts", "/sales_accounts/0/id");
    }

    fn inside_lead(&mut self) {
        self.take(field::COMPANY_NAME, "/company", "/company/name");
        self.take(field::EMPLOYEES, "/company", "/company/number_of_employees");
        self.take(field::WEBSITE, "/company", "/company/website");
        self.take(field::DEAL_NAME, "/deal", "/deal/name");
        self.take(field::DEAL_AMOUNT, "/deal", "/deal/amount");
    }
}

/// Every address of a person, lower case.
pub(crate) fn addresses(shown: &Value) -> BTreeSet<String> {
    let primary = shown.get("email").and_then(Value::as_str);
    let rows = shown.get("emails").and_then(Value::as_array).into_iter().flatten();
    let others = rows.filter_map(|row| row.get("value").and_then(Value::as_str).or_else(|| row.as_str()));
    primary.into_iter().chain(others).map(|address| address.trim().to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_is_unread_and_a_null_is_blank() {
        let shown = json!({ "city": null, "country": "Norway", "emails": [{ "value": "a@x.io", "is_primary": true }] });
        let snapshot = snapshot(RecordKind::Contact, 1, &shown);
        assert!(snapshot.is_blank(field::CITY) && !snapshot.is_blank(field::COUNTRY));
        assert!(snapshot.unread.contains(field::CUSTOM) && snapshot.unread.contains(field::COMPANY_ID));
        assert_eq!(snapshot.fields[field::EMAIL], "a@x.io");
    }

    #[test]
    fn a_lead_carries_company_and_deal_inside_and_a_contact_links_them() {
        let fields: Fields =
            serde_json::from_value(json!({ "company_name": "Acme", "employees": 11, "deal_name": "D" })).unwrap();
        let lead = Value::Object(attributes(RecordKind::Lead, &fields));
        assert_eq!(lead, json!({ "company": { "name": "Acme", "number_of_employees": 11 }, "deal": { "name": "D" } }));
        let linked: Fields = serde_json::from_value(json!({ "company_id": 7, "deal_name": "D" })).unwrap();
        let contact = Value::Object(attributes(RecordKind::Contact, &linked));
        assert_eq!(contact, json!({ "sales_accounts": [{ "id": 7, "is_primary": true }] }));
    }
}
