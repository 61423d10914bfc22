//! Syncing: a copy of the account's rows, kept current, that files and tables are published from.
//!
//! Cast: a [`Stream`] is a kind of rows; a [`RowsQuery`] asks the CRM for some pages of one, and a [`RowsPage`] is the answer; a [`Schema`] says which
//! columns the rows of a stream have, and a [`Row`] holds one cell for each of them: `schema` makes both, the row of a [`RawRow`], which is what the
//! CRM wrote. A [`Reading`] says what to ask next and
//! what an answer means; a [`Schedule`] says when to begin, a [`Forecast`] what it will cost, and [`time_left`] when it will be done.

mod cost;
pub mod export;
mod hanging;
mod moment;
mod names;
mod packed;
mod query;
mod raw;
mod reading;
mod remaining;
mod row;
mod scan;
mod schedule;
pub mod schema;
mod stream;

pub use cost::{Forecast, Known, PAGE, StreamCost, grouped, span};
pub use hanging::Hanging;
pub use moment::plain_moment;
pub use names::Names;
pub use packed::{CellRef, PackedCells, PackedRow, unpack};
pub use query::{Part, RowsPage, RowsQuery};
pub use raw::{Piece, RawJson, RawMembers, RawRow, Rows, RowsIn};
pub use reading::{Counted, Effort, Landing, Pace, PageRead, Phase, Reading, Shortfall, Step, Taken, Window};
pub use remaining::{Underway, time_left};
pub use row::{Cell, Column, ColumnKind, Row, Schema};
pub use schedule::{NoSchedule, Ran, Schedule};
pub use schema::{Difference, FieldRow, ShapeError, Shaped, Shaper, shape};
pub use stream::Stream;
