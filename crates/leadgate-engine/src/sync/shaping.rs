//! Typed rows of what the CRM shows: the account's fields say what columns there are.

use std::collections::BTreeMap;

use leadgate_core::sync::{Difference, FieldRow, PackedRow, RawRow, Schema, Shaped, Shaper, Stream};

use super::run::SyncRun;
use super::{CopyKeeper, SyncError};

/// Fields that are read from the copy at once.
const AT_ONCE: usize = 500;

/// The columns of every stream of an account.
#[derive(Clone, Debug, Default)]
pub struct Shaping {
    fields: Vec<FieldRow>,
}

impl Shaping {
    /// From rows of the stream of fields, as the CRM shows them.
    pub fn of_fields<'a>(rows: impl IntoIterator<Item = &'a RawRow>) -> Shaping {
        Shaping { fields: rows.into_iter().filter_map(FieldRow::of_raw).collect() }
    }

    /// From the fields in a copy.
    ///
    /// # Errors
    /// [`SyncError::Copy`] if it cannot be read.
    pub async fn of_copy(copy: &CopyKeeper) -> Result<Shaping, SyncError> {
        let fields = copy.with(|copy| {
            let Some(schema) = copy.schema(Stream::Fields)? else { return Ok(Vec::new()) };
            let (mut fields, mut after) = (Vec::new(), None);
            loop {
                let rows = copy.rows_by_id(Stream::Fields, after, AT_ONCE)?;
                let Some(last) = rows.last() else { return Ok(fields) };
                after = Some(last.row.id);
                fields.extend(rows.iter().filter_map(|copied| FieldRow::of_row(&schema, &copied.row)));
            }
        });
        Ok(Shaping { fields: fields.await? })
    }

    /// The columns of a stream.
    pub fn schema(&self, stream: Stream) -> Schema {
        Schema::of(stream, &self.fields)
    }
}

impl SyncRun {
    /// The columns of every stream, once the fields have been read.
    pub(super) async fn shaping_of(&mut self, stream: Stream) -> Result<Shaping, SyncError> {
        if stream == Stream::Fields {
            return Ok(Shaping::default());
        }
        if self.shaping.is_none() {
            self.shaping = Some(Shaping::of_copy(&self.copy).await?);
        }
        Ok(self.shaping.clone().unwrap_or_default())
    }

    /// Tells how the columns of a stream have changed. Returns what that means for rows that did not change.
    pub(super) fn note_columns(&mut self, stream: Stream, known: Option<&Schema>, new: &Schema) -> NewColumns {
        let Some(known) = known else { return NewColumns::None };
        let differences = Schema::differences(known, new);
        let report = self.report.streams.entry(stream).or_default();
        report.columns = differences.iter().map(told).collect();
        for column in &report.columns {
            tracing::info!(sync.stream = stream.name(), "a column of {stream} has changed: {column}");
        }
        let mut added = Vec::new();
        for difference in differences {
            match difference {
                // A field that was made since has values only in rows that changed since; a formula, or one that was hidden, has them in all.
                Difference::Added(column) if column.field.is_some() => added.push(column.name),
                Difference::Added(_) | Difference::Retyped { .. } => return NewColumns::InAllRows,
                Difference::Renamed { .. } | Difference::Removed(_) => {}
            }
        }
        if added.is_empty() { NewColumns::None } else { NewColumns::PerhapsInAllRows(added) }
    }
}

/// What is new in the columns of a stream.
pub(super) enum NewColumns {
    /// Nothing that rows which did not change have cells for.
    None,
    /// These, which rows that did not change may have values in.
    PerhapsInAllRows(Vec<String>),
    /// Something that every row has to be read again for.
    InAllRows,
}

fn told(difference: &Difference) -> String {
    match difference {
        Difference::Added(column) => format!("added {}", column.name),
        Difference::Renamed { from, to } if from.name == to.name => format!("relabelled {}", to.name),
        Difference::Renamed { from, to } => format!("renamed {} to {}", from.name, to.name),
        Difference::Removed(column) => format!("removed {}", column.name),
        Difference::Retyped { name, .. } => format!("retyped {name}"),
    }
}

/// Rows of a page, typed.
#[derive(Default)]
pub(super) struct ShapedRows {
    pub(super) rows: Vec<PackedRow>,
    /// Cells that were left blank since their value did not fit, by column. Rows without an id are left out, and counted under `id`.
    pub(super) unfit: BTreeMap<String, u64>,
}

pub(super) fn shaped<'r>(schema: &Schema, rows: impl IntoIterator<Item = &'r RawRow>) -> ShapedRows {
    let mut done = ShapedRows::default();
    let mut shaper = Shaper::new(schema);
    for row in rows {
        let unfit = match shaper.pack_what_fits(row) {
            Ok(Shaped { row, unfit }) => {
                done.rows.push(row);
                unfit
            }
            Err(error) => vec![error],
        };
        for error in unfit {
            *done.unfit.entry(error.column).or_default() += 1;
        }
    }
    done
}
