//! The one thread that writes: a group commit.
//!
//! Callers send operations over a channel. The thread takes one, begins a transaction, runs it and all others that wait or arrive meanwhile,
//! commits once, and then answers each caller. So a commit costs one fsync however many share it, and a lone caller waits for nobody.
//!
//! Callers who were answered together tend to come back together, but not at the same instant. Without care the first to return would start a
//! group of its own and the rest would wait for the next: two fsyncs for what one could have done. So before it commits, the thread waits a
//! moment (see [`Patience`]) until as many of a [`Caller::Crowd`] have arrived as were under way when the last group was answered.
//!
//! An operation that fails undoes itself (a savepoint, or a single statement that is atomic by itself) and the others of its group go on.
//! When the transaction itself is lost (the disk is full, the commit fails), every caller of the group gets that error.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::signals::Signals;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::store_error;

/// How many operations may share a commit: enough that fsync is no longer what limits, few enough that the first does not wait for long.
const LARGEST_GROUP: usize = 512;

/// The longest wait for callers who are expected back.
const LONGEST_WAIT: Duration = Duration::from_millis(2);

/// After this long without work, and so many operations, the log is copied back, so that it need not be in the middle of the next burst.
const IDLE: Duration = Duration::from_millis(500);
const OPERATIONS_WORTH_A_CHECKPOINT: usize = 1_000;

/// What is signalled once the group is committed.
#[derive(Debug, Default)]
pub(crate) struct Announcements {
    /// There may be work.
    pub(crate) work: bool,
    /// There may be a delivery to make.
    pub(crate) deliveries: bool,
    /// There is a demand to forget somebody.
    pub(crate) forgets: bool,
    /// Submissions that ended.
    pub(crate) ended: Vec<SubmissionId>,
}

/// How an operation is undone when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// It changes rows with one statement at most, and SQLite undoes a failed statement by itself.
    OneStatement,
    /// It needs a savepoint.
    Savepoint,
    /// It runs after the commit, outside of a transaction, and undoes nothing.
    Outside,
}

/// Who waits for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// One of the apps, of whom many come back as soon as they are answered.
    Crowd,
    /// Somebody for whom no commit is held back, such as the engine: it has other things to do between its operations.
    Single,
}

/// Why a whole group was lost, to be told to each of its callers.
#[derive(Clone, Debug)]
enum Loss {
    DiskFull,
    Unavailable(String),
}

impl Loss {
    fn of(error: &StoreError) -> Loss {
        match error {
            StoreError::DiskFull => Loss::DiskFull,
            StoreError::Unavailable(why) => Loss::Unavailable(why.clone()),
            other => Loss::Unavailable(other.to_string()),
        }
    }

    fn to_error(&self) -> StoreError {
        match self {
            Loss::DiskFull => StoreError::DiskFull,
            Loss::Unavailable(why) => StoreError::Unavailable(why.clone()),
        }
    }
}

/// One member of a group, with its caller's address.
trait Operation: Send {
    /// Runs it. An error means that the transaction is lost, with all that ran in it.
    fn run(&mut self, connection: &Connection, announcements: &mut Announcements) -> Result<(), Loss>;

    /// Who waits for it.
    fn caller(&self) -> Caller;

    /// Whether it runs after the commit.
    fn runs_outside(&self) -> bool;

    /// Tells the caller, after the commit or the loss.
    fn answer(self: Box<Self>, lost: Option<&Loss>);
}

