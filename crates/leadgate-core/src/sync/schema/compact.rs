//! JSON as it would be written anew: without white space, each name once, each character and number in one form. Equal values that are lists of the
//! same things are then the same text.

use std::borrow::Cow;

use crate::sync::RawJson;

/// Names of one object that are compared with each other; an object with more is read.
const MOST_NAMES: usize = 16;
/// Lists and objects in each other; what goes deeper is read.
const MOST_DEPTH: u8 = 16;
/// Digits of a number that every reader keeps.
const MOST_DIGITS: usize = 18;

/// The value, written in that form. Most values of the CRM's are, and are not read for it.
pub(super) fn compact(value: RawJson<'_>) -> Cow<'_, str> {
    let written = value.as_str();
    match (OneForm { left: written.as_bytes() }).reaches_the_end() {
        true => Cow::Borrowed(written),
        false => Cow::Owned(value.value().to_string()),
    }
}

/// A list of texts, written in that form.
pub(super) fn list_of<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    // Texts can always be written.
    serde_json::to_string(&texts.collect::<Vec<_>>()).unwrap_or_default()
}

/// Looks through JSON for what might be written otherwise: stricter than the walk over a page, which takes every form that is usual.
struct OneForm<'a> {
    left: &'a [u8],
}

impl<'a> OneForm<'a> {
    fn reaches_the_end(mut self) -> bool {
        self.value(MOST_DEPTH).is_some() && self.left.is_empty()
    }

    /// Goes past a value that is in that form for certain.
    fn value(&mut self, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match *self.left.first()? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.text().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            _ => ["null", "true", "false"].iter().find_map(|word| self.past(word.as_bytes())),
        }
    }

    fn object(&mut self, depth: u8) -> Option<()> {
        self.past(b"{")?;
        if self.past(b"}").is_some() {
            return Some(());
        }
        let (mut names, mut count) = ([b"".as_slice(); MOST_NAMES], 0);
        loop {
            let name = self.text()?;
            let is_new = !names.get(..count)?.contains(&name);
            *names.get_mut(count).filter(|_| is_new)? = name;
            count += 1;
            self.past(b":")?;
            self.value(depth)?;
            if self.past(b",").is_none() {
                return self.past(b"}");
            }
        }
    }

    fn list(&mut self, depth: u8) -> Option<()> {
        self.past(b"[")?;
        if self.past(b"]").is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if self.past(b",").is_none() {
                return self.past(b"]");
            }
        }
    }

    /// A text without escapes.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.past(b"\"")?;
        let is_end = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
        let (text, rest) = self.left.split_at(self.left.iter().position(is_end)?);
        self.left = rest;
        self.past(b"\"").map(|()| text)
    }

    /// A whole number.
    fn number(&mut self) -> Option<()> {
        let is_negative = self.past(b"-").is_some();
        let digits = self.left.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_zero = self.left.first() == Some(&b'0');
        if digits == 0 || digits > MOST_DIGITS || (is_zero && (digits > 1 || is_negative)) {
            return None;
        }
        self.left = self.left.get(digits..)?;
        // What follows the digits of a fraction is no end of a value.
        Some(())
    }

    fn past(&mut self, what: &[u8]) -> Option<()> {
        self.left = self.left.strip_prefix(what)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case(r#"[{"id":79000000001,"value":"a@x.io","is_primary":true,"none":null}]"#)]
    #[case(r#"{"a":{"a":[]},"b":{}}"#)]
    #[case("-5")]
    #[case(r#"["é"]"#)]
    fn what_is_compact_stays_where_it_is(#[case] json: &str) {
        assert!(matches!(compact(RawJson::of(json)), Cow::Borrowed(text) if text == json));
    }

    #[rstest]
    #[case("[1, 2]", "[1,2]")]
    #[case(r#"{"a":1,"a":2}"#, r#"{"a":2}"#)]
    #[case(r#"["\u00e9"]"#, r#"["é"]"#)]
    #[case("[-0]", "[-0.0]")]
    #[case("[1.50,1e2]", "[1.5,100.0]")]
    #[case("[123456789012345678901]", "[1.2345678901234568e+20]")]
    #[case(r#"["\ud83d"]"#, "null")]
    fn what_is_not_is_written_anew(#[case] json: &str, #[case] expected: &str) {
        assert_eq!(compact(RawJson::of(json)), expected);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            any::<String>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[a-c\"é]{0,2}", inner), 0..20)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_the_tree_is_written_as(value in values(), is_pretty in any::<bool>()) {
            let written = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let read: Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(compact(RawJson::of(&written)), read.to_string());
        }
    }
}
