//! When to end: SIGTERM or Ctrl-C.

use std::sync::Arc;

use tokio::sync::watch;

/// Tells every part of the process to end. Clones hear the same word.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    /// Listens for the signals from now on.
    ///
    /// # Errors
    /// If the system does not let the process handle signals.
    pub(crate) fn on_signals() -> std::io::Result<Shutdown> {
        let shutdown = Shutdown(Arc::new(watch::Sender::new(false)));
        let signals = Signals::new()?;
        let signalled = shutdown.clone();
        tokio::spawn(async move {
            signals.first().await;
            signalled.begin();
        });
        Ok(shutdown)
    }

    /// Begins to end, without a signal.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Resolves when it is time to end.
    pub(crate) async fn requested(self) {
        // The sender is held by `self`, so this cannot fail before the word comes.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn first(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn first(self) {
        drop(tokio::signal::ctrl_c().await);
    }
}
