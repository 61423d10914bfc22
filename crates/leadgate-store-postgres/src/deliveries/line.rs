//! Keeping deliveries, and their lines: who is the first, and who comes next.

use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use sqlx::PgConnection;

use crate::error::not_there_yet;

/// A delivery with its JSON written.
pub(crate) struct PreparedDelivery {
    _delivery: NewDelivery,
    _content: String,
    _test: bool,
}

impl PreparedDelivery {
    pub(crate) fn new(delivery: NewDelivery, test: bool) -> PreparedDelivery {
        let content = delivery.content.to_string();
        PreparedDelivery { _delivery: delivery, _content: content, _test: test }
    }
}

/// Keeps those that are new at the ends of their lines, in order, due at once. Returns how many. The caller holds the lock of the deliveries.
pub(crate) async fn keep_all(
    _connection: &mut PgConnection,
    _account: i64,
    _deliveries: &[&PreparedDelivery],
    _now: Timestamp,
) -> Result<u64, sqlx::Error> {
    Err(not_there_yet())
}
