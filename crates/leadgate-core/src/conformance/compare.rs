//! What differs between an account's reply and the reference's.

use std::collections::BTreeSet;

use super::recorded::{Body, Recorded};
use super::shape::{CUSTOM_KEY, Format, ID_KEY, Shape, Type};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where in the body, as keys; empty for the reply as a whole. `[]` stands for the rows of an array.
    pub place: Vec<String>,
    /// What differs.
    pub what: What,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The account answered this status, the reference that; `None` for no reply.
    Status(Option<u16>, Option<u16>),
    /// A header: the account's value in words, and the reference's.
    Header(&'static str, Option<String>, Option<String>),
    /// The body is of another kind.
    Body(&'static str, &'static str),
    /// The reference always has the key, the account does not.
    Missing,
    /// The account has a key that the reference does not have.
    Unknown,
    /// The account's types, where the reference has others.
    Type(Vec<Type>, Vec<Type>),
    /// The account has nulls where the reference never has one. Rows differ, so this may mean nothing.
    Null,
}

impl Difference {
    /// Whether it is worth knowing but proves nothing.
    #[must_use]
    pub fn is_note(&self) -> bool {
        self.what == What::Null
    }

    fn whole(what: What) -> Difference {
        Difference { place: Vec::new(), what }
    }
}

/// Everything that differs in the answers to one request.
#[must_use]
pub fn compare(real: &Recorded, reference: &Recorded) -> Vec<Difference> {
    let mut found = Vec::new();
    if real.status != reference.status {
        // All else follows from it.
        return vec![Difference::whole(What::Status(real.status, reference.status))];
    }
    let names: BTreeSet<&&str> = real.headers.keys().chain(reference.headers.keys()).collect();
    for name in names {
        let (ours, theirs) = (real.headers.get(*name), reference.headers.get(*name));
        if ours != theirs {
            found.push(Difference::whole(What::Header(name, ours.cloned(), theirs.cloned())));
        }
    }
    // A list without rows has another frame, and shows nothing of its rows.
    let comparable = real.has_rows == reference.has_rows;
    match (&real.body, &reference.body) {
        (Body::Json(real), Body::Json(reference)) if comparable => {
            compare_shapes(real, reference, &mut Vec::new(), &mut found);
        }
        (real, reference) if real.name() != reference.name() => {
            found.push(Difference::whole(What::Body(real.name(), reference.name())));
        }
        _ => {}
    }
    found
}

fn compare_shapes(real: &Shape, reference: &Shape, place: &mut Vec<String>, found: &mut Vec<Difference>) {
    let known: Vec<Type> = reference.types.iter().copied().filter(|kind| *kind != Type::Null).collect();
    if known.is_empty() {
        return;
    }
    let mut differs = |what| found.push(Difference { place: place.clone(), what });
    if real.types.contains(&Type::Null) && !reference.types.contains(&Type::Null) {
        differs(What::Null);
    }
    let strange: Vec<Type> = real.types.iter().copied().filter(|kind| !fits(*kind, &known)).collect();
    if !strange.is_empty() {
        differs(What::Type(strange, known));
    }
    if let (Some(_), Some(_)) = (&real.keys, &reference.keys) {
        compare_keys(real, reference, place, found);
    }
    if let (Some(real), Some(reference)) = (&real.items, &reference.items) {
        place.push("[]".to_owned());
        compare_shapes(real, reference, place, found);
        place.pop();
    }
}

fn compare_keys(real: &Shape, reference: &Shape, place: &mut Vec<String>, found: &mut Vec<Difference>) {
    let (Some(ours), Some(theirs)) = (&real.keys, &reference.keys) else { return };
    let is_fixed = |key: &str| key != CUSTOM_KEY && key != ID_KEY;
    for (key, member) in theirs.iter().filter(|(key, _)| *key != CUSTOM_KEY) {
        place.push(key.clone());
        match ours.get(key) {
            Some(own) => compare_shapes(&own.shape, &member.shape, place, found),
            None if member.always && is_fixed(key) => {
                found.push(Difference { place: place.clone(), what: What::Missing });
            }
            None => {}
        }
        place.pop();
    }
    for key in ours.keys().filter(|key| is_fixed(key) && !theirs.contains_key(*key)) {
        let place = place.iter().cloned().chain([key.clone()]).collect();
        found.push(Difference { place, what: What::Unknown });
    }
}

/// Whether a value of a type may stand where the reference has these. Any text may stand where free text does, and an empty one where any does.
fn fits(kind: Type, known: &[Type]) -> bool {
    let has_text = |formats: &[Format]| {
        known.iter().any(|other| matches!(other, Type::Text(format) if formats.is_empty() || formats.contains(format)))
    };
    match kind {
        Type::Null => true,
        Type::Text(Format::Empty) => has_text(&[]),
        Type::Text(Format::Integer | Format::Decimal) => {
            has_text(&[Format::Integer, Format::Decimal, Format::Plain, Format::Empty])
        }
        Type::Text(format) => has_text(&[format, Format::Plain, Format::Empty]),
        other => known.contains(&other),
    }
}
