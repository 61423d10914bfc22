//! Hearing what other processes announce, on a connection of its own.
//!
//! As long as there is none, because it was lost, or because a pooler stands between and no way leads past it, everybody looks once a second.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};

use crate::announcements::{CHANNEL, Payload, Switchboard};
use crate::notifier::OwnSession;

/// How often everybody looks while nothing is heard.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// The first wait before another try to connect; each further one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A server that says nothing for so long is asked whether it is still there, and has so long to answer.
const QUIET: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5);

/// The listening task; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Listener(JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Who is told what was heard.
pub(crate) struct Ear {
    pub(crate) switchboard: Arc<Switchboard>,
    /// Where the session that listens is made known.
    pub(crate) own: OwnSession,
}

/// Starts to listen there; `None`: there is no way to.
pub(crate) fn start(options: Option<PgConnectOptions>, ear: Ear) -> Listener {
    let task = async move {
        match options {
            Some(options) => listen(&options, &ear).await,
            None => look_for_ever(&ear.switchboard).await,
        }
    };
    Listener(tokio::spawn(task))
}

async fn look_for_ever(switchboard: &Switchboard) {
    let mut ticks = interval(BETWEEN_LOOKS);
    loop {
        ticks.tick().await;
        switchboard.wake_all();
    }
}

async fn listen(options: &PgConnectOptions, ear: &Ear) {
    loop {
        // Everybody looks while there is no connection.
        let mut listener = tokio::select! {
            listener = connect_at_last(options, &ear.own) => listener,
            () = look_for_ever(&ear.switchboard) => return,
        };
        // What was said before is not heard.
        ear.switchboard.wake_all();
        hear(&mut listener, ear).await;
        ear.own.store(0, Ordering::Relaxed);
        // Heard of nowhere else; everything else is looked for until there is a connection.
        ear.switchboard.accounts_changed();
        tracing::warn!(
            "the connection that hears of other processes was lost; it is made again, and meanwhile work is looked for every second"
        );
    }
}

async fn connect_at_last(options: &PgConnectOptions, own: &OwnSession) -> PgListener {
    let mut wait = FIRST_WAIT;
    loop {
        match timeout(PATIENCE, connect(options, own)).await {
            Ok(Ok(listener)) => return listener,
            Ok(Err(error)) => tracing::debug!(%error, "listening for other processes failed"),
            Err(_) => tracing::debug!("listening for other processes took too long"),
        }
        sleep(wait).await;
        wait = LONGEST_WAIT.min(wait * 2);
    }
}

async fn connect(options: &PgConnectOptions, own: &OwnSession) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    let session = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut listener).await?;
    listener.listen(CHANNEL).await?;
    own.store(session, Ordering::Relaxed);
    Ok(listener)
}

/// Passes on what is heard, until the connection is lost.
async fn hear(listener: &mut PgListener, ear: &Ear) {
    loop {
        match timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => {
                let own = ear.own.load(Ordering::Relaxed);
                if let Some(payload) = Payload::read(notification.payload(), own) {
                    ear.switchboard.hear(&payload);
                }
            }
            Ok(Ok(None) | Err(_)) => return,
            // Whoever committed may have died before it said so.
            Err(_) if is_there(listener).await => ear.switchboard.wake_all(),
            Err(_) => return,
        }
    }
}

async fn is_there(listener: &mut PgListener) -> bool {
    matches!(timeout(PATIENCE, sqlx::raw_sql("SELECT 1").execute(listener)).await, Ok(Ok(_)))
}
