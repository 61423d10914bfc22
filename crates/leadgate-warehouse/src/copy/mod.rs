//! One SQLite file with every stream's rows, what changed in them, how far each stream was read, and the runs.
//!
//! The cast:
//!
//! | module | is |
//! |---|---|
//! | `layout` | which cell of a row stored long ago belongs to which column of today |
//! | `apply` | [`Batch`] and what happens to each row of it |
//! | `reading` | rows and changes, by id and by number; a `Snapshot` of them for the sinks |
//! | `identities` | who has an address or a name: [`find_identities`] |
//! | `forget` | taking a person out of it |
//! | `runs` | the history of runs |
//! | `error` | [`CopyError`] |
//!
//! The flow: [`Copy::apply`] compares each row with the stored one, writes what differs, numbers it, notes what changed from what to what,
//! and stores how far the reading got, all in one transaction. [`Copy::settle`] waits until that is on disk. Each change of a row takes the next number
//! (`seq`) of the file, so whoever remembers a number can ask for what came after it. Rows that are gone stay, marked. A copy that was
//! made anew has another identity, so that numbers of two files are never mixed.

mod apply;
mod error;
mod forget;
mod identities;
mod layout;
mod reading;
mod runs;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use leadgate_core::erasure::Marks;
use leadgate_core::sync::{Schema, Stream};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

pub use apply::{Applied, Batch};
pub use error::CopyError;
pub use forget::ForgetPass;
pub(crate) use forget::voids_history;
pub use identities::{find_identities, find_rows};
pub(crate) use layout::fit_kind;
pub(crate) use reading::Snapshot;
pub use reading::{CopiedRow, RowChange};
pub use runs::Run;

const VERSION: i64 = 2;
/// The version before identities were kept beside the rows.
const WITHOUT_IDENTITIES: i64 = 1;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The copy of the account. Its methods block; each that writes is one transaction, safe from the end of the process when it returns, and from a power
/// cut after [`Copy::settle`].
#[derive(Debug)]
pub struct Copy {
    connection: Connection,
}

