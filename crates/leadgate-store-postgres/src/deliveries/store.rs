//! [`DeliveryStore`] on PostgreSQL: each method, in a transaction.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use leadgate_store::StoreError;
use leadgate_store::deliveries::{
    ClaimedDelivery, DeliveryClaim, DeliveryFilter, DeliveryLease, DeliveryStore, DeliveryStory, DeliverySummary,
    DeliveryTurn, DestinationStanding, ReplayOutcome,
};
use leadgate_store::model::TurnOutcome;

use super::{PreparedDelivery, WAITING, line, turns, views};
use crate::error::store_error;
use crate::store::PostgresStore;
use crate::transaction::{Lock, Work, in_snapshot, in_transaction};

impl PostgresStore {
    /// Takes a delivery out of the way that cannot be read; else it would fail every claim from now on.
    async fn park_delivery(&self, lease: DeliveryLease, error: StoreError, now: Timestamp) -> Result<(), StoreError> {
        tracing::error!(
            account = self.account(),
            delivery.row = lease.delivery,
            "a stored delivery cannot be read; it is parked"
        );
        let why = format!(
            "it cannot be read: {error}; look at row {} of the table deliveries, then replay it",
            lease.delivery
        );
        in_transaction!(self, Lock::Deliveries, |work| park_unreadable(work, lease, (&why, now)).await)
    }
}

async fn park_unreadable(
    work: &mut Work,
    lease: DeliveryLease,
    (why, now): (&str, Timestamp),
) -> Result<(), sqlx::Error> {
    let account = work.account;
    work.announcements.deliveries |= turns::park_unreadable(work.connection(), account, lease, (why, now)).await?;
    Ok(())
}

async fn add(work: &mut Work, prepared: &PreparedDelivery, now: Timestamp) -> Result<bool, sqlx::Error> {
    let account = work.account;
    let is_new = line::keep_all(work.connection(), account, &[prepared], now).await? > 0;
    work.announcements.deliveries |= is_new;
    Ok(is_new)
}

async fn finish(work: &mut Work, turn: &DeliveryTurn, now: Timestamp) -> Result<TurnOutcome, sqlx::Error> {
    let account = work.account;
    let (outcome, can_go) = turns::finish(work.connection(), account, turn, now).await?;
    work.announcements.deliveries |= can_go;
    Ok(outcome)
}

/// Gives up the leases of a worker, or of all. Its caller holds the lock of the deliveries.
pub(crate) async fn abandon(work: &mut Work, worker: Option<&str>, now: Timestamp) -> Result<u64, sqlx::Error> {
    let account = work.account;
    let count = turns::abandon(work.connection(), account, worker, now).await?;
    work.announcements.deliveries |= count > 0;
    Ok(count)
}

async fn replay(work: &mut Work, id: &str, now: Timestamp) -> Result<ReplayOutcome, sqlx::Error> {
    let account = work.account;
    let found = line::find(work.connection(), account, id).await?;
    let Some((seq, progress)) = found else { return Ok(ReplayOutcome::NoSuchDelivery) };
    if progress == WAITING {
        return Ok(ReplayOutcome::WaitsAlready);
    }
    line::put_back(work.connection(), account, &[seq], now).await?;
    work.announcements.deliveries = true;
    Ok(ReplayOutcome::Due)
}

async fn replay_some(
    work: &mut Work,
    (destination, after): (Option<&str>, i64),
    now: Timestamp,
) -> Result<(u64, Option<i64>), sqlx::Error> {
    let account = work.account;
    let some = line::put_back_some(work.connection(), account, (destination, after), now).await?;
    work.announcements.deliveries |= some.0 > 0;
    Ok(some)
}

async fn switch_on(work: &mut Work, destination: &str) -> Result<bool, sqlx::Error> {
    let account = work.account;
    let was_off = turns::switch_on(work.connection(), account, destination).await?;
    work.announcements.deliveries |= was_off;
    Ok(was_off)
}

#[async_trait]
impl DeliveryStore for PostgresStore {
    async fn add_delivery(&self, delivery: NewDelivery, test: bool, now: Timestamp) -> Result<bool, StoreError> {
        let prepared = PreparedDelivery::new(delivery, test);
        in_transaction!(self, Lock::Deliveries, |work| add(work, &prepared, now).await)
    }

    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let rows = in_transaction!(self, Lock::Deliveries, |work| {
            let account = work.account;
            turns::claim(work.connection(), account, &claim).await
        })?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            let lease = turns::lease(&row).map_err(|error| store_error(&error))?;
            match turns::decode(&row, lease) {
                Ok(delivery) => claimed.push(delivery),
                Err(error) => self.park_delivery(lease, error, claim.now).await?,
            }
        }
        Ok(claimed)
    }

    async fn finish_delivery(&self, turn: DeliveryTurn, now: Timestamp) -> Result<TurnOutcome, StoreError> {
        in_transaction!(self, Lock::Deliveries, |work| finish(work, &turn, now).await)
    }

    async fn abandon_deliveries(&self, worker: Option<&str>, now: Timestamp) -> Result<u64, StoreError> {
        in_transaction!(self, Lock::Deliveries, |work| abandon(work, worker, now).await)
    }

    async fn deliveries_due(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        in_snapshot!(self, |connection| views::due(connection, self.account()).await)
    }

    async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<DeliverySummary>, StoreError> {
        in_snapshot!(self, |connection| views::list(connection, self.account(), &filter).await)
    }

    async fn delivery(&self, id: &str) -> Result<Option<DeliveryStory>, StoreError> {
        in_snapshot!(self, |connection| views::story(connection, self.account(), id).await)
    }

    async fn replay_delivery(&self, id: &str, now: Timestamp) -> Result<ReplayOutcome, StoreError> {
        in_transaction!(self, Lock::Deliveries, |work| replay(work, id, now).await)
    }

    async fn replay_parked(&self, destination: Option<&str>, now: Timestamp) -> Result<u64, StoreError> {
        let (mut replayed, mut next) = (0, Some(0));
        while let Some(after) = next {
            let (count, last) =
                in_transaction!(self, Lock::Deliveries, |work| replay_some(work, (destination, after), now).await)?;
            replayed += count;
            next = last;
        }
        Ok(replayed)
    }

    async fn destination_standings(&self) -> Result<Vec<DestinationStanding>, StoreError> {
        in_snapshot!(self, |connection| views::standings(connection, self.account()).await)
    }

    async fn switch_on(&self, destination: &str, _now: Timestamp) -> Result<bool, StoreError> {
        in_transaction!(self, Lock::Deliveries, |work| switch_on(work, destination).await)
    }
}
