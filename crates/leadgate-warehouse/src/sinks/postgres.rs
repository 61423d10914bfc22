//! The sink that keeps tables in a schema of a Postgres database.
//!
//! Rows come through COPY into a temporary table and from there into the real one, all tables and the note of what was published in one
//! transaction. Two publishers take turns.

use std::path::Path;

use leadgate_core::sync::{Column, ColumnKind, Stream};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use tokio::sync::mpsc;

use super::evolution::{Dialect, EXPORT, Evolution, is_followed, quoted};
use super::postgres_copy::{Chunk, encode_rows};
use super::rows::{Rows, Shared};
use super::table::{CHANGES, in_order};
use super::{Published, Sink, SinkError, Table, TablePublished, blocking};
use crate::copy::voids_history;

const MEMORY: &str = "leadgate_tables";
/// The longest name that Postgres keeps whole, in bytes.
const LONGEST_NAME: usize = 63;

const DIALECT: Dialect = Dialect {
    kind: |kind| match kind {
        ColumnKind::Integer => "bigint",
        ColumnKind::Decimal => "numeric",
        ColumnKind::Text => "text",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Date => "date",
        ColumnKind::Time => "timestamptz",
        ColumnKind::Json => "jsonb",
    },
    name: short_name,
};

/// Postgres cuts a name that is too long, and two could become one: such a name ends in digits made of the whole.
fn short_name(name: &str) -> String {
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    // FNV-1a: the same name must give the same digits in every version of the program.
    let mixed = |digest: u32, byte: &u8| (digest ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let digest = name.as_bytes().iter().fold(0x811c_9dc5, mixed);
    let mut end = LONGEST_NAME - 9;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{digest:08x}", &name[..end])
}

/// Tables in a schema of a Postgres database.
pub(crate) struct PostgresSink {
    pub(crate) options: PgConnectOptions,
    pub(crate) schema: String,
    /// The address without what is secret.
    pub(crate) shown: String,
}

#[async_trait::async_trait]
impl Sink for PostgresSink {
    async fn publish(&mut self, copy: &Path, streams: &[Stream]) -> Result<Published, SinkError> {
        let (copy, streams) = (copy.to_owned(), in_order(streams));
        let snapshot = blocking(move || Shared::open(&copy)).await?;
        let mut connection = self.connect().await?;
        let mut tables = self.begin(&mut connection).await?;
        let published = tables.publish(&snapshot, &streams).await?;
        tables.commit().await?;
        Ok(published)
    }

    async fn check(&mut self, streams: &[Stream]) -> Result<(), SinkError> {
        let mut connection = self.connect().await?;
        // What is made to try it goes with the transaction.
        self.begin(&mut connection).await?.check(streams).await
    }
}

impl PostgresSink {
    /// Tries whether a table may be replaced by other rows.
    pub(crate) async fn check_replace(&self, name: &str) -> Result<(), SinkError> {
        let mut connection = self.connect().await?;
        self.begin(&mut connection).await?.check_replace(name).await
    }

    /// Replaces the table with these rows.
    pub(crate) async fn replace(&self, table: &Table, rows: Rows) -> Result<TablePublished, SinkError> {
        let mut connection = self.connect().await?;
        let mut tables = self.begin(&mut connection).await?;
        tables.check_replace(&table.name).await?;
        let source = Source { identity: EXPORT.into(), seq: 0, changes_seq: 0, anew: true };
        let told = tables.bring(table, &source, |_| rows).await?;
        tables.commit().await?;
        Ok(told)
    }

    async fn connect(&self) -> Result<PgConnection, SinkError> {
        let options = self.options.clone().application_name("leadgate sync");
        options.connect().await.map_err(|source| self.failed(source))
    }

    async fn begin<'sink>(&'sink self, connection: &'sink mut PgConnection) -> Result<Tables<'sink>, SinkError> {
        let transaction = connection.begin().await.map_err(|source| self.failed(source))?;
        let mut tables = Tables { transaction, sink: self };
        let lock = "SELECT pg_advisory_xact_lock(hashtext('leadgate.' || $1))";
        let locked = sqlx::query(lock).bind(&self.schema).execute(&mut *tables.transaction).await;
        tables.done(locked)?;
        let exists = sqlx::query("SELECT to_regnamespace($1) IS NOT NULL").bind(quoted(&self.schema));
        let exists = exists.fetch_one(&mut *tables.transaction).await.and_then(|row| row.try_get::<bool, _>(0));
        // Not IF NOT EXISTS: that asks for the right to make schemas even where there is nothing to make.
        if !tables.done(exists)? {
            tables.execute(format!("CREATE SCHEMA {}", quoted(&self.schema))).await?;
        }
        let memory = tables.named(MEMORY);
        let make = format!(
            "CREATE TABLE IF NOT EXISTS {memory} (name text PRIMARY KEY, copy text NOT NULL, seq bigint NOT NULL, \
             changes_seq bigint NOT NULL, columns text NOT NULL)"
        );
        tables.execute(make).await?;
        Ok(tables)
    }

    fn failed(&self, source: sqlx::Error) -> SinkError {
        SinkError::Postgres { place: self.shown.clone(), source }
    }
}

/// The tables of a schema, inside a transaction. Dropped before [`Tables::commit`], nothing has happened.
struct Tables<'sink> {
    transaction: sqlx::Transaction<'sink, sqlx::Postgres>,
    sink: &'sink PostgresSink,
}

