//! Recording what came of turns: calls that end while others of their account are being recorded share the next transaction.
//!
//! Writers of an account go one after another, so recorded one by one, the calls of an engine would wait for each other's commits. Whoever comes
//! to an account for which nobody records starts a task that does; whoever comes while it is busy waits in line and is recorded with all others there.
//! So a lone caller waits for nobody, and under load a commit costs one fsync however many share it. Dropping a caller takes nothing back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::model::TurnOutcome;
use tokio::sync::oneshot;

use crate::error::Failure;
use crate::store::PostgresStore;
use crate::together::{self, Call, Keeper};
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
struct Waiting {
    record: Record,
    reply: oneshot::Sender<Outcomes>,
}

impl Call for Waiting {
    type Outcome = TurnOutcome;

    fn parts(&self) -> usize {
        self.record.turns.len()
    }

    fn into_reply(self) -> oneshot::Sender<Outcomes> {
        self.reply
    }
}

/// The accounts for which somebody records, each with those who wait for the next transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording(Arc<Mutex<HashMap<i64, Vec<Waiting>>>>);

impl std::fmt::Debug for Waiting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Waiting").field("turns", &self.record.turns.len()).finish_non_exhaustive()
    }
}

impl Recording {
    fn lines(&self) -> MutexGuard<'_, HashMap<i64, Vec<Waiting>>> {
        // A line is changed by one call; it is whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a call in the line of its account. Returns whether the caller has to see to it that somebody records.
    fn line_up(&self, account: i64, call: Waiting) -> bool {
        let mut lines = self.lines();
        let nobody_records = !lines.contains_key(&account);
        lines.entry(account).or_default().push(call);
        nobody_records
    }

    /// Those at the head of the line; none, and nobody records from now on, if nobody waits.
    fn next(&self, account: i64) -> Option<Vec<Waiting>> {
        let mut lines = self.lines();
        let line = lines.get_mut(&account)?;
        if line.is_empty() {
            lines.remove(&account);
            return None;
        }
        let mut turns = 0;
        let fitting = |call: &&Waiting| {
            turns += call.record.turns.len();
            turns <= LARGEST_BATCH
        };
        let count = line.iter().take_while(fitting).count().max(1);
        Some(line.drain(..count).collect())
    }
}

/// Who records for an account. Its line ends with it, also where it is never run or does not come to the end of the line: those in it are told that
/// nothing came of it, and the next one starts anew.
struct Clerk {
    recording: Recording,
    account: i64,
    is_done: bool,
}

impl Clerk {
    async fn record_line(mut self, store: PostgresStore) {
        while let Some(batch) = self.recording.next(self.account) {
            together::keep_and_answer(&Recorder(&store), batch).await;
        }
        // Whoever comes now has a line of its own.
        self.is_done = true;
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        if !self.is_done {
            self.recording.lines().remove(&self.account);
        }
    }
}

/// Keeps a record together with others that come at the same time.
pub(crate) async fn record(store: &PostgresStore, record: Record) -> Outcomes {
    let (reply, answer) = oneshot::channel();
    let (recording, account) = (store.recording().clone(), store.account());
    if recording.line_up(account, Waiting { record, reply }) {
        let clerk = Clerk { recording, account, is_done: false };
        tokio::spawn(clerk.record_line(store.clone()));
    }
    answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the store is being closed".to_owned())))
}

struct Recorder<'a>(&'a PostgresStore);

impl Keeper for Recorder<'_> {
    type Call = Waiting;

    async fn keep(&self, batch: &[Waiting]) -> Result<Vec<TurnOutcome>, Failure> {
        let turns: Vec<&PreparedTurn> = batch.iter().flat_map(|call| &call.record.turns).collect();
        let budgets = batch.iter().filter_map(|call| call.record.budget.as_ref());
        // One that was made from a newer revision knows more; of equals the last does.
        let budget = budgets.max_by_key(|(seen, _)| *seen).map(|(seen, value)| (*seen, value.as_str()));
        let now = batch.iter().map(|call| call.record.now).max().unwrap_or(Timestamp::MIN);
        let store = self.0;
        try_in_transaction!(store, Lock::Jobs, |work| turns::finish_turns(work, (&turns, budget), now).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> (Waiting, oneshot::Receiver<Outcomes>) {
        let (reply, answer) = oneshot::channel();
        (Waiting { record: Record { turns: Vec::new(), budget: None, now: Timestamp::UNIX_EPOCH }, reply }, answer)
    }

    #[test]
    fn whoever_comes_while_somebody_records_waits_for_the_next_transaction() {
        let recording = Recording::default();
        assert!(recording.line_up(1, call().0));
        assert_eq!(recording.next(1).map(|batch| batch.len()), Some(1));
        assert!(!recording.line_up(1, call().0) && !recording.line_up(1, call().0));
        assert!(recording.line_up(2, call().0), "another account has a line of its own");
        assert_eq!(recording.next(1).map(|batch| batch.len()), Some(2));
        assert!(recording.next(1).is_none());
        assert!(recording.line_up(1, call().0), "nobody records any more");
    }

    #[test]
    fn a_line_ends_with_whoever_records_for_it() {
        let recording = Recording::default();
        let (first, mut answer) = call();
        assert!(recording.line_up(1, first));
        drop(Clerk { recording: recording.clone(), account: 1, is_done: false });
        assert_eq!(answer.try_recv().err(), Some(oneshot::error::TryRecvError::Closed), "nobody will answer");
        assert!(recording.line_up(1, call().0));
    }
}
