//! Reading successful answers: envelopes, lists with their paging data, confirmations.
//!
//! Replies are wrapped in the record's name, with side-loaded arrays beside it in any order and a `meta` that may be null
//! or missing, so every reader here takes keys by name. Errors name the place and the expected shape, and never quote a
//! value: a body holds personal data.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::listing::Listed;
use crate::record::{Record, document};

/// A successful answer whose body has not the expected shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected} expected at `{path}` of the reply")]
pub struct DecodeError {
    path: String,
    expected: String,
}

impl DecodeError {
    /// Names the place (`contact.id`, `$` for the whole body) and what was expected there.
    pub fn new(path: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { path: path.into(), expected: expected.into() }
    }

    /// Where in the body; `$` for the whole of it.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// One record and what was side-loaded with it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Single<T> {
    /// The record.
    pub record: T,
    /// Everything beside it at the top level: `users`, `deals`, `meta`, …
    pub side_loads: SideLoads,
}

/// One page of records.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows. A page may be short before the end: rows that the key may not see are left out.
    pub records: Vec<T>,
    /// Number of rows on all pages, where the CRM tells it.
    pub total: Option<i64>,
    /// Number of pages, where the CRM tells it (views yes; tasks and filtered search no). Past the end it says 0.
    pub total_pages: Option<i64>,
    /// The rest of `meta`, e.g. `avatar_data`.
    pub meta: Map<String, Value>,
    /// What was side-loaded: `users`, `deal_stages`, …
    pub side_loads: SideLoads,
}

impl<T> Page<T> {
    /// A page that was read by other means: its rows, and the `meta` that came with them. Nothing is side-loaded.
    pub fn new(records: Vec<T>, mut meta: Map<String, Value>) -> Self {
        Self {
            records,
            total: crate::value::take_field(&mut meta, "total"),
            total_pages: crate::value::take_field(&mut meta, "total_pages"),
            meta,
            side_loads: SideLoads::default(),
        }
    }

    /// The rows, each with the side loads of the page, so that `row.owner()` and the like work.
    pub fn listed(self) -> Vec<Listed<T>> {
        let side_loads = Arc::new(self.side_loads);
        self.records.into_iter().map(|record| Listed::new(record, Arc::clone(&side_loads))).collect()
    }

    /// What the CRM itself says about a page after this one.
    pub(crate) fn says_has_next(&self) -> Option<bool> {
        self.meta.get("has_next").and_then(Value::as_bool)
    }

    /// Whether a page after this one (counted from 1) is worth asking for.
    ///
    /// Where the CRM says so (timelines) or tells the number of pages that decides; else an empty page ends the list and a short one
    /// does not.
    pub fn has_next(&self, this_page: u32) -> bool {
        if let Some(has_next) = self.says_has_next() {
            return has_next;
        }
        match self.total_pages {
            Some(pages) => i64::from(this_page) < pages,
            None => !self.records.is_empty(),
        }
    }
}

document! {
    /// What the CRM said about a call that changes many records. It names no record; whether the work is already done only the text tells.
    pub struct Done {
        /// A sentence in the language of the key's owner, e.g. `2 contacts updated.`
        message: String,
    }
}

/// Objects that came along with the asked ones, by the CRM's key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SideLoads(Map<String, Value>);

impl SideLoads {
    /// The rows under a key, read as `T`; rows of another shape are left out. `users` of `include=owner`, for instance.
    pub fn rows<T: DeserializeOwned>(&self, key: &str) -> Vec<T> {
        let rows = self.0.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect()
    }

    /// Everything as received.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// Parses the body as JSON.
///
/// # Errors
/// Where it is none, e.g. a sign-in page.
pub fn json(body: &[u8]) -> Result<Value, DecodeError> {
    serde_json::from_slice(body).map_err(|error| {
        DecodeError::new("$", format!("JSON (broken at line {} column {})", error.line(), error.column()))
    })
}

/// Parses the body as a JSON object.
///
/// # Errors
/// Where it is none.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, DecodeError> {
    match json(body)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(DecodeError::new("$", "an object")),
    }
}

/// Reads a value into a type, naming the field that does not fit.
///
/// # Errors
/// The path of the first field that does not fit, and what was expected there.
pub fn typed<T: DeserializeOwned>(at: &str, value: Value) -> Result<T, DecodeError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => at.to_owned(),
            path => format!("{at}.{path}"),
        };
        DecodeError::new(path, expectation(&error.inner().to_string()))
    })
}

/// Keeps the part of a deserialiser's message that says what it wanted; the rest quotes the value.
fn expectation(message: &str) -> String {
    match message.rsplit_once("expected ") {
        Some((_, expected)) => expected.to_owned(),
        None if message.starts_with("a ") => message.to_owned(),
        None => "a value of another shape".to_owned(),
    }
}

/// Reads `{"contact":{…}, …}`; a record that comes without its envelope is understood too.
///
/// # Errors
/// Where there is no record or it lacks its id.
pub fn single<T: Record>(body: &[u8]) -> Result<Single<T>, DecodeError> {
    single_under(T::SINGULAR, body)
}