/// What a table is brought up to date from.
struct Source {
    /// Of the copy.
    identity: String,
    /// Up to which change of rows.
    seq: i64,
    /// Up to which entry of the changes.
    changes_seq: i64,
    /// Whether what the table holds is of no use, whatever it came from.
    anew: bool,
}

/// What a table remembers of itself.
struct Remembered {
    copy: String,
    seq: i64,
    changes_seq: i64,
    columns: Vec<Column>,
}

impl Tables<'_> {
    async fn publish(&mut self, snapshot: &Shared, streams: &[Stream]) -> Result<Published, SinkError> {
        let identity = snapshot.read(crate::copy::Snapshot::identity)?;
        let (mut published, mut changes) = (Published::default(), TablePublished::default());
        let plain = Source { identity: String::new(), seq: 0, changes_seq: 0, anew: false };
        self.prepare(&Table::of_changes(), &plain).await?;
        let behind = self.numbers_behind(&identity).await?;
        for stream in streams {
            let Some(schema) = snapshot.read(|copy| copy.schema(*stream))? else { continue };
            let entry = snapshot.read(|copy| copy.entry(*stream))?;
            let (seq, changes_seq) = (entry.seq, entry.changes_seq);
            let source = Source { identity: identity.clone(), seq, changes_seq, anew: false };
            changes.written += self.append_changes(snapshot, *stream, &source, behind).await?;
            let rows = |seq| Rows::Changed { from: snapshot.clone(), stream: *stream, seq };
            let told = self.bring(&Table::of(&schema), &source, rows).await?;
            published.tables.insert(stream.name().into(), told);
        }
        published.tables.insert(CHANGES.into(), changes);
        Ok(published)
    }

    async fn check(&mut self, streams: &[Stream]) -> Result<(), SinkError> {
        for name in streams.iter().map(|stream| stream.name()).chain([CHANGES]) {
            if self.remembered(name).await?.is_none() && !self.present(name).await?.is_empty() {
                return Err(SinkError::Foreign { place: self.sink.shown.clone(), table: name.into() });
            }
        }
        Ok(())
    }

    async fn check_replace(&mut self, name: &str) -> Result<(), SinkError> {
        match self.remembered(name).await? {
            Some(known) if is_followed(&known.copy) => {
                Err(SinkError::Followed { place: self.sink.shown.clone(), table: name.into() })
            }
            _ => Ok(()),
        }
    }

    /// By how much the numbers of this copy's changes are greater here: those of copies before it stay, and come first, unless they may name somebody
    /// who was taken out.
    async fn numbers_behind(&mut self, identity: &str) -> Result<i64, SinkError> {
        let known = self.remembered(CHANGES).await?;
        if let Some(known) = known.filter(|known| known.copy == identity) {
            return Ok(known.seq);
        }
        if voids_history(identity) {
            self.execute(format!("DELETE FROM {}", self.named(CHANGES))).await?;
        }
        let latest = format!("SELECT coalesce(max(seq), 0) FROM {}", self.named(CHANGES));
        let found = sqlx::query(AssertSqlSafe(latest)).fetch_one(&mut *self.transaction).await;
        let behind = self.done(found.and_then(|row| row.try_get(0)))?;
        let source = Source { identity: identity.to_owned(), seq: behind, changes_seq: 0, anew: false };
        self.remember(&Table::of_changes(), &source).await?;
        Ok(behind)
    }

    /// Adds the new changes of a stream, numbered behind those of copies before this one. Rows that the table had of such a copy were not made since.
    async fn append_changes(
        &mut self,
        snapshot: &Shared,
        stream: Stream,
        source: &Source,
        behind: i64,
    ) -> Result<u64, SinkError> {
        let known = self.remembered(stream.name()).await?;
        let is_of_another =
            known.as_ref().is_some_and(|known| is_followed(&known.copy) && known.copy != source.identity)
                && !voids_history(&source.identity);
        let known = known.filter(|known| known.copy == source.identity);
        let seq = known.as_ref().map_or(0, |known| known.changes_seq);
        if known.is_some() && seq == source.changes_seq {
            return Ok(0);
        }
        let rows = Rows::ChangesOf { from: snapshot.clone(), stream, seq, behind };
        let written = self.write_rows(&Table::of_changes(), rows).await?.written;
        if !is_of_another {
            return Ok(written);
        }
        let delete = format!(
            "DELETE FROM {} WHERE stream = $1 AND seq > $2 AND field = 'created' AND id IN (SELECT id FROM {})",
            self.named(CHANGES),
            self.named(stream.name())
        );
        let query = sqlx::query(AssertSqlSafe(delete)).bind(stream.name()).bind(behind);
        let deleted = query.execute(&mut *self.transaction).await;
        Ok(written.saturating_sub(self.done(deleted)?.rows_affected()))
    }

    /// Brings a table up to date with the rows since the number that it remembers.
    async fn bring(
        &mut self,
        table: &Table,
        source: &Source,
        rows: impl FnOnce(i64) -> Rows,
    ) -> Result<TablePublished, SinkError> {
        let (seq, told) = self.prepare(table, source).await?;
        let up_to_date = !source.anew && seq == source.seq && seq > 0;
        let written = if up_to_date { TablePublished::default() } else { self.write_rows(table, rows(seq)).await? };
        self.remember(table, source).await?;
        Ok(TablePublished { written: written.written, removed: written.removed, ..told })
    }

    /// Makes the table, or gives it today's columns; says from which number on its rows are to be written.
    async fn prepare(&mut self, table: &Table, source: &Source) -> Result<(i64, TablePublished), SinkError> {
        let name = self.named(&table.name);
        let Some(known) = self.remembered(&table.name).await? else {
            self.execute(DIALECT.create(&name, &table.columns, table.key)).await?;
            self.comment(table, &[]).await?;
            let nothing = Source { identity: String::new(), seq: 0, changes_seq: 0, anew: false };
            self.remember(table, &nothing).await?;
            return Ok((0, TablePublished::default()));
        };
        let evolution = Evolution::between(&known.columns, &table.columns);
        for statement in evolution.statements(&name, &self.present(&table.name).await?, &DIALECT) {
            self.execute(statement).await?;
        }
        self.comment(table, &known.columns).await?;
        let anew = source.anew || (known.copy != source.identity && table.name != CHANGES);
        if anew {
            self.execute(format!("DELETE FROM {name}")).await?;
        }
        let seq = if anew || evolution.touches_rows() { 0 } else { known.seq };
        Ok((seq, evolution.told()))
    }

    /// Says of the account's own columns what people call them.
    async fn comment(&mut self, table: &Table, known: &[Column]) -> Result<(), SinkError> {
        for column in table.columns.iter().filter(|column| !known.contains(column)) {
            let Some(label) = &column.label else { continue };
            let (name, column) = (self.named(&table.name), quoted(&short_name(&column.name)));
            // E'' strings read the same whatever the server's settings.
            let label = label.replace('\\', "\\\\").replace('\'', "\\'").replace('\0', "");
            self.execute(format!("COMMENT ON COLUMN {name}.{column} IS E'{label}'")).await?;
        }
        Ok(())
    }

    async fn remember(&mut self, table: &Table, source: &Source) -> Result<(), SinkError> {
        let remember = format!(
            "INSERT INTO {} (name, copy, seq, changes_seq, columns) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (name) DO UPDATE SET copy = excluded.copy, seq = excluded.seq, \
             changes_seq = excluded.changes_seq, columns = excluded.columns",
            self.named(MEMORY)
        );
        let columns = serde_json::to_string(&table.columns).unwrap_or_default();
        let query = sqlx::query(AssertSqlSafe(remember)).bind(&table.name).bind(&source.identity);
        let query = query.bind(source.seq).bind(source.changes_seq).bind(columns);
        let remembered = query.execute(&mut *self.transaction).await;
        self.done(remembered).map(|_| ())
    }

    async fn remembered(&mut self, name: &str) -> Result<Option<Remembered>, SinkError> {
        let sql = format!("SELECT copy, seq, changes_seq, columns FROM {} WHERE name = $1", self.named(MEMORY));
        let found = sqlx::query(AssertSqlSafe(sql)).bind(name).fetch_optional(&mut *self.transaction).await;
        let Some(row) = self.done(found)? else { return Ok(None) };
        let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get::<String, _>(3)?));
        let (copy, seq, changes_seq, columns) = self.done(read())?;
        let unreadable = |_| SinkError::Memory { place: self.sink.shown.clone(), what: MEMORY.into() };
        let columns = serde_json::from_str(&columns).map_err(unreadable)?;
        Ok(Some(Remembered { copy, seq, changes_seq, columns }))
    }

    async fn present(&mut self, name: &str) -> Result<Vec<String>, SinkError> {
        let sql = "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
        let found = sqlx::query(sql).bind(self.named(name)).fetch_all(&mut *self.transaction).await;
        let names = self.done(found)?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>();
        self.done(names)
    }

    async fn write_rows(&mut self, table: &Table, rows: Rows) -> Result<TablePublished, SinkError> {
        let incoming = quoted(&format!("leadgate_incoming_{}", table.name));
        let definition =
            |column: &Column| format!("{} {}", quoted(&short_name(&column.name)), (DIALECT.kind)(column.kind));
        let columns: Vec<_> = table.columns.iter().map(definition).collect();
        let make = format!(
            "CREATE TEMPORARY TABLE {incoming} (leadgate_place bigint, leadgate_key bigint, leadgate_gone boolean, {}) ON COMMIT DROP",
            columns.join(", ")
        );
        self.execute(make).await?;
        self.copy_rows(&incoming, table, rows).await?;
        let done = self.take_over(&incoming, table).await?;
        // A table may be written twice in one transaction: the changes are, for each stream.
        self.execute(format!("DROP TABLE {incoming}")).await?;
        Ok(done)
    }

    /// Encodes on another thread, a few chunks ahead.
    async fn copy_rows(&mut self, incoming: &str, table: &Table, rows: Rows) -> Result<(), SinkError> {
        let (sender, mut receiver) = mpsc::channel::<Chunk>(4);
        let kinds: Vec<_> = table.columns.iter().map(|column| column.kind).collect();
        let encoding = tokio::task::spawn_blocking(move || encode_rows(rows, &kinds, &sender));
        let sink = self.sink;
        let failed = |source| sink.failed(source);
        let mut copy = self.transaction.copy_in_raw(&format!("COPY {incoming} FROM STDIN")).await.map_err(failed)?;
        while let Some(chunk) = receiver.recv().await {
            copy.send(chunk).await.map_err(failed)?;
        }
        match encoding.await.map_err(|_| SinkError::Stopped).flatten() {
            Ok(()) => copy.finish().await.map(|_| ()).map_err(failed),
            Err(error) => {
                // What failed first is told; the transaction is lost either way.
                let _ = copy.abort("the rows could not be read").await;
                Err(error)
            }
        }
    }

    async fn take_over(&mut self, incoming: &str, table: &Table) -> Result<TablePublished, SinkError> {
        let (name, names) = (self.named(&table.name), DIALECT.names(&table.columns));
        let mut done = TablePublished::default();
        let (mut distinct, mut order) = (String::new(), "leadgate_place".to_owned());
        if let Some(key) = table.key {
            let delete = format!(
                "DELETE FROM {name} USING {incoming} WHERE leadgate_gone AND {name}.{} = leadgate_key",
                names[key]
            );
            done.removed = self.execute(delete).await?;
            // Of two rows with one key the later counts.
            distinct = "DISTINCT ON (leadgate_key)".into();
            order = "leadgate_key, leadgate_place DESC".into();
        }
        let names = names.join(", ");
        let conflict = DIALECT.on_conflict(&table.columns, table.key);
        let insert = format!(
            "INSERT INTO {name} ({names}) SELECT {names} FROM \
             (SELECT {distinct} * FROM {incoming} WHERE NOT leadgate_gone ORDER BY {order}) AS latest{conflict}"
        );
        done.written = self.execute(insert).await?;
        Ok(done)
    }

    async fn execute(&mut self, statement: String) -> Result<u64, SinkError> {
        let done = sqlx::query(AssertSqlSafe(statement)).persistent(false).execute(&mut *self.transaction).await;
        Ok(self.done(done)?.rows_affected())
    }

    async fn commit(self) -> Result<(), SinkError> {
        let sink = self.sink;
        self.transaction.commit().await.map_err(|source| sink.failed(source))
    }

    fn named(&self, table: &str) -> String {
        format!("{}.{}", quoted(&self.sink.schema), quoted(table))
    }

    fn done<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, SinkError> {
        result.map_err(|source| self.sink.failed(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_apart() {
        let (one, other) = (format!("{}1", "ü".repeat(40)), format!("{}2", "ü".repeat(40)));
        assert_eq!(short_name("cf_plan"), "cf_plan");
        assert!(short_name(&one).len() <= LONGEST_NAME);
        assert_ne!(short_name(&one), short_name(&other));
        assert_eq!(short_name(&one), short_name(&one));
    }
}
