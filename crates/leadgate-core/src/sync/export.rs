//! What of a stream is exported: which rows, and which columns first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Cell, Part, Row, Schema, Stream};

/// What people look at first in a deal.
const FIRST_OF_DEALS: [&str; 10] = [
    "name",
    "amount",
    "currency_code",
    "owner_name",
    "closed_date",
    "deal_stage_name",
    "sales_account_name",
    "contact_names",
    "contact_emails",
    "lead_source_name",
];

/// How a deal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DealEnd {
    /// Its stage is one of those that are won.
    Won,
    /// Its stage is one of those that are lost.
    Lost,
    /// Neither.
    Open,
}

/// Which rows are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only deals that stand so.
    pub end: Option<DealEnd>,
    /// Only rows that changed after this moment; of won and lost deals, those that were closed since its day.
    pub since: Option<Timestamp>,
}

impl Wanted {
    /// What to ask the CRM for. Closing a deal changes it, so what was closed since a day has changed since then, in whatever zone the day is meant.
    pub fn part(&self, stream: Stream) -> Part {
        match self.since.filter(|_| stream.tells_changes()) {
            Some(since) if self.is_closed() => {
                Part::ChangedAfter(since.saturating_sub(jiff::SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN))
            }
            Some(since) => Part::ChangedAfter(since),
            None => Part::Whole,
        }
    }

    /// Whether a row is wanted.
    pub fn keeps(&self, schema: &Schema, row: &Row) -> bool {
        let cell = |name: &str| schema.position(name).and_then(|at| row.cells.get(at));
        let end = match cell("forecast_type") {
            Some(Cell::Text(kind)) if kind == "Closed Won" => DealEnd::Won,
            Some(Cell::Text(kind)) if kind == "Closed Lost" => DealEnd::Lost,
            _ => DealEnd::Open,
        };
        let closed = if let Some(Cell::Date(day)) = cell("closed_date") { Some(*day) } else { None };
        self.end.is_none_or(|wanted| wanted == end) && self.since.is_none_or(|since| self.is_recent(row, closed, since))
    }

    fn is_closed(&self) -> bool {
        matches!(self.end, Some(DealEnd::Won | DealEnd::Lost))
    }

    fn is_recent(&self, row: &Row, closed: Option<Date>, since: Timestamp) -> bool {
        match closed.filter(|_| self.is_closed()) {
            Some(day) => day >= TimeZone::UTC.to_datetime(since).date(),
            None => row.updated_at.is_none_or(|updated| updated > since),
        }
    }
}

/// The ids of the contacts of a deal that came without any name.
pub fn nameless_contacts(schema: &Schema, row: &Row) -> Vec<i64> {
    let cell = |name: &str| schema.position(name).and_then(|at| row.cells.get(at));
    match (cell("contact_ids"), cell("contact_names")) {
        (Some(Cell::Json(Value::Array(ids))), Some(Cell::Blank)) => ids.iter().filter_map(Value::as_i64).collect(),
        _ => Vec::new(),
    }
}

/// People by id, with the names and addresses that a deal shows of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<i64, [String; 2]>);

impl Names {
    /// Of rows of contacts.
    pub fn of(contacts: &Schema, rows: &[Row]) -> Names {
        let text = |row: &Row, name: &str| match contacts.position(name).and_then(|at| row.cells.get(at)) {
            Some(Cell::Text(text)) => text.trim().to_owned(),
            _ => String::new(),
        };
        let name = |row: &Row| {
            let shown = text(row, "display_name");
            let parts = || format!("{} {}", text(row, "first_name"), text(row, "last_name")).trim().to_owned();
            if shown.is_empty() { parts() } else { shown }
        };
        Names(rows.iter().map(|row| (row.id, [name(row), text(row, "email")])).collect())
    }

    /// Puts the names of a deal's contacts into its row, where it came without any.
    pub fn put_into(&self, schema: &Schema, row: &mut Row) {
        let found: Vec<_> = nameless_contacts(schema, row).iter().filter_map(|id| self.0.get(id)).cloned().collect();
        for (at, column) in ["contact_names", "contact_emails"].into_iter().enumerate() {
            let texts: Vec<&str> =
                found.iter().map(|texts| texts[at].as_str()).filter(|text| !text.is_empty()).collect();
            let place = schema.position(column).and_then(|at| row.cells.get_mut(at));
            if let Some(place) = place.filter(|cell| **cell == Cell::Blank && !texts.is_empty()) {
                *place = Cell::Text(texts.join("; "));
            }
        }
    }
}

/// Where the columns of an export stand in the stream's schema: the id, then those that were asked for, or all, in the order in which people look at them.
///
/// # Errors
/// The name that is no column.
pub fn columns(schema: &Schema, names: &[String]) -> Result<Vec<usize>, String> {
    let id = schema.position("id").unwrap_or(0);
    let mut order = vec![id];
    let mut add = |at: usize| {
        if !order.contains(&at) {
            order.push(at);
        }
    };
    if names.is_empty() {
        let first: &[&str] = if schema.stream == Stream::Deals { &FIRST_OF_DEALS } else { &["name"] };
        first.iter().filter_map(|name| schema.position(name)).for_each(&mut add);
        (0..schema.columns.len()).for_each(&mut add);
        return Ok(order);
    }
    for name in names {
        add(schema.position(name).ok_or_else(|| name.clone())?);
    }
    Ok(order)
}

