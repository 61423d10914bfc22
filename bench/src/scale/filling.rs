//! Fills a store with submissions that have ended, as if eighty days of them had come and landed.
//!
//! One lead is carried into the account by a gateway, and its rows in `inbox`, `jobs` and `attempts` are the sample: every further row is a copy with
//! a number, an id, a dedupe key and moments of its own. So nothing here knows the schema but the names of those columns, and what a later
//! schema adds is copied. That the rows are ones that a gateway can read is checked by reading one of them through it.
//!
//! Only the youngest of the submissions have a job and its requests: accepting reads and writes neither, and they are four fifths of the bytes.

use std::path::Path;

use anyhow::{Context as _, ensure};
use leadgate_postgres_server::Database;
use rusqlite::Connection;

/// Submissions that have a job, at most.
const MOST_JOBS: u64 = 500_000;
/// Rows in one statement.
const AT_ONCE: u64 = 200_000;
/// Where their time begins before now, and how long it is; in microseconds.
const BEGAN_BEFORE: i64 = 80 * 86_400 * 1_000_000;
/// From its acceptance to the end of a copied job, and to the end of the window of its dedupe key; in microseconds.
const LANDED_AFTER: i64 = 20_000;
const REPEATED_UNTIL: i64 = 120 * 1_000_000;

/// Which of the submissions are to be made: numbers from 0, of `all` that share the time.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) all: u64,
}

impl Span {
    /// The parts that are written at once, each with the moment (microseconds) of number 0 and the time between two.
    fn parts(self, now: i64) -> impl Iterator<Item = (u64, u64, i64, i64)> {
        let spacing = BEGAN_BEFORE / i64::try_from(self.all).unwrap_or(i64::MAX).max(1);
        let starts = (self.from..self.to).step_by(usize::try_from(AT_ONCE).unwrap_or(usize::MAX));
        starts.map(move |from| (from, (from + AT_ONCE).min(self.to), now - BEGAN_BEFORE, spacing))
    }

    fn first_with_job(self) -> u64 {
        self.to.saturating_sub(MOST_JOBS).max(self.from)
    }
}

/// How a database says what the copies differ in; `n` is the number of a copy.
struct Dialect {
    /// Rows with one column `n`, from and up to.
    series: fn(u64, u64) -> String,
    /// 16 bytes that ascend with the moment given, as ids do, and 16 that are scattered, as digests are.
    id: fn(&str) -> String,
    digest: &'static str,
    /// What precedes the name of a table.
    schema: &'static str,
}

const SQLITE: Dialect = Dialect {
    series: |from, to| {
        format!("WITH RECURSIVE series(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM series WHERE n + 1 < {to})")
    },
    id: |moment| format!("unhex(printf('%012x7%03x8%015x', {moment} / 1000, n % 4096, n))"),
    digest: "randomblob(16)",
    schema: "",
};

const POSTGRES: Dialect = Dialect {
    series: |from, to| format!("WITH series AS (SELECT n FROM generate_series({from}::bigint, {to} - 1) AS n)"),
    id: |moment| {
        format!(
            "decode(lpad(to_hex({moment} / 1000), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || lpad(to_hex(n), 15, '0'), 'hex')"
        )
    },
    digest: "decode(md5(n::text || random()::text), 'hex')",
    schema: "leadgate.",
};

/// A table, the columns that a copy has of its own, and what a column of that name is.
fn own_value(table: &str, column: &str, (number, moment): (&str, &str), dialect: &Dialect) -> Option<String> {
    Some(match (table, column) {
        ("inbox", "seq") | ("jobs", "id") | ("attempts", "job") => number.to_owned(),
        ("inbox", "id") => (dialect.id)(moment),
        ("inbox", "dedupe") => dialect.digest.to_owned(),
        ("inbox", "accepted_at") | ("jobs", "due_at" | "wake_at") | ("attempts", "at") => moment.to_owned(),
        ("inbox", "dedupe_until") => format!("{moment} + {REPEATED_UNTIL}"),
        ("jobs", "ended_at") => format!("{moment} + {LANDED_AFTER}"),
        _ => return None,
    })
}

