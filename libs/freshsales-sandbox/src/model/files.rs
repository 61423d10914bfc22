//! The contents of uploaded files, and the signed links under which they can be fetched without a key.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One uploaded file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredFile {
    pub(crate) content_type: String,
    #[serde(with = "hexadecimal")]
    pub(crate) content: Bytes,
}

/// Every uploaded file, by the id of its document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Files {
    by_document: BTreeMap<i64, StoredFile>,
}

impl Files {
    pub(crate) fn store(&mut self, document: i64, file: StoredFile) {
        self.by_document.insert(document, file);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (i64, &StoredFile)> {
        self.by_document.iter().map(|(&document, file)| (document, file))
    }

    pub(crate) fn get(&self, document: i64) -> Option<&StoredFile> {
        self.by_document.get(&document)
    }
}

/// What makes a link to a file hard to guess: the FNV-1a hash of the document's id and the account's key.
pub(crate) fn signature(document: i64, key: &str) -> String {
    let bytes = document.to_be_bytes().into_iter().chain(key.bytes());
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

/// Contents as hexadecimal text: twice the size of the file, where a list of numbers would be four times.
mod hexadecimal {
    use std::fmt::Write as _;

    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(content: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(content.len() * 2);
        for byte in content {
            write!(text, "{byte:02x}").map_err(serde::ser::Error::custom)?;
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        let pairs = text.as_bytes().chunks(2).map(|pair| {
            let digits = std::str::from_utf8(pair).map_err(de::Error::custom)?;
            u8::from_str_radix(digits, 16).map_err(de::Error::custom)
        });
        pairs.collect::<Result<Vec<u8>, _>>().map(Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_survive_a_snapshot() {
        let file = StoredFile { content_type: "x/y".to_owned(), content: Bytes::from_static(&[0, 9, 255]) };
        let text = serde_json::to_string(&file).unwrap();
        let read: StoredFile = serde_json::from_str(&text).unwrap();
        assert_eq!((read.content, text.contains("0009ff")), (file.content, true));
    }
}