/// As [`single`], under a key that only the account knows: the records of a custom module have the module's name.
///
/// # Errors
/// As [`single`].
pub fn single_under<T: DeserializeOwned>(key: &str, body: &[u8]) -> Result<Single<T>, DecodeError> {
    let mut fields = object(body)?;
    match fields.shift_remove(key) {
        Some(record) => Ok(Single { record: typed(key, record)?, side_loads: SideLoads(fields) }),
        None if fields.contains_key("id") => {
            Ok(Single { record: typed("$", Value::Object(fields))?, side_loads: SideLoads::default() })
        }
        None => Err(DecodeError::new(key, "an object")),
    }
}

/// Reads `{"document":{…}}` under any key; an object that comes without its envelope is understood too.
///
/// # Errors
/// Where there is no such object.
pub fn enveloped<T: DeserializeOwned>(key: &str, body: &[u8]) -> Result<T, DecodeError> {
    let mut fields = object(body)?;
    match fields.shift_remove(key) {
        Some(value) => typed(key, value),
        None => typed("$", Value::Object(fields)),
    }
}

/// Reads the first row of `{"phone_calls":[…], …}` as the record and the rest of the reply as side loads.
///
/// # Errors
/// Where there is no such row.
pub fn first_row<T: DeserializeOwned>(key: &str, body: &[u8]) -> Result<Single<T>, DecodeError> {
    let mut fields = object(body)?;
    let Some(Value::Array(mut rows)) = fields.shift_remove(key).filter(|rows| rows != &Value::Array(Vec::new())) else {
        return Err(DecodeError::new(key, "a list with a row"));
    };
    let record = typed(key, rows.remove(0))?;
    if !rows.is_empty() {
        fields.insert(key.to_owned(), Value::Array(rows));
    }
    Ok(Single { record, side_loads: SideLoads(fields) })
}

/// Reads the answer to an update, which some accounts confirm with 204 and no body: then only the id is known.
///
/// # Errors
/// As [`single`].
pub fn single_or_id<T: Record>(id: i64, body: &[u8]) -> Result<Single<T>, DecodeError> {
    if body.trim_ascii().is_empty() {
        return Ok(Single { record: T::from_id(id), side_loads: SideLoads::default() });
    }
    single(body)
}

/// Reads `{"contacts":[…], "meta":{…}, …}` under any key.
///
/// # Errors
/// Where there is no list under the key, or a row does not fit.
pub fn page<T: DeserializeOwned>(key: &str, body: &[u8]) -> Result<Page<T>, DecodeError> {
    // Keeping track of the path costs more than reading the rows, so it is kept only once something does not fit.
    let untracked = |_: &str, rows| serde_json::from_value(rows).map_err(|_| DecodeError::new(key, "a list"));
    page_read_by(untracked, key, body).or_else(|_| page_read_by(typed, key, body))
}

fn page_read_by<T>(
    read_rows: impl Fn(&str, Value) -> Result<Vec<T>, DecodeError>,
    key: &str,
    body: &[u8],
) -> Result<Page<T>, DecodeError> {
    let mut fields = object(body)?;
    let rows = fields.shift_remove(key).ok_or_else(|| DecodeError::new(key, "a list"))?;
    let meta = match fields.shift_remove("meta") {
        Some(Value::Object(meta)) => meta,
        _ => Map::new(),
    };
    Ok(Page { side_loads: SideLoads(fields), ..Page::new(read_rows(key, rows)?, meta) })
}

/// As [`page`], where the key of the rows is not known: the only list of the reply.
///
/// # Errors
/// Where there is no list or more than one, or a row does not fit.
pub fn only_page<T: DeserializeOwned>(body: &[u8]) -> Result<Page<T>, DecodeError> {
    let fields = object(body)?;
    let mut lists = fields.iter().filter(|(_, value)| value.is_array()).map(|(key, _)| key);
    match (lists.next(), lists.next()) {
        (Some(key), None) => page(key, body),
        _ => Err(DecodeError::new("$", "an object with one list")),
    }
}

/// Reads `{"key":[…]}` and drops what is beside it.
///
/// # Errors
/// As [`page`].
pub fn rows<T: DeserializeOwned>(key: &str, body: &[u8]) -> Result<Vec<T>, DecodeError> {
    page(key, body).map(|page| page.records)
}

/// Reads a reply that says what was done: `{"message":"…"}`, or any [`confirmation`].
///
/// # Errors
/// As [`confirmation`].
pub fn message(body: &[u8]) -> Result<Done, DecodeError> {
    confirmation(body)?;
    object(body).map_or_else(|_| Ok(Done::default()), |fields| typed("$", Value::Object(fields)))
}

/// Reads the confirmation of a deletion: `true`, `{"success":"200"}`, a message object, or no body at all.
///
/// # Errors
/// Where the body is neither, e.g. `false` or a web page.
pub fn confirmation(body: &[u8]) -> Result<(), DecodeError> {
    if body.trim_ascii().is_empty() {
        return Ok(());
    }
    match json(body)? {
        Value::Bool(true) | Value::Null => Ok(()),
        Value::Object(fields) if !fields.contains_key("errors") => Ok(()),
        _ => Err(DecodeError::new("$", "a confirmation (`true` or a `success` object)")),
    }
}
