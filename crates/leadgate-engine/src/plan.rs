//! Planning: inbox rows become jobs. What is read is the stored row, so that a rule that was wrong can be mended and nothing is lost.

use leadgate_core::intake;
use leadgate_core::job::JobState;
use leadgate_core::lane::Lane;
use leadgate_core::plan;
use leadgate_core::steps::{ParkReason, Parking};
use leadgate_store::StoreError;
use leadgate_store::model::{InboxEntry, NewJob, PlannedSubmission};

use crate::engine::Engine;
use crate::metrics;

/// Rows of one lane that are planned in one transaction, at most.
const BATCH: u32 = 256;

impl Engine {
    /// Plans what has arrived, as far ahead as the settings allow. Returns how many.
    pub(crate) async fn plan_arrived(&self) -> Result<usize, StoreError> {
        let room = Lane::ALL.map(|lane| self.room_to_plan(lane));
        if room == [0; 4] {
            return Ok(0);
        }
        let entries = self.shared.store.unplanned(room).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let plans: Vec<PlannedSubmission> = entries.iter().map(|entry| self.plan_entry(entry)).collect();
        let lanes: Vec<Lane> = plans.iter().filter_map(|planned| Some(planned.job.as_ref().ok()?.lane)).collect();
        self.shared.store.record_plans(plans, self.now()).await?;
        if lanes.contains(&Lane::Bulk) {
            self.shared.gathering.arrived(self.now());
        }
        for lane in lanes {
            self.count_open(lane, 1);
        }
        Ok(entries.len())
    }

    /// Counted lane by lane, so that an import that waits for its budget keeps nobody else from being planned.
    fn room_to_plan(&self, lane: Lane) -> u32 {
        let ahead = i64::from(self.shared.settings.plan_ahead).saturating_sub(self.open_jobs(lane));
        u32::try_from(ahead).unwrap_or(0).min(BATCH)
    }

    fn plan_entry(&self, entry: &InboxEntry) -> PlannedSubmission {
        let rules = &self.shared.settings.reading;
        let job = match intake::read(&entry.raw, rules) {
            Ok(submission) => {
                let plan = plan::derive(&submission, rules);
                Ok(NewJob { state: JobState::new(&plan), keys: plan.keys, recalls: plan.recalls, lane: plan.lane })
            }
            // It was readable when it was accepted; only a newer version with other rules can get here.
            Err(error) => {
                metrics::ended(entry.raw.route.name(), ParkReason::Unreadable.name());
                tracing::warn!(submission.id = %entry.id, "submission {} can no longer be read and was parked", entry.id);
                Err(Parking { reason: ParkReason::Unreadable, message: error.to_string(), valid: Vec::new() })
            }
        };
        PlannedSubmission { submission: entry.id, job }
    }
}
