//! Which columns the rows of a stream have, and how a row gets its cells from the CRM's JSON.
//!
//! Cast: `known` lists the CRM's own columns of each stream, one by one; a [`FieldRow`] is a field of the account's own, and `own` makes a column of it;
//! [`Schema::of`] puts both together; a [`Shaper`] fills rows, and `compact` keeps what has parts in one form; [`Schema::differences`] says what is new between two schemas.
//!
//! Values that change at every read (links, pictures, tokens, ages) have no column, so that a row that nobody touched reads the same again. What the CRM derives from
//! other records is kept, but it can change without the row being told as changed: [`KnownColumn::lags`] says which columns those are.

mod compact;
mod differences;
mod field;
mod known;
mod own;
mod shaping;

pub use differences::{Difference, Named};
pub use field::FieldRow;
pub use known::{KnownColumn, known_columns};
pub use shaping::{ShapeError, Shaped, Shaper, shape, shown};

use super::{Column, Schema, Stream};

impl Schema {
    /// The columns of a stream in an account with these fields: the CRM's own, then the account's own in the order of the fields.
    ///
    /// Fields of other streams and the CRM's own fields are passed over, so all fields of an account can be given.
    pub fn of(stream: Stream, fields: &[FieldRow]) -> Schema {
        let known = known_columns(stream).map(|known| Column {
            name: known.name.to_owned(),
            kind: known.kind,
            label: None,
            field: None,
        });
        let own = own::columns(stream, fields);
        Schema { stream, columns: known.chain(own).collect() }
    }

    /// Where a column stands, by its name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
