//! Carrying a store over to one of another kind, and reading an account whole: its tables, row by row, as every kind of store has them.
//!
//! The cast: [`TABLES`] says which tables there are, in an order in which a row comes after those that it names; [`Transfer`] is what a store
//! does for it; [`copy()`] carries everything over and makes sure of it by counts and digests; [`copy_accounts`] does so for every account. Nobody else may write meanwhile: rows are read in
//! several transactions.

mod accounts;
mod digest;
mod tables;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use accounts::{CopiedAccount, TransferAccounts, copy_accounts};
pub use digest::TableDigest;
pub use tables::{Column, Kind, TABLES, Table};

use crate::StoreError;

/// A value of a column. As JSON: `"null"`, `{"integer": 7}`, `{"text": "x"}`, `{"bytes": "00ff"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferValue {
    /// There is none.
    Null,
    /// A number, or 0 and 1 for no and yes.
    Integer(i64),
    /// Text, JSON among it, as it was written.
    Text(String),
    /// Bytes; as JSON in hexadecimal.
    Bytes(#[serde(with = "hexadecimal")] Vec<u8>),
}

/// A row: a value for each column of its table, in the table's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransferRow(pub Vec<TransferValue>);

/// A store whose rows can be read and written as they are.
#[async_trait]
pub trait Transfer: Send + Sync {
    /// Rows behind one, or from the first, in an order of the store's own; so many at most. Fewer than that means that there are no more.
    async fn read_rows(
        &self,
        table: &'static Table,
        after: Option<&TransferRow>,
        limit: u32,
    ) -> Result<Vec<TransferRow>, StoreError>;

    /// Writes rows, all of them or, on an error, none. None of them may be there already. What is written later by the store itself is numbered
    /// behind them.
    async fn write_rows(&self, table: &'static Table, rows: Vec<TransferRow>) -> Result<(), StoreError>;

    /// How many rows a table has, and a digest of them all that does not depend on the store's order.
    async fn count_and_digest(&self, table: &'static Table) -> Result<TableDigest, StoreError> {
        let mut sum = TableDigest::default();
        let mut after = None;
        loop {
            let page = self.read_rows(table, after.as_ref(), PAGE).await?;
            page.iter().for_each(|row| sum.add(row));
            if page.len() < PAGE as usize {
                return Ok(sum);
            }
            after = page.into_iter().last();
        }
    }
}

/// Rows read and written at once: a body may be large.
const PAGE: u32 = 200;

/// Why a copy is not one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Nothing was written: a copy goes to an empty store.
    #[error("the store to copy to has {rows} rows in {table} already; copy to an empty one")]
    NotEmpty {
        /// The table.
        table: &'static str,
        /// How many rows it has.
        rows: u64,
    },
    /// What was written does not read back as what was read.
    #[error(
        "the copy of {table} is not like the original: {written} of {read} rows, or other values; remove the copy and copy again while nothing else uses either store"
    )]
    Differs {
        /// The table.
        table: &'static str,
        /// Rows that were read.
        read: u64,
        /// Rows that are there.
        written: u64,
    },
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A table that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub name: &'static str,
    /// What was copied.
    pub digest: TableDigest,
}

/// Copies every table from one store to an empty one, and reads the copy back. Returns each table with what it holds.
///
/// # Errors
/// [`CopyError`]; what was written until then is left where it is.
pub async fn copy(from: &dyn Transfer, to: &dyn Transfer) -> Result<Vec<CopiedTable>, CopyError> {
    for table in TABLES {
        let rows = to.count_and_digest(table).await?.rows;
        if rows > 0 {
            return Err(CopyError::NotEmpty { table: table.name, rows });
        }
    }
    let mut copied = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        copied.push(copy_table(from, to, table).await?);
    }
    Ok(copied)
}

async fn copy_table(from: &dyn Transfer, to: &dyn Transfer, table: &'static Table) -> Result<CopiedTable, CopyError> {
    let mut read = TableDigest::default();
    let mut after = None;
    loop {
        let page = from.read_rows(table, after.as_ref(), PAGE).await?;
        page.iter().for_each(|row| read.add(row));
        let is_last = page.len() < PAGE as usize;
        after = page.last().cloned();
        if !page.is_empty() {
            to.write_rows(table, page).await?;
        }
        if is_last {
            break;
        }
    }
    let written = to.count_and_digest(table).await?;
    if written != read {
        return Err(CopyError::Differs { table: table.name, read: read.rows, written: written.rows });
    }
    Ok(CopiedTable { name: table.name, digest: written })
}

/// Bytes as hexadecimal text.
mod hexadecimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        serializer.serialize_str(&digits)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let digits = std::borrow::Cow::<str>::deserialize(deserializer)?;
        if !digits.is_ascii() || digits.len() % 2 != 0 {
            return Err(D::Error::custom("bytes are an even number of hexadecimal digits"));
        }
        let byte = |start| u8::from_str_radix(&digits[start..start + 2], 16).map_err(D::Error::custom);
        (0..digits.len()).step_by(2).map(byte).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = TransferValue> {
        prop_oneof![
            Just(TransferValue::Null),
            any::<i64>().prop_map(TransferValue::Integer),
            any::<String>().prop_map(TransferValue::Text),
            any::<Vec<u8>>().prop_map(TransferValue::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn a_row_comes_back_from_json(values in proptest::collection::vec(value(), 0..5)) {
            let row = TransferRow(values);
            let text = serde_json::to_string(&row).unwrap();
            prop_assert_eq!(serde_json::from_str::<TransferRow>(&text).unwrap(), row);
        }
    }

    #[test]
    fn bytes_that_are_none_are_refused() {
        for text in [r#"{"bytes":"0"}"#, r#"{"bytes":"zz"}"#, r#"{"bytes":"é"}"#] {
            assert!(serde_json::from_str::<TransferValue>(text).is_err(), "{text}");
        }
    }
}
