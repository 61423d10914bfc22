//! Lists of any kind of rows, read as the text that the CRM wrote.

use std::fmt;
use std::sync::Arc;

use freshsales::decode::DecodeError;
use freshsales::listing::{ListOrder, ListRequest, ListRow, Place};
use freshsales::{Generation, Idempotency, Page, Request, RequestParts};
use http::StatusCode;
use leadgate_core::sync::{RawRow, Rows, RowsIn};
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::naming::Beside;

/// A row as it came, its id, and what came beside it.
#[derive(Clone, Debug)]
pub(crate) struct ListedRow {
    id: i64,
    pub(crate) row: RawRow,
    /// Shared by the rows of a page.
    pub(super) beside: Arc<Beside>,
}

impl ListRow for ListedRow {
    fn row_id(&self) -> i64 {
        self.id
    }
}

/// An id, which is a number in most places and text in some.
pub(super) fn id_of(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

type PartsOfPage = dyn Fn(Place, u32) -> RequestParts + Send + Sync;

/// A list of the client's, whatever its kind: the same requests, but rows stay text.
#[derive(Clone)]
pub(crate) struct RawList {
    key: &'static str,
    order: ListOrder,
    parts: Arc<PartsOfPage>,
    place: Place,
    rows: u32,
}

impl RawList {
    /// The list with its rows under this key of the reply.
    pub(crate) fn of<R: ListRequest + Send + Sync>(request: R, key: &'static str, generation: Generation) -> RawList {
        let order = request.order();
        let parts = move |place, rows| request.at(place, rows).to_parts(generation);
        RawList { key, order, parts: Arc::new(parts), place: Place::Page(1), rows: 100 }
    }

    /// The same list, asked to come in the order of updates. Not every list obeys.
    pub(super) fn by_update(self, direction: &'static str) -> RawList {
        let inner = Arc::clone(&self.parts);
        let parts = move |place, rows| inner(place, rows).query("sort", "updated_at").query("sort_type", direction);
        RawList { parts: Arc::new(parts), order: ListOrder::Chosen, ..self }
    }
}

impl ListRequest for RawList {
    type Row = ListedRow;

    fn order(&self) -> ListOrder {
        self.order
    }

    fn at(&self, place: Place, rows: u32) -> RawList {
        RawList { place, rows, ..self.clone() }
    }
}

impl Request for RawList {
    type Output = Page<ListedRow>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        (self.parts)(self.place, self.rows)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Page<ListedRow>, DecodeError> {
        read_page(self.key, body)
    }
}

/// A page out of the text of a reply, without a tree of it.
fn read_page(key: &'static str, body: &[u8]) -> Result<Page<ListedRow>, DecodeError> {
    let text: Arc<str> = str::from_utf8(body).map_err(|_| DecodeError::new("$", "JSON in UTF-8"))?.into();
    let PageRead { rows, meta, lists } = match scanned(key, &text) {
        Some(page) => page,
        None => parsed(key, &text)?,
    };
    let rows = rows.ok_or_else(|| DecodeError::new(key, "a list"))?;
    let beside = Arc::new(Beside::of(lists));
    let listed = |(at, row): (usize, RawRow)| {
        let id = row.id().ok_or_else(|| DecodeError::new(format!("{key}.[{at}].id"), "a whole number"))?;
        Ok(ListedRow { id, row, beside: Arc::clone(&beside) })
    };
    Ok(Page::new(rows.into_iter().enumerate().map(listed).collect::<Result<_, DecodeError>>()?, meta))
}

/// The parts of a page as the CRM usually writes it; none of any other, which a parser is to read.
fn scanned(key: &str, text: &Arc<str>) -> Option<PageRead> {
    let mut page = PageRead::default();
    for (name, rows) in RowsIn::new(text).members()? {
        match rows {
            Rows::Of(rows) if name == key => page.rows = Some(rows),
            Rows::None(_) if name == key => return None,
            Rows::Of(_) if name == "meta" => page.meta = Map::new(),
            Rows::None(json) if name == "meta" => page.meta = json.read().ok().map(members_of)?,
            Rows::Of(rows) => page.lists.push((name.to_owned(), rows)),
            Rows::None(json) => page.lists.push((name.to_owned(), one_object(json.as_str()))),
        }
    }
    Some(page)
}

fn parsed(key: &'static str, text: &Arc<str>) -> Result<PageRead, DecodeError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_map(PageVisitor { key, text });
    let read = read.and_then(|page| reader.end().map(|()| page));
    read.map_err(|error| match error.classify() {
        Category::Data => DecodeError::new(key, "a list of objects"),
        _ => DecodeError::new("$", format!("JSON (broken at line {} column {})", error.line(), error.column())),
    })
}

/// A meta of any other form says nothing.
fn members_of(meta: Value) -> Map<String, Value> {
    if let Value::Object(meta) = meta { meta } else { Map::new() }
}

/// The parts of a page.
#[derive(Default)]
struct PageRead {
    rows: Option<Vec<RawRow>>,
    meta: Map<String, Value>,
    /// What came beside, under its key.
    lists: Vec<(String, Vec<RawRow>)>,
}

struct PageVisitor<'t> {
    key: &'static str,
    text: &'t Arc<str>,
}

