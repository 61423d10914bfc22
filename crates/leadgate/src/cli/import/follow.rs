//! Writing down what came of each row, in the order of the file, as soon as it and all before it have ended: every row once. A file that was
//! written halfway is gone on with behind its last whole line.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::exit::Failure;
use crate::remote::{Ask, Remote};

/// How long to wait before the gateway is asked again.
const BETWEEN: Duration = Duration::from_millis(500);
/// Rows of one page.
const PAGE: usize = 1_000;
const CSV_HEADER: &str = "row,outcome,kind,id,reason";

/// Waits until every row has ended or the import was paused, and returns the import.
pub(super) async fn follow(remote: &Remote, id: &str, (path, resume): (Option<&Path>, bool)) -> Result<Value, Failure> {
    let mut results = path.map(|path| Results::open(path, resume)).transpose()?;
    loop {
        let import = remote.ask(Ask::get(&format!("/v1/imports/{id}"))).await?.successful()?;
        let written = match &mut results {
            Some(results) => results.write_ended(remote, id).await?,
            None => false,
        };
        let waits = import["counts"]["waiting"].as_u64().unwrap_or(0) > 0;
        let stopped = import["state"] != "running";
        if !written && (!waits || stopped) {
            return Ok(import);
        }
        if !written {
            tokio::time::sleep(BETWEEN).await;
        }
    }
}

struct Results {
    file: File,
    is_csv: bool,
    /// The last row that is written.
    last: u64,
}

impl Results {
    fn open(path: &Path, resume: bool) -> Result<Results, Failure> {
        let failed = || format!("writing {} failed", path.display());
        let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let goes_on = resume && path.exists();
        let mut file =
            OpenOptions::new().create_new(!goes_on).read(true).write(true).open(path).with_context(failed)?;
        let (last, whole) = if goes_on { last_whole(&file).with_context(failed)? } else { (0, 0) };
        file.set_len(whole).and_then(|()| file.seek(std::io::SeekFrom::Start(whole))).with_context(failed)?;
        if is_csv && whole == 0 {
            file.write_all(format!("{CSV_HEADER}\r\n").as_bytes()).with_context(failed)?;
        }
        Ok(Results { file, is_csv, last })
    }

    /// Writes the next rows up to the first that waits. Returns whether there were any.
    async fn write_ended(&mut self, remote: &Remote, id: &str) -> Result<bool, Failure> {
        let format = if self.is_csv { "csv" } else { "ndjson" };
        let path = format!("/v1/imports/{id}/results?after={}&limit={PAGE}&format={format}", self.last);
        let page = remote.ask(Ask::get(&path)).await?.successful()?;
        // A page of one NDJSON line is read as the object that it is.
        let text = match page {
            Value::String(text) => text,
            Value::Object(line) => format!("{}\n", Value::Object(line)),
            _ => String::new(),
        };
        let mut ended = String::new();
        for line in text.lines().skip(usize::from(self.is_csv)) {
            match row_of(line) {
                Some((row, outcome)) if outcome != "waiting" => {
                    self.last = row;
                    ended.push_str(line);
                    ended.push_str(if self.is_csv { "\r\n" } else { "\n" });
                }
                _ => break,
            }
        }
        self.file.write_all(ended.as_bytes()).context("writing the results failed")?;
        Ok(!ended.is_empty())
    }
}

/// The row and the outcome of a line, in either format.
fn row_of(line: &str) -> Option<(u64, String)> {
    if line.starts_with('{') {
        let line: Value = serde_json::from_str(line).ok()?;
        return Some((line["row"].as_u64()?, line["outcome"].as_str()?.to_owned()));
    }
    let mut cells = line.splitn(3, ',');
    Some((cells.next()?.parse().ok()?, cells.next()?.to_owned()))
}

/// The row of the last whole line, and where that line ends.
fn last_whole(file: &File) -> std::io::Result<(u64, u64)> {
    let (mut last, mut whole) = (0, 0);
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        if !line.ends_with('\n') {
            break;
        }
        whole += line.len() as u64;
        last = row_of(line.trim_end()).map_or(last, |(row, _)| row);
        line.clear();
    }
    Ok((last, whole))
}
