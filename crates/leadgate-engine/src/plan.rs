//! Planning: inbox rows become jobs. What is read is the stored row, so that a rule that was wrong can be mended and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use leadgate_core::intake::{self, IntakeError, Submission};
use leadgate_core::job::JobState;
use leadgate_core::lane::Lane;
use leadgate_core::plan::{self, PlanContext, PlanEffects, PlanMemory, PlanNeeds, Planned};
use leadgate_core::record::RecordRef;
use leadgate_core::routing::RoutingState;
use leadgate_core::steps::{ParkReason, Parking};
use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::duties::PLANNING;
use leadgate_store::model::{InboxEntry, NewJob, PlannedSubmission};
use leadgate_store::stretch::in_stretches;
use serde_json::Value;

use crate::duties::Held;
use crate::engine::Engine;
use crate::metrics;

/// Rows of one lane that are planned in one transaction, at most.
const BATCH: u32 = 256;
/// From how many open jobs on more of them are planned in batches only.
const MANY_OPEN: i64 = 512;
/// The smallest load: a search for so many costs as much as one for less.
const SMALLEST_LOAD: u32 = 100;
/// For so many minutes it is believed that nobody is there whom a search did not show.
const BELIEVED_MINUTES: u32 = 5;

impl Engine {
    /// Plans what has arrived, as far ahead as the settings allow. Returns how many.
    pub(crate) async fn plan_arrived(&self) -> Result<usize, StoreError> {
        match self.hold_duty(PLANNING).await? {
            Held::No => return Ok(0),
            Held::Anew => self.forget_turns(),
            Held::Still => {}
        }
        let room = Lane::ALL.map(|lane| self.room_to_plan(lane));
        if room == [0; 4] {
            return Ok(0);
        }
        let entries = self.shared.store.unplanned(room).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let read = in_stretches(&entries, |entry| self.read(entry)).await;
        let mut memory = self.recall(&read).await?;
        let plans = in_stretches(&read, |read| self.plan_one(read, &mut memory)).await;
        let lane = |planned: &PlannedSubmission| Some((planned.submission, planned.job.as_ref().ok()?.lane));
        let lanes: BTreeMap<SubmissionId, Lane> = plans.iter().filter_map(lane).collect();
        // A plan that something else outdated meanwhile is no open job: its submission is planned again.
        let planner = Some(self.shared.settings.worker.as_str()).filter(|_| !self.shared.settings.is_alone());
        let kept = self.shared.store.record_plans(plans, planner, self.now()).await?;
        let lanes: Vec<Lane> = kept.iter().filter_map(|submission| lanes.get(submission).copied()).collect();
        if planner.is_some() && kept.is_empty() {
            // Another may plan now: whether that is so, and whose turn it is then, the store says.
            self.shared.duties.lost(PLANNING);
        } else {
            self.remember_turns(memory.routing);
        }
        if lanes.contains(&Lane::Bulk) {
            self.shared.gathering.arrived(self.now());
        }
        for lane in lanes {
            self.count_open(lane, 1);
        }
        Ok(entries.len())
    }

    /// Counted lane by lane, so that an import that waits for its budget keeps nobody else from being planned.
    pub(crate) fn room_to_plan(&self, lane: Lane) -> u32 {
        let open = self.open_jobs(lane);
        if lane == Lane::Bulk {
            // It is planned in loads, which are filled to the last one.
            return at_once(self.shared.loads.room(open, i64::from(self.largest_load())));
        }
        batch_of(i64::from(self.shared.settings.plan_ahead), open)
    }

    /// Where each person costs a write of their own, a load is no larger than can be written while it is believed that nobody of it is there.
    fn largest_load(&self) -> u32 {
        let most = self.shared.settings.plan_ahead;
        match self.shared.catalog.current().account() {
            Some(account) if account.bulk_people.is_none() => {
                let writable = self.shared.budget.room_within(Lane::Bulk, BELIEVED_MINUTES, self.now());
                most.min(writable.max(SMALLEST_LOAD))
            }
            _ => most,
        }
    }

