//! What the copy of the account has of the identities that a job is about, so that it need not ask the CRM who they are.
//!
//! The copy says who was there when it was read. Whoever is found in it is believed for a while ([`Copied::believed`]); whoever is not may be there all
//! the same. [`identities`] says under which keys a row is found, [`snapshot`] what it tells of the record.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::identity::{Email, IdentityKey};
use crate::record::{Fields, RecordKind, RecordRef, Snapshot, field, is_blank_value};
use crate::sync::{Cell, CellRef, PackedCells, RawJson, Row, Schema, Stream};

/// The streams whose rows have identities.
pub const STREAMS: [Stream; 3] = [Stream::Leads, Stream::Contacts, Stream::SalesAccounts];

/// What the copy has for the identities of one job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Copied {
    /// By identity; who is not in the copy is left out.
    pub records: BTreeMap<IdentityKey, CopiedRecord>,
    /// How long what was read is taken for what the account has.
    pub believed_for: SignedDuration,
}

/// A record as the copy has it.
#[derive(Clone, Debug, PartialEq)]
pub struct CopiedRecord {
    /// The record as it was read.
    pub snapshot: Snapshot,
    /// What changed in the account before then is in the copy; `None` where that cannot be said.
    pub read_at: Option<Timestamp>,
    /// Other records of the copy have the identity too.
    pub is_shared: bool,
}

impl Copied {
    /// The record that alone has the identity in the copy, if the copy was read lately enough to be taken for the account.
    pub fn believed(&self, key: &IdentityKey, now: Timestamp) -> Option<&CopiedRecord> {
        let record = self.records.get(key).filter(|record| !record.is_shared)?;
        // A moment to come is that of a clock that is set wrong.
        let age = now.duration_since(record.read_at?).abs();
        (age <= self.believed_for).then_some(record)
    }
}

/// Which kind of record the rows of a stream are; none for streams without identities.
pub fn kind_of(stream: Stream) -> Option<RecordKind> {
    match stream {
        Stream::Leads => Some(RecordKind::Lead),
        Stream::Contacts => Some(RecordKind::Contact),
        Stream::SalesAccounts => Some(RecordKind::Company),
        _ => None,
    }
}

/// Under which keys a row is found: all addresses of a person, the name of a company.
pub fn identities(schema: &Schema, cells: &PackedCells) -> BTreeSet<IdentityKey> {
    let cell = |name: &str| schema.position(name).and_then(|at| cells.get(at));
    match kind_of(schema.stream) {
        Some(RecordKind::Company) => match cell("name") {
            Some(CellRef::Text(name)) if !name.trim().is_empty() => BTreeSet::from([IdentityKey::of_company(name)]),
            _ => BTreeSet::new(),
        },
        Some(_) => addresses(cell("email"), cell("emails")).iter().map(IdentityKey::of_email).collect(),
        None => BTreeSet::new(),
    }
}

/// Each address once, however often the row has it.
fn addresses(primary: Option<CellRef<'_>>, all: Option<CellRef<'_>>) -> BTreeSet<Email> {
    let primary = if let Some(CellRef::Text(address)) = primary { Some(Cow::Borrowed(address)) } else { None };
    let all = if let Some(CellRef::Json(json)) = all { Some(RawJson::of(json)) } else { None };
    let others = all.into_iter().flat_map(RawJson::items).filter_map(|item| match item.members() {
        Some(address) => address.get("value").and_then(RawJson::text),
        None => item.text(),
    });
    // Most rows have the primary one among all.
    let others: Vec<_> = others.filter(|other| Some(other) != primary.as_ref()).collect();
    primary.into_iter().chain(others).filter_map(|address| Email::parse(&address).ok()).collect()
}

/// The record that a row shows, under the gateway's names; none for streams without identities. What has no column is unread.
pub fn snapshot(schema: &Schema, row: &Row) -> Option<Snapshot> {
    let kind = kind_of(schema.stream)?;
    let mut reader = Reader { schema, cells: &row.cells, fields: Fields::new(), unread: BTreeSet::new() };
    for (name, column) in PLAIN.iter().map(|name| (*name, *name)).chain(renamed(kind).iter().copied()) {
        reader.take(name, column);
    }
    reader.take_custom();
    let moment = |name: &str| match cell(schema, &row.cells, name) {
        Some(Cell::Time(moment)) => Some(*moment),
        _ => None,
    };
    let (created_at, updated_at) = (moment("created_at"), row.updated_at);
    let Reader { fields, unread, .. } = reader;
    Some(Snapshot { record: RecordRef { kind, id: row.id }, created_at, updated_at, fields, unread })
}

/// Fields that are columns of the same name.
const PLAIN: [&str; 17] = [
    field::EMAIL,
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
    field::LIFECYCLE_STAGE_ID,
    field::TAGS,
];

/// Fields that are columns of another name, or of one that depends on the kind of record.
fn renamed(kind: RecordKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        RecordKind::Lead => &[
            (field::COMPANY_NAME, "company_name"),
            (field::EMPLOYEES, "company_number_of_employees"),
            (field::WEBSITE, "company_website"),
            (field::DEAL_NAME, "deal_name"),
            (field::DEAL_AMOUNT, "deal_amount"),
        ],
        RecordKind::Contact => &[(field::COMPANY_ID, "sales_account_id")],
        RecordKind::Company => {
            &[(field::COMPANY_NAME, "name"), (field::EMPLOYEES, "number_of_employees"), (field::WEBSITE, "website")]
        }
        RecordKind::Deal => &[],
    }
}

