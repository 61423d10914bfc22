//! Files as people have them.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The columns and the rows, each row as `number:cells` with `/` between, or its problem.
fn told(name: &str, bytes: &[u8]) -> Result<String, SourceError> {
    let (_folder, path) = file(name, bytes);
    let source = Source::open(&path, None)?;
    let mut lines = vec![source.columns().join("/")];
    source.each_row(&mut |row| {
        lines.push(format!("{}:{}", row.number, row.problem.unwrap_or_else(|| row.cells.join("/"))));
        true
    })?;
    Ok(lines.join(" | "))
}

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
    std::iter::once('\u{feff}').chain(text.chars()).collect::<String>().encode_utf16().flat_map(bytes).collect()
}

#[rstest]
#[case::comma(b"email,name\na@x.io,Ada\n", "email/name | 2:a@x.io/Ada")]
#[case::semicolon(b"email;name\r\na@x.io;\"King; Ada\"\r\n", "email/name | 2:a@x.io/King; Ada")]
#[case::tab(b"email\tname\na@x.io\tAda, Bob\n", "email/name | 2:a@x.io/Ada, Bob")]
#[case::bar(b"email|name\na@x.io|Ada\n", "email/name | 2:a@x.io/Ada")]
#[case::one_column(b"email\na@x.io\n", "email | 2:a@x.io")]
#[case::mark(b"\xef\xbb\xbfemail,name\na@x.io,J\xc3\xb6\n", "email/name | 2:a@x.io/J\u{f6}")]
#[case::windows(b"email;name\na@x.io;J\xf6rg \x80\n", "email/name | 2:a@x.io/J\u{f6}rg \u{20ac}")]
#[case::quoted_lines(b"email,note\na@x.io,\"one\ntwo\"\nb@x.io,x\n", "email/note | 2:a@x.io/one\ntwo | 4:b@x.io/x")]
#[case::blank_rows(b"email,name\n\n,\na@x.io,Ada\n", "email/name | 4:a@x.io/Ada")]
#[case::short_row(b"email,name,city\na@x.io\n", "email/name/city | 2:a@x.io//")]
#[case::names(b"email,,email\na,b,c\n", "email/column 2/email (2) | 2:a/b/c")]
fn a_csv_file_is_read(#[case] bytes: &[u8], #[case] expected: &str) {
    assert_eq!(told("leads.csv", bytes).unwrap(), expected);
}

#[rstest]
#[case(false)]
#[case(true)]
fn a_spreadsheet_programs_unicode_text_is_read(#[case] big_endian: bool) {
    let text = "email\tname\na@x.io\tJ\u{f6}rg \u{1f600}\n";
    assert_eq!(told("leads.txt", &utf16(text, big_endian)).unwrap(), "email/name | 2:a@x.io/J\u{f6}rg \u{1f600}");
}

#[test]
fn ndjson_is_read() {
    let bytes = b"{\"email\":\"a@x.io\",\"address\":{\"city\":\"Oslo\"}}\n\n{\"email\":\"b@x.io\",\"tags\":[\"a\",\"b\"],\"n\":1.5}\nx\n";
    let expected = "email/address.city/tags/n | 1:a@x.io/Oslo// | 3:b@x.io//a;b/1.5 | \
                    4:is not valid JSON (column 1); write one object on each line";
    assert_eq!(told("leads.ndjson", bytes).unwrap(), expected);
}

#[rstest]
#[case::kind("leads.pdf", b"x", "save it as one of these")]
#[case::empty("leads.csv", b"", "is empty")]
#[case::encoding("leads.csv", b"email\na\n\x81\n", "line 3: the byte 0x81")]
#[case::workbook("leads.xlsx", b"not a workbook", "save it as .xlsx again")]
fn what_cannot_be_read_is_told_with_the_mend(#[case] name: &str, #[case] bytes: &[u8], #[case] expected: &str) {
    let error = told(name, bytes).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_row_with_too_many_cells_is_told_and_the_others_are_read() {
    let rows = told("leads.csv", b"email,name\na@x.io,Ada,x\nb@x.io,Bob\n").unwrap();
    assert!(rows.contains("2:has 3 cells") && rows.ends_with("3:b@x.io/Bob"), "{rows}");
}

#[test]
fn a_quote_that_is_not_closed_is_found_on_its_line() {
    let mut bytes = b"email,name\na@x.io,Ada\nb@x.io,\"Bob\n".to_vec();
    bytes.extend(b"c@x.io,Eve\n".repeat(200_000));
    let error = told("leads.csv", &bytes).unwrap_err().to_string();
    assert!(error.contains("line 3: the row is longer than 1 MiB"), "{error}");
}

proptest! {
    #[test]
    fn no_bytes_break_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for name in ["a.csv", "a.ndjson", "a.xlsx"] {
            let _ = told(name, &bytes);
        }
    }

    #[test]
    fn what_was_written_as_csv_is_read(rows in prop::collection::vec(("[a-z,\"\n;]{1,8}", "[a-z|\t ]{1,8}"), 1..6)) {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(["one", "two"]).unwrap();
        rows.iter().for_each(|(one, two)| writer.write_record([one, two]).unwrap());
        let (_folder, path) = file("a.csv", &writer.into_inner().unwrap());
        let mut read = Vec::new();
        // Which sign parts the rows of so small a file is anybody's guess; the one that wrote it is a comma.
        let dialect = csv::tests_dialect();
        csv::each_row(&path, dialect, 2, &mut |row| { read.push((row.cells[0].clone(), row.cells[1].clone())); true }).unwrap();
        prop_assert_eq!(read, rows);
    }
}
