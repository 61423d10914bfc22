//! Where an operator looks: at the running gateway, or, where none runs, at the store itself. Both answer in the same documents.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use leadgate_core::clock::Clock as _;
use leadgate_core::erasure::Person;
use leadgate_core::intake::ReadingRules;
use leadgate_core::submission::SubmissionId;
use leadgate_store::Store;
use leadgate_store::deliveries::{DeliveryFilter, DeliveryProgress, ReplayOutcome};
use leadgate_store::erasure::ForgetId;
use leadgate_store::model::{JobFilter, JobId, Progress, ReleaseOutcome};
use leadgate_web::forget::{self, ForgetRequest};
use leadgate_web::{deliveries, listing, operator};
use serde_json::{Value, json};

use crate::cli::Session;
use crate::config::Effective;
use crate::data_folder;
use crate::exit::{Exit, Failure};
use crate::remote::{Ask, GatewayFlags, Remote};
use crate::stores::OpenStore;
use crate::wiring::{self, SystemClock};

/// A way to see jobs and the catalog, and to release what is parked.
pub(crate) enum Desk {
    Running(Remote),
    Store(Arc<dyn Store>, OpenStore),
}

impl Desk {
    /// The gateway if one answers; else, unless a gateway was named, the store in the data folder.
    pub(crate) async fn open(flags: &GatewayFlags, effective: &Effective) -> Result<Desk, Failure> {
        let remote = Remote::of(flags, effective)?;
        let health = remote.ask(Ask::get("/health")).await;
        match (health, flags.url.is_some()) {
            (Ok(_), _) => Ok(Desk::Running(remote)),
            (Err(failure), true) => Err(failure),
            (Err(failure), false) => Desk::of_store(effective, failure).await,
        }
    }

    async fn of_store(effective: &Effective, unreachable: Failure) -> Result<Desk, Failure> {
        let store = &effective.settings.store;
        if store.database().is_some() {
            return Ok(Desk::of_open(OpenStore::open(store).await?));
        }
        let Some(folder) = folder_with_store(&store.data) else {
            let data = store.data.display();
            let more = anyhow!(
                "{}; and there is no store in {data} to look at: name its folder with --data",
                unreachable.error
            );
            return Err(Failure::new(unreachable.exit, more));
        };
        Ok(Desk::of_open(OpenStore::open(&store.in_folder(folder)).await?))
    }

    fn of_open(open: OpenStore) -> Desk {
        Desk::Store(open.store(), open)
    }

