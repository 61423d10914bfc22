//! Parquet files, written column by column in row groups of bounded size.
//!
//! Decimal numbers are DECIMAL(38, 9): 29 digits before the point, which is all that a number here can have, and 9 after it. A number with
//! more is rounded and counted.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use leadgate_core::sync::{Cell, CellRef, Column, ColumnKind, PackedCells};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};
use rust_decimal::{Decimal, RoundingStrategy};

use super::files::{Encoder, Out};
use crate::copy::fit_kind;

const PRECISION: i32 = 38;
const SCALE: u32 = 9;
/// How many bytes of cells may wait for their row group to be written.
const GROUP_BYTES: usize = 2 << 20;
/// Cells that are handed over at once.
const AT_ONCE: usize = 1024;

/// Writes Parquet.
pub(crate) struct ParquetEncoder {
    writer: SerializedFileWriter<Out>,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    rounded: u64,
}

impl ParquetEncoder {
    pub(crate) fn new(columns: &[Column], out: Out) -> io::Result<ParquetEncoder> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_column_dictionary_enabled(ColumnPath::from(id_in(columns)), false)
            .build();
        let schema = schema(columns).map_err(failed)?;
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(failed)?;
        let waiting = columns.iter().map(|column| Waiting::new(column.kind)).collect();
        Ok(ParquetEncoder { writer, waiting, waiting_bytes: 0, rounded: 0 })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for waiting in &mut self.waiting {
            let column = group.next_column()?.ok_or_else(|| ParquetError::General("a column too few".into()))?;
            waiting.write(column)?;
        }
        group.close()?;
        self.waiting_bytes = 0;
        Ok(())
    }
}

/// The name of the column that tells rows apart, in which no value comes twice: it stands first.
fn id_in(columns: &[Column]) -> &str {
    columns.first().filter(|column| column.kind == ColumnKind::Integer).map_or("", |column| &column.name)
}

fn failed(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

impl Encoder for ParquetEncoder {
    fn row(&mut self, cells: &PackedCells) -> io::Result<()> {
        for (waiting, cell) in self.waiting.iter_mut().zip(cells.iter()) {
            let taken = waiting.take(cell);
            self.waiting_bytes += taken.bytes;
            self.rounded += u64::from(taken.rounded);
        }
        if self.waiting_bytes >= GROUP_BYTES { self.write_group().map_err(failed) } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> io::Result<u64> {
        if self.waiting_bytes > 0 {
            self.write_group().map_err(failed)?;
        }
        let rounded = self.rounded;
        let mut out = self.writer.into_inner().map_err(failed)?;
        io::Write::flush(&mut out)?;
        Ok(rounded)
    }
}

fn schema(columns: &[Column]) -> Result<Arc<Type>, ParquetError> {
    let fields = columns.iter().map(|column| field(column).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(Type::group_type_builder("rows").with_fields(fields).build()?))
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        ColumnKind::Integer => (Physical::INT64, Some(LogicalType::integer(64, true))),
        ColumnKind::Decimal => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(SCALE as i32, PRECISION))),
        ColumnKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnKind::Boolean => (Physical::BOOLEAN, None),
        ColumnKind::Date => (Physical::INT32, Some(LogicalType::Date)),
        ColumnKind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        ColumnKind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
    };
    let builder = Type::primitive_type_builder(&column.name, physical).with_repetition(Repetition::OPTIONAL);
    let builder = if column.kind == ColumnKind::Decimal {
        builder.with_length(16).with_precision(PRECISION).with_scale(SCALE as i32)
    } else {
        builder
    };
    builder.with_logical_type(logical).build()
}

/// The cells of one column that wait for their row group, without a piece of memory for each.
struct Waiting {
    kind: ColumnKind,
    /// Whether each cell holds something.
    held: Vec<bool>,
    values: Values,
}

enum Values {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Bytes(Texts),
    /// Billionths.
    Fixed(Vec<i128>),
}

/// Texts one after the other, and where each ends.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

/// What a cell took of the room for a row group.
#[derive(Default)]
struct Taken {
    bytes: usize,
    rounded: bool,
}

/// The writer of that kind of column, or an error.
macro_rules! expect_kind {
    ($writer:expr, $kind:ident) => {
        match $writer {
            ColumnWriter::$kind(writer) => writer,
            _ => return Err(ParquetError::General("a column of another type than its cells".into())),
        }
    };
}

impl Waiting {
    fn new(kind: ColumnKind) -> Waiting {
        let values = match kind {
            ColumnKind::Integer | ColumnKind::Time => Values::Int64(Vec::new()),
            ColumnKind::Decimal => Values::Fixed(Vec::new()),
            ColumnKind::Text | ColumnKind::Json => Values::Bytes(Texts::default()),
            ColumnKind::Boolean => Values::Boolean(Vec::new()),
            ColumnKind::Date => Values::Int32(Vec::new()),
        };
        Waiting { kind, held: Vec::new(), values }
    }

