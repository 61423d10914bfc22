//! Shows each submission as it lands in the sandbox account: a line on the terminal of a developer, never a line of the log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use freshsales_sandbox::Account;
use jiff::ZonedDateTime;
use leadgate_store::model::{JobFilter, JobId, JobStory, Progress, SubmissionStory};
use leadgate_store::{Store, StoreError};
use serde_json::{Value, json};

use crate::screen::{Screen, harmless};

/// How often to see whether the account was asked anything.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// Jobs looked through at once.
const LATEST: u32 = 200;

/// What lands from now on.
pub(super) struct Feed {
    store: Arc<dyn Store>,
    account: Account,
    screen: Screen,
    /// Up to here everything was shown, or was there before.
    shown_up_to: JobId,
    /// Shown beyond that.
    shown: BTreeSet<JobId>,
}

impl Feed {
    pub(super) async fn beginning_now(
        store: Arc<dyn Store>,
        account: Account,
        screen: Screen,
    ) -> Result<Feed, StoreError> {
        let latest = store.jobs(JobFilter { limit: 1, ..JobFilter::default() }).await?;
        let shown_up_to = latest.first().map_or(JobId(0), |job| job.id);
        Ok(Feed { store, account, screen, shown_up_to, shown: BTreeSet::new() })
    }

    /// Shows what lands until it is stopped.
    pub(super) async fn run(mut self) {
        let mut requests_seen = 0;
        let mut work_is_open = false;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let requests = self.account.request_count();
            if requests == requests_seen && !work_is_open {
                continue;
            }
            requests_seen = requests;
            match self.show_new().await {
                Ok(open) => work_is_open = open,
                Err(error) => tracing::warn!(error = %error, "what landed could not be read"),
            }
        }
    }

    /// Shows what ended since the last look; says whether more is to come.
    async fn show_new(&mut self) -> Result<bool, StoreError> {
        let jobs = self.store.jobs(JobFilter { limit: LATEST, ..JobFilter::default() }).await?;
        let fresh: Vec<_> = jobs.iter().rev().filter(|job| job.id > self.shown_up_to).collect();
        let mut open = false;
        for job in fresh {
            if !matches!(job.progress, Progress::Done | Progress::Parked) {
                open = true;
            } else if !self.shown.contains(&job.id) {
                if let Some(story) = self.store.story(job.submission).await? {
                    self.show(&story);
                }
                self.shown.insert(job.id);
            }
        }
        if !open && let Some(last) = self.shown.pop_last() {
            self.shown_up_to = last;
            self.shown.clear();
        }
        Ok(open)
    }

    fn show(&self, story: &SubmissionStory) {
        let line = Line::of(story);
        let document = json!({
            "landed": line.what,
            "email": line.email,
            "decisions": line.decisions,
            "submission": story.id,
            "status": story.progress.name(),
        });
        self.screen.show(&document, || {
            let time = self.screen.faint(&ZonedDateTime::now().strftime("%H:%M:%S").to_string());
            let email = line.email.as_deref().map(|email| format!("  {}", harmless(email))).unwrap_or_default();
            format!(
                "{time}  {}{email}  {}",
                self.screen.strong(&line.what),
                self.screen.faint(&harmless(&line.decisions.join("; ")))
            )
        });
    }
}

/// What is told of a submission.
struct Line {
    what: String,
    email: Option<String>,
    decisions: Vec<String>,
}

impl Line {
    fn of(story: &SubmissionStory) -> Line {
        let body: Value = serde_json::from_slice(&story.raw.body).unwrap_or_default();
        let decisions = story.job.as_ref().map(|job| job.state.story().into_iter().map(str::to_owned).collect());
        let mut decisions: Vec<String> = decisions.unwrap_or_default();
        decisions.extend(story.parking.as_ref().map(|parking| parking.message.clone()));
        let what = match story.progress {
            Progress::Parked => "parked".to_owned(),
            _ => story.job.as_ref().map(landed).unwrap_or_default(),
        };
        Line { what, email: body.get("email").and_then(Value::as_str).map(str::to_owned), decisions }
    }
}

/// The records that a job made or found.
fn landed(job: &JobStory) -> String {
    let Some(outcome) = &job.outcome else { return String::new() };
    let person = outcome.person.map(|person| {
        let new = if outcome.existing == Some(false) { "new " } else { "" };
        format!("{new}{person}")
    });
    let person = person.or_else(|| outcome.written.as_ref().map(|_| "new person".to_owned()));
    let deal = outcome.deal.map(|id| format!("deal {id}"));
    let note = outcome.note.map(|id| format!("note {id}"));
    let parts: Vec<String> = [person, deal, note].into_iter().flatten().collect();
    parts.join(", ")
}