    /// Jobs, the youngest first.
    pub(crate) async fn jobs(&self, progress: Option<Progress>, limit: u32) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => {
                let status = progress.map(|progress| format!("&status={}", progress.name())).unwrap_or_default();
                remote.ask(Ask::get(&format!("/v1/jobs?limit={limit}{status}"))).await?.successful()
            }
            Desk::Store(store, _) => {
                let filter = JobFilter { progress, job: None, limit };
                Ok(operator::jobs_document(&store.jobs(filter).await.context("reading the store failed")?))
            }
        }
    }

    /// The whole story of a job.
    pub(crate) async fn job(&self, id: JobId) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => remote.ask(Ask::get(&format!("/v1/jobs/{id}"))).await?.successful(),
            Desk::Store(store, _) => {
                let story = operator::story_of_job(&**store, id).await.context("reading the store failed")?;
                let story = story.ok_or_else(|| Failure::new(Exit::Refused, anyhow!("there is no job {id}")))?;
                Ok(operator::story_document(&story))
            }
        }
    }

    /// Makes a parked job due again.
    pub(crate) async fn release(&self, id: JobId) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => remote.ask(Ask::post(&format!("/v1/jobs/{id}/release"))).await?.successful(),
            Desk::Store(store, _) => {
                let outcome = store.release(id, SystemClock.now()).await.context("writing to the store failed")?;
                released(id, outcome)
            }
        }
    }

    /// Makes every parked job due again.
    pub(crate) async fn release_all(&self) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => remote.ask(Ask::post("/v1/jobs/release")).await?.successful(),
            Desk::Store(store, _) => {
                let released = store.release_all(SystemClock.now()).await.context("writing to the store failed")?;
                Ok(operator::released_document(released))
            }
        }
    }

    /// The whole story of a submission.
    pub(crate) async fn submission(&self, id: SubmissionId) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => remote.ask(Ask::get(&format!("/v1/submissions/{id}"))).await?.successful(),
            Desk::Store(store, _) => {
                let story = store.story(id).await.context("reading the store failed")?;
                let story = story.ok_or_else(|| Failure::new(Exit::Refused, anyhow!("there is no submission {id}")))?;
                Ok(operator::story_document(&story))
            }
        }
    }

    /// A page of leads since a moment, with what routing looks at and what it decided.
    pub(crate) async fn leads_since(
        &self,
        since: Timestamp,
        after: Option<SubmissionId>,
        reading: &ReadingRules,
    ) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => {
                let after = after.map(|id| format!("&after={id}")).unwrap_or_default();
                let path = format!("/v1/submissions?kind=leads&since={since}{after}");
                remote.ask(Ask::get(&path)).await?.successful()
            }
            Desk::Store(store, _) => {
                let entries = store.submissions(listing::leads_since(since, after)).await;
                Ok(listing::listing_document(&entries.context("reading the store failed")?, reading))
            }
        }
    }

    /// Deliveries, the youngest first.
    pub(crate) async fn deliveries(
        &self,
        status: Option<&str>,
        destination: Option<&str>,
        limit: u32,
    ) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => {
                let status = status.map(|status| format!("&status={status}")).unwrap_or_default();
                let destination = destination.map(|name| format!("&destination={name}")).unwrap_or_default();
                let path = format!("/v1/deliveries?limit={limit}{status}{destination}");
                remote.ask(Ask::get(&path)).await?.successful()
            }
            Desk::Store(store, _) => {
                let progress = status.and_then(DeliveryProgress::from_name);
                let filter = DeliveryFilter { progress, destination: destination.map(str::to_owned), limit };
                let found = store.deliveries(filter).await.context("reading the store failed")?;
                Ok(deliveries::list_document(&found))
            }
        }
    }

    /// The whole story of a delivery.
    pub(crate) async fn delivery(&self, id: &str) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => remote.ask(Ask::get(&format!("/v1/deliveries/{id}"))).await?.successful(),
            Desk::Store(store, _) => {
                let story = store.delivery(id).await.context("reading the store failed")?;
                let story = story.ok_or_else(|| Failure::new(Exit::Refused, anyhow!("there is no delivery {id}")))?;
                Ok(deliveries::story_document(&story))
            }
        }
    }

    /// Makes a delivery again.
    pub(crate) async fn retry_delivery(&self, id: &str) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => remote.ask(Ask::post(&format!("/v1/deliveries/{id}/retry"))).await?.successful(),
            Desk::Store(store, _) => {
                let outcome =
                    store.replay_delivery(id, SystemClock.now()).await.context("writing to the store failed")?;
                let refused = |what| Err(Failure::new(Exit::Refused, anyhow!("{what}")));
                match outcome {
                    ReplayOutcome::Due => Ok(json!({"delivery": id, "retried": true})),
                    ReplayOutcome::WaitsAlready => refused(format!("delivery {id} waits for an attempt already")),
                    ReplayOutcome::NoSuchDelivery => refused(format!("there is no delivery {id}")),
                }
            }
        }
    }

    /// Makes every parked delivery again, or every one to that destination.
    pub(crate) async fn retry_deliveries(&self, destination: Option<&str>) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => {
                let query = destination.map(|name| format!("?destination={name}")).unwrap_or_default();
                remote.ask(Ask::post(&format!("/v1/deliveries/retry{query}"))).await?.successful()
            }
            Desk::Store(store, _) => {
                let retried = store.replay_parked(destination, SystemClock.now()).await;
                Ok(deliveries::retried_document(retried.context("writing to the store failed")?))
            }
        }
    }

    /// Whether a gateway runs.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self, Desk::Running(_))
    }

    /// Has a person forgotten, or counts what that would erase. Where no gateway runs, everything is done at once except for what the CRM is asked,
    /// which the next start does.
    pub(crate) async fn forget(
        &self,
        body: Value,
        (person, request): (&Person, &ForgetRequest),
        session: &Session,
    ) -> Result<Value, Failure> {
        let store = match self {
            Desk::Running(remote) => {
                let ask = Ask { body: Some(body), ..Ask::post("/v1/forget") };
                return remote.ask(ask).await?.successful();
            }
            Desk::Store(store, _) => store,
        };
        let now = SystemClock.now();
        if request.dry_run {
            return Ok(forget::count(&**store, person, now).await.context("reading the store failed")?);
        }
        let kept = forget::keep(&**store, person, request.keep_in_crm, now).await;
        let kept = kept.context("writing to the store failed")?.context("the demand was not kept")?;
        let effective = session.settings(None, Vec::new())?;
        let forgetter = wiring::forgetter(Arc::clone(store) as Arc<dyn leadgate_store::Store>, &effective.settings)?;
        forgetter.pass().await.context("forgetting failed; the next start of the gateway goes on with it")?;
        self.forget_state(kept.id).await
    }

    /// How far a demand is.
    pub(crate) async fn forget_state(&self, id: ForgetId) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => remote.ask(Ask::get(&format!("/v1/forget/{id}"))).await?.successful(),
            Desk::Store(store, _) => {
                let state = store.forget_state(id).await.context("reading the store failed")?;
                let state = state.ok_or_else(|| Failure::new(Exit::Refused, anyhow!("there is no demand {id}")))?;
                Ok(forget::document(&state))
            }
        }
    }

    /// The account's deal stages, as they were last read.
    pub(crate) async fn stages(&self) -> Result<Value, Failure> {
        match self {
            Desk::Running(remote) => remote.ask(Ask::get("/v1/stages")).await?.successful(),
            Desk::Store(store, _) => {
                Ok(operator::stages_document(&store.catalog().await.context("reading the store failed")?))
            }
        }
    }

    /// Gives the store back, where it was opened.
    pub(crate) async fn close(self) {
        if let Desk::Store(store, open) = self {
            drop(store);
            open.close().await;
        }
    }
}

fn released(id: JobId, outcome: ReleaseOutcome) -> Result<Value, Failure> {
    match outcome {
        ReleaseOutcome::Released => Ok(json!({"job": id, "released": true})),
        ReleaseOutcome::NotParked(progress) => {
            let what = anyhow!("job {id} is not parked but {}; only parked jobs are released", progress.name());
            Err(Failure::new(Exit::Refused, what))
        }
        ReleaseOutcome::NoSuchJob => Err(Failure::new(Exit::Refused, anyhow!("there is no job {id}"))),
    }
}

/// The store of `serve` in a data folder, else the only one of `dev`.
fn folder_with_store(data: &std::path::Path) -> Option<PathBuf> {
    if data_folder::store_file(data).is_file() {
        return Some(data.to_owned());
    }
    let folders = std::fs::read_dir(data).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut stores = folders.filter(|folder| data_folder::store_file(folder).is_file());
    let only = stores.next()?;
    stores.next().is_none().then_some(only)
}
