//! NDJSON: one object on each line. What is inside another object is a column of its own, `address.city`; a list is its items with `;` between them.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use leadgate_core::import::RowCell;
use serde_json::{Map, Value};

use super::encoding::{self, Encoding};
use super::{Kind, LARGEST_ROW, MOST_COLUMNS, SourceError, SourceRow, at, io_error, name_of};

/// Every name that any line has, in the order of their first appearance.
pub(super) fn open(path: &Path) -> Result<(Kind, Vec<String>), SourceError> {
    let encoding = encoding::detect(path)?;
    let mut columns: Vec<String> = Vec::new();
    let mut lines = 0_u64;
    each_line(path, encoding, &mut |_, read| {
        lines += 1;
        let new = read.into_iter().flatten().map(|(name, _)| name);
        for name in new {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        columns.len() <= MOST_COLUMNS
    })?;
    if lines == 0 { Err(SourceError::Empty(name_of(path))) } else { Ok((Kind::Ndjson(encoding), columns)) }
}

pub(super) fn each_row(
    path: &Path,
    encoding: Encoding,
    columns: &[String],
    visit: &mut dyn FnMut(SourceRow) -> bool,
) -> Result<(), SourceError> {
    each_line(path, encoding, &mut |number, read| match read {
        Err(problem) => visit(SourceRow::wrong(number, problem)),
        Ok(pairs) => {
            let cell =
                |column: &String| pairs.iter().find(|(name, _)| name.trim() == column).map(|(_, cell)| cell.clone());
            let cells = columns.iter().map(|column| cell(column).unwrap_or_default()).collect();
            visit(SourceRow { number, cells, problem: None })
        }
    })
}

type Pairs = Vec<(String, RowCell)>;

fn each_line(
    path: &Path,
    encoding: Encoding,
    visit: &mut dyn FnMut(u64, Result<Pairs, String>) -> bool,
) -> Result<(), SourceError> {
    let mut reader = BufReader::new(encoding::open(path, encoding)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let most = LARGEST_ROW as u64 + 1;
        let read = Read::by_ref(&mut reader).take(most).read_until(b'\n', &mut line);
        if read.map_err(|source| io_error(path, source))? == 0 {
            break;
        }
        if line.len() > LARGEST_ROW {
            return Err(at(
                path,
                format!("line {number}"),
                "the line is longer than 1 MiB",
                "write one object on each line",
            ));
        }
        if !line.trim_ascii().is_empty() && !visit(number, pairs(&line)) {
            break;
        }
    }
    Ok(())
}

fn pairs(line: &[u8]) -> Result<Pairs, String> {
    let value: Value = serde_json::from_slice(line)
        .map_err(|error| format!("is not valid JSON (column {}); write one object on each line", error.column()))?;
    let Value::Object(object) = value else { return Err("is not an object; write one object on each line".to_owned()) };
    let mut pairs = Vec::new();
    flatten("", object, &mut pairs);
    Ok(pairs)
}

fn flatten(before: &str, object: Map<String, Value>, pairs: &mut Pairs) {
    for (name, value) in object {
        let name = if before.is_empty() { name } else { format!("{before}.{name}") };
        match value {
            Value::Object(inner) => flatten(&name, inner, pairs),
            Value::Array(items) => {
                let texts: Vec<String> = items.iter().map(text).filter(|text| !text.is_empty()).collect();
                pairs.push((name, RowCell::Text(texts.join(";"))));
            }
            Value::Number(number) => pairs.push((name, RowCell::Number(number.to_string()))),
            value => pairs.push((name, RowCell::Text(text(&value)))),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