    fn take(&mut self, cell: CellRef<'_>) -> Taken {
        let mut rounded = false;
        let bytes = match (&mut self.values, cell) {
            (_, CellRef::Blank) => 0,
            (Values::Int64(values), CellRef::Integer(number)) => keep(values, number),
            (Values::Int64(values), CellRef::Time(time)) => keep(values, time.as_microsecond()),
            (Values::Boolean(values), CellRef::Boolean(truth)) => keep(values, truth),
            (Values::Int32(values), CellRef::Date(date)) => keep(values, days_since_1970(date)),
            (Values::Fixed(values), CellRef::Decimal(number)) => {
                let (billionths, was_rounded) = scaled(number);
                rounded = was_rounded;
                keep(values, billionths)
            }
            (Values::Bytes(texts), CellRef::Text(text) | CellRef::Json(text)) => {
                texts.bytes.extend_from_slice(text.as_bytes());
                text.len() + keep(&mut texts.ends, u32::try_from(texts.bytes.len()).unwrap_or(u32::MAX))
            }
            _ => {
                let fitted = PackedCells::of(&[fit_kind(cell.to_cell().unwrap_or(Cell::Blank), self.kind)]);
                return self.take(fitted.get(0).unwrap_or(CellRef::Blank));
            }
        };
        self.held.push(bytes > 0);
        Taken { bytes: bytes + 1, rounded }
    }

    /// Writes what waits, some at a time.
    fn write(&mut self, mut column: SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let Waiting { held, values, .. } = std::mem::replace(self, Waiting::new(self.kind));
        let writer = column.untyped();
        let mut from = 0;
        match values {
            Values::Bytes(texts) => {
                let (all, mut start) = (Bytes::from(texts.bytes), 0);
                for levels in levels(&held) {
                    let ends = some(&texts.ends, &mut from, &levels);
                    let text = |end: &u32| {
                        let end = *end as usize;
                        ByteArray::from(all.slice(std::mem::replace(&mut start, end)..end))
                    };
                    let texts: Vec<ByteArray> = ends.iter().map(text).collect();
                    expect_kind!(writer, ByteArrayColumnWriter).write_batch(&texts, Some(&levels), None)?;
                }
            }
            Values::Fixed(values) => {
                for levels in levels(&held) {
                    let values = fixed(some(&values, &mut from, &levels));
                    expect_kind!(writer, FixedLenByteArrayColumnWriter).write_batch(&values, Some(&levels), None)?;
                }
            }
            Values::Boolean(values) => {
                for levels in levels(&held) {
                    let values = some(&values, &mut from, &levels);
                    expect_kind!(writer, BoolColumnWriter).write_batch(values, Some(&levels), None)?;
                }
            }
            Values::Int32(values) => {
                for levels in levels(&held) {
                    let values = some(&values, &mut from, &levels);
                    expect_kind!(writer, Int32ColumnWriter).write_batch(values, Some(&levels), None)?;
                }
            }
            Values::Int64(values) => {
                for levels in levels(&held) {
                    let values = some(&values, &mut from, &levels);
                    expect_kind!(writer, Int64ColumnWriter).write_batch(values, Some(&levels), None)?;
                }
            }
        }
        column.close()
    }
}

/// The numbers as they are written, all in one piece of memory.
fn fixed(values: &[i128]) -> Vec<FixedLenByteArray> {
    let all = Bytes::from(values.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>());
    let one = |at: usize| FixedLenByteArray::from(ByteArray::from(all.slice(at * 16..at * 16 + 16)));
    (0..values.len()).map(one).collect()
}

/// 1 for each cell that holds something, 0 for each blank one, some at a time.
fn levels(held: &[bool]) -> impl Iterator<Item = Vec<i16>> {
    held.chunks(AT_ONCE).map(|held| held.iter().map(|held| i16::from(*held)).collect())
}

/// The values that go with these levels.
fn some<'v, T>(values: &'v [T], from: &mut usize, levels: &[i16]) -> &'v [T] {
    let count = levels.iter().filter(|level| **level == 1).count();
    let start = std::mem::replace(from, *from + count);
    values.get(start..start + count).unwrap_or_default()
}

/// How many bytes it takes.
fn keep<T>(values: &mut Vec<T>, value: T) -> usize {
    values.push(value);
    size_of::<T>()
}

fn days_since_1970(date: jiff::civil::Date) -> i32 {
    (date - jiff::civil::date(1970, 1, 1)).get_days()
}

/// The number as a whole number of billionths, and whether it had to be rounded.
fn scaled(number: Decimal) -> (i128, bool) {
    let rounded = number.round_dp_with_strategy(SCALE, RoundingStrategy::MidpointNearestEven);
    let zeros = 10_i128.pow(SCALE - rounded.scale());
    (rounded.mantissa() * zeros, rounded != number)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1250.00", 1_250_000_000_000, false)]
    #[case("-0.000000001", -1, false)]
    #[case("0.0000000015", 2, true)]
    #[case("79228162514264337593543950335", 79_228_162_514_264_337_593_543_950_335 * 1_000_000_000, false)]
    fn decimals_are_billionths(#[case] number: Decimal, #[case] expected: i128, #[case] rounded: bool) {
        assert_eq!(scaled(number), (expected, rounded));
    }
}
