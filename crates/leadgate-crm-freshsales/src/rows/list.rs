//! Lists of any kind of rows, read as the CRM's own JSON.

use std::sync::Arc;

use freshsales::decode::{self, DecodeError};
use freshsales::listing::{ListOrder, ListRequest, ListRow, Place};
use freshsales::{Generation, Idempotency, Page, Request, RequestParts};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A row as it came, and its id.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(super) struct RawRow {
    id: i64,
    pub(super) fields: Map<String, Value>,
}

impl TryFrom<Map<String, Value>> for RawRow {
    type Error = &'static str;

    fn try_from(fields: Map<String, Value>) -> Result<RawRow, Self::Error> {
        let id = fields.get("id").and_then(id_of).ok_or("a row without an id, expected one with it")?;
        Ok(RawRow { id, fields })
    }
}

impl ListRow for RawRow {
    fn row_id(&self) -> i64 {
        self.id
    }
}

/// An id, which is a number in most places and text in some.
pub(super) fn id_of(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

type PartsOfPage = dyn Fn(Place, u32) -> RequestParts + Send + Sync;

/// A list of the client's, whatever its kind: the same requests, but rows are kept as JSON.
#[derive(Clone)]
pub(super) struct RawList {
    key: &'static str,
    order: ListOrder,
    parts: Arc<PartsOfPage>,
    place: Place,
    rows: u32,
}

impl RawList {
    /// The list with its rows under this key of the reply.
    pub(super) fn of<R: ListRequest + Send + Sync>(request: R, key: &'static str, generation: Generation) -> RawList {
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
    type Row = RawRow;

    fn order(&self) -> ListOrder {
        self.order
    }

    fn at(&self, place: Place, rows: u32) -> RawList {
        RawList { place, rows, ..self.clone() }
    }
}

impl Request for RawList {
    type Output = Page<RawRow>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        (self.parts)(self.place, self.rows)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Page<RawRow>, DecodeError> {
        decode::page(self.key, body)
    }
}
