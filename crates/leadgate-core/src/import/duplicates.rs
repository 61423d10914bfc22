//! Rows of one file that are the same person.
//!
//! The same address is the same person. The same phone number is, where one of the two has no address: two people with an address each may share
//! a switchboard. Only digests are kept, so a file of a million rows takes some tens of megabytes.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

use serde_json::{Map, Value};

use crate::identity::IdentityKey;

/// What is done about rows of the same person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuplicateRule {
    /// The first row counts.
    First,
    /// The last row counts.
    Last,
    /// The first row counts, with its blanks filled from the others.
    #[default]
    Merge,
    /// The file is refused.
    Error,
}

/// What a row is among those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nobody before it is that person.
    First,
    /// It is the person of this row.
    Repeats(u64),
}

/// The people of the rows seen so far.
#[derive(Debug, Default)]
pub struct Duplicates {
    by_email: HashMap<u64, u64>,
    /// The row, and whether an address is known of its person.
    by_phone: HashMap<u64, (u64, bool)>,
}

impl Duplicates {
    /// Takes in the next row's identities.
    pub fn place(&mut self, row: u64, email: Option<&IdentityKey>, phone: Option<&IdentityKey>) -> Place {
        let (email, phone) = (email.map(digest), phone.map(digest));
        let known = email.and_then(|email| self.by_email.get(&email)).copied().or_else(|| {
            let (first, has_email) = phone.and_then(|phone| self.by_phone.get(&phone)).copied()?;
            (email.is_none() || !has_email).then_some(first)
        });
        let first = known.unwrap_or(row);
        if let Some(email) = email {
            self.by_email.entry(email).or_insert(first);
        }
        if let Some(phone) = phone {
            let held = self.by_phone.entry(phone).or_insert((first, email.is_some()));
            held.1 |= held.0 == first && email.is_some();
        }
        known.map_or(Place::First, Place::Repeats)
    }
}

fn digest(key: &IdentityKey) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(HashedKey(key.as_str()))
}

#[derive(Hash)]
struct HashedKey<'a>(&'a str);

/// Fills the blanks of a lead from another of the same person; tags and custom fields are joined. What the first says is never replaced.
pub fn merge(first: &mut Map<String, Value>, other: &Map<String, Value>) {
    for (name, value) in other {
        match (first.get_mut(name), value) {
            (Some(Value::Object(held)), Value::Object(more)) => merge(held, more),
            (Some(Value::Array(held)), Value::Array(more)) => {
                let new: Vec<Value> = more.iter().filter(|one| !held.contains(one)).cloned().collect();
                held.extend(new);
            }
            (None, value) => drop(first.insert(name.clone(), value.clone())),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::identity::{Email, Phone};

    /// `a/1` is the address a and the phone 1; `-` is none.
    fn places(rows: &str) -> Vec<Option<u64>> {
        let mut duplicates = Duplicates::default();
        let place = |(row, text): (u64, &str)| {
            let (email, phone) = text.split_once('/').unwrap();
            let email = Email::parse(&format!("{email}@x.io")).ok().filter(|_| email != "-");
            let phone = (phone != "-").then(|| Phone::parse(&format!("+4930901820{phone}"), None));
            let email = email.as_ref().map(IdentityKey::of_email);
            match duplicates.place(row, email.as_ref(), phone.as_ref().and_then(IdentityKey::of_phone).as_ref()) {
                Place::First => None,
                Place::Repeats(first) => Some(first),
            }
        };
        (1..).zip(rows.split(' ')).map(place).collect()
    }

    #[rstest]
    #[case::same_address("a/- b/- a/-", &[None, None, Some(1)])]
    #[case::a_switchboard("a/1 b/1", &[None, None])]
    #[case::phone_alone("a/1 -/1", &[None, Some(1)])]
    #[case::an_address_for_a_phone("-/1 a/1 a/- b/1", &[None, Some(1), Some(1), None])]
    fn rows_of_the_same_person(#[case] rows: &str, #[case] expected: &[Option<u64>]) {
        assert_eq!(places(rows), expected);
    }

    #[test]
    fn blanks_are_filled_and_nothing_is_replaced() {
        let mut first =
            json!({"email": "a@x.io", "tags": ["a"], "address": {"city": "Oslo"}}).as_object().unwrap().clone();
        let other =
            json!({"email": "A@x.io", "phone": "1", "tags": ["a", "b"], "address": {"city": "B", "state": "S"}});
        merge(&mut first, other.as_object().unwrap());
        let expected =
            json!({"email": "a@x.io", "phone": "1", "tags": ["a", "b"], "address": {"city": "Oslo", "state": "S"}});
        assert_eq!(Value::Object(first), expected);
    }

    proptest! {
        #[test]
        fn a_repeat_names_an_earlier_row_that_is_first(rows in prop::collection::vec("[abc-]/[12-]", 1..20)) {
            let found = places(&rows.join(" "));
            for (row, place) in (1_u64..).zip(&found) {
                if let Some(first) = place {
                    prop_assert!(*first < row && found[usize::try_from(*first).unwrap() - 1].is_none());
                }
            }
        }
    }
}
