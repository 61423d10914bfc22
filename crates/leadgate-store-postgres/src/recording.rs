//! Recording what came of turns: calls that end while others of their account are being recorded share the next transaction.
//!
//! Writers of an account go one after another, so recorded one by one, the calls of an engine would wait for each other's commits. Whoever comes
//! to an account for which nobody records starts a task that does; whoever comes while it is busy waits in line and is recorded with all others there.
//! So a lone caller waits for nobody, and under load a commit costs one fsync however many share it. Dropping a caller takes nothing back.
//!
//! A batch that PostgreSQL refuses is taken apart, so that one that cannot be kept does not take the others with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::model::TurnOutcome;
use tokio::sync::oneshot;

use crate::error::Failure;
use crate::store::PostgresStore;
use crate::transaction::{Lock, try_in_transaction};
use crate::turns::{self, PreparedTurn};

/// Turns that share a transaction, at most; a call alone may have more.
const LARGEST_BATCH: usize = 2_000;

type Outcomes = Result<Vec<TurnOutcome>, StoreError>;

/// What is kept together: all of it or nothing.
pub(crate) struct Record {
    pub(crate) turns: Vec<PreparedTurn>,
    /// The budget as it stood then, and the revision that it was made from.
    pub(crate) budget: Option<(Option<i64>, String)>,
    pub(crate) now: Timestamp,
}

/// A record, and who waits for it.
struct Call {
    record: Record,
    reply: oneshot::Sender<Outcomes>,
}

/// The accounts for which somebody records, each with those who wait for the next transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording(Arc<Mutex<HashMap<i64, Vec<Call>>>>);

impl std::fmt::Debug for Call {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Call").field("turns", &self.record.turns.len()).finish_non_exhaustive()
    }
}

impl Recording {
    fn lines(&self) -> MutexGuard<'_, HashMap<i64, Vec<Call>>> {
        // A line is changed by one call; it is whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a call in the line of its account. Returns whether the caller has to see to it that somebody records.
    fn line_up(&self, account: i64, call: Call) -> bool {
        let mut lines = self.lines();
        let nobody_records = !lines.contains_key(&account);
        lines.entry(account).or_default().push(call);
        nobody_records
    }

    /// Those at the head of the line; none, and nobody records from now on, if nobody waits.
    fn next(&self, account: i64) -> Option<Vec<Call>> {
        let mut lines = self.lines();
        let line = lines.get_mut(&account)?;
        if line.is_empty() {
            lines.remove(&account);
            return None;
        }
        let mut turns = 0;
        let fitting = |call: &&Call| {
            turns += call.record.turns.len();
            turns <= LARGEST_BATCH
        };
        let count = line.iter().take_while(fitting).count().max(1);
        Some(line.drain(..count).collect())
    }
}

/// Ends the line of an account when whoever records for it panics: those in it are told that nothing came of it, and the next one starts anew.
struct EndOfLine<'a>(&'a Recording, i64);

impl Drop for EndOfLine<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lines().remove(&self.1);
        }
    }
}

/// Keeps a record together with others that come at the same time.
pub(crate) async fn record(store: &PostgresStore, record: Record) -> Outcomes {
    let (reply, answer) = oneshot::channel();
    if store.recording().line_up(store.account(), Call { record, reply }) {
        tokio::spawn(record_line(store.clone()));
    }
    answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the store is being closed".to_owned())))
}

async fn record_line(store: PostgresStore) {
    let _end = EndOfLine(store.recording(), store.account());
    while let Some(batch) = store.recording().next(store.account()) {
        record_batch(&store, batch).await;
    }
}

async fn record_batch(store: &PostgresStore, batch: Vec<Call>) {
    let is_lone = batch.len() == 1;
    match keep(store, &batch).await {
        Ok(outcomes) => answer(batch, outcomes),
        Err(failure) if failure.is_refused() && !is_lone => {
            for call in batch {
                let alone = vec![call];
                match keep(store, &alone).await {
                    Ok(outcomes) => answer(alone, outcomes),
                    Err(failure) => refuse(alone, &failure.into()),
                }
            }
        }
        Err(failure) => refuse(batch, &failure.into()),
    }
}

/// One outcome for each turn, in order.
async fn keep(store: &PostgresStore, batch: &[Call]) -> Result<Vec<TurnOutcome>, Failure> {
    let turns: Vec<&PreparedTurn> = batch.iter().flat_map(|call| &call.record.turns).collect();
    let budgets = batch.iter().filter_map(|call| call.record.budget.as_ref());
    // One that was made from a newer revision knows more; of equals the last does.
    let budget = budgets.max_by_key(|(seen, _)| *seen).map(|(seen, value)| (*seen, value.as_str()));
    let now = batch.iter().map(|call| call.record.now).max().unwrap_or(Timestamp::MIN);
    try_in_transaction!(store, Lock::Jobs, |work| turns::finish_turns(work, (&turns, budget), now).await)
}

fn answer(batch: Vec<Call>, outcomes: Vec<TurnOutcome>) {
    let mut outcomes = outcomes.into_iter();
    for call in batch {
        let own = outcomes.by_ref().take(call.record.turns.len()).collect();
        // A caller that went away is not told; what it asked for is done.
        let _ = call.reply.send(Ok(own));
    }
}

fn refuse(batch: Vec<Call>, error: &StoreError) {
    for call in batch {
        let _ = call.reply.send(Err(error.clone()));
    }
}