impl Copy {
    /// Opens the copy in this file, and makes it if there is none. Its folder must exist.
    pub fn open(path: &Path) -> Result<Copy, CopyError> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        // Synchronous NORMAL: after a power cut the latest batches can be missing, together with the states that they led to, so they are
        // asked for again. Nobody may build on a batch before `settle`.
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4000; \
                        PRAGMA wal_autocheckpoint = 2000; PRAGMA secure_delete = ON;";
        let opened = |source| CopyError::Open { path: path.into(), source };
        connection.execute_batch(settings).map_err(opened)?;
        let found = prepare(&mut connection).map_err(|error| match error {
            CopyError::Database(source) => opened(source),
            other => other,
        })?;
        if found != VERSION {
            return Err(CopyError::Version { path: path.into(), found, known: VERSION });
        }
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Copy { connection })
    }

    /// How far the stream was read: what the last batch said, word for word.
    pub fn state(&self, stream: Stream) -> Result<Option<String>, CopyError> {
        let mut query = self.connection.prepare_cached("SELECT state FROM streams WHERE name = ?1")?;
        Ok(query.query_row([stream.name()], |row| row.get(0))?)
    }

    /// The columns of the stream, as the last batch had them.
    pub fn schema(&self, stream: Stream) -> Result<Option<Schema>, CopyError> {
        reading::schema(&self.connection, stream)
    }

    /// Applies a batch, whole or not at all.
    pub fn apply(&mut self, batch: Batch) -> Result<Applied, CopyError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let applied = apply::apply(&transaction, &batch)?;
        transaction.commit()?;
        Ok(applied)
    }

    /// Sees that everything that was applied is on disk: from then on others may build on it.
    pub fn settle(&mut self) -> Result<(), CopyError> {
        // A commit that is waited for has all of the log before it on disk.
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        let settled = self.connection.execute("UPDATE copy SET seq = seq", []);
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        settled?;
        // Sinks read the file by connections of their own, so what this one keeps of it is in their way.
        self.connection.execute_batch("PRAGMA shrink_memory")?;
        Ok(())
    }

    /// How many rows the stream has, without those that are gone.
    pub fn count(&self, stream: Stream) -> Result<u64, CopyError> {
        Ok(reading::entry(&self.connection, stream)?.live.cast_unsigned())
    }

    /// Those of `ids` that the stream has no row of, or a deleted one.
    pub fn missing(&self, stream: Stream, ids: &[i64]) -> Result<Vec<i64>, CopyError> {
        reading::missing(&self.connection, stream, ids)
    }

    /// Up to `limit` rows with ids greater than `after`, in the order of their ids, without those that are gone.
    pub fn rows_by_id(&self, stream: Stream, after: Option<i64>, limit: usize) -> Result<Vec<CopiedRow>, CopyError> {
        reading::unpacked(stream, reading::rows_by_id(&self.connection, stream, after, limit)?)
    }

    /// Up to `limit` rows that changed after number `seq`, in the order of their numbers, those that are gone among them.
    pub fn rows_since(&self, stream: Stream, seq: i64, limit: usize) -> Result<Vec<CopiedRow>, CopyError> {
        reading::unpacked(stream, reading::rows_since(&self.connection, stream, seq, limit)?)
    }

    /// Up to `limit` changes after number `seq`, of all streams, in order.
    pub fn changes_since(&self, seq: i64, limit: usize) -> Result<Vec<RowChange>, CopyError> {
        reading::changes_since(&self.connection, seq, limit)
    }

    /// The number of the latest change; 0 if nothing was ever applied.
    pub fn latest_seq(&self) -> Result<i64, CopyError> {
        Ok(self.connection.query_row("SELECT seq FROM copy", [], |row| row.get(0))?)
    }

    /// Takes one step of a pass for a person: looks at up to `most` rows or changes, and takes out or empties those that name the person. Adds the
    /// person's records to the marks. Where `erase` is false, it counts and changes nothing.
    pub fn forget_some(
        &mut self,
        marks: &mut Marks,
        pass: &mut ForgetPass,
        most: usize,
        erase: bool,
    ) -> Result<(), CopyError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        forget::step(&transaction, (marks, pass), most, erase)?;
        Ok(transaction.commit()?)
    }

    /// Sees to it that nothing of what was taken out is in the file or its log any more. Returns whether that succeeded; if not, somebody was
    /// reading, and it is to be tried again.
    pub fn cleanse(&mut self) -> Result<bool, CopyError> {
        self.connection.execute_batch("VACUUM")?;
        let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// Removes changes that were noticed, and runs that began, before these moments: so many of each at most, the latest of each stays. Returns how
    /// many changes and how many runs. Sinks keep what they were given.
    pub fn remove_old(
        &mut self,
        changes_before: Option<Timestamp>,
        runs_before: Option<Timestamp>,
        most: usize,
    ) -> Result<(u64, u64), CopyError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let removed = runs::remove_old(&transaction, (changes_before, runs_before), most)?;
        transaction.commit()?;
        Ok(removed)
    }

    /// Keeps what is known of a run; the run of the same id before it is replaced.
    pub fn put_run(&mut self, run: &Run) -> Result<(), CopyError> {
        runs::put(&self.connection, run)
    }

    /// The latest runs, those with the greatest ids first.
    pub fn runs(&self, limit: usize) -> Result<Vec<Run>, CopyError> {
        runs::latest(&self.connection, limit)
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, CopyError> {
    let failed = |source| CopyError::Open { path: path.into(), source };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    Ok(connection)
}

/// Makes the tables that are not there yet; says which version the file then is of.
fn prepare(connection: &mut Connection) -> Result<i64, CopyError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found == 0 {
        transaction.execute_batch(include_str!("schema.sql"))?;
    }
    let is_current = matches!(found, 0 | WITHOUT_IDENTITIES | VERSION);
    if is_current && found != VERSION {
        transaction.execute_batch(include_str!("identities.sql"))?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    if is_current {
        for stream in Stream::ALL {
            transaction.execute("INSERT OR IGNORE INTO streams (name) VALUES (?1)", [stream.name()])?;
        }
    }
    if found == WITHOUT_IDENTITIES {
        identities::fill(&transaction)?;
    }
    transaction.commit()?;
    Ok(if is_current { VERSION } else { found })
}
