//! What the commands that show lists have in common: their flags, the way to the desk, and documents as tables.

use clap::Args;
use serde_json::Value;

use super::Session;
use crate::desk::Desk;
use crate::exit::Failure;
use crate::remote::GatewayFlags;
use crate::screen::{Screen, harmless};

/// The flags of a list.
#[derive(Debug, Args)]
pub(super) struct ListingFlags {
    /// How many at most
    #[arg(long, default_value_t = 50)]
    pub(super) limit: u32,
    #[command(flatten)]
    pub(super) gateway: GatewayFlags,
}

/// Does something at the desk of that gateway, and gives the store back where that was opened, whatever came of it.
pub(super) async fn at_desk<T>(
    gateway: &GatewayFlags,
    session: &Session,
    work: impl AsyncFnOnce(&Desk) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let desk = Desk::open(gateway, &session.settings(None, Vec::new())?).await?;
    let result = work(&desk).await;
    desk.close().await;
    result
}

/// The rows of a list; none if it is missing.
pub(super) fn rows(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A list as a table. Each column has a header and the place of its value in a row, as a JSON pointer.
pub(super) fn table<const COLUMNS: usize>(screen: &Screen, list: &Value, columns: [(&str, &str); COLUMNS]) -> String {
    let cell = |row: &Value, place: &str| row.pointer(place).map(text).unwrap_or_default();
    let cells = rows(list).iter().map(|row| columns.map(|(_, place)| cell(row, place)));
    screen.table(columns.map(|(header, _)| header), cells.collect())
}

/// A JSON value as a cell: texts without quotes, nothing for null.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}
