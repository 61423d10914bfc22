//! What is new between two schemas of a stream.

use serde::{Deserialize, Serialize};

use crate::sync::{Column, ColumnKind, Schema};

/// A column's name and what people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The column's name.
    pub name: String,
    /// The field's label, for the account's own ones.
    pub label: Option<String>,
}

/// One difference between the columns of before and of now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// A column that was not there.
    Added(Column),
    /// A column of the same field with another name or label.
    Renamed {
        /// As it was.
        from: Named,
        /// As it is.
        to: Named,
    },
    /// A column that is not there any more.
    Removed(Column),
    /// A column whose cells are something else now.
    Retyped {
        /// Its name, as it is.
        name: String,
        /// What its cells were.
        from: ColumnKind,
        /// What they are.
        to: ColumnKind,
    },
}

impl Schema {
    /// What is new in `new`, in the order of its columns, and then what is gone. A column is known again by the id of its field, else by its name.
    pub fn differences(old: &Schema, new: &Schema) -> Vec<Difference> {
        let mut found = Vec::new();
        for column in &new.columns {
            let Some(before) = counterpart(column, old, new) else {
                found.push(Difference::Added(column.clone()));
                continue;
            };
            if (&before.name, &before.label) != (&column.name, &column.label) {
                found.push(Difference::Renamed { from: named(before), to: named(column) });
            }
            if before.kind != column.kind {
                found.push(Difference::Retyped { name: column.name.clone(), from: before.kind, to: column.kind });
            }
        }
        let gone = old.columns.iter().filter(|column| counterpart(column, new, old).is_none());
        found.extend(gone.cloned().map(Difference::Removed));
        found
    }
}

/// The column of `other` that is the same one as `column`, which is of `own`.
fn counterpart<'a>(column: &Column, other: &'a Schema, own: &Schema) -> Option<&'a Column> {
    let by_field = |field| other.columns.iter().find(|candidate| candidate.field == Some(field));
    if let Some(found) = column.field.and_then(by_field) {
        return Some(found);
    }
    let by_name = other.columns.iter().find(|candidate| candidate.name == column.name)?;
    // A field of the same name whose id is still in use elsewhere is that other column.
    let is_claimed = by_name.field.is_some_and(|field| own.columns.iter().any(|column| column.field == Some(field)));
    (!is_claimed).then_some(by_name)
}

fn named(column: &Column) -> Named {
    Named { name: column.name.clone(), label: column.label.clone() }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::sync::Stream;

    fn schema(own: &[(&str, &str, ColumnKind, i64)]) -> Schema {
        let own = own.iter().map(|&(name, label, kind, field)| Column {
            name: name.into(),
            kind,
            label: Some(label.into()),
            field: Some(field),
        });
        let id = Column { name: "id".into(), kind: ColumnKind::Integer, label: None, field: None };
        Schema { stream: Stream::Deals, columns: std::iter::once(id).chain(own).collect() }
    }

    #[rstest]
    #[case::same(&[("cf_a", "A", ColumnKind::Text, 1)], "")]
    #[case::added(&[("cf_a", "A", ColumnKind::Text, 1), ("cf_b", "B", ColumnKind::Text, 2)], "added cf_b")]
    #[case::label(&[("cf_a", "Alpha", ColumnKind::Text, 1)], "renamed cf_a A to cf_a Alpha")]
    #[case::name(&[("cf_z", "A", ColumnKind::Text, 1)], "renamed cf_a A to cf_z A")]
    #[case::retyped(&[("cf_a", "A", ColumnKind::Decimal, 1)], "retyped cf_a")]
    #[case::removed(&[], "removed cf_a")]
    #[case::made_anew(&[("cf_a", "A", ColumnKind::Text, 9)], "")]
    #[case::swapped(&[("cf_b", "A", ColumnKind::Text, 1), ("cf_a", "B", ColumnKind::Text, 2)], "renamed cf_a A to cf_b A, added cf_a")]
    fn differences_are_told(#[case] new: &[(&str, &str, ColumnKind, i64)], #[case] expected: &str) {
        let old = schema(&[("cf_a", "A", ColumnKind::Text, 1)]);
        let told = |difference: &Difference| match difference {
            Difference::Added(column) => format!("added {}", column.name),
            Difference::Removed(column) => format!("removed {}", column.name),
            Difference::Retyped { name, .. } => format!("retyped {name}"),
            Difference::Renamed { from, to } => {
                let label = |named: &Named| format!("{} {}", named.name, named.label.clone().unwrap_or_default());
                format!("renamed {} to {}", label(from), label(to))
            }
        };
        let found: Vec<String> = Schema::differences(&old, &schema(new)).iter().map(told).collect();
        assert_eq!(found.join(", "), expected);
    }
}
