//! [`Transfer`] on PostgreSQL: the rows of one account, as they are.

use async_trait::async_trait;
use leadgate_store::StoreError;
use leadgate_store::transfer::{Column, Kind, Table, Transfer, TransferRow, TransferValue};
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Row as _};

use crate::columns::text;
use crate::error::{Failure, corrupt};
use crate::session::Session;
use crate::store::PostgresStore;
use crate::transaction::{Lock, Work, in_snapshot, in_transaction};

/// Which columns are numbered, by a query that names their sequence.
const NUMBERED: [(&str, &str, &str); 7] = [
    ("inbox", "seq", "pg_get_serial_sequence('inbox', 'seq')"),
    ("job_keys", "seq", "pg_get_serial_sequence('job_keys', 'seq')"),
    ("attempts", "id", "pg_get_serial_sequence('attempts', 'id')"),
    ("deliveries", "seq", "pg_get_serial_sequence('deliveries', 'seq')"),
    ("deliveries", "place", "'delivery_places'"),
    ("delivery_attempts", "id", "pg_get_serial_sequence('delivery_attempts', 'id')"),
    ("changes", "seq", "pg_get_serial_sequence('changes', 'seq')"),
];

#[async_trait]
impl Transfer for PostgresStore {
    async fn read_rows(
        &self,
        table: &'static Table,
        after: Option<&TransferRow>,
        limit: u32,
    ) -> Result<Vec<TransferRow>, StoreError> {
        in_snapshot!(self, |connection| read(connection, self.account(), table, (after, limit)).await)
    }

    async fn write_rows(&self, table: &'static Table, rows: Vec<TransferRow>) -> Result<(), StoreError> {
        in_transaction!(self, Lock::None, |work| write(work, table, &rows).await)
    }
}

/// The names of columns, as a list, each written like this.
fn list(columns: &[Column], write: impl Fn(&Column) -> String) -> String {
    columns.iter().map(write).collect::<Vec<_>>().join(", ")
}

fn name(column: &Column) -> String {
    format!("\"{}\"", column.name)
}

async fn read(
    connection: &mut Session,
    account: i64,
    table: &'static Table,
    (after, limit): (Option<&TransferRow>, u32),
) -> Result<Vec<TransferRow>, sqlx::Error> {
    let all = list(table.columns, |column| match column.kind {
        Kind::Integer => format!("\"{}\"::bigint", column.name),
        Kind::Flag => format!("\"{}\"::int::bigint", column.name),
        Kind::Text | Kind::Bytes => name(column),
    });
    let key = list(&table.columns[..table.key], name);
    let behind = (0..table.key).map(|number| format!("${}", number + 3)).collect::<Vec<_>>().join(", ");
    let (behind, order) = match (table.key, after) {
        // There is one row at most, and it was read.
        (0, Some(_)) => return Ok(Vec::new()),
        (0, None) => (String::new(), String::new()),
        (_, None) => (String::new(), format!("ORDER BY {key}")),
        (_, Some(_)) => (format!("AND ({key}) > ({behind})"), format!("ORDER BY {key}")),
    };
    let sql = format!("SELECT {all} FROM {} WHERE account = $1 {behind} {order} LIMIT $2", table.name);
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(account).bind(i64::from(limit));
    for value in after.iter().flat_map(|row| row.0.iter().take(table.key)) {
        query = bind_one(query, value);
    }
    query.fetch_all(connection).await?.iter().map(|row| read_row(table, row)).collect()
}

type Statement<'q> = Query<'q, Postgres, PgArguments>;

fn bind_one<'q>(query: Statement<'q>, value: &'q TransferValue) -> Statement<'q> {
    match value {
        TransferValue::Null => query.bind(None::<i64>),
        TransferValue::Integer(number) => query.bind(*number),
        TransferValue::Text(content) => query.bind(text(content)),
        TransferValue::Bytes(bytes) => query.bind(bytes.as_slice()),
    }
}