fn cell<'a>(schema: &Schema, cells: &'a [Cell], name: &str) -> Option<&'a Cell> {
    schema.position(name).and_then(|at| cells.get(at))
}

struct Reader<'a> {
    schema: &'a Schema,
    cells: &'a [Cell],
    fields: Fields,
    unread: BTreeSet<String>,
}

impl Reader<'_> {
    fn take(&mut self, name: &str, column: &str) {
        match cell(self.schema, self.cells, column).map(value) {
            None => drop(self.unread.insert(name.to_owned())),
            Some(value) if is_blank_value(&value) => {}
            Some(value) => drop(self.fields.insert(name.to_owned(), value)),
        }
    }

    /// The account's own fields. A cell whose value did not fit is blank, so what is blank here says nothing.
    fn take_custom(&mut self) {
        let columns = self.schema.columns.iter().zip(self.cells);
        let own = columns.filter(|(column, _)| column.field.is_some() || column.name.starts_with("cf_"));
        let filled = own.map(|(column, cell)| (column.name.clone(), value(cell)));
        let custom: Map<String, Value> = filled.filter(|(_, value)| !is_blank_value(value)).collect();
        if !custom.is_empty() {
            self.fields.insert(field::CUSTOM.to_owned(), Value::Object(custom));
        }
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Blank => Value::Null,
        Cell::Integer(number) => Value::from(*number),
        Cell::Decimal(number) => Value::from(number.to_string()),
        Cell::Text(text) => Value::from(text.as_str()),
        Cell::Boolean(is_true) => Value::from(*is_true),
        Cell::Date(day) => Value::from(day.to_string()),
        Cell::Time(moment) => Value::from(moment.to_string()),
        Cell::Json(tree) => tree.clone(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::sync::{RawRow, shape};

    fn row(stream: Stream, shown: &Value) -> (Schema, Row) {
        let schema = Schema::of(stream, &[]);
        let row = shape(&schema, &RawRow::of_object(shown.as_object().unwrap())).unwrap();
        (schema, row)
    }

    fn email(text: &str) -> IdentityKey {
        IdentityKey::of_email(&Email::parse(text).unwrap())
    }

    #[test]
    fn a_person_is_found_by_every_address_and_a_company_by_its_name() {
        let emails = json!([{"value": "ada@example.com", "is_primary": true}, {"value": "A.K@Example.com"}]);
        let (schema, row_of) = row(Stream::Contacts, &json!({"id": 1, "email": "Ada@example.com", "emails": emails}));
        let expected = BTreeSet::from([email("ada@example.com"), email("a.k@example.com")]);
        assert_eq!(identities(&schema, &PackedCells::of(&row_of.cells)), expected);
        let (schema, row_of) = row(Stream::SalesAccounts, &json!({"id": 1, "name": " Acme  Corp"}));
        assert_eq!(
            identities(&schema, &PackedCells::of(&row_of.cells)),
            BTreeSet::from([IdentityKey::of_company("acme corp")])
        );
        let (schema, row_of) = row(Stream::Deals, &json!({"id": 1, "name": "Acme"}));
        assert!(identities(&schema, &PackedCells::of(&row_of.cells)).is_empty());
    }

    #[test]
    fn a_row_shows_what_is_filled_and_what_is_blank() {
        let shown = json!({"id": 7, "email": "ada@example.com", "city": "", "lead_source_id": 3, "tags": ["a"]});
        let (schema, row) = row(Stream::Contacts, &shown);
        let snapshot = snapshot(&schema, &row).unwrap();
        assert_eq!(snapshot.record, RecordRef { kind: RecordKind::Contact, id: 7 });
        assert!(snapshot.is_blank(field::CITY) && !snapshot.is_blank(field::TAGS));
        assert_eq!(snapshot.fields[field::SOURCE_ID], 3);
    }

    #[rstest]
    #[case::read_lately(false, Some(0), true)]
    #[case::read_long_ago(false, Some(-301), false)]
    #[case::by_a_clock_set_wrong(false, Some(301), false)]
    #[case::not_read_to_its_end(false, None, false)]
    #[case::two_have_it(true, Some(0), false)]
    fn a_record_is_believed_that_alone_has_the_identity(
        #[case] is_shared: bool,
        #[case] read_at: Option<i64>,
        #[case] expected: bool,
    ) {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let (schema, row) = row(Stream::Contacts, &json!({"id": 7, "email": "ada@example.com"}));
        let read_at = read_at.map(|seconds| now + SignedDuration::from_secs(seconds));
        let record = CopiedRecord { snapshot: snapshot(&schema, &row).unwrap(), read_at, is_shared };
        let key = email("ada@example.com");
        let records = BTreeMap::from([(key.clone(), record)]);
        let copied = Copied { records, believed_for: SignedDuration::from_secs(300) };
        assert_eq!(copied.believed(&key, now).is_some(), expected);
    }
}
