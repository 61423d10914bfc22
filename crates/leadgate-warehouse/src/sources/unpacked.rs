//! How large the parts of a workbook are once they are unpacked, before anything keeps them in memory.
//!
//! A workbook is a ZIP archive: a few kilobytes can unpack to gigabytes. What a part says of its own size is believed only where that is too much;
//! else it is unpacked and counted, and counting stops at the limit.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

use super::{SourceError, name_of};

/// How much of a workbook is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The largest part that is kept in memory whole, in bytes: the texts that cells share, the styles.
    kept: u64,
    /// The largest sheet, in bytes. Its cells are read one after the other.
    sheet: u64,
    /// The longest stretch of a part between two marks of its XML, in bytes: a cell's text is kept whole.
    stretch: u64,
}

impl Limits {
    /// A hundred thousand rows of ten texts take a third of what is kept.
    pub(super) const USUAL: Limits =
        Limits { kept: 128 * 1024 * 1024, sheet: 2 * 1024 * 1024 * 1024, stretch: super::LARGEST_ROW as u64 };
}

/// Folders of a workbook, in small letters, of which nothing is read however parts are named.
const NEVER_READ: [&str; 4] = ["xl/media/", "xl/pivotcache/", "xl/drawings/", "customxml/"];

/// Refuses a workbook with a part that is too large to be read.
pub(super) fn check(path: &Path, limits: Limits) -> Result<(), SourceError> {
    let unreadable =
        |error: &dyn std::fmt::Display| SourceError::Workbook { file: name_of(path), why: error.to_string() };
    let file = File::open(path).map_err(|source| super::io_error(path, source))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| unreadable(&error))?;
    for number in 0..archive.len() {
        let part = archive.by_index(number).map_err(|error| unreadable(&error))?;
        let name = part.name().map_err(|error| unreadable(&error))?.into_owned();
        let plain = name.to_ascii_lowercase();
        if NEVER_READ.iter().any(|folder| plain.starts_with(folder)) {
            continue;
        }
        let is_sheet = plain.contains("worksheets/");
        let most = if is_sheet { limits.sheet } else { limits.kept };
        let is_text = is_sheet || plain.ends_with(".xml") || plain.ends_with(".rels");
        let stretch = if is_text { limits.stretch } else { u64::MAX };
        let found = if part.size() > most {
            Size::TooLarge
        } else {
            measure(part, most, stretch).map_err(|error| unreadable(&error))?
        };
        let what = match found {
            Size::Fits => continue,
            Size::TooLarge => format!("unpacks to more than {most} bytes"),
            Size::LongText => format!("has a text of more than {stretch} bytes"),
        };
        return Err(SourceError::TakesTooMuch { file: name_of(path), part: name, what });
    }
    Ok(())
}

/// How large a part is.
enum Size {
    Fits,
    TooLarge,
    LongText,
}

/// Unpacks a part and counts it, up to `most` bytes and as long as no stretch without a mark is longer than `stretch`.
fn measure(mut part: impl Read, most: u64, stretch: u64) -> std::io::Result<Size> {
    let (mut buffer, mut total, mut unmarked) = (vec![0; 64 * 1024], 0_u64, 0_u64);
    loop {
        let count = part.read(&mut buffer)?;
        if count == 0 {
            return Ok(Size::Fits);
        }
        let read = buffer.get(..count).unwrap_or_default();
        total += count as u64;
        unmarked = match read.iter().rposition(|byte| *byte == b'<') {
            Some(at) => (count - at) as u64,
            None => unmarked + count as u64,
        };
        if total > most {
            return Ok(Size::TooLarge);
        }
        if unmarked > stretch {
            return Ok(Size::LongText);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rstest::rstest;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const SMALL: Limits = Limits { kept: 100_000, sheet: 400_000, stretch: 10_000 };

    /// An archive with one part of so many bytes, packed to next to nothing. `lies`: its directory says that it unpacks to ten bytes.
    fn archive(name: &str, text: &str, bytes: usize, lies: bool) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leads.xlsx");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.repeat(bytes / text.len() + 1).as_bytes()).unwrap();
        writer.finish().unwrap();
        if lies {
            let mut packed = std::fs::read(&path).unwrap();
            let entry = packed.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
            packed[entry + 24..entry + 28].copy_from_slice(&10_u32.to_le_bytes());
            std::fs::write(&path, packed).unwrap();
        }
        (folder, path)
    }

    #[rstest]
    #[case::texts("xl/sharedStrings.xml", "<si><t>a</t></si>", 200_000, false, false)]
    #[case::texts_that_say_they_are_small("xl/sharedStrings.xml", "<si><t>a</t></si>", 200_000, true, false)]
    #[case::a_sheet("xl/worksheets/sheet1.xml", "<c><v>1</v></c>", 200_000, false, true)]
    #[case::a_sheet_that_never_ends("xl/worksheets/sheet1.xml", "<c><v>1</v></c>", 500_000, false, false)]
    #[case::a_cell_that_never_ends("xl/worksheets/sheet1.xml", "a", 200_000, false, false)]
    #[case::texts_under_another_name("XL/SharedStrings.XML", "<si><t>a</t></si>", 200_000, false, false)]
    #[case::a_sheet_under_another_name("xl/worksheets/sheet1.bin", "a", 200_000, false, false)]
    #[case::a_pivot("xl/pivotCache/records1.xml", "<r/>", 200_000, false, true)]
    #[case::a_macro("xl/vbaProject.bin", "a", 50_000, false, true)]
    #[case::a_picture("xl/media/image1.png", "a", 200_000, false, true)]
    fn a_part_that_unpacks_to_too_much_is_refused(
        #[case] name: &str,
        #[case] text: &str,
        #[case] bytes: usize,
        #[case] lies: bool,
        #[case] is_read: bool,
    ) {
        let (_folder, path) = archive(name, text, bytes, lies);
        assert!(std::fs::metadata(&path).unwrap().len() < 10_000, "it is packed to next to nothing");
        let checked = check(&path, SMALL);
        assert_eq!(checked.is_ok(), is_read, "{checked:?}");
        if let Err(error) = checked {
            assert!(error.to_string().contains("as CSV"), "{error}");
        }
    }
}
