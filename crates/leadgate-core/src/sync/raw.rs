//! A row as the CRM wrote it: the names and the texts of its values, read only where somebody wants one.
//!
//! A page stays the text that it came as, and a row is a list of places in it. So what no column holds is passed over once, and no tree is built of
//! a page: that is most of what copying a row would cost. Values that are put beside a row are places too, often in the same text.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::names::{Names, NamesRead};
use super::scan::Scan;

/// A place in a text, in bytes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// Where `part` is, which is a part of `text`.
    fn of(part: &str, text: &str) -> Span {
        Span::from((part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize), part.len())
    }

    fn from(start: usize, length: usize) -> Span {
        let fits = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span { start: fits(start), length: fits(length) }
    }

    fn in_text(self, text: &str) -> &str {
        let start = self.start as usize;
        text.get(start..start + self.length as usize).unwrap_or_default()
    }
}

/// A value of a row, as the JSON that it was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawJson<'a>(&'a str);

impl<'a> RawJson<'a> {
    /// Of a text that is JSON.
    pub fn of(json: &'a str) -> RawJson<'a> {
        RawJson(json)
    }

    /// The JSON.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The text, if it is one.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let inside = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inside.contains('\\') {
            return serde_json::from_str(self.0).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(inside))
    }

    /// The whole number, if it is one or a text of one: ids are written either way.
    pub fn integer(self) -> Option<i64> {
        self.0.parse().ok().or_else(|| self.text()?.trim().parse().ok())
    }

    /// Whether it is `true` or `false`, if it is either.
    pub fn boolean(self) -> Option<bool> {
        self.0.parse().ok()
    }

    /// The value as a tree; null where it cannot be read.
    pub fn value(self) -> Value {
        self.read().unwrap_or_default()
    }

    /// The value as a tree.
    ///
    /// # Errors
    /// Where it is of a form that is passed over while rows are found: half of a character that takes two escapes, a number beyond every range.
    pub fn read(self) -> serde_json::Result<Value> {
        serde_json::from_str(self.0)
    }

    /// The members of an object; none if it is no object.
    pub fn members(self) -> Option<RawMembers<'a>> {
        if !self.0.starts_with('{') {
            return None;
        }
        let mut members = Vec::new();
        let mut scan = Scan::new(self.0);
        let scanned = scan.object(|name, scan| {
            members.push((Cow::Borrowed(name), RawJson(scan.value()?)));
            Some(())
        });
        match scanned.and_then(|()| scan.end()) {
            Some(()) => Some(RawMembers(members)),
            None => serde_json::from_str(self.0).ok(),
        }
    }

    /// What is in a list, in order; nothing if it is no list.
    pub fn items(self) -> impl Iterator<Item = RawJson<'a>> {
        let mut items = Vec::new();
        if self.0.starts_with('[') {
            let mut scan = Scan::new(self.0);
            let scanned = scan.list(|scan| {
                items.push(RawJson(scan.value()?));
                Some(())
            });
            if scanned.and_then(|()| scan.end()).is_none() {
                let read: Vec<&'a RawValue> = serde_json::from_str(self.0).unwrap_or_default();
                items = read.into_iter().map(|item| RawJson(item.get())).collect();
            }
        }
        items.into_iter()
    }

    /// The members of each object of a list, in order; anything else in it is passed over.
    pub fn list(self) -> Vec<RawMembers<'a>> {
        self.items().filter_map(RawJson::members).collect()
    }
}

/// The members of an object inside a row, in order.
#[derive(Clone, Debug, Default)]
pub struct RawMembers<'a>(Vec<(Cow<'a, str>, RawJson<'a>)>);

impl<'a> RawMembers<'a> {
    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<RawJson<'a>> {
        self.iter().rev().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, RawJson<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Vec::new();
        deserializer.deserialize_map(EachMember(|name, value: &'de str| members.push((name, RawJson(value)))))?;
        Ok(RawMembers(members))
    }
}

/// Hands out the members of an object.
struct EachMember<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de str)> Visitor<'de> for EachMember<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            (self.0)(name, map.next_value::<&'de RawValue>()?.get());
        }
        Ok(())
    }
}

/// The name of a member, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Cow<'de, str>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Borrowed(name))
            }

            fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Owned(name.to_owned()))
            }
        }
        deserializer.deserialize_str(NameVisitor).map(Name)
    }
}

/// A value to be put beside a row.
#[derive(Clone, Debug)]
pub struct Piece {
    text: Arc<str>,
    span: Span,
}

impl Piece {
    /// Of JSON that was made for it.
    pub fn made(json: &Value) -> Piece {
        Piece::of_json(&json.to_string())
    }

    /// Of a text that is JSON.
    pub fn of_json(json: &str) -> Piece {
        let text: Arc<str> = json.into();
        Piece { span: Span::of(&text, &text), text }
    }