impl<'de> Visitor<'de> for PageVisitor<'de> {
    type Value = PageRead;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<PageRead, A::Error> {
        let (mut page, places) = (PageRead::default(), RowsIn::new(self.text));
        while let Some(name) = members.next_key::<String>()? {
            if name == self.key {
                page.rows = Some(members.next_value_seed(places)?);
            } else if name == "meta" {
                page.meta = members_of(members.next_value()?);
            } else {
                let value: &'de RawValue = members.next_value()?;
                page.lists.push((name, objects(places, value.get())));
            }
        }
        Ok(page)
    }
}

/// What came beside the rows under one key: a list of objects, or one of them.
fn objects(places: RowsIn<'_>, value: &str) -> Vec<RawRow> {
    places.read(value).unwrap_or_else(|| one_object(value))
}

fn one_object(value: &str) -> Vec<RawRow> {
    serde_json::from_str(value).map(|object| vec![RawRow::of_object(&object)]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(body: &str) -> String {
        read_page("contacts", body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_page_is_refused_by_its_place() {
        assert_eq!(refusal(r#"{"contacts": null}"#), "a list of objects expected at `contacts` of the reply");
        assert_eq!(refusal(r#"{"contacts": [7]}"#), "a list of objects expected at `contacts` of the reply");
        assert_eq!(refusal(r#"{"leads": []}"#), "a list expected at `contacts` of the reply");
        assert_eq!(
            refusal(r#"{"contacts": [{"id": 1}, {}]}"#),
            "a whole number expected at `contacts.[1].id` of the reply"
        );
        assert!(refusal(r#"{"contacts": []} and more"#).starts_with("JSON (broken at line 1"));
        assert!(refusal("<html>").starts_with("JSON (broken at line 1"));
    }

    #[test]
    fn a_page_is_the_same_scanned_and_parsed() {
        let rows =
            r#"{"id": 7, "name": "A\u00e9 \"B\"", "list": [{"id": 1}], "none": null, "sum": -1.5e3}, {"id": "8"}"#;
        let page = format!(
            r#"{{"users": [{{"id": 1}}], "one": {{"id": 2}}, "few": [], "contacts": [{rows}], "meta": {{"total": 2}}}}"#
        );
        let text: Arc<str> = page.as_str().into();
        let (scanned, parsed) = (scanned("contacts", &text).unwrap(), parsed("contacts", &text).unwrap());
        assert_eq!((&scanned.rows, &scanned.meta), (&parsed.rows, &parsed.meta));
        assert_eq!((&scanned.lists, scanned.lists.len()), (&parsed.lists, 3));
        let odd: Arc<str> = page.replace("none", "n\\u006fne").into();
        assert!(super::scanned("contacts", &odd).is_none());
        assert_eq!(super::parsed("contacts", &odd).unwrap().rows, parsed.rows);
    }

    /// Rows whose names come in the same order, in another, twice, or not at all; with any white space, and now and then cut off.
    fn page() -> impl Strategy<Value = String> {
        const NAMES: [&str; 6] = ["id", "email", "owner_id", "name", "n\\u0061me", "a b"];
        const VALUES: [&str; 9] = [
            "7",
            "null",
            "\"x\"",
            "\"\\\"\\u00e9\"",
            "-1.5e3",
            "{\"id\":1,\"in\":[{}]}",
            "[1, {\"id\":2}]",
            "true",
            "01",
        ];
        let member = (0..NAMES.len(), 0..VALUES.len())
            .prop_map(|(name, value)| format!("\"{}\":{}", NAMES[name], VALUES[value]));
        let row = prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(", ")));
        let alike = (prop::collection::vec(0..VALUES.len() - 1, 3), 1..4_usize).prop_map(|(values, times)| {
            let row = format!(
                "{{\"id\":{},\"email\":{} ,\"name\":{}}}",
                VALUES[values[0]], VALUES[values[1]], VALUES[values[2]]
            );
            vec![row; times].join(",\n")
        });
        let rows = prop::collection::vec(prop_oneof![row, alike], 0..5);
        let cut = prop_oneof![9 => Just(usize::MAX), 1 => 0..200_usize];
        (rows, 0..VALUES.len(), cut).prop_map(|(rows, beside, cut)| {
            let beside = VALUES[beside];
            let page = format!(
                "{{ \"users\":[{{\"id\":1}}],\"one\":{beside},\n\"contacts\": [{}] ,\"meta\":{{\"total\":2}}}}",
                rows.join(",")
            );
            page.chars().take(cut).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_scanned_is_as_it_is_parsed(page in page()) {
            let text: Arc<str> = page.as_str().into();
            if let Some(scanned) = scanned("contacts", &text) {
                let parsed = parsed("contacts", &text).map_err(|error| TestCaseError::fail(format!("{error}: {page}")))?;
                prop_assert_eq!((scanned.rows, scanned.meta, scanned.lists), (parsed.rows, parsed.meta, parsed.lists), "{}", page);
            }
        }
    }

    #[test]
    fn a_page_may_have_a_meta_of_any_shape() {
        for meta in ["null", "[]", "\"none\"", "{}"] {
            let page = read_page("contacts", format!(r#"{{"contacts": [{{"id": "1"}}], "meta": {meta}}}"#).as_bytes());
            assert_eq!(page.unwrap().records[0].row_id(), 1);
        }
    }
}
