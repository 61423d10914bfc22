//! Syncing: a copy of the account's rows, kept current, that files and tables are published from.
//!
//! Cast: a [`Stream`] is a kind of rows; a [`RowsQuery`] asks the CRM for some pages of one, and a [`RowsPage`] is the answer; a [`Schema`] says which
//! columns the rows of a stream have, and a [`Row`] holds one cell for each of them: `schema` makes both.

mod query;
mod row;
pub mod schema;
mod stream;

pub use query::{Part, RowsPage, RowsQuery};
pub use row::{Cell, Column, ColumnKind, Row, Schema};
pub use schema::{Difference, FieldRow, ShapeError, shape};
pub use stream::Stream;
