//! Profiles of people, under the digests of their ids.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_store::StoreError;
use serde_json::Value;
use sqlx::Row as _;

use crate::columns::{from_json, micros, text, to_json};
use crate::error::Failure;
use crate::session::Session;

/// A profile with its JSON written.
pub(crate) struct PreparedProfile {
    key: String,
    profile: String,
}

impl PreparedProfile {
    pub(crate) fn all(profiles: BTreeMap<String, Value>) -> Result<Vec<PreparedProfile>, StoreError> {
        let prepare = |(key, profile): (String, Value)| {
            Ok(PreparedProfile { key: text(&key).into_owned(), profile: to_json("profile", &profile)? })
        };
        profiles.into_iter().map(prepare).collect()
    }
}

/// Keeps profiles in place of those before; of two under one key the later in the list counts.
pub(crate) async fn keep_all(
    connection: &mut Session,
    account: i64,
    profiles: &[&PreparedProfile],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    if profiles.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO profiles (account, key, profile, changed_at)
               SELECT DISTINCT ON (key) $1::bigint, key, profile, $4::bigint
               FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS new (key, profile, number)
               ORDER BY key, number DESC
               ON CONFLICT (account, key) DO UPDATE SET profile = excluded.profile, changed_at = excluded.changed_at";
    let keep = sqlx::query(sql)
        .bind(account)
        .bind(profiles.iter().map(|one| one.key.as_str()).collect::<Vec<_>>())
        .bind(profiles.iter().map(|one| one.profile.as_str()).collect::<Vec<_>>())
        .bind(micros(now));
    keep.execute(connection).await.map(|_| ())
}

/// The profiles of these keys, as far as there are any. One that cannot be read is as good as none, for events teach it anew; an error would hold
/// up all planning.
pub(crate) async fn read(
    connection: &mut Session,
    account: i64,
    keys: &[String],
) -> Result<BTreeMap<String, Value>, Failure> {
    let sql = "SELECT key, profile FROM profiles WHERE account = $1 AND key = ANY($2)";
    let keys: Vec<String> = keys.iter().map(|key| text(key).into_owned()).collect();
    let rows = sqlx::query(sql).bind(account).bind(keys).fetch_all(connection).await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        match from_json("profile", row.try_get(1)?) {
            Ok(profile) => drop(found.insert(row.try_get(0)?, profile)),
            Err(error) => tracing::error!(account, %error, "a stored profile cannot be read; it is passed over"),
        }
    }
    Ok(found)
}
