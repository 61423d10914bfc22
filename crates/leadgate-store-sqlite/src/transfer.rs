//! [`Transfer`] on SQLite: rows as they are.

use async_trait::async_trait;
use leadgate_store::StoreError;
use leadgate_store::transfer::{Kind, Table, Transfer, TransferRow, TransferValue};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use crate::columns::wrong_type;
use crate::store::SqliteStore;
use crate::writer::Scope;

#[async_trait]
impl Transfer for SqliteStore {
    async fn read_rows(
        &self,
        table: &'static Table,
        after: Option<&TransferRow>,
        limit: u32,
    ) -> Result<Vec<TransferRow>, StoreError> {
        let after = after.cloned();
        self.read(move |connection| read(connection, table, after.as_ref(), limit)).await
    }

    async fn write_rows(&self, table: &'static Table, rows: Vec<TransferRow>) -> Result<(), StoreError> {
        self.write(Scope::Savepoint, move |connection, _| write(connection, table, &rows)).await
    }
}

/// The names of columns, as a list.
fn names(columns: &[leadgate_store::transfer::Column]) -> String {
    columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
}

fn placeholders(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn read(
    connection: &Connection,
    table: &'static Table,
    after: Option<&TransferRow>,
    limit: u32,
) -> rusqlite::Result<Vec<TransferRow>> {
    let (all, key) = (names(table.columns), names(&table.columns[..table.key]));
    let sql = match (table.key, after) {
        // There is one row at most, and it was read.
        (0, Some(_)) => return Ok(Vec::new()),
        (0, None) => format!("SELECT {all} FROM {} LIMIT ?", table.name),
        (_, None) => format!("SELECT {all} FROM {} ORDER BY {key} LIMIT ?", table.name),
        (count, Some(_)) => {
            let behind = placeholders(count);
            format!("SELECT {all} FROM {} WHERE ({key}) > ({behind}) ORDER BY {key} LIMIT ?", table.name)
        }
    };
    let limit = TransferValue::Integer(i64::from(limit));
    let behind = after.iter().flat_map(|row| row.0.iter().take(table.key));
    let values = behind.chain([&limit]).map(Bound).collect::<Vec<_>>();
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| read_row(table, row))?;
    rows.collect()
}

fn read_row(table: &'static Table, row: &Row<'_>) -> rusqlite::Result<TransferRow> {
    let values = table.columns.iter().enumerate().map(|(index, column)| {
        let value = match (column.kind, row.get_ref(index)?) {
            (_, ValueRef::Null) => TransferValue::Null,
            (Kind::Integer | Kind::Flag, ValueRef::Integer(number)) => TransferValue::Integer(number),
            (Kind::Text, ValueRef::Text(_)) => TransferValue::Text(row.get(index)?),
            (Kind::Bytes, ValueRef::Blob(bytes)) => TransferValue::Bytes(bytes.to_vec()),
            (_, other) => return Err(wrong_type(index, column.name, other.data_type())),
        };
        Ok(value)
    });
    values.collect::<rusqlite::Result<_>>().map(TransferRow)
}

fn write(connection: &Connection, table: &'static Table, rows: &[TransferRow]) -> rusqlite::Result<()> {
    let (all, values) = (names(table.columns), placeholders(table.columns.len()));
    let sql = match table.key {
        0 => format!("INSERT INTO {} (only, {all}) VALUES (1, {values})", table.name),
        _ => format!("INSERT INTO {} ({all}) VALUES ({values})", table.name),
    };
    let mut statement = connection.prepare_cached(&sql)?;
    for row in rows {
        statement.execute(params_from_iter(row.0.iter().map(Bound)))?;
    }
    Ok(())
}

/// A value as SQLite takes it.
struct Bound<'a>(&'a TransferValue);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            TransferValue::Null => ValueRef::Null,
            TransferValue::Integer(number) => ValueRef::Integer(*number),
            TransferValue::Text(text) => ValueRef::Text(text.as_bytes()),
            TransferValue::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use leadgate_store::transfer::TABLES;

    use super::*;
    use crate::testing::fresh;

    /// The columns of the schema, but for what stands in for a key where there is one row. Of the tables, all that an account has: not the list of
    /// accounts, nor what was done to this file.
    fn columns(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
        let sql = "SELECT tables.name || '.' || columns.name FROM sqlite_schema AS tables
                   JOIN pragma_table_info(tables.name) AS columns
                   WHERE tables.type = 'table' AND columns.name <> 'only'
                     AND tables.name NOT LIKE 'sqlite_%' AND tables.name NOT IN ('accounts', 'upkeep')";
        connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    }

    #[tokio::test]
    async fn every_column_of_every_table_is_carried() {
        let (_folder, store) = fresh();
        let there = store.read(columns).await.unwrap();
        let carried = TABLES.iter().flat_map(|table| table.columns.iter().map(|column| (table.name, column.name)));
        let carried: BTreeSet<String> = carried.map(|(table, column)| format!("{table}.{column}")).collect();
        assert_eq!(carried, there);
    }
}
