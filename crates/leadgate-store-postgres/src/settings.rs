//! What is kept beside the queue: the catalog, the budget, the app keys.

use jiff::Timestamp;
use leadgate_core::catalog::{Catalog, Section};
use leadgate_core::routing::RoutingState;
use leadgate_store::model::{AppKey, BudgetExchange, KeptBudget};
use leadgate_store::scopes::NoScopes;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::columns::{from_json, from_optional_json, micros, text, wrong};
use crate::error::{Failure, corrupt};
use crate::session::{Connections, Session};

/// Every section kept.
pub(crate) async fn catalog(connection: &mut Session, account: i64) -> Result<Catalog, Failure> {
    let sql = "SELECT section, read FROM catalog WHERE account = $1";
    let mut catalog = Catalog::default();
    for row in sqlx::query(sql).bind(account).fetch_all(connection).await? {
        let name: &str = row.try_get(0)?;
        let section = Section::ALL.into_iter().find(|section| section.name() == name);
        let section = section.ok_or_else(|| corrupt("section of the catalog", format!("its name is {name}")))?;
        catalog.put(section, from_json("section of the catalog", row.try_get(1)?)?);
    }
    Ok(catalog)
}

/// Keeps a section.
pub(crate) async fn put_section(
    connection: &mut Session,
    account: i64,
    section: Section,
    read: &str,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO catalog (account, section, read) VALUES ($1, $2, $3)
               ON CONFLICT (account, section) DO UPDATE SET read = excluded.read";
    sqlx::query(sql).bind(account).bind(section.name()).bind(read).execute(connection).await.map(|_| ())
}

/// The budget as it was last kept.
pub(crate) async fn budget(connections: &Connections, account: i64) -> Result<KeptBudget, Failure> {
    let kept = connections.lone(|| sqlx::query("SELECT revision, value FROM budget WHERE account = $1").bind(account));
    let kept = kept.await?;
    let Some(row) = kept.first() else { return Ok(KeptBudget::default()) };
    Ok(KeptBudget { revision: row.try_get(0)?, value: Some(from_json("budget", row.try_get(1)?)?) })
}

/// Keeps the budget, if the one that was seen is still kept. Gives its revision, if it was.
const PUT_BUDGET: &str = "INSERT INTO budget (account, value, revision) SELECT $1, $2, 1
        WHERE coalesce($3::bigint, 0) = 0 OR EXISTS (SELECT 1 FROM budget WHERE account = $1)
    ON CONFLICT (account) DO UPDATE SET value = excluded.value, revision = budget.revision + 1
        WHERE $3::bigint IS NULL OR budget.revision = $3
    RETURNING revision";

/// Keeps the budget with what else is kept, if the one that was seen is still kept.
pub(crate) async fn put_budget(
    connection: &mut Session,
    account: i64,
    (seen, value): (Option<i64>, &str),
) -> Result<(), sqlx::Error> {
    sqlx::query(PUT_BUDGET).bind(account).bind(value).bind(seen).execute(connection).await.map(|_| ())
}

/// Keeps the budget in place of the one that was seen.
pub(crate) async fn exchange_budget(
    connections: &Connections,
    account: i64,
    seen: i64,
    value: &str,
) -> Result<BudgetExchange, Failure> {
    let exchange = || sqlx::query(PUT_BUDGET).bind(account).bind(value).bind(seen);
    match connections.lone(exchange).await?.first() {
        Some(row) => Ok(BudgetExchange::Kept(row.try_get(0)?)),
        None => Ok(BudgetExchange::Changed(budget(connections, account).await?)),
    }
}

/// Whose turn it is, as it was last kept.
pub(crate) async fn routing(connection: &mut Session, account: i64) -> Result<RoutingState, Failure> {
    let kept = sqlx::query_scalar("SELECT state FROM routing WHERE account = $1").bind(account);
    let kept: Option<String> = kept.fetch_optional(connection).await?;
    Ok(from_optional_json("state of routing", kept.as_deref())?.unwrap_or_default())
}

/// Keeps whose turn it is.
pub(crate) async fn put_routing(connection: &mut Session, account: i64, state: &str) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO routing (account, state) VALUES ($1, $2)
               ON CONFLICT (account) DO UPDATE SET state = excluded.state";
    sqlx::query(sql).bind(account).bind(state).execute(connection).await.map(|_| ())
}

/// The app keys, by name.
pub(crate) async fn app_keys(connection: &mut Session, account: i64) -> Result<Vec<AppKey>, sqlx::Error> {
    let sql = "SELECT name, digest, may FROM app_keys WHERE account = $1 ORDER BY name";
    let rows = sqlx::query(sql).bind(account).fetch_all(connection).await?;
    let app_key = |row: &PgRow| {
        let digest: &[u8] = row.try_get(1)?;
        let digest = digest.try_into().map_err(|error| wrong(1, error))?;
        let may: &str = row.try_get(2)?;
        Ok(AppKey { name: row.try_get(0)?, digest, may: may.parse().map_err(|error: NoScopes| wrong(2, error))? })
    };
    rows.iter().map(app_key).collect()
}

/// Adds an app key, in place of one of the same name.
pub(crate) async fn put_app_key(
    connection: &mut Session,
    account: i64,
    key: &AppKey,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO app_keys (account, name, digest, added_at, may) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (account, name) DO UPDATE SET digest = excluded.digest, added_at = excluded.added_at,
                   may = excluded.may";
    let put = sqlx::query(sql).bind(account).bind(text(&key.name)).bind(&key.digest[..]).bind(micros(now));
    put.bind(key.may.to_string()).execute(connection).await.map(|_| ())
}
