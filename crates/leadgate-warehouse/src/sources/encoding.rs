//! Text files as UTF-8: what a file is encoded in is found out from its beginning and, where that leaves it open, from all of it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::{SourceError, at, io_error};

/// How a text file is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
    Windows1252,
}

const BUFFER: usize = 64 * 1024;
/// Bytes by which UTF-16 without a mark is recognised.
const LOOKED_AT: usize = 4096;

/// What Windows-1252 has at 0x80 to 0x9f; nothing at five of them.
const WINDOWS_1252: [Option<char>; 32] = [
    Some('€'),
    None,
    Some('‚'),
    Some('ƒ'),
    Some('„'),
    Some('…'),
    Some('†'),
    Some('‡'),
    Some('ˆ'),
    Some('‰'),
    Some('Š'),
    Some('‹'),
    Some('Œ'),
    None,
    Some('Ž'),
    None,
    None,
    Some('‘'),
    Some('’'),
    Some('“'),
    Some('”'),
    Some('•'),
    Some('–'),
    Some('—'),
    Some('˜'),
    Some('™'),
    Some('š'),
    Some('›'),
    Some('œ'),
    None,
    Some('ž'),
    Some('Ÿ'),
];

/// Finds out how a file is encoded.
///
/// # Errors
/// [`SourceError::At`] where it is in none of the encodings that are understood.
pub(super) fn detect(path: &Path) -> Result<Encoding, SourceError> {
    let mut file = File::open(path).map_err(|source| io_error(path, source))?;
    let mut beginning = Vec::new();
    Read::by_ref(&mut file)
        .take(LOOKED_AT as u64)
        .read_to_end(&mut beginning)
        .map_err(|source| io_error(path, source))?;
    if let Some(big_endian) = utf16(&beginning) {
        return Ok(Encoding::Utf16 { big_endian });
    }
    let file = File::open(path).map_err(|source| io_error(path, source))?;
    whole(path, BufReader::with_capacity(BUFFER, file))
}

/// By its mark, or by the zeros beside Latin letters.
fn utf16(beginning: &[u8]) -> Option<bool> {
    match beginning {
        [0xfe, 0xff, ..] => return Some(true),
        [0xff, 0xfe, ..] => return Some(false),
        _ => {}
    }
    let zeros = |from: usize| beginning.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = beginning.len() / 4;
    (even + odd > 0 && even.max(odd) >= many.max(1)).then_some(even > odd)
}

/// UTF-8 if all of it is; else Windows-1252 if that has a letter for every byte.
fn whole(path: &Path, mut reader: impl Read) -> Result<Encoding, SourceError> {
    let (mut buffer, mut held) = (vec![0; BUFFER], 0);
    let (mut is_utf8, mut line, mut unknown) = (true, 1_u64, None);
    loop {
        let read = reader.read(&mut buffer[held..]).map_err(|source| io_error(path, source))?;
        let bytes = &buffer[held..held + read];
        if unknown.is_none()
            && let Some(at) = bytes.iter().position(|byte| is_unknown(*byte))
        {
            unknown = Some((line + newlines(&bytes[..at]), bytes[at]));
        }
        line += newlines(bytes);
        let filled = held + read;
        held = 0;
        if is_utf8 && let Err(error) = std::str::from_utf8(&buffer[..filled]) {
            is_utf8 = error.error_len().is_none() && read > 0;
            held = filled - error.valid_up_to();
            buffer.copy_within(error.valid_up_to()..filled, 0);
            held = if is_utf8 { held } else { 0 };
        }
        if read == 0 {
            break;
        }
    }
    match unknown {
        _ if is_utf8 => Ok(Encoding::Utf8),
        None => Ok(Encoding::Windows1252),
        Some((line, byte)) => {
            let what = format!("the byte 0x{byte:02x} is a letter neither in UTF-8 nor in Windows-1252");
            Err(at(
                path,
                format!("line {line}"),
                what,
                "save the file as UTF-8 (in a spreadsheet program: \"CSV UTF-8\")",
            ))
        }
    }
}

fn is_unknown(byte: u8) -> bool {
    (0x80..0xa0).contains(&byte) && WINDOWS_1252[usize::from(byte - 0x80)].is_none() || byte == 0
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Opens a file whose encoding is known as UTF-8 without a mark.
pub(super) fn open(path: &Path, encoding: Encoding) -> Result<Box<dyn Read>, SourceError> {
    let file = File::open(path).map_err(|source| io_error(path, source))?;
    let inner = BufReader::with_capacity(BUFFER, file);
    Ok(match encoding {
        Encoding::Utf8 => Box::new(WithoutMark { inner, at_start: true, left: Vec::new() }),
        encoding => Box::new(Decoded { inner, encoding, ready: Vec::new(), at: 0, half: None }),
    })
}

/// UTF-8 without the mark that some programs put first.
struct WithoutMark<R> {
    inner: R,
    at_start: bool,
    left: Vec<u8>,
}

impl<R: Read> Read for WithoutMark<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if std::mem::take(&mut self.at_start) {
            Read::by_ref(&mut self.inner).take(3).read_to_end(&mut self.left)?;
            if self.left == [0xef, 0xbb, 0xbf] {
                self.left.clear();
            }
        }
        if self.left.is_empty() {
            return self.inner.read(buffer);
        }
        let count = buffer.len().min(self.left.len());
        buffer[..count].copy_from_slice(&self.left[..count]);
        self.left.drain(..count);
        Ok(count)
    }
}

/// Another encoding, made UTF-8 a piece at a time.
struct Decoded<R> {
    inner: R,
    encoding: Encoding,
    ready: Vec<u8>,
    at: usize,
    /// The first half of a pair of UTF-16.
    half: Option<u16>,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.ready.len() {
            (self.at, self.ready) = (0, Vec::new());
            let mut bytes = Vec::new();
            if Read::by_ref(&mut self.inner).take(8_192).read_to_end(&mut bytes)? == 0 {
                return Ok(0);
            }
            self.ready = self.decode(&bytes).into_bytes();
        }
        let count = buffer.len().min(self.ready.len() - self.at);
        buffer[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

impl<R> Decoded<R> {
    fn decode(&mut self, bytes: &[u8]) -> String {
        let Encoding::Utf16 { big_endian } = self.encoding else {
            return bytes.iter().map(|byte| windows_1252(*byte)).collect();
        };
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        let mut units: Vec<u16> = self.half.take().into_iter().chain(bytes.chunks_exact(2).map(unit)).collect();
        if units.last().is_some_and(|last| (0xd800..0xdc00).contains(last)) {
            self.half = units.pop();
        }
        let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
        letters.filter(|letter| *letter != '\u{feff}').collect()
    }
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)].unwrap_or(char::REPLACEMENT_CHARACTER),
        other => char::from(other),
    }
}
