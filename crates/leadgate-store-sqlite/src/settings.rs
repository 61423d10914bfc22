//! What is kept beside the queue: the catalog, the budget, the app keys.

use jiff::Timestamp;
use leadgate_core::catalog::{Catalog, Section};
use leadgate_core::routing::RoutingState;
use leadgate_store::StoreError;
use leadgate_store::model::{AppKey, BudgetExchange, KeptBudget};
use leadgate_store::scopes::NoScopes;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::columns::{Micros, conversion, from_json, from_optional_json};
use crate::error::{corrupt, store_error};

/// Every section kept.
pub(crate) fn catalog(connection: &Connection) -> Result<Catalog, StoreError> {
    let mut catalog = Catalog::default();
    for (name, read) in section_rows(connection).map_err(|error| store_error(&error))? {
        let section = Section::ALL.into_iter().find(|section| section.name() == name);
        let section = section.ok_or_else(|| corrupt("section of the catalog", format!("its name is {name}")))?;
        catalog.put(section, from_json("section of the catalog", &read)?);
    }
    Ok(catalog)
}

fn section_rows(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare_cached("SELECT section, read FROM catalog")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Keeps a section.
pub(crate) fn put_section(connection: &Connection, section: Section, read: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO catalog (section, read) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute(params![section.name(), read])?;
    Ok(())
}

/// The budget as it was last kept.
pub(crate) fn budget(connection: &Connection) -> Result<KeptBudget, StoreError> {
    let read = || -> rusqlite::Result<Option<(i64, String)>> {
        let mut statement = connection.prepare_cached("SELECT revision, value FROM budget")?;
        statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    };
    let Some((revision, value)) = read().map_err(|error| store_error(&error))? else {
        return Ok(KeptBudget::default());
    };
    Ok(KeptBudget { revision, value: Some(from_json("budget", &value)?) })
}

/// Keeps the budget, if the one that was seen is still kept. Returns its revision, if it was.
pub(crate) fn put_budget(connection: &Connection, seen: Option<i64>, value: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "INSERT INTO budget (only, value, revision) SELECT 1, ?1, 1
                   WHERE coalesce(?2, 0) = 0 OR EXISTS (SELECT 1 FROM budget)
               ON CONFLICT (only) DO UPDATE SET value = excluded.value, revision = budget.revision + 1
                   WHERE ?2 IS NULL OR budget.revision = ?2
               RETURNING revision";
    connection.prepare_cached(sql)?.query_row(params![value, seen], |row| row.get(0)).optional()
}

/// Keeps the budget in place of the one that was seen.
pub(crate) fn exchange_budget(connection: &Connection, seen: i64, value: &str) -> Result<BudgetExchange, StoreError> {
    match put_budget(connection, Some(seen), value).map_err(|error| store_error(&error))? {
        Some(revision) => Ok(BudgetExchange::Kept(revision)),
        None => Ok(BudgetExchange::Changed(budget(connection)?)),
    }
}

/// Whose turn it is, as it was last kept.
pub(crate) fn routing(connection: &Connection) -> Result<RoutingState, StoreError> {
    let read = |connection: &Connection| -> rusqlite::Result<Option<String>> {
        connection.prepare_cached("SELECT state FROM routing")?.query_row([], |row| row.get(0)).optional()
    };
    let state = read(connection).map_err(|error| store_error(&error))?;
    Ok(from_optional_json("state of routing", state.as_deref())?.unwrap_or_default())
}

/// Keeps whose turn it is.
pub(crate) fn put_routing(connection: &Connection, state: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT OR REPLACE INTO routing (only, state) VALUES (1, ?1)")?.execute([state])?;
    Ok(())
}

/// The app keys, by name.
pub(crate) fn app_keys(connection: &Connection) -> rusqlite::Result<Vec<AppKey>> {
    let mut statement = connection.prepare_cached("SELECT name, digest, may FROM app_keys ORDER BY name")?;
    statement.query_map([], app_key)?.collect()
}

fn app_key(row: &Row<'_>) -> rusqlite::Result<AppKey> {
    let may = row.get_ref(2)?.as_str().map_err(|error| conversion(2, error))?;
    let may = may.parse().map_err(|error: NoScopes| conversion(2, error))?;
    Ok(AppKey { name: row.get(0)?, digest: row.get(1)?, may })
}

/// Adds an app key, in place of one of the same name.
pub(crate) fn put_app_key(connection: &Connection, key: &AppKey, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO app_keys (name, digest, added_at, may) VALUES (?1, ?2, ?3, ?4)";
    connection.prepare_cached(sql)?.execute(params![key.name, key.digest, Micros(now), key.may.to_string()])?;
    Ok(())
}
