//! Profiles of people, under the digests of their ids.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_store::StoreError;
use serde_json::Value;
use sqlx::PgConnection;

use crate::columns::to_json;
use crate::error::{Failure, not_there_yet};

/// A profile with its JSON written.
pub(crate) struct PreparedProfile {
    pub(crate) key: String,
    pub(crate) profile: String,
}

impl PreparedProfile {
    pub(crate) fn all(profiles: BTreeMap<String, Value>) -> Result<Vec<PreparedProfile>, StoreError> {
        let prepare = |(key, profile)| Ok(PreparedProfile { key, profile: to_json("profile", &profile)? });
        profiles.into_iter().map(prepare).collect()
    }
}

/// Keeps profiles in place of those before; of two under one key the later in the list counts.
pub(crate) async fn keep_all(
    _connection: &mut PgConnection,
    _account: i64,
    _profiles: &[&PreparedProfile],
    _now: Timestamp,
) -> Result<(), sqlx::Error> {
    Err(not_there_yet())
}

/// The profiles of these keys, as far as there are any. One that cannot be read is as good as none.
pub(crate) async fn read(
    _connection: &mut PgConnection,
    _account: i64,
    _keys: &[String],
) -> Result<BTreeMap<String, Value>, Failure> {
    Err(not_there_yet().into())
}
