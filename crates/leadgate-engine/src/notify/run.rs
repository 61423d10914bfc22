//! The loop of deliveries: attempts while there are any, sleep while there are none, and an orderly end.

use std::time::Duration;

use leadgate_store::StoreError;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::engine::Engine;

/// How long to stay away from a store that fails.
const STORE_TROUBLE_SLEEP: Duration = Duration::from_secs(1);

type Attempts = JoinSet<Result<bool, StoreError>>;

impl Engine {
    /// Makes deliveries until told to stop, then lets the attempts under way end and records them.
    pub(crate) async fn notify(&self, mut stop: watch::Receiver<bool>) {
        let mut attempts = Attempts::new();
        loop {
            let sleep = self.start_errands(&mut attempts).await.unwrap_or_else(|error| store_trouble(&error));
            tokio::select! {
                // An error means that nobody is left to say stop.
                _ = stop.wait_for(|stop| *stop) => break,
                Some(ended) = attempts.join_next() => note_end(ended),
                () = self.shared.store.signals().deliveries() => {}
                () = tokio::time::sleep(sleep) => {}
            }
            while let Some(ended) = attempts.try_join_next() {
                note_end(ended);
            }
        }
        while let Some(ended) = attempts.join_next().await {
            note_end(ended);
        }
    }

    /// Starts what there are slots for. Returns how long there is nothing else to do.
    async fn start_errands(&self, attempts: &mut Attempts) -> Result<Duration, StoreError> {
        let errands = self.claim_errands().await?;
        if errands.is_empty() {
            // Whatever is due now waits for a slot or a circuit, of which nothing more is known.
            return Ok(self.sleep(self.next_errand().await?, Some(self.now())));
        }
        for errand in errands {
            let engine = self.clone();
            attempts.spawn(async move { engine.run_errand(errand).await });
        }
        Ok(Duration::ZERO)
    }
}

fn store_trouble(error: &StoreError) -> Duration {
    tracing::error!(error = %error, "the store failed; no delivery is lost, trying again");
    STORE_TROUBLE_SLEEP
}

fn note_end(ended: Result<Result<bool, StoreError>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => drop(store_trouble(&error)),
        Err(error) => {
            tracing::error!(error = %error, "an attempt ended in a panic; its delivery is taken up again when its lease ends");
        }
    }
}