struct Call<F, T> {
    scope: Scope,
    caller: Caller,
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Operation for Call<F, T>
where
    F: FnOnce(&Connection, &mut Announcements) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection, announcements: &mut Announcements) -> Result<(), Loss> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let mut own = Announcements::default();
        let result = match self.scope {
            Scope::OneStatement | Scope::Outside => work(connection, &mut own),
            Scope::Savepoint => in_savepoint(connection, |connection| work(connection, &mut own)),
        };
        match &result {
            // SQLite gives a transaction up by itself when the disk is full or fails; nothing may run outside of one.
            Err(error) if connection.is_autocommit() && self.scope != Scope::Outside => return Err(Loss::of(error)),
            Err(_) => {}
            Ok(_) => {
                announcements.work |= own.work;
                announcements.deliveries |= own.deliveries;
                announcements.forgets |= own.forgets;
                announcements.ended.append(&mut own.ended);
            }
        }
        self.result = Some(result);
        Ok(())
    }

    fn caller(&self) -> Caller {
        self.caller
    }

    fn runs_outside(&self) -> bool {
        self.scope == Scope::Outside
    }

    fn answer(self: Box<Self>, lost: Option<&Loss>) {
        let result = match (self.result, lost) {
            (_, Some(loss)) => Err(loss.to_error()),
            (Some(result), None) => result,
            (None, None) => Err(stopped()),
        };
        // A caller that went away is not told; what it asked for is done.
        let _ = self.reply.send(result);
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let execute = |sql: &str| execute(connection, sql).map_err(|loss| loss.to_error());
    execute("SAVEPOINT operation")?;
    let result = work(connection);
    if connection.is_autocommit() {
        return result;
    }
    if result.is_err() {
        execute("ROLLBACK TO operation")?;
    }
    execute("RELEASE operation")?;
    result
}

