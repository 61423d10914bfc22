//! The sink that writes files: one for each stream, one for the changes, and a manifest that says what is in them.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use jiff::Timestamp;
use leadgate_core::sync::{Column, PackedCells, Stream};
use tempfile::NamedTempFile;

use super::csv::CsvEncoder;
use super::evolution::Evolution;
use super::manifest::{Manifest, ManifestTable};
use super::ndjson::NdjsonEncoder;
use super::parquet::ParquetEncoder;
use super::place::Place;
use super::rows::{Rows, Shared, TableRow};
use super::table::{CHANGES, in_order};
use super::{Format, Published, Sink, SinkError, Table, TablePublished, blocking};

/// Pieces of rows that are read before they are written.
const READ_AHEAD: usize = 2;

/// What an encoder writes to.
pub(crate) type Out = BufWriter<File>;

/// Writes rows in some format.
pub(crate) trait Encoder: Send {
    /// Writes a row with a cell for each column.
    fn row(&mut self, cells: &PackedCells) -> io::Result<()>;

    /// Writes what is still to be written; says how many numbers had to be rounded.
    fn finish(self: Box<Self>) -> io::Result<u64>;
}

/// An encoder of that format.
pub(crate) fn encoder(format: Format, columns: &[Column], file: &NamedTempFile) -> io::Result<Box<dyn Encoder>> {
    let out = BufWriter::with_capacity(64 << 10, file.reopen()?);
    Ok(match format {
        Format::Csv => Box::new(CsvEncoder::new(columns, out)?),
        Format::Ndjson => Box::new(NdjsonEncoder::new(columns, out)),
        Format::Parquet => Box::new(ParquetEncoder::new(columns, out)?),
    })
}

/// Files of one format in one place.
pub(crate) struct FileSink {
    pub(crate) place: Place,
    pub(crate) format: Format,
}

/// A file to be.
struct Wanted {
    table: Table,
    rows: Rows,
    /// The number of the latest change that will be in it.
    seq: i64,
    at: Option<Timestamp>,
}

#[async_trait::async_trait]
impl Sink for FileSink {
    async fn check(&mut self, streams: &[Stream]) -> Result<(), SinkError> {
        self.check_count(streams)?;
        self.place.check().await
    }

    async fn publish(&mut self, copy: &Path, streams: &[Stream]) -> Result<Published, SinkError> {
        self.check_count(streams)?;
        let (copy, place) = (copy.to_owned(), self.place.clone());
        let snapshot = blocking(move || {
            place.remove_leftovers()?;
            Shared::open(&copy)
        })
        .await?;
        let identity = snapshot.read(super::super::copy::Snapshot::identity)?;
        let text = self.place.manifest().await?;
        let known = text.as_deref().and_then(|text| Manifest::read(text, &identity, self.format));
        let mut manifest = known.unwrap_or_else(|| Manifest { copy: identity, format: self.format, tables: [].into() });
        let mut published = Published::default();
        for stream in in_order(streams) {
            if let Some(wanted) = wanted_rows(&snapshot, stream)? {
                self.bring(wanted, &mut manifest, &mut published).await?;
            }
        }
        if !self.place.is_single() {
            self.bring(wanted_changes(&snapshot, &manifest)?, &mut manifest, &mut published).await?;
        }
        let new_text = manifest.write();
        if text.as_ref() != Some(&new_text) {
            self.place.put_manifest(new_text).await?;
        }
        Ok(published)
    }
}

fn wanted_rows(snapshot: &Shared, stream: Stream) -> Result<Option<Wanted>, SinkError> {
    let Some(schema) = snapshot.read(|copy| copy.schema(stream))? else { return Ok(None) };
    let entry = snapshot.read(|copy| copy.entry(stream))?;
    let at = entry.at.and_then(|at| Timestamp::from_microsecond(at).ok());
    let rows = Rows::Live { from: snapshot.clone(), stream, after: None };
    Ok(Some(Wanted { table: Table::of(&schema), rows, seq: entry.seq, at }))
}

