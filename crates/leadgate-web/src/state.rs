//! What the handlers share: the store, the clock, the settings, and whether the process is about to stop.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use leadgate_core::broker::Broker;
use leadgate_core::clock::Clock;
use leadgate_core::intake::ReadingRules;
use leadgate_store::Store;
use leadgate_store::accounts::AccountName;
use leadgate_store::model::AppKey;
use tokio::sync::watch;
use uuid::Uuid;

use crate::broker::{BrokerDoor, Brokers};
use crate::forms::FormLimits;
use crate::health::Room;

/// Renders the process's metrics in the Prometheus text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// The state of the router. Cheap to clone.
#[derive(Clone)]
#[non_exhaustive]
pub struct Gateway {
    /// Where submissions are kept.
    pub store: Arc<dyn Store>,
    /// Where the present moment comes from.
    pub clock: Arc<dyn Clock>,
    /// How requests are treated.
    pub settings: Arc<WebSettings>,
    /// What `GET /metrics` answers; without it that route says that there are none.
    pub render_metrics: Option<RenderMetrics>,
    /// Whether the process is about to stop.
    pub lifecycle: Lifecycle,
    /// Tells this process from others, for whoever looks whether a request through a public address arrives here.
    pub instance: Uuid,
    pub(crate) brokers: Brokers,
    pub(crate) room: Room,
    pub(crate) form_limits: FormLimits,
    /// The account's name in addresses, for one of many.
    pub(crate) account: Option<Arc<str>>,
    /// Why nobody is let in, whatever their key.
    pub(crate) shut: Option<Shut>,
}

/// Why an account is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// It is being removed: those with a key of it are told so.
    Removed,
    /// Its store cannot be opened, so no key can be checked.
    OutOfOrder,
}

impl Gateway {
    /// A gateway without metrics.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: WebSettings) -> Gateway {
        let form_limits = FormLimits::new(&settings.reading.rules.forms, &clock);
        Gateway {
            store,
            clock,
            settings: Arc::new(settings),
            render_metrics: None,
            lifecycle: Lifecycle::default(),
            instance: Uuid::now_v7(),
            brokers: Brokers::default(),
            room: Room::default(),
            form_limits,
            account: None,
            shut: None,
        }
    }

    /// The same gateway with a way through to the account that paths call by that name.
    #[must_use]
    pub fn with_broker(mut self, account: &str, broker: Arc<dyn Broker>) -> Gateway {
        self.brokers.add(account, broker);
        self
    }

    /// The same gateway, served under `/accounts/{name}`. To those without a key it does not even tell that it is there.
    #[must_use]
    pub fn under(mut self, name: &AccountName) -> Gateway {
        self.account = Some(name.as_str().into());
        self
    }

    /// The same gateway, which lets nobody in.
    #[must_use]
    pub fn shut(mut self, why: Shut) -> Gateway {
        self.shut = Some(why);
        self
    }

    /// The same gateway with metrics to show.
    #[must_use]
    pub fn with_metrics(mut self, render: RenderMetrics) -> Gateway {
        self.render_metrics = Some(render);
        self
    }
}

/// Who may come in.
#[derive(Clone, Debug)]
pub enum Access {
    /// Those who send one of these keys. With an empty list, nobody.
    Keys(Vec<AppKey>),
    /// Everybody who can reach the port: for a sandbox on one's own machine. Must be asked for by name; it is never the default.
    OpenToAnyone,
}

/// How requests are treated.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebSettings {
    /// Who may come in.
    pub access: Access,
    /// How bodies are read.
    pub reading: ReadingRules,
    /// The largest body taken, in bytes.
    pub body_limit: usize,
    /// How long a caller may take to send a body.
    pub body_within: Duration,
    /// How long a caller waits for the end who does not say how long, before the answer is 202.
    pub patience: Duration,
    /// The longest wait that a caller can ask for with `Prefer: wait`.
    pub longest_patience: Duration,
    /// How long a submission without an idempotency key counts as a retry of an equal one.
    pub content_window: SignedDuration,
    /// How long an idempotency key is remembered.
    pub key_window: SignedDuration,
    /// How requests that go through to the CRM are treated.
    pub broker: BrokerDoor,
}

impl WebSettings {
    /// The usual settings: 64 KiB sent within 10 s, 10 s of patience (60 s on demand), repeats told apart by content for 120 s and by key
    /// for 24 h; no request goes through to the CRM.
    pub fn new(access: Access) -> WebSettings {
        WebSettings {
            access,
            reading: ReadingRules::default(),
            body_limit: 64 * 1024,
            body_within: Duration::from_secs(10),
            patience: Duration::from_secs(10),
            longest_patience: Duration::from_secs(60),
            content_window: SignedDuration::from_secs(120),
            key_window: SignedDuration::from_hours(24),
            broker: BrokerDoor::default(),
        }
    }
}

/// Whether the process is about to stop. Clones speak of the same process.
///
/// Once it drains, `GET /ready` answers 503 and callers who wait for an end are answered 202 at once, so that a deployment neither cuts nor
/// delays them: what they sent is kept and goes on after the restart.
#[derive(Clone, Debug)]
pub struct Lifecycle(watch::Sender<bool>);

impl Default for Lifecycle {
    fn default() -> Self {
        Lifecycle(watch::Sender::new(false))
    }
}

impl Lifecycle {
    /// Begins to stop. Cannot be taken back.
    pub fn drain(&self) {
        self.0.send_replace(true);
    }

    /// Waits for the signal, then begins to stop: what to hand to [`crate::serve()`] as its shutdown.
    pub async fn drain_when(&self, signal: impl Future<Output = ()>) {
        signal.await;
        self.drain();
    }

    /// Whether it has begun to stop.
    pub fn is_draining(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it begins to stop.
    pub(crate) async fn draining(&self) {
        // The sender is held by `self`, so this cannot fail before the value arrives.
        let _ = self.0.subscribe().wait_for(|draining| *draining).await;
    }
}