    fn json(&self) -> RawJson<'_> {
        RawJson(self.span.in_text(&self.text))
    }
}

/// Room for as many values as most rows get beside them.
const USUALLY_BESIDE: usize = 12;

/// A row: what the CRM wrote, and what was put beside it. See the module.
#[derive(Clone, Debug)]
pub struct RawRow {
    text: Arc<str>,
    names: Arc<Names>,
    /// The value of each name.
    values: Vec<Span>,
    beside: Vec<(Cow<'static, str>, Piece)>,
}

impl RawRow {
    /// A row out of an object.
    pub fn of_object(object: &Map<String, Value>) -> RawRow {
        // An object of JSON can always be written and read.
        let text: Arc<str> = serde_json::to_string(object).unwrap_or_default().into();
        let read = RowIn { text: &text }.deserialize(&mut serde_json::Deserializer::from_str(&text));
        read.unwrap_or_else(|_| RawRow::new(&text, Arc::default(), Vec::new()))
    }

    fn new(text: &Arc<str>, names: Arc<Names>, values: Vec<Span>) -> RawRow {
        RawRow { text: Arc::clone(text), names, values, beside: Vec::new() }
    }

    /// The row as an object.
    pub fn to_object(&self) -> Map<String, Value> {
        self.own().chain(self.beside()).map(|(name, json)| (name.to_owned(), json.value())).collect()
    }

    /// The row as an object, for whom a value that is not there means something.
    ///
    /// # Errors
    /// As [`RawJson::read`].
    pub fn read_object(&self) -> serde_json::Result<Map<String, Value>> {
        self.own().chain(self.beside()).map(|(name, json)| Ok((name.to_owned(), json.read()?))).collect()
    }

    /// The value of that name: what was put beside the row, or else its own.
    pub fn get(&self, name: &str) -> Option<RawJson<'_>> {
        let beside = self.beside.iter().rev().find(|(other, _)| other == name).map(|(_, piece)| piece.json());
        beside.or_else(|| self.own_at(self.names.position(name)?))
    }

    /// The names of what the CRM wrote, in its order.
    pub fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// What the CRM wrote under the name at that place.
    pub fn own_at(&self, place: usize) -> Option<RawJson<'_>> {
        Some(RawJson(self.values.get(place)?.in_text(&self.text)))
    }

    /// The row's id, if it has one.
    pub fn id(&self) -> Option<i64> {
        self.get("id")?.integer()
    }

    /// What the CRM wrote, in its order.
    pub fn own(&self) -> impl Iterator<Item = (&str, RawJson<'_>)> {
        self.names.iter().zip(&self.values).map(|(name, span)| (name, RawJson(span.in_text(&self.text))))
    }

    /// What was put beside it, in order: the later counts.
    pub fn beside(&self) -> impl DoubleEndedIterator<Item = (&str, RawJson<'_>)> {
        self.beside.iter().map(|(name, piece)| (name.as_ref(), piece.json()))
    }

    /// A value that is a part of this row, to be put beside it or another one.
    pub fn piece(&self, json: RawJson<'_>) -> Piece {
        let range = self.text.as_bytes().as_ptr_range();
        if range.contains(&json.0.as_ptr()) {
            return Piece { text: Arc::clone(&self.text), span: Span::of(json.0, &self.text) };
        }
        Piece::of_json(json.0)
    }

    /// Puts a value beside the row; it counts instead of the row's own value of that name.
    pub fn put(&mut self, name: impl Into<Cow<'static, str>>, piece: Piece) {
        if self.beside.is_empty() {
            self.beside.reserve_exact(USUALLY_BESIDE);
        }
        self.beside.push((name.into(), piece));
    }

    /// Puts a value beside the row if there is none of that name.
    pub fn put_if_missing(&mut self, name: impl Into<Cow<'static, str>>, piece: impl FnOnce() -> Piece) {
        let name = name.into();
        if self.get(&name).is_none() {
            self.beside.push((name, piece()));
        }
    }
}

impl PartialEq for RawRow {
    fn eq(&self, other: &RawRow) -> bool {
        self.to_object() == other.to_object()
    }
}

/// Reads one row; what is read is a part of `text`.
struct RowIn<'t> {
    text: &'t Arc<str>,
}

impl<'de> DeserializeSeed<'de> for RowIn<'_> {
    type Value = RawRow;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawRow, D::Error> {
        let text = self.text;
        let (mut names, mut values) = (NamesRead::begin(Arc::default()), Vec::new());
        deserializer.deserialize_map(EachMember(|name: Cow<'de, str>, value: &'de str| {
            names.take(&name);
            values.push(Span::of(value, text));
        }))?;
        Ok(RawRow::new(text, names.finish(), values))
    }
}

/// Reads a list of rows out of a text without copying it: for a deserialiser of `text`, or of a part of it.
#[derive(Clone, Copy, Debug)]
pub struct RowsIn<'t> {
    text: &'t Arc<str>,
}

