//! The mirror of CRM records, the changes seen, and how far looking has come.

use leadgate_core::mirror::watch::WatchState;
use leadgate_core::mirror::{MirrorUpdate, Mirrored, Tally};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_store::StoreError;
use leadgate_store::model::{InboxEntry, SeenChange};
use sqlx::PgConnection;

use crate::error::{Failure, not_there_yet};

/// What a plan changes in the mirror, with its JSON written.
pub(crate) struct PreparedUpdate {
    record: PreparedRecord,
}

/// A record with its JSON written.
pub(crate) struct PreparedRecord {
    record: RecordRef,
}

impl PreparedUpdate {
    pub(crate) fn new(update: &MirrorUpdate) -> Result<PreparedUpdate, StoreError> {
        Ok(PreparedUpdate { record: PreparedRecord::new(&update.record)? })
    }

    /// The record that it is about.
    pub(crate) fn record(&self) -> RecordRef {
        self.record.record
    }
}

impl PreparedRecord {
    pub(crate) fn new(mirrored: &Mirrored) -> Result<PreparedRecord, StoreError> {
        Ok(PreparedRecord { record: mirrored.record })
    }
}

/// Whether every record is still as the plan saw it.
pub(crate) async fn fits(
    _connection: &mut PgConnection,
    _account: i64,
    _updates: &[PreparedUpdate],
) -> Result<bool, sqlx::Error> {
    Err(not_there_yet())
}

/// Writes what a plan changes; `seq` is the number of its inbox row. Not called for none.
pub(crate) async fn write(
    _connection: &mut PgConnection,
    _account: i64,
    _seq: i64,
    _updates: &[PreparedUpdate],
) -> Result<(), sqlx::Error> {
    Err(not_there_yet())
}

/// Keeps those records that are not there. Returns how many.
pub(crate) async fn fill(
    _connection: &mut PgConnection,
    _account: i64,
    _records: &[PreparedRecord],
) -> Result<u64, sqlx::Error> {
    Err(not_there_yet())
}

/// Those of the records that are there.
pub(crate) async fn mirrored(
    _connection: &mut PgConnection,
    _account: i64,
    _records: &[RecordRef],
) -> Result<Vec<Mirrored>, sqlx::Error> {
    Err(not_there_yet())
}

/// Changes behind a number, in order, so many at most.
pub(crate) async fn changes(
    _connection: &mut PgConnection,
    _account: i64,
    (_after, _limit): (i64, u32),
) -> Result<Vec<SeenChange>, Failure> {
    Err(not_there_yet().into())
}

/// How many changes of each kind of record were seen how.
pub(crate) async fn tallies(
    _connection: &mut PgConnection,
    _account: i64,
) -> Result<Vec<(RecordKind, Tally)>, sqlx::Error> {
    Err(not_there_yet())
}

/// How far looking has come.
pub(crate) async fn watches(
    _connection: &mut PgConnection,
    _account: i64,
) -> Result<Vec<(RecordKind, WatchState)>, Failure> {
    Err(not_there_yet().into())
}

/// Keeps how far looking has come.
pub(crate) async fn put_watch(
    _connection: &mut PgConnection,
    _account: i64,
    _kind: RecordKind,
    _state: &str,
) -> Result<(), sqlx::Error> {
    Err(not_there_yet())
}

/// The youngest notification.
pub(crate) async fn latest_notification(
    _connection: &mut PgConnection,
    _account: i64,
) -> Result<Option<InboxEntry>, sqlx::Error> {
    Err(not_there_yet())
}
