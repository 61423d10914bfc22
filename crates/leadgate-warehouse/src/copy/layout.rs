//! Which cell of a stored row belongs to which column of today.
//!
//! A row is stored in the layout (the schema) of the day it came. When the account's fields change, rows are not rewritten: they are read
//! through a [`Fitting`], which finds a column by the id of the account's own field or else by its name, and fits the cell to its kind.

use leadgate_core::sync::{Cell, Column, ColumnKind, Schema};
use rust_decimal::Decimal;

use crate::cells::text_of;

/// How rows of one layout are read in another.
#[derive(Debug)]
pub(crate) struct Fitting {
    /// For each column of today, where its cell is; none if the layout did not know it.
    places: Vec<Option<usize>>,
    kinds: Vec<ColumnKind>,
    /// Nothing has to be done.
    same: bool,
}

impl Fitting {
    /// From the layout `stored` to the schema `today`.
    pub(crate) fn new(stored: &Schema, today: &Schema) -> Fitting {
        let places: Vec<_> = today.columns.iter().map(|column| place(&stored.columns, column)).collect();
        let kinds: Vec<_> = today.columns.iter().map(|column| column.kind).collect();
        let stored_kinds = stored.columns.iter().map(|column| column.kind);
        let in_order = places.iter().enumerate().all(|(index, place)| *place == Some(index));
        let same = in_order && kinds.iter().copied().eq(stored_kinds);
        Fitting { places, kinds, same }
    }

    /// The cells in the order of today's columns.
    pub(crate) fn fit(&self, mut cells: Vec<Cell>) -> Vec<Cell> {
        if self.same {
            return cells;
        }
        let taken = self.places.iter().zip(&self.kinds).map(|(place, kind)| {
            let cell = place.and_then(|place| cells.get_mut(place)).map(|cell| std::mem::replace(cell, Cell::Blank));
            fit_kind(cell.unwrap_or(Cell::Blank), *kind)
        });
        taken.collect()
    }

    /// Whether the layout knew the column.
    pub(crate) fn knew(&self, column: usize) -> bool {
        self.places.get(column).copied().flatten().is_some()
    }
}

fn place(stored: &[Column], column: &Column) -> Option<usize> {
    let by_field = stored.iter().position(|other| other.field.is_some() && other.field == column.field);
    by_field.or_else(|| {
        let same = |other: &Column| other.name == column.name && (other.field.is_none() || column.field.is_none());
        stored.iter().position(same)
    })
}

/// The cell as one of that kind; blank if it cannot be, until the row is read anew.
pub(crate) fn fit_kind(cell: Cell, kind: ColumnKind) -> Cell {
    let fitted = match (kind, cell) {
        (_, Cell::Blank) => None,
        (ColumnKind::Integer, cell @ Cell::Integer(_))
        | (ColumnKind::Decimal, cell @ Cell::Decimal(_))
        | (ColumnKind::Text, cell @ Cell::Text(_))
        | (ColumnKind::Boolean, cell @ Cell::Boolean(_))
        | (ColumnKind::Date, cell @ Cell::Date(_))
        | (ColumnKind::Time, cell @ Cell::Time(_))
        | (ColumnKind::Json, cell @ Cell::Json(_)) => Some(cell),
        (ColumnKind::Text, cell) => text_of(&cell).map(|text| Cell::Text(text.into_owned())),
        (ColumnKind::Decimal, Cell::Integer(number)) => Some(Cell::Decimal(Decimal::from(number))),
        (ColumnKind::Decimal, Cell::Text(text)) => text.trim().parse().ok().map(Cell::Decimal),
        (ColumnKind::Integer, Cell::Text(text)) => text.trim().parse().ok().map(Cell::Integer),
        (ColumnKind::Json, Cell::Text(text)) => Some(Cell::Json(text.into())),
        (_, _) => None,
    };
    fitted.unwrap_or(Cell::Blank)
}

#[cfg(test)]
mod tests {
    use leadgate_core::sync::Stream;

    use super::*;

    fn schema(columns: &[(&str, ColumnKind, Option<i64>)]) -> Schema {
        let column = |(name, kind, field): &(&str, ColumnKind, Option<i64>)| Column {
            name: (*name).into(),
            kind: *kind,
            label: None,
            field: *field,
        };
        Schema { stream: Stream::Deals, columns: columns.iter().map(column).collect() }
    }

    #[test]
    fn a_renamed_field_keeps_its_cells_and_a_new_one_is_blank() {
        let stored = schema(&[("id", ColumnKind::Integer, None), ("cf_old", ColumnKind::Text, Some(7))]);
        let today = schema(&[
            ("id", ColumnKind::Integer, None),
            ("cf_more", ColumnKind::Text, Some(8)),
            ("cf_new", ColumnKind::Text, Some(7)),
        ]);
        let fitting = Fitting::new(&stored, &today);
        let cells = fitting.fit(vec![Cell::Integer(1), Cell::Text("kept".into())]);
        assert_eq!(cells, [Cell::Integer(1), Cell::Blank, Cell::Text("kept".into())]);
        assert!(!fitting.knew(1) && fitting.knew(2));
    }

    #[test]
    fn another_field_under_the_same_name_is_another_column() {
        let stored = schema(&[("cf_a", ColumnKind::Text, Some(7))]);
        let today = schema(&[("cf_a", ColumnKind::Text, Some(8))]);
        assert!(!Fitting::new(&stored, &today).knew(0));
    }

    #[test]
    fn cells_are_fitted_to_a_new_kind() {
        assert_eq!(fit_kind(Cell::Integer(3), ColumnKind::Decimal), Cell::Decimal(3.into()));
        assert_eq!(fit_kind(Cell::Integer(3), ColumnKind::Text), Cell::Text("3".into()));
        assert_eq!(fit_kind(Cell::Text("no".into()), ColumnKind::Integer), Cell::Blank);
    }
}
