//! Keeping what comes in: concurrent accepts, of all accounts, share transactions.
//!
//! Callers hand their submissions to one task and wait. The task puts what waits into one transaction and has it run beside those under way, a few
//! at a time: whoever comes while all of them are busy shares the next. So a lone caller waits for nobody, and under load a commit costs one fsync
//! however many share it.
//!
//! A batch whose commit was not answered is kept again under the same ids: what is there already landed.

use std::sync::Arc;
use std::time::Duration;

use leadgate_store::StoreError;
use leadgate_store::model::AcceptOutcome;
use leadgate_store::signals::Signals;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::announcements::Payload;
use crate::error::Failure;
use crate::intake::{self, Arrival, Before, PreparedSubmission};
use crate::notifier::Notifier;
use crate::session::Connections;
use crate::together::{self, Call, Keeper};
use crate::transaction::MOST_TRIES;

/// Calls that share a transaction, at most.
const LARGEST_BATCH: usize = 256;

/// Transactions at a time, so that one can be filled while others wait for the disk.
const MOST_UNDER_WAY: usize = 3;

/// Calls that wait, at most; further ones wait to be let in.
const LONGEST_QUEUE: usize = 4096;

/// How often a batch whose connection was lost is tried again, and the first wait before that; each further one is twice as long. Together they
/// outlast a restart of the server.
const MOST_RECONNECTS: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// The way to the task. The task ends when the last one is dropped and what waits is kept.
#[derive(Clone, Debug)]
pub(crate) struct Accepting {
    sender: mpsc::Sender<Waiting>,
}

/// What a caller hands over: all of it is kept or nothing.
struct Waiting {
    account: i64,
    signals: Arc<Signals>,
    submissions: Vec<PreparedSubmission>,
    reply: oneshot::Sender<Result<Vec<AcceptOutcome>, StoreError>>,
}

impl Call for Waiting {
    type Outcome = AcceptOutcome;

    fn parts(&self) -> usize {
        self.submissions.len()
    }

    fn into_reply(self) -> oneshot::Sender<Result<Vec<AcceptOutcome>, StoreError>> {
        self.reply
    }
}

impl Accepting {
    pub(crate) fn start(connections: Connections, notifier: Notifier) -> Accepting {
        let (sender, receiver) = mpsc::channel(LONGEST_QUEUE);
        tokio::spawn(run(receiver, Writer { connections, notifier }));
        Accepting { sender }
    }

    /// Keeps submissions of an account, all of them or none. Dropping the future does not take them back.
    pub(crate) async fn accept(
        &self,
        (account, signals): (i64, &Arc<Signals>),
        submissions: Vec<PreparedSubmission>,
    ) -> Result<Vec<AcceptOutcome>, StoreError> {
        if submissions.is_empty() {
            return Ok(Vec::new());
        }
        let stopped = || StoreError::Unavailable("the store is being closed".to_owned());
        let (reply, answer) = oneshot::channel();
        let call = Waiting { account, signals: Arc::clone(signals), submissions, reply };
        self.sender.send(call).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

async fn run(mut receiver: mpsc::Receiver<Waiting>, writer: Writer) {
    // One connection is left to the others.
    let most = MOST_UNDER_WAY.min(writer.connections.pool.options().get_max_connections() as usize - 1).max(1);
    let room = Arc::new(Semaphore::new(most));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let mut batch = Vec::new();
        if receiver.recv_many(&mut batch, LARGEST_BATCH).await == 0 {
            return;
        }
        tokio::spawn(keep_and_answer(writer.clone(), batch, permit));
    }
}

async fn keep_and_answer(writer: Writer, batch: Vec<Waiting>, _permit: OwnedSemaphorePermit) {
    together::keep_and_answer(&writer, batch).await;
}

/// Keeps batches.
#[derive(Clone)]
struct Writer {
    connections: Connections,
    notifier: Notifier,
}

impl Keeper for Writer {
    type Call = Waiting;

    /// In one transaction, however often that has to be tried.
    async fn keep(&self, batch: &[Waiting]) -> Result<Vec<AcceptOutcome>, Failure> {
        let arrivals: Vec<Arrival<'_>> = batch.iter().flat_map(arrivals).collect();
        let (mut tries, mut reconnects, mut before) = (0, 0, Before::Never);
        loop {
            match self.keep_once(&arrivals, before).await {
                Err(failure) if failure.is_worth_another_try() && tries < MOST_TRIES => tries += 1,
                Err(failure) if failure.is_lost_connection() && reconnects < MOST_RECONNECTS => {
                    before = Before::Perhaps;
                    tokio::time::sleep(FIRST_WAIT * 2_u32.pow(reconnects)).await;
                    reconnects += 1;
                }
                ended => return ended,
            }
        }
    }

    /// Tells its engine and the other processes.
    fn kept(&self, call: &Waiting, outcomes: &[AcceptOutcome]) {
        if outcomes.contains(&AcceptOutcome::Accepted) {
            call.signals.work_arrived();
            self.notifier.tell([Payload::Work(call.account)]);
        }
    }
}

impl Writer {
    async fn keep_once(&self, arrivals: &[Arrival<'_>], before: Before) -> Result<Vec<AcceptOutcome>, Failure> {
        // All statements in one message: a round trip less. Each sees what was committed before it began, the one after the locks included.
        let begin = format!("BEGIN; {}", intake::locks(arrivals));
        let mut session = self.connections.begin(begin).await?;
        let outcomes = intake::keep(&mut session, arrivals, before).await?;
        session.commit().await?;
        Ok(outcomes)
    }
}

fn arrivals(call: &Waiting) -> impl Iterator<Item = Arrival<'_>> {
    call.submissions.iter().map(|prepared| Arrival { account: call.account, prepared })
}
