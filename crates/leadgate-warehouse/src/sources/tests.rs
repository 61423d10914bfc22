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
        lines.push(format!(
            "{}:{}",
            row.number,
            row.problem.unwrap_or_else(|| row.cells.iter().map(RowCell::as_str).collect::<Vec<_>>().join("/"))
        ));
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

/// A workbook of one sheet: an archive without compression.
fn workbook(sheet: &str) -> Vec<u8> {
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
                 <Relationship Id=\"r1\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
            <Relationship Id=\"r1\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
            <Relationship Id=\"r2\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>\
            <sheet name=\"Leads\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{sheet}</sheetData></worksheet>")),
    ];
    let (mut archive, mut directory) = (Vec::<u8>::new(), Vec::<u8>::new());
    for (name, text) in &parts {
        let offset = u32::try_from(archive.len()).unwrap();
        let (size, name_size) = (u32::try_from(text.len()).unwrap(), u16::try_from(name.len()).unwrap());
        let mut fields = [20_u16, 0, 0, 0, 0].iter().flat_map(|field| field.to_le_bytes()).collect::<Vec<u8>>();
        fields.extend([crc32(text.as_bytes()), size, size].iter().flat_map(|field| field.to_le_bytes()));
        fields.extend([name_size, 0].iter().flat_map(|field| field.to_le_bytes()));
        archive.extend(b"PK\x03\x04".iter().chain(&fields).chain(name.as_bytes()).chain(text.as_bytes()));
        directory.extend(b"PK\x01\x02\x14\x00".iter().chain(&fields).chain(&[0; 10]));
        directory.extend(offset.to_le_bytes().iter().chain(name.as_bytes()));
    }
    let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
    let (size, start) = (u32::try_from(directory.len()).unwrap(), u32::try_from(archive.len()).unwrap());
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0".iter().chain(&count).chain(&count));
    archive.extend(size.to_le_bytes().iter().chain(&start.to_le_bytes()).chain(&[0, 0]));
    archive
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[test]
fn a_workbook_is_read_without_loss() {
    let text = |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let header = ["A1", "B1", "C1"].map(|at| text(at, at)).concat();
    let sheet = format!(
        "<row r=\"1\">{header}</row><row r=\"3\">{}<c r=\"B3\"><v>4917012345678</v></c><c r=\"C3\" s=\"1\"><v>46188</v></c></row>",
        text("A3", "a@x.io")
    );
    assert_eq!(told("leads.xlsx", &workbook(&sheet)).unwrap(), "A1/B1/C1 | 3:a@x.io/4917012345678/2026-06-15");
    let (_folder, path) = file("leads.xlsx", &workbook(&sheet));
    let error = Source::open(&path, Some("People")).unwrap_err().to_string();
    assert!(error.ends_with("has no sheet \"People\"; it has: Leads"), "{error}");
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
        csv::each_row(&path, dialect, 2, &mut |row| { read.push((row.cells[0].as_str().to_owned(), row.cells[1].as_str().to_owned())); true }).unwrap();
        prop_assert_eq!(read, rows);
    }
}