/// The statement that copies the sample row of a table. `offset` is what a copy's number in the store is ahead of `n`.
fn copies(
    (table, columns): (&str, &[String]),
    (from, to, began, spacing): (u64, u64, i64, i64),
    offset: i64,
    dialect: &Dialect,
) -> String {
    let (number, moment) = (format!("n + {offset}"), format!("({began} + n * {spacing})"));
    // A request's number is given by the store.
    let columns: Vec<_> = columns.iter().filter(|column| (table, column.as_str()) != ("attempts", "id")).collect();
    let values = columns.iter().map(|column| {
        own_value(table, column, (&number, &moment), dialect).unwrap_or_else(|| format!("sample.{column}"))
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let names = columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(", ");
    let (schema, series) = (dialect.schema, (dialect.series)(from, to));
    // PostgreSQL takes the series before INSERT, SQLite as well.
    format!(
        "{series} INSERT INTO {schema}{table} ({names}) SELECT {values} FROM series CROSS JOIN sample_{table} AS sample"
    )
}

/// The tables of the copies, in an order in which references hold, and the sample's row in each.
const TABLES: [(&str, &str); 3] = [
    ("inbox", "seq = (SELECT max(id) FROM {jobs} WHERE progress = 1)"),
    ("jobs", "id = (SELECT max(id) FROM {jobs} WHERE progress = 1)"),
    ("attempts", "id = (SELECT max(id) FROM {attempts} WHERE job = (SELECT max(id) FROM {jobs} WHERE progress = 1))"),
];

fn sample(table: &str, condition: &str, dialect: &Dialect) -> String {
    let schema = dialect.schema;
    let condition =
        condition.replace("{jobs}", &format!("{schema}jobs")).replace("{attempts}", &format!("{schema}attempts"));
    format!("CREATE TEMPORARY TABLE sample_{table} AS SELECT * FROM {schema}{table} WHERE {condition}")
}

/// Fills the file of a gateway that is not running. Returns the number of a copied submission.
pub(super) fn sqlite(file: &Path, span: Span) -> anyhow::Result<i64> {
    let connection = Connection::open(file)?;
    // Nobody else has it open, and it is thrown away if this fails.
    connection.execute_batch(
        "PRAGMA wal_checkpoint(truncate); PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -1000000;",
    )?;
    for (table, condition) in TABLES {
        connection.execute_batch(&sample(table, condition, &SQLITE))?;
    }
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    ensure!(number("SELECT count(*) FROM sample_attempts")? == 1, "the sample has not landed");
    let offset = number("SELECT max(seq) + 1 FROM inbox")? - i64::try_from(span.from)?;
    let now = number("SELECT max(accepted_at) FROM inbox")?;
    for (table, _) in TABLES {
        let names = connection
            .prepare("SELECT name FROM pragma_table_info(?1)")?
            .query_map([table], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        for part in parts_of(table, span, now) {
            connection.execute_batch(&copies((table, &names), part, offset, &SQLITE))?;
        }
    }
    connection.execute_batch("PRAGMA journal_mode = wal")?;
    drop(connection);
    std::fs::File::open(file)?.sync_all().context("writing the filled store")?;
    Ok(offset + i64::try_from(span.to)? - 1)
}

/// Fills a database whose gateways are not running. Returns the number of a copied submission.
pub(super) fn postgres(database: &Database, span: Span) -> anyhow::Result<i64> {
    let number =
        |sql: &str| database.ask(sql).parse::<i64>().with_context(|| format!("`{sql}` was answered no number"));
    let offset = number("SELECT max(seq) + 1 FROM leadgate.inbox")? - i64::try_from(span.from)?;
    let now = number("SELECT max(accepted_at) FROM leadgate.inbox")?;
    for (table, condition) in TABLES {
        let names = database.ask(&format!(
            "SELECT column_name FROM information_schema.columns
             WHERE table_schema = 'leadgate' AND table_name = '{table}' AND is_generated = 'NEVER' ORDER BY ordinal_position"
        ));
        let names: Vec<String> = names.lines().map(str::to_owned).collect();
        // The sample does not move: copies are made only once they are all chosen.
        let sample = sample(table, condition, &POSTGRES);
        for part in parts_of(table, span, now) {
            let copies = copies((table, &names), part, offset, &POSTGRES);
            database.ask(&format!("SET synchronous_commit = off; {sample}; {copies}"));
        }
    }
    database
        .ask("SELECT setval(pg_get_serial_sequence('leadgate.inbox', 'seq'), (SELECT max(seq) FROM leadgate.inbox))");
    database.ask("VACUUM (ANALYZE)");
    database.ask("CHECKPOINT");
    Ok(offset + i64::try_from(span.to)? - 1)
}

fn parts_of(table: &str, span: Span, now: i64) -> Vec<(u64, u64, i64, i64)> {
    let from = if table == "inbox" { span.from } else { span.first_with_job() };
    Span { from, ..span }.parts(now).collect()
}
