//! When to end: SIGTERM or Ctrl-C, in order at the first and at once at the second.

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
        let shutdown = Shutdown::unsignalled();
        let mut signals = Signals::new()?;
        let signalled = shutdown.clone();
        tokio::spawn(async move {
            signals.next().await;
            signalled.begin();
            let status = signals.next().await;
            end_at_once(status);
        });
        Ok(shutdown)
    }

    /// Listens for no signal: it begins when somebody says so.
    pub(crate) fn unsignalled() -> Shutdown {
        Shutdown(Arc::new(watch::Sender::new(false)))
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

/// Whoever asks twice does not want to wait. What was acknowledged is on disk; the next start takes up the rest, as after a crash.
#[expect(clippy::disallowed_methods, reason = "an end in order is under way already and was not waited for")]
fn end_at_once(status: i32) -> ! {
    tracing::warn!("ended at once by a second signal; the next start takes up what was under way");
    std::process::exit(status)
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

    /// Waits for the next signal; returns the exit status of a process that it ends, as shells count.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => 143,
            _ = self.interrupt.recv() => 130,
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

    async fn next(&mut self) -> i32 {
        drop(tokio::signal::ctrl_c().await);
        130
    }
}