/// The changes of all streams that have a file here, as far as the file has them.
fn wanted_changes(snapshot: &Shared, manifest: &Manifest) -> Result<Wanted, SinkError> {
    let (mut streams, mut seq, mut at) = (Vec::new(), 0, None);
    for (name, table) in &manifest.tables {
        let Some(stream) = Stream::from_name(name) else { continue };
        let last = snapshot.read(|copy| copy.entry(stream))?.changes_seq.min(table.seq);
        streams.push((stream, last));
        seq = seq.max(last);
        at = at.max(table.at);
    }
    let mut table = Table::of_changes();
    if let Some(column) = table.columns.iter_mut().find(|column| column.name == "stream") {
        // So that the manifest tells one set of streams, and how far each of them goes, from another.
        column.label =
            Some(streams.iter().map(|(stream, last)| format!("{stream} {last}")).collect::<Vec<_>>().join(", "));
    }
    let rows = Rows::Changes { from: snapshot.clone(), streams, seq: 0 };
    Ok(Wanted { table, rows, seq, at })
}

impl FileSink {
    fn check_count(&self, streams: &[Stream]) -> Result<(), SinkError> {
        if self.place.is_single() && streams.len() > 1 {
            return Err(SinkError::OneFile { place: self.place.shown(), count: streams.len() });
        }
        Ok(())
    }

    /// Writes the file if it is not up to date.
    async fn bring(&self, wanted: Wanted, manifest: &mut Manifest, published: &mut Published) -> Result<(), SinkError> {
        let Wanted { table, rows, seq, at } = wanted;
        let file = format!("{}.{}", table.name, self.format.extension());
        let known = manifest.tables.get(&table.name);
        let current = known.filter(|known| known.seq == seq && known.columns == table.columns && known.mark.is_some());
        if let Some(current) = current
            && self.place.mark(&file).await? == current.mark
        {
            let current = ManifestTable { at, ..current.clone() };
            manifest.tables.insert(table.name.clone(), current);
            published.tables.insert(table.name, TablePublished::default());
            return Ok(());
        }
        let told = match known {
            Some(known) if table.name != CHANGES => Evolution::between(&known.columns, &table.columns).told(),
            _ => TablePublished::default(),
        };
        let (place, format, columns) = (self.place.clone(), self.format, table.columns.clone());
        let (written, count, rounded) = blocking(move || write(&place, format, &columns, rows)).await?;
        self.place.put(&file, written).await?;
        published.tables.insert(table.name.clone(), TablePublished { written: count, rounded, ..told });
        let mark = self.place.mark(&file).await?;
        if self.place.is_single() {
            manifest.tables.clear();
        }
        let entry = ManifestTable { file, rows: count, seq, at, columns: table.columns, mark };
        manifest.tables.insert(table.name, entry);
        Ok(())
    }
}

/// Writes all rows: they are read on one thread and written on another.
fn write(
    place: &Place,
    format: Format,
    columns: &[Column],
    rows: Rows,
) -> Result<(NamedTempFile, u64, u64), SinkError> {
    let failed = |source| place.write_failed(source);
    let file = place.begin()?;
    let mut encoder = encoder(format, columns, &file).map_err(failed)?;
    let (sender, receiver) = mpsc::sync_channel(READ_AHEAD);
    let count = thread::scope(|scope| {
        scope.spawn(move || hand_over(rows, &sender));
        let mut count = 0;
        for some in receiver {
            for row in some? {
                encoder.row(&row.cells).map_err(failed)?;
                count += 1;
            }
        }
        Ok::<_, SinkError>(count)
    })?;
    let rounded = encoder.finish().map_err(failed)?;
    Ok((file, count, rounded))
}

/// Hands over rows until there are none, one cannot be read, or nobody takes them.
fn hand_over(mut rows: Rows, to: &SyncSender<Result<Vec<TableRow>, SinkError>>) {
    loop {
        let some = rows.next();
        let is_end = some.as_ref().is_ok_and(Vec::is_empty);
        let is_last = is_end || some.is_err();
        if (!is_end && to.send(some).is_err()) || is_last {
            return;
        }
    }
}
