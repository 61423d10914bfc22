//! Cells as people and programs write them.

use std::borrow::Cow;

use jiff::Timestamp;
use leadgate_core::sync::{Cell, CellRef};

/// The cell as plain text: numbers in full, moments in UTC as ISO 8601 with `Z`, days as `2026-11-27`, anything with parts as JSON. None if
/// it is blank.
pub(crate) fn plain_text(cell: CellRef<'_>) -> Option<Cow<'_, str>> {
    Some(match cell {
        CellRef::Blank => return None,
        CellRef::Text(text) | CellRef::Json(text) => Cow::Borrowed(text),
        CellRef::Integer(number) => Cow::Owned(number.to_string()),
        CellRef::Decimal(number) => Cow::Owned(number.to_string()),
        CellRef::Boolean(truth) => Cow::Borrowed(if truth { "true" } else { "false" }),
        CellRef::Date(date) => Cow::Owned(date.to_string()),
        CellRef::Time(time) => Cow::Owned(moment(time)),
    })
}

/// The same of a cell that stands on its own.
pub(crate) fn text_of(cell: &Cell) -> Option<Cow<'_, str>> {
    match cell {
        Cell::Json(value) => Some(Cow::Owned(value.to_string())),
        other => other.borrowed().and_then(plain_text),
    }
}

/// A moment to the microsecond, without zeros at its end.
pub(crate) fn moment(time: Timestamp) -> String {
    let micros = Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time);
    micros.to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use rust_decimal::Decimal;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(Cell::Blank, None)]
    #[case(Cell::Integer(9_007_199_254_740_993_123), Some("9007199254740993123"))]
    #[case(Cell::Decimal(Decimal::new(125_000, 2)), Some("1250.00"))]
    #[case(Cell::Time("2026-11-27T10:00:00+05:30".parse().unwrap()), Some("2026-11-27T04:30:00Z"))]
    #[case(Cell::Time("2026-11-27T10:00:00.123456789Z".parse().unwrap()), Some("2026-11-27T10:00:00.123456Z"))]
    #[case(Cell::Date(jiff::civil::date(2026, 1, 2)), Some("2026-01-02"))]
    #[case(Cell::Json(json!(["a", 1])), Some(r#"["a",1]"#))]
    fn cells_read_plainly(#[case] cell: Cell, #[case] expected: Option<&str>) {
        assert_eq!(text_of(&cell).as_deref(), expected);
    }
}
