//! The queue of deliveries in memory: enough of it to see what the routes ask for.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;
use leadgate_store::StoreError;
use leadgate_store::deliveries::{
    ClaimedDelivery, DeliveryClaim, DeliveryFilter, DeliveryProgress, DeliveryStore, DeliveryStory, DeliverySummary,
    DeliveryTurn, DestinationStanding, ReplayOutcome,
};
use leadgate_store::model::TurnOutcome;

use crate::memory_store::MemoryStore;

fn summary(story: &NewDelivery, test: bool, now: Timestamp) -> DeliverySummary {
    DeliverySummary {
        id: story.id.clone(),
        destination: story.destination.clone(),
        progress: DeliveryProgress::Waiting,
        test,
        attempts: 0,
        created_at: now,
        due_at: Some(now),
        ended_at: None,
        parked_because: None,
    }
}

#[async_trait]
impl DeliveryStore for MemoryStore {
    async fn add_delivery(&self, delivery: NewDelivery, test: bool, now: Timestamp) -> Result<bool, StoreError> {
        let summary = summary(&delivery, test, now);
        self.deliveries.lock().unwrap().push(DeliveryStory { summary, delivery, attempts: Vec::new() });
        Ok(true)
    }

    async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<DeliverySummary>, StoreError> {
        let all = self.deliveries.lock().unwrap();
        let wanted = all.iter().map(|story| story.summary.clone()).filter(|summary| {
            filter.progress.is_none_or(|progress| progress == summary.progress)
                && filter.destination.as_ref().is_none_or(|destination| *destination == summary.destination)
        });
        Ok(wanted.collect())
    }

    async fn delivery(&self, id: &str) -> Result<Option<DeliveryStory>, StoreError> {
        Ok(self.deliveries.lock().unwrap().iter().find(|story| story.summary.id == id).cloned())
    }

    async fn replay_delivery(&self, id: &str, _: Timestamp) -> Result<ReplayOutcome, StoreError> {
        let found = self.deliveries.lock().unwrap().iter().any(|story| story.summary.id == id);
        Ok(if found { ReplayOutcome::WaitsAlready } else { ReplayOutcome::NoSuchDelivery })
    }

    async fn replay_parked(&self, destination: Option<&str>, _: Timestamp) -> Result<u64, StoreError> {
        Ok(if destination.is_some() { 1 } else { 2 })
    }

    async fn destination_standings(&self) -> Result<Vec<DestinationStanding>, StoreError> {
        Ok(Vec::new())
    }

    async fn switch_on(&self, _: &str, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn claim_deliveries(&self, _: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, StoreError> {
        unreachable!("only the engine claims deliveries")
    }

    async fn finish_delivery(&self, _: DeliveryTurn, _: Timestamp) -> Result<TurnOutcome, StoreError> {
        unreachable!("only the engine makes deliveries")
    }

    async fn abandon_deliveries(&self, _: Option<&str>, _: Timestamp) -> Result<u64, StoreError> {
        unreachable!("only the engine holds leases")
    }

    async fn deliveries_due(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        unreachable!("only the engine waits for deliveries")
    }
}
