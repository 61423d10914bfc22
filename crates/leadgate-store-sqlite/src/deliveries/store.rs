//! [`DeliveryStore`] on SQLite: each method, sent to the right thread.

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
use crate::store::SqliteStore;
use crate::writer::Scope;

impl SqliteStore {
    /// Takes a delivery out of the way that cannot be read; else it would fail every claim from now on.
    async fn park_delivery(&self, lease: DeliveryLease, error: StoreError, now: Timestamp) -> Result<(), StoreError> {
        tracing::error!(delivery.row = lease.delivery, "a stored delivery cannot be read; it is parked");
        let why = format!(
            "it cannot be read: {error}; look at row {} of the table deliveries, then replay it",
            lease.delivery
        );
        self.write(Scope::Savepoint, move |connection, announcements| {
            announcements.deliveries |= turns::park_unreadable(connection, lease, &why, now)?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl DeliveryStore for SqliteStore {
    async fn add_delivery(&self, delivery: NewDelivery, test: bool, now: Timestamp) -> Result<bool, StoreError> {
        let prepared = PreparedDelivery::new(delivery, test);
        self.write(Scope::Savepoint, move |connection, announcements| {
            let is_new = prepared.keep(connection, now)?;
            announcements.deliveries |= is_new;
            Ok(is_new)
        })
        .await
    }

    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let now = claim.now;
        let rows = self.write(Scope::Savepoint, move |connection, _| turns::claim(connection, &claim)).await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            match row.decode() {
                Ok(delivery) => claimed.push(delivery),
                Err((lease, error)) => self.park_delivery(lease, error, now).await?,
            }
        }
        Ok(claimed)
    }

    async fn finish_delivery(&self, turn: DeliveryTurn, now: Timestamp) -> Result<TurnOutcome, StoreError> {
        self.write(Scope::Savepoint, move |connection, announcements| {
            turns::finish(connection, &turn, now, announcements)
        })
        .await
    }

    async fn abandon_deliveries(&self, worker: Option<&str>, now: Timestamp) -> Result<u64, StoreError> {
        let worker = worker.map(str::to_owned);
        self.write(Scope::OneStatement, move |connection, announcements| {
            let count = turns::abandon(connection, worker.as_deref(), now)?;
            announcements.deliveries |= count > 0;
            Ok(count)
        })
        .await
    }

    async fn deliveries_due(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.read(views::due).await
    }

    async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<DeliverySummary>, StoreError> {
        self.read(move |connection| views::list(connection, &filter)).await
    }

    async fn delivery(&self, id: &str) -> Result<Option<DeliveryStory>, StoreError> {
        let id = id.to_owned();
        self.read_checked(move |connection| views::story(connection, &id)).await
    }

    async fn replay_delivery(&self, id: &str, now: Timestamp) -> Result<ReplayOutcome, StoreError> {
        let id = id.to_owned();
        self.write(Scope::Savepoint, move |connection, announcements| {
            let Some((seq, progress)) = line::find(connection, &id)? else { return Ok(ReplayOutcome::NoSuchDelivery) };
            if progress == WAITING {
                return Ok(ReplayOutcome::WaitsAlready);
            }
            line::put_back(connection, seq, now)?;
            announcements.deliveries = true;
            Ok(ReplayOutcome::Due)
        })
        .await
    }

    async fn replay_parked(&self, destination: Option<&str>, now: Timestamp) -> Result<u64, StoreError> {
        let (mut replayed, mut next) = (0, Some(0));
        while let Some(after) = next {
            let destination = destination.map(str::to_owned);
            let (count, last) = self
                .write(Scope::Savepoint, move |connection, announcements| {
                    let some = line::put_back_some(connection, (destination.as_deref(), after), now)?;
                    announcements.deliveries |= some.0 > 0;
                    Ok(some)
                })
                .await?;
            replayed += count;
            next = last;
        }
        Ok(replayed)
    }

    async fn destination_standings(&self) -> Result<Vec<DestinationStanding>, StoreError> {
        self.read(views::standings).await
    }

    async fn switch_on(&self, destination: &str, _now: Timestamp) -> Result<bool, StoreError> {
        let destination = destination.to_owned();
        self.write(Scope::OneStatement, move |connection, announcements| {
            let was_off = turns::switch_on(connection, &destination)?;
            announcements.deliveries |= was_off;
            Ok(was_off)
        })
        .await
    }
}
