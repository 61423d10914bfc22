//! [`DeliveryStore`] on SQLite: each method, sent to the right thread.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use leadgate_store::StoreError;
use leadgate_store::deliveries::{
    ClaimedDelivery, DeliveryClaim, DeliveryFilter, DeliveryStore, DeliveryStory, DeliverySummary, DeliveryTurn,
    DestinationStanding, ReplayOutcome,
};
use leadgate_store::model::TurnOutcome;

use super::{PreparedDelivery, WAITING, line, turns, views};
use crate::store::SqliteStore;
use crate::writer::Scope;

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
        let rows = self.write(Scope::Savepoint, move |connection, _| turns::claim(connection, &claim)).await?;
        rows.into_iter().map(turns::ClaimedRow::decode).collect()
    }

    async fn finish_delivery(&self, turn: DeliveryTurn, now: Timestamp) -> Result<TurnOutcome, StoreError> {
        self.write(Scope::Savepoint, move |connection, announcements| {
            turns::finish(connection, &turn, now, announcements)
        })
        .await
    }

    async fn abandon_deliveries(&self, worker: &str, now: Timestamp) -> Result<u64, StoreError> {
        let worker = worker.to_owned();
        self.write(Scope::OneStatement, move |connection, announcements| {
            let count = turns::abandon(connection, &worker, now)?;
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
