//! Waits for the end of a submission that is kept.

use std::time::Duration;

use leadgate_core::submission::SubmissionId;
use leadgate_store::model::{Progress, SubmissionStory};
use tokio::time::Instant;

use crate::state::Gateway;

/// A signal may be missed, and another process gives none: so look again from time to time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Where a submission stands when its caller is answered.
pub(crate) enum Standing {
    /// Its end is to come.
    Open(Progress),
    /// It is finished or parked.
    Ended(Box<SubmissionStory>),
}

/// Waits until the submission ends, the patience is used up or the process is about to stop.
///
/// A store that cannot be read does not make the submission fail, so the answer is then that its end is to come.
pub(super) async fn for_end(gateway: &Gateway, id: SubmissionId, patience: Duration) -> Standing {
    let deadline = Instant::now() + patience;
    loop {
        let last_look = Instant::now() >= deadline || gateway.lifecycle.is_draining();
        // Subscribed before the look, so that an end between the look and the wait is not missed.
        let mut end = gateway.store.signals().subscribe(id);
        let standing = look(gateway, id).await;
        if last_look || matches!(standing, Standing::Ended(_)) {
            return standing;
        }
        let until = deadline.min(Instant::now() + LOOK_AGAIN);
        tokio::select! {
            () = end.wait() => {}
            () = tokio::time::sleep_until(until) => {}
            () = gateway.lifecycle.draining() => {}
        }
    }
}

async fn look(gateway: &Gateway, id: SubmissionId) -> Standing {
    match gateway.store.story(id).await {
        Ok(Some(story)) if matches!(story.progress, Progress::Done | Progress::Parked) => {
            Standing::Ended(Box::new(story))
        }
        Ok(Some(story)) => Standing::Open(story.progress),
        Ok(None) => Standing::Open(Progress::Received),
        Err(error) => {
            tracing::warn!(submission.id = %id, error.cause = %error, "story of a kept submission could not be read");
            Standing::Open(Progress::Received)
        }
    }
}