fn read_row(table: &'static Table, row: &PgRow) -> Result<TransferRow, sqlx::Error> {
    let values = table.columns.iter().enumerate().map(|(index, column)| {
        let value = match column.kind {
            Kind::Integer | Kind::Flag => row.try_get::<Option<i64>, _>(index)?.map(TransferValue::Integer),
            Kind::Text => row.try_get::<Option<String>, _>(index)?.map(TransferValue::Text),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(index)?.map(TransferValue::Bytes),
        };
        Ok(value.unwrap_or(TransferValue::Null))
    });
    values.collect::<Result<_, _>>().map(TransferRow)
}

async fn write(work: &mut Work, table: &'static Table, rows: &[TransferRow]) -> Result<(), Failure> {
    let account = work.account;
    for (_, column, sequence) in NUMBERED.iter().filter(|(numbered, ..)| *numbered == table.name) {
        let index = table.columns.iter().position(|own| own.name == *column);
        let highest = rows.iter().filter_map(|row| index.and_then(|index| integer(row.0.get(index)?).ok()?)).max();
        if let Some(highest) = highest {
            number_behind(work.connection(), table, (sequence, highest)).await?;
        }
    }
    insert(work.connection(), account, table, rows).await
}

/// Has the next number drawn be above that one. Nobody else draws meanwhile, as a draw belongs to a row.
async fn number_behind(
    connection: &mut Session,
    table: &'static Table,
    (sequence, highest): (&str, i64),
) -> Result<(), sqlx::Error> {
    let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", table.name);
    sqlx::query(AssertSqlSafe(lock)).execute(&mut *connection).await?;
    let sql = format!("SELECT setval({sequence}, greatest(nextval({sequence}), $1))");
    sqlx::query(AssertSqlSafe(sql)).bind(highest).execute(connection).await.map(|_| ())
}

async fn insert(
    connection: &mut Session,
    account: i64,
    table: &'static Table,
    rows: &[TransferRow],
) -> Result<(), Failure> {
    let all = list(table.columns, name);
    let values = list(table.columns, |column| match column.kind {
        Kind::Flag => format!("new.\"{}\" <> 0", column.name),
        Kind::Integer | Kind::Text | Kind::Bytes => format!("new.\"{}\"", column.name),
    });
    let arrays: Vec<String> = table.columns.iter().zip(2..).map(|(column, number)| array(column, number)).collect();
    let sql = format!(
        "INSERT INTO {} (account, {all}) SELECT $1, {values} FROM unnest({}) AS new ({all})",
        table.name,
        arrays.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(account);
    for (index, column) in table.columns.iter().enumerate() {
        let column_values = rows.iter().map(|row| row.0.get(index).unwrap_or(&TransferValue::Null));
        query = match column.kind {
            Kind::Integer | Kind::Flag => query.bind(column_values.map(integer).collect::<Result<Vec<_>, _>>()?),
            Kind::Text => query.bind(column_values.map(as_text).collect::<Result<Vec<_>, _>>()?),
            Kind::Bytes => query.bind(column_values.map(as_bytes).collect::<Result<Vec<_>, _>>()?),
        };
    }
    query.execute(connection).await?;
    Ok(())
}

fn array(column: &Column, number: usize) -> String {
    let kind = match column.kind {
        Kind::Integer | Kind::Flag => "bigint",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    };
    format!("${number}::{kind}[]")
}

fn wrong(value: &TransferValue) -> StoreError {
    let kind = match value {
        TransferValue::Null => "nothing",
        TransferValue::Integer(_) => "a number",
        TransferValue::Text(_) => "text",
        TransferValue::Bytes(_) => "bytes",
    };
    corrupt("value to carry over", format!("it is {kind}, which its column does not take"))
}

fn integer(value: &TransferValue) -> Result<Option<i64>, StoreError> {
    match value {
        TransferValue::Null => Ok(None),
        TransferValue::Integer(number) => Ok(Some(*number)),
        other => Err(wrong(other)),
    }
}

fn as_text(value: &TransferValue) -> Result<Option<String>, StoreError> {
    match value {
        TransferValue::Null => Ok(None),
        TransferValue::Text(content) => Ok(Some(text(content).into_owned())),
        other => Err(wrong(other)),
    }
}

fn as_bytes(value: &TransferValue) -> Result<Option<&[u8]>, StoreError> {
    match value {
        TransferValue::Null => Ok(None),
        TransferValue::Bytes(bytes) => Ok(Some(bytes)),
        other => Err(wrong(other)),
    }
}
