//! When there will be something to do again.
//!
//! A job that is due is of no use while its lane may make no request: whoever looked for it in the store again and again until the hour ends would find
//! the same one each time.

use jiff::Timestamp;
use leadgate_core::lane::Lane;
use leadgate_store::StoreError;

use crate::engine::Engine;

impl Engine {
    /// When there will be something to do: a job is due and its lane has room in the budget, or a delivery is due, or the next page of a look that has
    /// begun can be read. When the next look begins, [`Engine::watch_due`] says.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let (jobs, delivery) = (self.shared.store.next_due_by_lane().await?, self.next_errand().await?);
        let now = self.now();
        let jobs = Lane::ALL.into_iter().zip(jobs).filter_map(|(lane, due)| Some(due?.max(self.opens(lane, now))));
        Ok(jobs.chain(delivery).chain(self.window_due()).min())
    }

    /// When jobs of a lane that are due will be leased, as far as can be known: `now` if nothing is in the way.
    fn opens(&self, lane: Lane, now: Timestamp) -> Timestamp {
        let shared = &self.shared;
        let gathered = (lane == Lane::Bulk).then(|| shared.gathering.until(self.open_jobs(lane), now)).flatten();
        let (room, _) = shared.budget.outlook(lane, now);
        gathered.map_or(room, |gathered| gathered.max(room))
    }
}