/// What a member of an object holds.
#[derive(Clone, Debug)]
pub enum Rows<'t> {
    /// A list of objects.
    Of(Vec<RawRow>),
    /// Something else.
    None(RawJson<'t>),
}

impl<'t> RowsIn<'t> {
    /// Rows of this text, of four GiB at most.
    pub fn new(text: &'t Arc<str>) -> RowsIn<'t> {
        RowsIn { text }
    }

    /// The members of the object that the text is, each as rows where it is a list of objects; none if it is not that, or of a form that only a parser knows.
    pub fn members(self) -> Option<Vec<(&'t str, Rows<'t>)>> {
        u32::try_from(self.text.len()).ok()?;
        let (mut members, mut scan) = (Vec::new(), Scan::new(self.text));
        scan.object(|name, scan| {
            let mut ahead = scan.clone();
            let rows = match self.scan(&mut ahead) {
                Some(rows) => {
                    *scan = ahead;
                    Rows::Of(rows)
                }
                None => Rows::None(RawJson(scan.value()?)),
            };
            members.push((name, rows));
            Some(())
        })?;
        scan.end().map(|()| members)
    }

    fn scan(self, scan: &mut Scan<'_>) -> Option<Vec<RawRow>> {
        let (mut rows, mut before) = (Vec::new(), Arc::<Names>::default());
        scan.list(|scan| {
            let mut values = Vec::with_capacity(before.len());
            let mut names = NamesRead::begin(Arc::clone(&before));
            let name = |scan: &mut Scan<'_>| {
                match names.expected() {
                    Some(expected) if scan.this_name(expected).is_some() => names.came(),
                    _ => names.take(scan.name()?),
                }
                Some(())
            };
            scan.object_of(name, |(), scan| {
                let start = scan.at();
                values.push(Span::from(start, scan.value()?.len()));
                Some(())
            })?;
            before = names.finish();
            rows.push(RawRow::new(self.text, Arc::clone(&before), values));
            Some(())
        })?;
        Some(rows)
    }

    /// The rows of a list of objects that is a part of the text; none if it is no such list.
    pub fn read(self, list: &str) -> Option<Vec<RawRow>> {
        self.deserialize(&mut serde_json::Deserializer::from_str(list)).ok()
    }
}

impl<'de> DeserializeSeed<'de> for RowsIn<'_> {
    type Value = Vec<RawRow>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<RawRow>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsIn<'_> {
    type Value = Vec<RawRow>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<RawRow>, A::Error> {
        if u32::try_from(self.text.len()).is_err() {
            return Err(A::Error::custom("a text of at most four GiB expected"));
        }
        let mut rows = Vec::new();
        while let Some(row) = items.next_element_seed(RowIn { text: self.text })? {
            rows.push(row);
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn row(value: Value) -> RawRow {
        RawRow::of_object(value.as_object().unwrap())
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_nothing() {
        let text: Arc<str> = r#"[{"id": 1, "label": "\ud83d"}]"#.into();
        let rows = RowsIn::new(&text).read(&text).unwrap();
        assert_eq!(rows[0].id(), Some(1));
        assert!(rows[0].read_object().is_err());
    }

    #[test]
    fn values_are_read_where_they_are_wanted() {
        let row =
            row(json!({"id": "7", "na\"me": "A\u{e9}\n", "is_deleted": true, "parts": [{"id": 3}, 4], "none": null}));
        assert_eq!((row.id(), row.get("na\"me").unwrap().text()), (Some(7), Some("A\u{e9}\n".into())));
        assert_eq!((row.get("is_deleted").unwrap().boolean(), row.get("none").unwrap().is_null()), (Some(true), true));
        let parts = row.get("parts").unwrap().list();
        assert_eq!((parts.len(), parts[0].get("id").unwrap().integer()), (1, Some(3)));
        assert!(row.get("missing").is_none());
    }

    #[test]
    fn what_is_put_beside_counts_instead() {
        let mut row = row(json!({"id": 1, "name": "own", "nested": {"name": "inner"}}));
        let inner = row.get("nested").unwrap().members().unwrap().get("name").map(|json| row.piece(json)).unwrap();
        row.put("name", inner);
        row.put_if_missing("name", || Piece::made(&json!("never")));
        row.put_if_missing("more", || Piece::made(&json!([1])));
        assert_eq!(
            Value::Object(row.to_object()),
            json!({"id": 1, "name": "inner", "nested": {"name": "inner"}, "more": [1]})
        );
    }

    proptest! {
        #[test]
        fn a_row_is_the_object_that_it_was(names in prop::collection::btree_map(any::<String>(), any::<(Option<String>, f64)>(), 0..6)) {
            let object: Map<String, Value> = names.into_iter().map(|(name, value)| (name, json!([value.0, value.1]))).collect();
            prop_assert_eq!(RawRow::of_object(&object).to_object(), object);
        }
    }
}
