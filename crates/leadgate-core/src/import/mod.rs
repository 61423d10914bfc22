//! Imports: files of leads, whose columns have anybody's names.
//!
//! Cast: [`Target`] is what a column can be; [`guess`] finds it from a column's header and samples, and [`Mapping`] holds what was found or said;
//! [`lead_of`] makes of a row the body that `POST /v1/leads` takes, so that its mistakes read alike; [`Duplicates`] finds rows of the same person,
//! and [`merge`] fills the blanks of the first from the others; [`expected`] says what is still to come. All of it is pure; who reads files and who
//! sends rows is elsewhere.

mod cell;
mod duplicates;
mod guess;
mod headers;
mod mapping;
mod progress;
mod row;
mod target;

pub use cell::RowCell;
pub use duplicates::{DuplicateRule, Duplicates, Place, merge};
pub use guess::{Guess, Sample, guess};
pub use mapping::{Column, Mapping, MappingError};
pub use progress::{Expected, Rest, expected};
pub use row::{RowRules, lead_of, read_row};
pub use target::Target;
