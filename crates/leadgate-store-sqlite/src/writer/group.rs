//! A group: the operations that the thread writes with one commit.

use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::log_room::LogRoom;
use super::pen::{Patience, Pen};
use super::{Announcements, Caller, Loss, Operation};

/// How many operations may share a commit: enough that fsync is no longer what limits, few enough that the first does not wait for long.
const LARGEST_GROUP: usize = 512;

/// After this long without work the log is given room, and after so many operations copied back, so that it need not be in the middle of the next burst.
const IDLE: Duration = Duration::from_millis(500);
/// See [`IDLE`].
pub(super) const OPERATIONS_WORTH_A_CHECKPOINT: usize = 1_000;

/// The operations that share a commit, and where more of them come from.
pub(super) struct Group {
    pub(super) pen: Arc<Mutex<Pen>>,
    pub(super) receiver: Receiver<Box<dyn Operation>>,
    crowd_under_way: Arc<AtomicUsize>,
    pub(super) members: Vec<Box<dyn Operation>>,
    /// Members of the crowd.
    crowd: usize,
    pub(super) log_room: LogRoom,
}

impl Group {
    pub(super) fn new(
        pen: Arc<Mutex<Pen>>,
        receiver: Receiver<Box<dyn Operation>>,
        crowd_under_way: Arc<AtomicUsize>,
    ) -> Group {
        Group { pen, receiver, crowd_under_way, members: Vec::new(), crowd: 0, log_room: LogRoom::default() }
    }

    pub(super) fn admit(&mut self, operation: Box<dyn Operation>) {
        self.crowd += usize::from(operation.caller() == Caller::Crowd);
        self.members.push(operation);
    }

    /// The next operation; `None` when the store is closed, or a panic has ended all writing.
    pub(super) fn wait_for_first(&mut self) -> Option<Box<dyn Operation>> {
        while self.log_room.is_wanted() || self.pen.lock().ok()?.since_checkpoint >= OPERATIONS_WORTH_A_CHECKPOINT {
            match self.receiver.recv_timeout(IDLE) {
                Ok(operation) => return Some(operation),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.use_idleness(),
            }
        }
        self.receiver.recv().ok()
    }

    /// Others may have written meanwhile, or write now.
    pub(super) fn use_idleness(&mut self) {
        let Ok(mut pen) = self.pen.try_lock() else { return };
        if pen.last_answer.elapsed() < IDLE {
            return;
        }
        if pen.since_checkpoint >= OPERATIONS_WORTH_A_CHECKPOINT {
            pen.checkpoint();
        }
        if self.log_room.is_wanted() {
            pen.with_the_log_at_rest(|| self.log_room.add_a_step());
        }
    }

    /// Runs and commits the members, and whoever joins them meanwhile.
    pub(super) fn commit(&mut self, pen: &mut Pen, announcements: &mut Announcements) -> Result<(), Loss> {
        pen.begin()?;
        let mut give_up_waiting_at = None;
        let mut next = 0;
        while let Some(operation) = self.members.get_mut(next) {
            if !operation.runs_outside() {
                operation.run(&pen.connection, announcements)?;
            }
            next += 1;
            if next == self.members.len() {
                self.take_more(&pen.patience, &mut give_up_waiting_at);
            }
        }
        if self.members.iter().any(|operation| operation.runs_outside()) {
            // It may cut the log.
            self.log_room.look_again();
        }
        pen.end(&mut self.members, announcements)
    }

    /// Takes one more operation in, and waits for it if one is expected.
    pub(super) fn take_more(&mut self, patience: &Patience, give_up_waiting_at: &mut Option<Instant>) {
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

    pub(super) fn answer(&mut self, pen: &mut Pen, lost: Option<&Loss>) {
        pen.answer(&mut self.members, lost, &self.crowd_under_way);
        self.crowd = 0;
    }
}
