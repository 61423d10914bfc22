//! Profiles of people, under the digests of their ids.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_store::StoreError;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use crate::columns::{Micros, from_json, to_json};
use crate::error::store_error;

/// A profile with its JSON written.
pub(crate) struct PreparedProfile {
    key: String,
    profile: String,
}

impl PreparedProfile {
    pub(crate) fn all(profiles: BTreeMap<String, Value>) -> Result<Vec<PreparedProfile>, StoreError> {
        let prepare = |(key, profile)| Ok(PreparedProfile { key, profile: to_json("profile", &profile)? });
        profiles.into_iter().map(prepare).collect()
    }
}

/// Keeps a profile in place of the one before.
pub(crate) fn keep(connection: &Connection, profile: &PreparedProfile, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO profiles (key, profile, changed_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (key) DO UPDATE SET profile = excluded.profile, changed_at = excluded.changed_at";
    connection.prepare_cached(sql)?.execute(params![profile.key, profile.profile, Micros(now)]).map(|_| ())
}

/// The profiles of these keys, as far as there are any. One that cannot be read is as good as none, for events teach it anew; an error would hold
/// up all planning.
pub(crate) fn read(connection: &Connection, keys: Vec<String>) -> Result<BTreeMap<String, Value>, StoreError> {
    let mut found = BTreeMap::new();
    for key in keys {
        if let Some(text) = one(connection, &key).map_err(|error| store_error(&error))? {
            match from_json("profile", &text) {
                Ok(profile) => drop(found.insert(key, profile)),
                Err(error) => tracing::error!(%error, "a stored profile cannot be read; it is passed over"),
            }
        }
    }
    Ok(found)
}

fn one(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT profile FROM profiles WHERE key = ?1";
    connection.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()
}
