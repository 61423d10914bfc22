//! What is kept beside the queue: the catalog, the budget, the app keys.

use jiff::Timestamp;
use leadgate_core::catalog::{Catalog, Section};
use leadgate_core::routing::RoutingState;
use leadgate_store::model::AppKey;
use serde_json::Value;
use sqlx::PgConnection;

use crate::error::{Failure, not_there_yet};

/// Every section kept.
pub(crate) async fn catalog(_connection: &mut PgConnection, _account: i64) -> Result<Catalog, Failure> {
    Err(not_there_yet().into())
}

/// Keeps a section.
pub(crate) async fn put_section(
    _connection: &mut PgConnection,
    _account: i64,
    _section: Section,
    _read: &str,
) -> Result<(), sqlx::Error> {
    Err(not_there_yet())
}

/// The budget as it was last kept.
pub(crate) async fn budget(_connection: &mut PgConnection, _account: i64) -> Result<Option<Value>, Failure> {
    Err(not_there_yet().into())
}

/// Keeps the budget.
pub(crate) async fn put_budget(_connection: &mut PgConnection, _account: i64, _value: &str) -> Result<(), sqlx::Error> {
    Err(not_there_yet())
}

/// Whose turn it is, as it was last kept.
pub(crate) async fn routing(_connection: &mut PgConnection, _account: i64) -> Result<RoutingState, Failure> {
    Err(not_there_yet().into())
}

/// Keeps whose turn it is.
pub(crate) async fn put_routing(
    _connection: &mut PgConnection,
    _account: i64,
    _state: &str,
) -> Result<(), sqlx::Error> {
    Err(not_there_yet())
}

/// The app keys, by name.
pub(crate) async fn app_keys(_connection: &mut PgConnection, _account: i64) -> Result<Vec<AppKey>, sqlx::Error> {
    Err(not_there_yet())
}

/// Adds an app key, in place of one of the same name.
pub(crate) async fn put_app_key(
    _connection: &mut PgConnection,
    _account: i64,
    _key: &AppKey,
    _now: Timestamp,
) -> Result<(), sqlx::Error> {
    Err(not_there_yet())
}
