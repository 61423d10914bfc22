//! Opening: the lock that keeps a second process out, the connections with their settings, the migrations.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use leadgate_store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::config::{Durability, SqliteConfig};
use crate::error::store_error;
use crate::inspect::Inspection;

/// One file per version of the schema, in order.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/1.sql"),
    include_str!("../migrations/2.sql"),
    include_str!("../migrations/3.sql"),
    include_str!("../migrations/4.sql"),
    include_str!("../migrations/5.sql"),
    include_str!("../migrations/6.sql"),
    include_str!("../migrations/7.sql"),
    include_str!("../migrations/8.sql"),
    include_str!("../migrations/9.sql"),
    include_str!("../migrations/10.sql"),
    include_str!("../migrations/11.sql"),
    include_str!("../migrations/12.sql"),
    include_str!("../migrations/13.sql"),
    include_str!("../migrations/14.sql"),
];

/// How long to wait for a foreign tool that has the database locked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The page cache of the writer and of each reader, in KiB. What is not in it is read from the system's cache, which costs about a
/// microsecond a page; so small caches cost little, and an idle gateway stays small.
const WRITER_CACHE_KIB: i64 = 4096;
const READER_CACHE_KIB: i64 = 1024;

/// Pages in the write-ahead log at which a commit also copies them back, which holds up the writes that wait for some 10 to 50 ms. The
/// same pages are written again and again, so the longer the log, the less there is to copy for each commit: from 4,000 pages to 16,000
/// (64 MB) the 99th percentile of an accept under full load fell from 12 ms to 3 ms. The writer does not wait for that when it is idle.
const CHECKPOINT_PAGES: i64 = 16_000;

/// The same for a store that is one of many: caches that fill only under load, and a log that stays small.
const CACHE_KIB_OF_MANY: i64 = 256;
const CHECKPOINT_PAGES_OF_MANY: i64 = 1_000;

/// How long a store that was just closed may take to give its lock up, in looks and the time between them.
const LOOKS: u32 = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Holds the store's lock file; the lock ends with it.
#[derive(Debug)]
pub(crate) struct StoreLock {
    _file: File,
}

/// Takes the lock beside the database.
pub(crate) fn lock(path: &Path) -> Result<StoreLock, StoreError> {
    lock_unless_in_use(path)?.ok_or_else(|| in_use(path))
}

/// The same, where the holder may be about to give it up: one of this process whose last user just let go of it. Blocks.
#[expect(
    clippy::disallowed_methods,
    reason = "the system has no other way to wait for a lock, and no thread of the runtime is here"
)]
pub(crate) fn lock_when_free(path: &Path) -> Result<StoreLock, StoreError> {
    for _ in 0..LOOKS {
        if let Some(lock) = lock_unless_in_use(path)? {
            return Ok(lock);
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    Err(in_use(path))
}

fn in_use(path: &Path) -> StoreError {
    unavailable(format!("another leadgate uses {}; stop it, or give this one a store of its own", path.display()))
}

/// The same; `None` if another process has it.
pub(crate) fn lock_unless_in_use(path: &Path) -> Result<Option<StoreLock>, StoreError> {
    let lock_path = beside(path, ".lock");
    let file = private_file(&lock_path)
        .map_err(|error| unavailable(format!("opening {} failed: {error}", lock_path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(StoreLock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(unavailable(format!("locking {} failed: {error}", lock_path.display()))),
    }
}

/// A file that belongs to another: its name with something behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens or makes a file that only its owner can read: the store holds people's data. SQLite gives its side files the same mode.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens the connection that writes, and brings the schema up to date.
pub(crate) fn open_writer(config: &SqliteConfig) -> Result<Connection, StoreError> {
    private_file(&config.path)
        .map_err(|error| unavailable(format!("opening {} failed: {error}", config.path.display())))?;
    let mut connection = connect_writer(config)?;
    migrate(&mut connection)?;
    if let Some(pages) = config.max_pages {
        connection.pragma_update(None, "max_page_count", pages).map_err(|error| store_error(&error))?;
    }
    Ok(connection)
}

fn connect_writer(config: &SqliteConfig) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(&config.path, flags).map_err(|error| opening_failed(&config.path, &error))?;
    set_up_writer(&connection, config).map_err(|error| opening_failed(&config.path, &error))?;
    Ok(connection)
}

/// Reads back what SQLite made of the settings. Neither makes the file nor migrates it.
pub(crate) fn inspect(config: &SqliteConfig) -> Result<Inspection, StoreError> {
    let connection = connect_writer(config)?;
    let number = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<Inspection> {
        Ok(Inspection {
            journal: connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?,
            synchronous: number("synchronous")?,
            schema: number("user_version")?,
            newest_schema: i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX),
        })
    };
    read().map_err(|error| opening_failed(&config.path, &error))
}

fn set_up_writer(connection: &Connection, config: &SqliteConfig) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    let synchronous = match config.durability {
        Durability::Full => "full",
        Durability::Normal => "normal",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Whoever asks to be forgotten is not to be found in pages that are no longer used.
    connection.pragma_update(None, "secure_delete", true)?;
    let (pages, cache) = match config.is_one_of_many {
        true => (CHECKPOINT_PAGES_OF_MANY, CACHE_KIB_OF_MANY),
        false => (CHECKPOINT_PAGES, WRITER_CACHE_KIB),
    };
    connection.pragma_update(None, "wal_autocheckpoint", pages)?;
    set_up_caches(connection, cache)
}

fn set_up_caches(connection: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Else some statements are compiled anew whenever a bound value changes, in case another plan suits it better; that costs more than
    // running them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// Opens a connection that only reads.
pub(crate) fn open_reader(config: &SqliteConfig) -> Result<Connection, StoreError> {
    let path = &config.path;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| opening_failed(path, &error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| store_error(&error))?;
    let cache = if config.is_one_of_many { CACHE_KIB_OF_MANY } else { READER_CACHE_KIB };
    set_up_caches(&connection, cache).map_err(|error| store_error(&error))?;
    Ok(connection)
}

/// Applies what is missing of [`MIGRATIONS`], all of it or nothing.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let read_version = |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    let found: i64 = read_version(connection).map_err(|error| store_error(&error))?;
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    let missing = MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0));
    let apply = |connection: &mut Connection| {
        let transaction = connection.transaction()?;
        for migration in missing {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", known)?;
        transaction.commit()
    };
    if found == known { Ok(()) } else { apply(connection).map_err(|error| store_error(&error)) }
}

fn opening_failed(path: &Path, error: &rusqlite::Error) -> StoreError {
    match store_error(error) {
        StoreError::Unavailable(why) => unavailable(format!("opening {} failed: {why}", path.display())),
        other => other,
    }
}

fn unavailable(why: String) -> StoreError {
    StoreError::Unavailable(why)
}
