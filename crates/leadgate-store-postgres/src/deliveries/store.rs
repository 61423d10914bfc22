//! [`DeliveryStore`] on PostgreSQL: each method, in a transaction.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use leadgate_store::StoreError;
use leadgate_store::deliveries::{
    ClaimedDelivery, DeliveryClaim, DeliveryFilter, DeliveryStore, DeliveryStory, DeliverySummary, DeliveryTurn,
    DestinationStanding, ReplayOutcome,
};
use leadgate_store::model::TurnOutcome;

use crate::error::{not_there_yet, store_error};
use crate::store::PostgresStore;

#[async_trait]
impl DeliveryStore for PostgresStore {
    async fn add_delivery(&self, _delivery: NewDelivery, _test: bool, _now: Timestamp) -> Result<bool, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn claim_deliveries(&self, _claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn finish_delivery(&self, _turn: DeliveryTurn, _now: Timestamp) -> Result<TurnOutcome, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn abandon_deliveries(&self, _worker: &str, _now: Timestamp) -> Result<u64, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn deliveries_due(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn deliveries(&self, _filter: DeliveryFilter) -> Result<Vec<DeliverySummary>, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn delivery(&self, _id: &str) -> Result<Option<DeliveryStory>, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn replay_delivery(&self, _id: &str, _now: Timestamp) -> Result<ReplayOutcome, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn replay_parked(&self, _destination: Option<&str>, _now: Timestamp) -> Result<u64, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn destination_standings(&self) -> Result<Vec<DestinationStanding>, StoreError> {
        Err(store_error(&not_there_yet()))
    }

    async fn switch_on(&self, _destination: &str, _now: Timestamp) -> Result<bool, StoreError> {
        Err(store_error(&not_there_yet()))
    }
}
