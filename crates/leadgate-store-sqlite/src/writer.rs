//! Writing: a group commit.
//!
//! There is one `Pen`, and who holds it writes. Callers send operations over a channel to a thread. It takes one, begins a transaction, runs it and all
//! others that wait or arrive meanwhile, commits once, and then answers each caller. So a commit costs one fsync however many share it.
//!
//! A member of a [`Caller::Crowd`] who is alone and finds the pen lying there writes on its own thread: being handed to another thread and back takes
//! a good part of what an fsync does.
//!
//! Callers who were answered together tend to come back together, but not at the same instant. Without care the first to return would start a
//! group of its own and the rest would wait for the next: two fsyncs for what one could have done. So before it commits, the thread waits a
//! moment (see `Patience`) until as many of a [`Caller::Crowd`] have arrived as were under way when the last group was answered.
//!
//! An operation that fails undoes itself (a savepoint, or a single statement that is atomic by itself) and the others of its group go on.
//! When the transaction itself is lost (the disk is full, the commit fails), every caller of the group gets that error.

mod group;
mod log_room;
mod pen;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use leadgate_core::submission::SubmissionId;
use leadgate_store::StoreError;
use leadgate_store::signals::Signals;
use rusqlite::Connection;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;

use self::group::{Group, OPERATIONS_WORTH_A_CHECKPOINT};
pub(crate) use self::log_room::LogRoom;
use self::pen::Pen;
use crate::error::store_error;

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
    /// Somebody for whom no commit is held back, such as the engine: it has other things to do between its operations, and in the same task, which would
    /// wait for the disk with it if it wrote on its own thread.
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

/// Where operations are handed in.
#[derive(Debug)]
pub(crate) struct Writer {
    sender: Option<Sender<Box<dyn Operation>>>,
    thread: Option<JoinHandle<()>>,
    crowd_under_way: Arc<AtomicUsize>,
    pen: Arc<Mutex<Pen>>,
    signals: Arc<Signals>,
}

impl Writer {
    /// Starts the thread. From now on everything is written with this connection.
    pub(crate) fn start(
        connection: Connection,
        signals: Arc<Signals>,
        log_room: LogRoom,
    ) -> Result<Writer, StoreError> {
        let (mut writer, mut group) = Writer::without_thread(connection, Arc::clone(&signals));
        group.log_room = log_room;
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_until_closed(&mut group, &signals))
            .map_err(|error| StoreError::Unavailable(format!("starting the writer failed: {error}")))?;
        writer.thread = Some(thread);
        Ok(writer)
    }

    /// With the group that its thread is to write.
    fn without_thread(connection: Connection, signals: Arc<Signals>) -> (Writer, Group) {
        let (sender, receiver) = channel();
        let crowd_under_way = Arc::new(AtomicUsize::new(0));
        let pen = Arc::new(Mutex::new(Pen::new(connection)));
        let group = Group::new(Arc::clone(&pen), receiver, Arc::clone(&crowd_under_way));
        (Writer { sender: Some(sender), thread: None, crowd_under_way, pen, signals }, group)
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
        let is_alone = caller == Caller::Crowd && self.crowd_under_way.fetch_add(1, Ordering::Relaxed) == 0;
        let left = match is_alone.then(workers).flatten() {
            Some(workers) => self.run_here(call, scope == Scope::OneStatement && workers > 1),
            None => Some(call as Box<dyn Operation>),
        };
        if let Some(call) = left {
            self.sender.as_ref().ok_or_else(stopped)?.send(call).map_err(|_| stopped())?;
        }
        answer.await.map_err(|_| stopped())?
    }

    /// Runs an operation of the crowd on this thread. Gives it back if somebody else is writing, if more of the crowd are expected, or if a panic has ended
    /// all writing.
    fn run_here(&self, call: Box<dyn Operation>, may_hold_others_up: bool) -> Option<Box<dyn Operation>> {
        let Ok(mut pen) = self.pen.try_lock() else { return Some(call) };
        if pen.patience.expected > 1 {
            return Some(call);
        }
        let is_brief = may_hold_others_up && pen.patience.is_brief();
        let write = || {
            let mut announcements = Announcements::default();
            let mut members = vec![call];
            let lost = pen.commit(&mut members, &mut announcements).err();
            pen.answer(&mut members, lost.as_ref(), &self.crowd_under_way);
            if lost.is_none() {
                announce(announcements, &self.signals);
            }
        };
        if is_brief {
            write()
        } else {
            tokio::task::block_in_place(write)
        };
        if pen.since_checkpoint == OPERATIONS_WORTH_A_CHECKPOINT {
            // The thread waits for operations and would not see that the log has grown. It may have ended: then there is nothing to remind it of.
            let _ = self.sender.as_ref().map(|sender| sender.send(Box::new(Reminder)));
        }
        None
    }

    /// An error if a panic has ended all writing.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let has_ended = self.thread.as_ref().is_some_and(JoinHandle::is_finished);
        if has_ended || self.pen.is_poisoned() { Err(stopped()) } else { Ok(()) }
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

/// How many threads of the runtime run tasks, if it lets those of one go on elsewhere while that waits for the disk. A `LocalSet` on such a runtime cannot,
/// and nobody uses one.
fn workers() -> Option<usize> {
    let runtime = Handle::try_current().ok()?;
    (runtime.runtime_flavor() == RuntimeFlavor::MultiThread).then(|| runtime.metrics().num_workers())
}

pub(crate) fn stopped() -> StoreError {
    StoreError::Unavailable("its thread has stopped; restart leadgate".to_owned())
}

/// Wakes the thread, so that it sees what was written elsewhere.
struct Reminder;

impl Operation for Reminder {
    fn run(&mut self, _: &Connection, _: &mut Announcements) -> Result<(), Loss> {
        Ok(())
    }

    fn caller(&self) -> Caller {
        Caller::Single
    }

    fn runs_outside(&self) -> bool {
        false
    }

    fn answer(self: Box<Self>, _: Option<&Loss>) {}
}

fn write_until_closed(group: &mut Group, signals: &Signals) {
    let pen = Arc::clone(&group.pen);
    while let Some(first) = group.wait_for_first() {
        group.admit(first);
        // Whoever panicked while writing may have left half of an operation: nothing is written after it.
        let Ok(mut pen) = pen.lock() else { break };
        let mut announcements = Announcements::default();
        let lost = group.commit(&mut pen, &mut announcements).err();
        group.answer(&mut pen, lost.as_ref());
        drop(pen);
        if lost.is_none() {
            announce(announcements, signals);
        }
    }
    if pen.is_poisoned() {
        tracing::error!("the store panicked while it wrote; nothing more is written until leadgate is restarted");
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
