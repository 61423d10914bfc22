//! Parquet files, written column by column in row groups of bounded size.
//!
//! Decimal numbers are DECIMAL(38, 9): 29 digits before the point, which is all that a number here can have, and 9 after it. A number with
//! more is rounded and counted.

use std::io;
use std::sync::Arc;

use leadgate_core::sync::{Cell, Column, ColumnKind};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use rust_decimal::{Decimal, RoundingStrategy};

use super::files::{Encoder, Out};
use crate::cells::plain_text;
use crate::copy::fit_kind;

const PRECISION: i32 = 38;
const SCALE: u32 = 9;
/// How many bytes of cells may wait for their row group to be written.
const GROUP_BYTES: usize = 16 << 20;

/// Writes Parquet.
pub(crate) struct ParquetEncoder {
    writer: SerializedFileWriter<Out>,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    rounded: u64,
}

impl ParquetEncoder {
    pub(crate) fn new(columns: &[Column], out: Out) -> io::Result<ParquetEncoder> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
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

fn failed(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

impl Encoder for ParquetEncoder {
    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        for (waiting, cell) in self.waiting.iter_mut().zip(cells) {
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

/// The cells of one column that wait for their row group.
struct Waiting {
    kind: ColumnKind,
    /// 1 for each cell that holds something, 0 for each blank one.
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

/// What a cell took of the room for a row group.
struct Taken {
    bytes: usize,
    rounded: bool,
}

impl Waiting {
    fn new(kind: ColumnKind) -> Waiting {
        let values = match kind {
            ColumnKind::Integer | ColumnKind::Time => Values::Int64(Vec::new()),
            ColumnKind::Decimal => Values::Fixed(Vec::new()),
            ColumnKind::Text | ColumnKind::Json => Values::Bytes(Vec::new()),
            ColumnKind::Boolean => Values::Boolean(Vec::new()),
            ColumnKind::Date => Values::Int32(Vec::new()),
        };
        Waiting { kind, levels: Vec::new(), values }
    }

    fn take(&mut self, cell: &Cell) -> Taken {
        // What each cell costs at least: its level, and a value of eight bytes.
        let mut taken = Taken { bytes: 10, rounded: false };
        let held = match (&mut self.values, cell) {
            (_, Cell::Blank) => false,
            (Values::Int64(values), Cell::Integer(number)) => keep(values, *number),
            (Values::Int64(values), Cell::Time(time)) => keep(values, time.as_microsecond()),
            (Values::Boolean(values), Cell::Boolean(truth)) => keep(values, *truth),
            (Values::Int32(values), Cell::Date(date)) => keep(values, days_since_1970(*date)),
            (Values::Fixed(values), Cell::Decimal(number)) => {
                let (bytes, rounded) = scaled(*number);
                taken = Taken { bytes: 80, rounded };
                keep(values, bytes)
            }
            (Values::Bytes(values), Cell::Text(_) | Cell::Json(_)) => {
                let text = plain_text(cell).unwrap_or_default();
                taken.bytes += 64 + text.len();
                keep(values, ByteArray::from(text.as_bytes().to_vec()))
            }
            _ => return self.take(&fit_kind(cell.clone(), self.kind)),
        };
        self.levels.push(i16::from(held));
        taken
    }

    fn write(&mut self, mut column: SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = Some(self.levels.as_slice());
        match (column.untyped(), &mut self.values) {
            (ColumnWriter::BoolColumnWriter(writer), Values::Boolean(values)) => {
                writer.write_batch(values, levels, None)?
            }
            (ColumnWriter::Int32ColumnWriter(writer), Values::Int32(values)) => {
                writer.write_batch(values, levels, None)?
            }
            (ColumnWriter::Int64ColumnWriter(writer), Values::Int64(values)) => {
                writer.write_batch(values, levels, None)?
            }
            (ColumnWriter::ByteArrayColumnWriter(writer), Values::Bytes(values)) => {
                writer.write_batch(values, levels, None)?
            }
            (ColumnWriter::FixedLenByteArrayColumnWriter(writer), Values::Fixed(values)) => {
                writer.write_batch(values, levels, None)?
            }
            _ => return Err(ParquetError::General("a column of another type than its cells".into())),
        };
        column.close()?;
        *self = Waiting::new(self.kind);
        Ok(())
    }
}

fn keep<T>(values: &mut Vec<T>, value: T) -> bool {
    values.push(value);
    true
}

fn days_since_1970(date: jiff::civil::Date) -> i32 {
    (date - jiff::civil::date(1970, 1, 1)).get_days()
}

/// The number as a big-endian whole number of billionths, and whether it had to be rounded.
fn scaled(number: Decimal) -> (FixedLenByteArray, bool) {
    let rounded = number.round_dp_with_strategy(SCALE, RoundingStrategy::MidpointNearestEven);
    let zeros = 10_i128.pow(SCALE - rounded.scale());
    let billionths = rounded.mantissa() * zeros;
    (FixedLenByteArray::from(billionths.to_be_bytes().to_vec()), rounded != number)
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
        let (bytes, was_rounded) = scaled(number);
        assert_eq!(i128::from_be_bytes(bytes.data().try_into().unwrap()), expected);
        assert_eq!(was_rounded, rounded);
    }
}