    fn read<'a>(&self, entry: &'a InboxEntry) -> Read<'a> {
        Read { entry, submission: intake::read(&entry.raw, &self.shared.settings.reading) }
    }

    /// Reads what the plans of these submissions depend on.
    async fn recall(&self, read: &[Read<'_>]) -> Result<PlanMemory, StoreError> {
        let needs: Vec<PlanNeeds> =
            read.iter().filter_map(|read| Some(plan::needs(read.submission.as_ref().ok()?))).collect();
        let records: BTreeSet<RecordRef> = needs.iter().flat_map(|needs| needs.records.iter().copied()).collect();
        let mirrored = match records.is_empty() {
            true => Vec::new(),
            false => self.shared.store.mirrored(records.into_iter().collect()).await?,
        };
        let records = mirrored.into_iter().map(|mirrored| (mirrored.record, mirrored)).collect();
        let (routing, watched) = (self.recall_turns().await?, self.watched_since().await?);
        let profiles = self.recall_profiles(&needs).await?;
        Ok(PlanMemory { profiles, records, routing, watched })
    }

    /// Whose turn it is. Read once; then this process, which alone plans, knows. Forgotten until the plans that change it are kept.
    async fn recall_turns(&self) -> Result<RoutingState, StoreError> {
        let held = self.shared.turns.lock().unwrap_or_else(PoisonError::into_inner).take();
        match held {
            Some(state) => Ok(state),
            None => self.shared.store.routing().await,
        }
    }

    fn forget_turns(&self) {
        *self.shared.turns.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn remember_turns(&self, state: RoutingState) {
        *self.shared.turns.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }

    async fn recall_profiles(&self, needs: &[PlanNeeds]) -> Result<BTreeMap<String, Value>, StoreError> {
        let keys: BTreeSet<&String> = needs.iter().flat_map(|needs| &needs.profiles).collect();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.shared.store.profiles(keys.into_iter().cloned().collect()).await
    }

    fn plan_one(&self, read: &Read<'_>, memory: &mut PlanMemory) -> PlannedSubmission {
        let entry = read.entry;
        let submission = entry.id;
        match &read.submission {
            Ok(read) => {
                let catalog = self.shared.catalog.current();
                let context = PlanContext {
                    submission,
                    accepted_at: entry.accepted_at,
                    now: self.now(),
                    catalog: &catalog,
                    rules: &self.shared.settings.reading,
                };
                let Planned { plan, effects } = plan::derive(read, &context, memory);
                if let Some(found) = effects.found {
                    metrics::sighted(entry.raw.route.name(), found.name());
                }
                let state = JobState::new(&plan);
                let job = NewJob { state, keys: plan.keys, recalls: plan.recalls, lane: plan.lane };
                PlannedSubmission { submission, job: Ok(job), effects }
            }
            // It was readable when it was accepted; only a newer version with other rules can get here.
            Err(error) => {
                metrics::ended(entry.raw.route.name(), ParkReason::Unreadable.name());
                tracing::warn!(submission.id = %submission, "submission {submission} can no longer be read and was parked");
                let parking = Parking { reason: ParkReason::Unreadable, message: error.to_string(), valid: Vec::new() };
                PlannedSubmission { submission, job: Err(parking), effects: PlanEffects::default() }
            }
        }
    }
}

fn at_once(room: i64) -> u32 {
    u32::try_from(room).unwrap_or(0).min(BATCH)
}

/// How many rows to plan, where so many may be open and so many are. While many are open a part of the most is waited for: else each job that ends is
/// followed by a transaction that plans one more.
fn batch_of(most: i64, open: i64) -> u32 {
    let room = most.saturating_sub(open);
    let worthwhile = i64::from(BATCH).min(most / 8);
    if open >= MANY_OPEN && room < worthwhile { 0 } else { at_once(room) }
}

/// An inbox row and what it says.
struct Read<'a> {
    entry: &'a InboxEntry,
    submission: Result<Submission, IntakeError>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::nothing_open(2_000, 0, 256)]
    #[case::some_open(2_000, 10, 256)]
    #[case::many_open(2_000, 512, 256)]
    #[case::a_batch_has_room(2_000, 1_750, 250)]
    #[case::room_is_waited_for(2_000, 1_751, 0)]
    #[case::full(2_000, 2_000, 0)]
    #[case::more_than_full(2_000, 2_003, 0)]
    #[case::less_is_waited_for_where_less_may_be_open(600, 512, 88)]
    #[case::little_is_planned_ahead(500, 480, 20)]
    #[case::one_at_a_time(1, 0, 1)]
    fn batches(#[case] most: i64, #[case] open: i64, #[case] planned: u32) {
        assert_eq!(batch_of(most, open), planned);
    }

    #[test]
    fn a_load_is_filled_although_it_is_planned_in_batches() {
        let loads = crate::gathering::Loads::default();
        let mut open = 0;
        while let planned @ 1.. = at_once(loads.room(open, 2_000)) {
            open += i64::from(planned);
        }
        assert_eq!(open, 2_000);
    }
}