/// The writing thread.
#[derive(Debug)]
pub(crate) struct Writer {
    sender: Option<Sender<Box<dyn Operation>>>,
    thread: Option<JoinHandle<()>>,
    crowd_under_way: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts the thread, which from now on owns the connection.
    pub(crate) fn start(connection: Connection, signals: Arc<Signals>) -> Result<Writer, StoreError> {
        let (sender, receiver) = channel();
        let crowd_under_way = Arc::new(AtomicUsize::new(0));
        let mut group = Group::new(connection, receiver, Arc::clone(&crowd_under_way));
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_until_closed(&mut group, &signals))
            .map_err(|error| StoreError::Unavailable(format!("starting the writer failed: {error}")))?;
        Ok(Writer { sender: Some(sender), thread: Some(thread), crowd_under_way })
    }

    /// Runs an operation and waits until it is committed. Dropping the future does not take it back.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        scope: Scope,
        caller: Caller,
        work: impl FnOnce(&Connection, &mut Announcements) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let call = Box::new(Call { scope, caller, work: Some(work), result: None, reply });
        if caller == Caller::Crowd {
            self.crowd_under_way.fetch_add(1, Ordering::Relaxed);
        }
        self.sender.as_ref().ok_or_else(stopped)?.send(call).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Lets what waits be committed, then ends the thread.
    pub(crate) fn close(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

pub(crate) fn stopped() -> StoreError {
    StoreError::Unavailable("its thread has stopped; restart leadgate".to_owned())
}

fn write_until_closed(group: &mut Group, signals: &Signals) {
    let mut patience = Patience::default();
    while let Some(first) = group.wait_for_first() {
        group.admit(first);
        let mut announcements = Announcements::default();
        let lost = group.commit(&mut patience, &mut announcements).err();
        group.answer(lost.as_ref(), &mut patience);
        if lost.is_none() {
            announce(announcements, signals);
        }
    }
}

/// How long to wait before a commit, and for how many.
#[derive(Debug, Default)]
struct Patience {
    /// Of the crowd, how many were under way when the last group was answered: those who were answered and those who waited already.
    expected: usize,
    /// How long commits take, smoothed. Waiting for half of that costs less than the fsync it may save.
    commit_time: Duration,
}

impl Patience {
    fn longest_wait(&self) -> Duration {
        (self.commit_time / 2).min(LONGEST_WAIT)
    }

    fn learn_commit_time(&mut self, took: Duration) {
        self.commit_time = (self.commit_time * 3 + took) / 4;
    }
}

/// The operations that share a commit, and where more of them come from.
struct Group {
    connection: Connection,
    receiver: Receiver<Box<dyn Operation>>,
    crowd_under_way: Arc<AtomicUsize>,
    members: Vec<Box<dyn Operation>>,
    /// Members of the crowd.
    crowd: usize,
    /// Operations since the log was last copied back.
    since_checkpoint: usize,
}

impl Group {
    fn new(connection: Connection, receiver: Receiver<Box<dyn Operation>>, crowd_under_way: Arc<AtomicUsize>) -> Group {
        Group { connection, receiver, crowd_under_way, members: Vec::new(), crowd: 0, since_checkpoint: 0 }
    }

    fn admit(&mut self, operation: Box<dyn Operation>) {
        self.crowd += usize::from(operation.caller() == Caller::Crowd);
        self.members.push(operation);
    }

    /// The next operation; `None` when the store is closed.
    fn wait_for_first(&mut self) -> Option<Box<dyn Operation>> {
        if self.since_checkpoint >= OPERATIONS_WORTH_A_CHECKPOINT {
            match self.receiver.recv_timeout(IDLE) {
                Ok(operation) => return Some(operation),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.checkpoint(),
            }
        }
        self.receiver.recv().ok()
    }

    /// Copies the log back as far as no reader is in the way. A failure costs nothing: a later commit does it.
    fn checkpoint(&mut self) {
        if let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "copying the write-ahead log back failed; a later commit tries again");
        }
        self.since_checkpoint = 0;
    }

    fn commit(&mut self, patience: &mut Patience, announcements: &mut Announcements) -> Result<(), Loss> {
        execute(&self.connection, "BEGIN IMMEDIATE")?;
        let mut give_up_waiting_at = None;
        let mut next = 0;
        while let Some(operation) = self.members.get_mut(next) {
            if !operation.runs_outside() {
                operation.run(&self.connection, announcements)?;
            }
            next += 1;
            if next == self.members.len() {
                self.take_more(patience, &mut give_up_waiting_at);
            }
        }
        let began = Instant::now();
        execute(&self.connection, "COMMIT").inspect_err(|_| {
            if !self.connection.is_autocommit() {
                // A rollback that fails too leaves nothing better to try; the next BEGIN will say so.
                let _ = execute(&self.connection, "ROLLBACK");
            }
        })?;
        patience.learn_commit_time(began.elapsed());
        for operation in self.members.iter_mut().filter(|operation| operation.runs_outside()) {
            operation.run(&self.connection, announcements)?;
        }
        Ok(())
    }

    /// Takes one more operation in, and waits for it if one is expected.
    fn take_more(&mut self, patience: &Patience, give_up_waiting_at: &mut Option<Instant>) {
        if self.members.len() >= LARGEST_GROUP {
            return;
        }
        if let Ok(operation) = self.receiver.try_recv() {
            return self.admit(operation);
        }
        if self.crowd >= patience.expected {
            return;
        }
        let now = Instant::now();
        let until = *give_up_waiting_at.get_or_insert_with(|| now + patience.longest_wait());
        if let Some(wait) = until.checked_duration_since(now) {
            self.receiver.recv_timeout(wait).into_iter().for_each(|operation| self.admit(operation));
        }
    }

    fn answer(&mut self, lost: Option<&Loss>, patience: &mut Patience) {
        self.since_checkpoint += self.members.len();
        patience.expected = self.crowd_under_way.fetch_sub(self.crowd, Ordering::Relaxed);
        self.crowd = 0;
        for operation in self.members.drain(..) {
            operation.answer(lost);
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Loss> {
    let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    done.map(|_| ()).map_err(|error| Loss::of(&store_error(&error)))
}

fn announce(announcements: Announcements, signals: &Signals) {
    for submission in announcements.ended {
        signals.ended(submission);
    }
    if announcements.work {
        signals.work_arrived();
    }
    if announcements.forgets {
        signals.forgets_arrived();
    }
    if announcements.deliveries {
        signals.deliveries_arrived();
    }
}

#[cfg(test)]
mod tests;
