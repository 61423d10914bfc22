//! One request, made on a task of its own: its permit is settled and its reply remembered whether its caller still waits or not.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use leadgate_core::breaker::Heard;
use leadgate_core::broker::{NoReply, Origin, PassAnswer, PassRequest, RawAnswer, RawReply, RawRequest};
use leadgate_core::crm::CrmFailure;
use leadgate_core::job::AccountTrouble;
use leadgate_core::lane::Lane;
use tokio::sync::watch;

use super::QuotaBroker;
use super::memory::Ticket;
use crate::metrics;
use crate::permit::HeldPermit;

/// How long an account is left alone whose edge asks to wait without saying how long.
const EDGE_WAIT: SignedDuration = SignedDuration::from_secs(60);
const OK: u16 = 200;

/// How a request ended, for all who wait for it.
pub(super) struct Landing {
    pub(super) reply: Result<Arc<RawReply>, NoReply>,
    /// The account, or its edge, had no room.
    pub(super) is_spent: bool,
}

/// Where the end of a request shows.
pub(super) type Landings = watch::Receiver<Option<Arc<Landing>>>;

impl Landing {
    pub(super) fn answer(&self, origin: Origin) -> PassAnswer {
        match &self.reply {
            Ok(reply) => PassAnswer::Reply(Arc::clone(reply), origin),
            Err(why) => PassAnswer::Lost(*why),
        }
    }

    fn to_remember(&self) -> Option<Arc<RawReply>> {
        self.reply.as_ref().ok().filter(|reply| reply.status == OK).cloned()
    }
}

impl QuotaBroker {
    pub(super) fn fly_read(
        &self,
        permit: HeldPermit,
        request: &PassRequest,
        ticket: Ticket,
        land: watch::Sender<Option<Arc<Landing>>>,
    ) {
        let (broker, ask, lane) = (self.clone(), request.ask.clone(), request.lane);
        tokio::spawn(async move {
            let landing = broker.send(permit, &ask, lane).await;
            let to_remember = landing.to_remember().filter(|_| ask.path.is_selector());
            broker.memory().end(ticket, to_remember, broker.shared.engine.now());
            land.send_replace(Some(Arc::new(landing)));
        });
    }

    pub(super) fn fly_write(&self, permit: HeldPermit, request: &PassRequest) -> Landings {
        let (land, landings) = watch::channel(None);
        let (broker, ask, lane) = (self.clone(), request.ask.clone(), request.lane);
        tokio::spawn(async move {
            let landing = broker.send(permit, &ask, lane).await;
            broker.memory().written(ask.path.changes_selectors());
            land.send_replace(Some(Arc::new(landing)));
        });
        landings
    }

    async fn send(&self, permit: HeldPermit, ask: &RawRequest, lane: Lane) -> Landing {
        let engine = &self.shared.engine;
        let sent_at = engine.now();
        let answer = AssertUnwindSafe(self.shared.crm.pass(ask)).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!("a request that was passed through panicked; its outcome counts as unknown");
            panicked()
        });
        let now = engine.now();
        permit.passed(&answer);
        let trouble = answer.failure.as_ref().and_then(|failure| trouble_of(failure, now));
        if let Some(trouble) = &trouble {
            tracing::warn!(crm.class = trouble.class, "the account has to wait: {}", trouble.message);
            engine.shared.budget.hold(trouble, now);
        }
        let status = answer.reply.as_ref().ok().map(|reply| reply.status);
        let took = now.duration_since(sent_at);
        metrics::passed(&answer, took);
        tracing::debug!(
            crm.method = ask.method.name(),
            crm.path = ask.path.shape(),
            crm.status = status,
            crm.took_ms = u64::try_from(took.as_millis()).unwrap_or(0),
            crm.lane = lane.name(),
            "passed a request through"
        );
        Landing { reply: answer.reply.map(Arc::new), is_spent: trouble.is_some() }
    }
}

impl HeldPermit {
    /// The request was made, or not.
    fn passed(self, answer: &RawAnswer) {
        let heard = match (&answer.failure, answer.requests) {
            (Some(failure), _) => Heard::from_result::<()>(&Err(failure.clone())),
            (None, 0) => Heard::Nothing,
            (None, _) => Heard::Answer,
        };
        self.told(answer.requests, answer.quota, heard);
    }
}

/// What stops the account. That its key is refused is for the engine's own work to find out: it says so in words that people look for.
fn trouble_of(failure: &CrmFailure, now: Timestamp) -> Option<AccountTrouble> {
    let (class, until) = match failure {
        CrmFailure::Quota { until } => ("quota", *until),
        CrmFailure::Throttled { wait } => {
            ("throttled", Some(now.saturating_add(wait.unwrap_or(EDGE_WAIT)).unwrap_or(Timestamp::MAX)))
        }
        _ => return None,
    };
    Some(AccountTrouble { class, until, message: failure.to_string() })
}

fn panicked() -> RawAnswer {
    let failure = CrmFailure::OutcomeUnknown("the gateway failed in the middle of the request".to_owned());
    RawAnswer { reply: Err(NoReply::Broke), failure: Some(failure), quota: None, requests: 1 }
}
