//! The pen: the connection that writes, and what its holder has to know of those before.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{Announcements, Caller, Loss, Operation, execute};

/// The longest wait for callers who are expected back.
const LONGEST_WAIT: Duration = Duration::from_millis(2);

/// A task may take so long in one piece where other threads run tasks too: they take over what waits for this one, and telling the runtime costs two
/// switches of context.
const BRIEF: Duration = Duration::from_micros(500);

/// How long to wait before a commit, and for how many.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Of the crowd, how many were under way when the last group was answered: those who were answered and those who waited already.
    pub(super) expected: usize,
    /// How long commits take, smoothed. Waiting for half of that costs less than the fsync it may save.
    commit_time: Duration,
}

impl Patience {
    pub(super) fn longest_wait(&self) -> Duration {
        (self.commit_time / 2).min(LONGEST_WAIT)
    }

    /// Whether a commit is over before another thread would have taken the tasks of this one over.
    pub(super) fn is_brief(&self) -> bool {
        !self.commit_time.is_zero() && self.commit_time < BRIEF
    }

    fn learn_commit_time(&mut self, took: Duration) {
        self.commit_time = if self.commit_time.is_zero() { took } else { (self.commit_time * 3 + took) / 4 };
    }
}

/// What it takes to write.
#[derive(Debug)]
pub(super) struct Pen {
    pub(super) connection: Connection,
    pub(super) patience: Patience,
    /// Operations since the log was last copied back.
    pub(super) since_checkpoint: usize,
    /// When somebody was last answered.
    pub(super) last_answer: Instant,
}

impl Pen {
    pub(super) fn new(connection: Connection) -> Pen {
        Pen { connection, patience: Patience::default(), since_checkpoint: 0, last_answer: Instant::now() }
    }

    /// Runs and commits these alone.
    pub(super) fn commit(
        &mut self,
        members: &mut [Box<dyn Operation>],
        announcements: &mut Announcements,
    ) -> Result<(), Loss> {
        self.begin()?;
        for operation in members.iter_mut().filter(|operation| !operation.runs_outside()) {
            operation.run(&self.connection, announcements)?;
        }
        self.end(members, announcements)
    }

    pub(super) fn begin(&self) -> Result<(), Loss> {
        execute(&self.connection, "BEGIN IMMEDIATE")
    }

    /// Commits what was run, and runs what is to run after that.
    pub(super) fn end(
        &mut self,
        members: &mut [Box<dyn Operation>],
        announcements: &mut Announcements,
    ) -> Result<(), Loss> {
        let began = Instant::now();
        execute(&self.connection, "COMMIT").inspect_err(|_| {
            if !self.connection.is_autocommit() {
                // A rollback that fails too leaves nothing better to try; the next BEGIN will say so.
                let _ = execute(&self.connection, "ROLLBACK");
            }
        })?;
        self.patience.learn_commit_time(began.elapsed());
        for operation in members.iter_mut().filter(|operation| operation.runs_outside()) {
            operation.run(&self.connection, announcements)?;
        }
        Ok(())
    }

    /// Tells each what came of it, and remembers how many are under way.
    pub(super) fn answer(
        &mut self,
        members: &mut Vec<Box<dyn Operation>>,
        lost: Option<&Loss>,
        crowd_under_way: &AtomicUsize,
    ) {
        let crowd = members.iter().filter(|operation| operation.caller() == Caller::Crowd).count();
        self.since_checkpoint += members.len();
        self.last_answer = Instant::now();
        self.patience.expected = crowd_under_way.fetch_sub(crowd, Ordering::Relaxed);
        for operation in members.drain(..) {
            operation.answer(lost);
        }
    }

    /// Does something to the log while nobody writes to it, in this process or another; nothing while another does.
    pub(super) fn with_the_log_at_rest(&self, act: impl FnOnce()) {
        if self.begin().is_ok() {
            act();
            // Nothing was written, and the next BEGIN says whether anything is wrong.
            let _ = execute(&self.connection, "ROLLBACK");
        }
    }

    /// Copies the log back as far as no reader is in the way. A failure costs nothing: a later commit does it.
    pub(super) fn checkpoint(&mut self) {
        if let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "copying the write-ahead log back failed; a later commit tries again");
        }
        self.since_checkpoint = 0;
    }
}
