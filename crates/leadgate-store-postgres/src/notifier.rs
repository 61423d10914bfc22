//! Telling the other processes, after the commit and beside the way of whoever committed.
//!
//! Commits that notify wait for each other on the whole server, each until it is on disk: eight writers that commit 1,600 times a second commit 260
//! times a second if each commit notifies. So hints go in transactions of their own, many in one, which need not be on disk when they end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::announcements::{CHANNEL, Payload};
use crate::session::Connections;

/// Between two notifications. Each costs the other processes a look.
const BETWEEN_NOTIFICATIONS: Duration = Duration::from_millis(20);

/// Hints that go in one transaction, at most.
const MOST_AT_ONCE: usize = 4096;

/// The session that this process listens on, so that it need not hear itself; 0 while there is none.
pub(crate) type OwnSession = Arc<AtomicI32>;

/// The way to the task that notifies. It ends when the last one is dropped and what waits is told.
#[derive(Clone, Debug)]
pub(crate) struct Notifier(mpsc::UnboundedSender<Payload>);

impl Notifier {
    pub(crate) fn start(connections: Connections, own: OwnSession) -> Notifier {
        let (sender, pending) = mpsc::unbounded_channel();
        tokio::spawn(notify_while_open(connections, own, pending));
        Notifier(sender)
    }

    /// Has the others told soon.
    pub(crate) fn tell(&self, payloads: impl IntoIterator<Item = Payload>) {
        for payload in payloads {
            // The task is gone when the runtime is: nobody is left to tell from here.
            let _ = self.0.send(payload);
        }
    }
}

async fn notify_while_open(connections: Connections, own: OwnSession, mut pending: mpsc::UnboundedReceiver<Payload>) {
    let mut payloads = Vec::new();
    while pending.recv_many(&mut payloads, MOST_AT_ONCE).await > 0 {
        let origin = own.load(Ordering::Relaxed);
        let texts: BTreeSet<String> = payloads.drain(..).map(|payload| payload.text(origin)).collect();
        if let Err(error) = notify(&connections, texts.into_iter().collect()).await {
            tracing::debug!(%error, "other processes could not be told what there is to do; they look by themselves");
        }
        tokio::time::sleep(BETWEEN_NOTIFICATIONS).await;
    }
}

async fn notify(connections: &Connections, payloads: Vec<String>) -> Result<(), sqlx::Error> {
    let mut session = connections.begin("BEGIN; SET LOCAL synchronous_commit = off".to_owned()).await?;
    let sql = "SELECT count(pg_notify($1, payload)) FROM unnest($2::text[]) AS payload";
    sqlx::query(sql).bind(CHANNEL).bind(payloads).execute(&mut session).await?;
    session.commit().await
}
