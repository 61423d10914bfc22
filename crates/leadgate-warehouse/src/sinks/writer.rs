//! Rows written without a copy: one table, whole, from whoever has the rows.

use std::path::PathBuf;

use leadgate_core::sync::{PackedCells, Row, Schema};
use tempfile::NamedTempFile;

use super::files::{Encoder, encoder};
use super::manifest::Manifest;
use super::place::Place;
use super::postgres::PostgresSink;
use super::rows::Spool;
use super::{Format, SinkError, Table, blocking, sqlite};

/// Writes rows of one schema to wherever a [`super::SinkSpec`] says. Nothing is to be seen there before [`RowWriter::finish`] has returned, and
/// nothing at all if the writer is dropped before. A table of the stream that is there already is replaced by the rows.
pub struct RowWriter {
    table: Table,
    target: Target,
    rows: u64,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many rows. In a table, of two rows with one id the later counts.
    pub rows: u64,
    /// How many decimal numbers had more digits after the point than Parquet files hold, and were rounded.
    pub rounded: u64,
}

/// Where tables are.
pub(crate) enum Database {
    Sqlite(PathBuf),
    Postgres(Box<PostgresSink>),
}

enum Target {
    File { place: Place, format: Format, file: NamedTempFile, encoder: Box<dyn Encoder> },
    Database { database: Database, spool: Spool },
}

impl RowWriter {
    /// To files. Blocks.
    pub(crate) fn to_file(place: Place, format: Format, schema: &Schema) -> Result<RowWriter, SinkError> {
        let table = Table::of(schema);
        place.remove_leftovers()?;
        let file = place.begin()?;
        let encoder = encoder(format, &table.columns, &file).map_err(|source| place.write_failed(source))?;
        Ok(RowWriter { table, target: Target::File { place, format, file, encoder }, rows: 0 })
    }

    /// To a table. Blocks.
    pub(crate) fn to_database(database: Database, schema: &Schema) -> Result<RowWriter, SinkError> {
        let spool = Spool::new().map_err(spool_failed)?;
        Ok(RowWriter { table: Table::of(schema), target: Target::Database { database, spool }, rows: 0 })
    }

    /// Writes a row with a cell for each column of the schema. Blocks, but not for long.
    pub fn write(&mut self, row: &Row) -> Result<(), SinkError> {
        let (cells, columns) = (row.cells.len(), self.table.columns.len());
        if cells != columns {
            return Err(SinkError::Misshapen { id: row.id, cells, columns });
        }
        self.rows += 1;
        let cells = PackedCells::of(&row.cells);
        match &mut self.target {
            Target::File { place, encoder, .. } => encoder.row(&cells).map_err(|source| place.write_failed(source)),
            Target::Database { spool, .. } => spool.write(row.id, &cells).map_err(spool_failed),
        }
    }

    /// Tries, before rows are written, whether they may go there: not over a table that is kept equal to a copy.
    pub async fn check(&self) -> Result<(), SinkError> {
        match &self.target {
            Target::File { .. } => Ok(()),
            Target::Database { database: Database::Sqlite(path), .. } => {
                let (path, name) = (path.clone(), self.table.name.clone());
                blocking(move || sqlite::check_replace(&path, &name)).await
            }
            Target::Database { database: Database::Postgres(sink), .. } => sink.check_replace(&self.table.name).await,
        }
    }

    /// Puts what was written in its place.
    pub async fn finish(self) -> Result<Written, SinkError> {
        let RowWriter { table, target, rows } = self;
        match target {
            Target::File { place, format, file, encoder } => {
                let shown = place.clone();
                let rounded = blocking(move || encoder.finish().map_err(|source| shown.write_failed(source))).await?;
                place.put(&format!("{}.{}", table.name, format.extension()), file).await?;
                let manifest = place.manifest().await?.and_then(|text| Manifest::without(&text, &table.name));
                if let Some(manifest) = manifest {
                    place.put_manifest(manifest.write()).await?;
                }
                Ok(Written { rows, rounded })
            }
            Target::Database { database, spool } => {
                let spooled = blocking(move || spool.read().map_err(spool_failed)).await?;
                let told = match database {
                    Database::Sqlite(path) => blocking(move || sqlite::replace(&path, &table, spooled)).await?,
                    Database::Postgres(sink) => sink.replace(&table, spooled).await?,
                };
                Ok(Written { rows: told.written, rounded: 0 })
            }
        }
    }
}

fn spool_failed(source: std::io::Error) -> SinkError {
    SinkError::Write { place: "the folder of temporary files".into(), source }
}