/// The columns at these places.
pub fn chosen(schema: &Schema, places: &[usize]) -> Schema {
    let columns = places.iter().filter_map(|at| schema.columns.get(*at).cloned()).collect();
    Schema { stream: schema.stream, columns }
}

/// The row with the cells at these places.
pub fn reduced(row: Row, places: &[usize]) -> Row {
    let cells = places.iter().map(|at| row.cells.get(*at).cloned().unwrap_or(Cell::Blank)).collect();
    Row { cells, ..row }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::sync::shape;

    const MAY: &str = "2026-05-16T12:00:00Z";

    fn deal(kind: &str, closed: Option<&str>, updated: &str) -> (Schema, Row) {
        let schema = Schema::of(Stream::Deals, &[]);
        let shown =
            json!({"id": 1, "forecast_type": kind, "closed_date": closed, "updated_at": updated, "amount": "5.00"});
        let row = shape(&schema, &crate::sync::RawRow::of_object(shown.as_object().unwrap())).unwrap();
        (schema, row)
    }

    #[rstest]
    #[case::won(Some(DealEnd::Won), "Closed Won", Some("2026-06-01"), "2026-06-01T00:00:00Z", true)]
    #[case::won_on_the_day(Some(DealEnd::Won), "Closed Won", Some("2026-05-16"), "2026-05-16T01:00:00Z", true)]
    #[case::won_before_and_touched_since(
        Some(DealEnd::Won),
        "Closed Won",
        Some("2026-05-01"),
        "2026-06-01T00:00:00Z",
        false
    )]
    #[case::lost_is_not_won(Some(DealEnd::Won), "Closed Lost", Some("2026-06-01"), "2026-06-01T00:00:00Z", false)]
    #[case::open(Some(DealEnd::Open), "Open", None, "2026-06-01T00:00:00Z", true)]
    #[case::open_and_untouched(Some(DealEnd::Open), "Open", None, "2026-05-01T00:00:00Z", false)]
    #[case::any(None, "Closed Lost", Some("2026-01-01"), "2026-06-01T00:00:00Z", true)]
    fn deals_of_the_last_month(
        #[case] end: Option<DealEnd>,
        #[case] kind: &str,
        #[case] closed: Option<&str>,
        #[case] updated: &str,
        #[case] kept: bool,
    ) {
        let (schema, row) = deal(kind, closed, updated);
        let wanted = Wanted { end, since: Some(MAY.parse().unwrap()) };
        assert_eq!(wanted.keeps(&schema, &row), kept);
    }

    #[rstest]
    #[case::without_names(json!({"id": 1, "contact_ids": [7, 9, 8]}), "Ada King; B", "ada@x.io; b@x.io")]
    #[case::with_names(json!({"id": 1, "contact_ids": [7], "contact_names": "Ada"}), "Ada", "")]
    #[case::without_contacts(json!({"id": 1, "contact_ids": []}), "", "")]
    fn contacts_of_a_deal_get_the_names_that_it_came_without(
        #[case] shown: Value,
        #[case] names: &str,
        #[case] emails: &str,
    ) {
        let row_of = |schema: &Schema, shown: &Value| {
            shape(schema, &crate::sync::RawRow::of_object(shown.as_object().unwrap())).unwrap()
        };
        let (deals, contacts) = (Schema::of(Stream::Deals, &[]), Schema::of(Stream::Contacts, &[]));
        let ada = json!({"id": 7, "first_name": "Ada", "last_name": "King", "email": "ada@x.io"});
        let bo = json!({"id": 8, "display_name": "B", "last_name": "Bo", "email": "b@x.io"});
        let mut row = row_of(&deals, &shown);
        Names::of(&contacts, &[row_of(&contacts, &ada), row_of(&contacts, &bo)]).put_into(&deals, &mut row);
        let text = |name: &str| match &row.cells[deals.position(name).unwrap()] {
            Cell::Text(text) => text.clone(),
            _ => String::new(),
        };
        assert_eq!([text("contact_names"), text("contact_emails")], [names, emails]);
    }

    #[test]
    fn the_columns_that_people_look_at_come_first() {
        let schema = Schema::of(Stream::Deals, &[]);
        let places = columns(&schema, &[]).unwrap();
        let names: Vec<&str> = places.iter().map(|at| schema.columns[*at].name.as_str()).collect();
        assert_eq!(names[..4], ["id", "name", "amount", "currency_code"]);
        assert_eq!(names.len(), schema.columns.len());
    }

    #[test]
    fn columns_that_are_asked_for_are_all_there_is() {
        let (schema, row) = deal("Open", None, MAY);
        let places = columns(&schema, &["amount".to_owned(), "name".to_owned()]).unwrap();
        let names: Vec<String> = chosen(&schema, &places).columns.into_iter().map(|column| column.name).collect();
        assert_eq!(names, ["id", "amount", "name"]);
        assert_eq!(reduced(row, &places).cells[1], Cell::Decimal("5.00".parse().unwrap()));
        assert_eq!(columns(&schema, &["ammount".to_owned()]), Err("ammount".to_owned()));
    }
}
