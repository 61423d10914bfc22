//! The copy of the account and its sinks.

use leadgate_core::erasure::Marks;
use leadgate_store::erasure::{ForgetId, Place};
use leadgate_warehouse::{ForgetPass, SinkSpec};

use super::{Forgetter, MOST_AT_ONCE, TRIES_TO_CLEANSE};
use crate::sync::{CopyKeeper, SyncError};

/// Whether a sink holds the person no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkStanding {
    /// The sink, without passwords.
    pub sink: String,
    /// Why it could not be published; then it holds the person until it is.
    pub failure: Option<String>,
}

impl Forgetter {
    /// Takes the person out of the copy and publishes every sink anew.
    pub(super) async fn forget_in_copy(&self, id: ForgetId, marks: Marks) -> Result<Vec<SinkStanding>, SyncError> {
        if !self.sync.copy.exists() {
            return Ok(Vec::new());
        }
        let copy = CopyKeeper::open(&self.sync.copy).await?;
        let (mut marks, mut pass) = (marks, ForgetPass::default());
        while !pass.ended {
            (marks, pass) = copy
                .with(move |copy| {
                    copy.forget_some(&mut marks, &mut pass, MOST_AT_ONCE as usize, true)?;
                    Ok((marks, pass))
                })
                .await?;
        }
        let counts =
            [(Place::CopyRows, pass.rows), (Place::CopyCells, pass.emptied), (Place::CopyChanges, pass.changes)];
        self.store.add_erased(id, counts.into_iter().filter(|(_, count)| *count > 0).collect()).await?;
        let mut sinks = Vec::new();
        for sink in &self.sync.sinks {
            sinks.push(self.publish(sink, &copy).await);
        }
        for _ in 0..TRIES_TO_CLEANSE {
            if copy.with(leadgate_warehouse::Copy::cleanse).await? {
                break;
            }
        }
        Ok(sinks)
    }

    async fn publish(&self, sink: &SinkSpec, copy: &CopyKeeper) -> SinkStanding {
        let published = async { sink.open()?.publish(copy.path(), &self.sync.streams).await };
        let failure = published.await.err().map(|error| error.to_string());
        if let Some(failure) = &failure {
            tracing::error!(sync.sink = %sink, "publishing to {sink} failed: {failure}");
        }
        SinkStanding { sink: sink.to_string(), failure }
    }
}
