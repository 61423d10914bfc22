//! Following bulk upserts to their end: many items in, one result per item out.
//!
//! Flow: the items go out in batches of at most [`LARGEST_BULK`]; a batch that the CRM is too busy for is sent again after a
//! wait; its job is read until it is over; the report is matched to the items. The first failure ends it all: what was not sent says so.

use std::time::Duration;

use crate::client::Client;
use crate::error::{Error, ErrorClass};
use crate::jobs::{self, BulkItem, BulkUpsert, ItemResult, Job, JobId, JobPhase, LARGEST_BULK};
use crate::record::Record;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// Wait before each reading of a job.
    pub between_readings: Duration,
    /// Readings of one job; after them its items are unknown.
    pub readings: u32,
    /// Wait before a batch is sent again that the CRM was too busy for.
    pub while_busy: Duration,
    /// How often a batch is sent at most.
    pub sendings: u32,
}

impl Default for Patience {
    /// Readings every 2 s for 5 min; 10 sendings, 5 s apart (both waits seen in the wild).
    fn default() -> Self {
        Self {
            between_readings: Duration::from_secs(2),
            readings: 150,
            while_busy: Duration::from_secs(5),
            sendings: 10,
        }
    }
}

impl Patience {
    /// The same with other waits.
    #[must_use]
    pub fn waiting(mut self, between_readings: Duration, while_busy: Duration) -> Self {
        (self.between_readings, self.while_busy) = (between_readings, while_busy);
        self
    }
}

/// What became of the items.
#[derive(Debug)]
#[non_exhaustive]
pub struct Followed {
    /// One per item, in their order.
    pub results: Vec<ItemResult>,
    /// What ended it before its time.
    pub error: Option<Error>,
    /// Requests made, of the account's quota.
    pub requests: u32,
}

/// Updates or creates any number of records and waits for the end (Suite).
///
/// ```no_run
/// use freshsales::contacts::{Contact, ContactAttributes, UniqueKey};
/// use freshsales::follow::{Patience, upsert_all};
/// use freshsales::jobs::{BulkItem, ItemResult};
///
/// # async fn run(client: freshsales::Client) {
/// let oslo = ContactAttributes::new().city("Oslo");
/// let items = vec![BulkItem::new(UniqueKey::emails("ingrid@example.com"), oslo)];
/// let followed = upsert_all::<Contact>(&client, &items, Patience::default()).await;
/// if let ItemResult::Refused(failure) = &followed.results[0] {
///     println!("refused: {:?}", failure.sentences());
/// }
/// # }
/// ```
pub async fn upsert_all<T: Record>(client: &Client, items: &[BulkItem<T::Attributes>], patience: Patience) -> Followed {
    let mut followed = Followed { results: Vec::with_capacity(items.len()), error: None, requests: 0 };
    for batch in items.chunks(LARGEST_BULK) {
        let results = run_batch::<T>(client, batch, patience, &mut followed.requests).await;
        let (results, error) = results.unwrap_or_else(|(result, error)| (vec![result; batch.len()], Some(error)));
        followed.results.extend(results);
        if error.is_some() {
            followed.error = error;
            break;
        }
    }
    followed.results.resize(items.len(), ItemResult::NotSent);
    followed
}

type Batch = (Vec<ItemResult>, Option<Error>);

/// The results of one batch, or the one result of all its items and the reason.
async fn run_batch<T: Record>(
    client: &Client,
    batch: &[BulkItem<T::Attributes>],
    patience: Patience,
    requests: &mut u32,
) -> Result<Batch, (ItemResult, Error)> {
    let id = match start::<T>(client, batch, patience, requests).await {
        Ok(id) => id,
        Err(error) if error.may_have_happened() => return Err((ItemResult::Unknown, error)),
        Err(error) => return Err((ItemResult::NotSent, error)),
    };
    match finished(client, id, patience, requests).await {
        Ok(Some(job)) => Ok((job.item_results(batch), None)),
        Ok(None) => Ok((vec![ItemResult::Unknown; batch.len()], None)),
        Err(error) => Err((ItemResult::Unknown, error)),
    }
}

async fn start<T: Record>(
    client: &Client,
    batch: &[BulkItem<T::Attributes>],
    patience: Patience,
    requests: &mut u32,
) -> Result<JobId, Error> {
    let request = BulkUpsert::<T>::new(batch.to_vec());
    let mut sendings = 1;
    loop {
        *requests += 1;
        match client.send(&request).await {
            Ok(reply) => return Ok(reply.output.id),
            Err(error) if *error.class() == ErrorClass::BusyTryLater && sendings < patience.sendings => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(patience.while_busy).await;
        sendings += 1;
    }
}

/// The job once it is over; nothing if it still runs after the last reading. A reading that fails in passing is as good as none.
async fn finished(client: &Client, id: JobId, patience: Patience, requests: &mut u32) -> Result<Option<Job>, Error> {
    let request = jobs::status(id);
    for _ in 0..patience.readings {
        tokio::time::sleep(patience.between_readings).await;
        *requests += 1;
        match client.send(&request).await {
            Ok(reply) if reply.output.phase() != JobPhase::Running => return Ok(Some(reply.output)),
            Ok(_) => {}
            Err(error) if *error.class() == ErrorClass::Transient => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
