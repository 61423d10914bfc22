//! Counts and digests of tables, the same for every kind of store.

use sha2::{Digest as _, Sha256};

use super::{TransferRow, TransferValue};

/// What a table holds: how many rows, and all their digests in one, in whatever order they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableDigest {
    /// How many rows.
    pub rows: u64,
    /// The digests of the rows, each bit by bit either or: no two rows of a table are the same, as each has a key.
    pub digest: [u8; 32],
}

impl TableDigest {
    /// Adds a row.
    pub fn add(&mut self, row: &TransferRow) {
        self.rows += 1;
        for (sum, byte) in self.digest.iter_mut().zip(digest_of(row)) {
            *sum ^= byte;
        }
    }
}

fn digest_of(row: &TransferRow) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for value in &row.0 {
        // Not every database keeps U+0000 in text.
        let text = |text: &String| text.replace('\0', "\u{fffd}").into_bytes();
        let (kind, bytes) = match value {
            TransferValue::Null => (0_u8, Vec::new()),
            TransferValue::Integer(number) => (1, number.to_be_bytes().to_vec()),
            TransferValue::Text(content) => (2, text(content)),
            TransferValue::Bytes(bytes) => (3, bytes.clone()),
        };
        hasher.update([kind]);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::TransferValue::{Bytes, Integer, Null, Text};

    fn sum(rows: &[Vec<TransferValue>]) -> TableDigest {
        let mut sum = TableDigest::default();
        rows.iter().for_each(|row| sum.add(&TransferRow(row.clone())));
        sum
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let (one, other) = (vec![Integer(1), Text("a".to_owned())], vec![Integer(2), Null]);
        assert_eq!(sum(&[one.clone(), other.clone()]), sum(&[other, one]));
    }

    #[test]
    fn what_differs_in_a_value_differs() {
        let rows = [
            vec![Text("ab".to_owned()), Text(String::new())],
            vec![Text("a".to_owned()), Text("b".to_owned())],
            vec![Bytes(b"ab".to_vec()), Text(String::new())],
            vec![Text("ab".to_owned()), Null],
            vec![Integer(0), Null],
        ];
        let sums: std::collections::BTreeSet<[u8; 32]> =
            rows.iter().map(|row| sum(std::slice::from_ref(row)).digest).collect();
        assert_eq!(sums.len(), rows.len());
    }
}
