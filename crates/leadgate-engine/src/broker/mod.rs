//! Passes requests of other programs through to the account, inside the engine's budget.
//!
//! Cast: [`QuotaBroker`] is the port's implementation; `memory` holds remembered replies and the reads under way; `flight` makes one request
//! on a task of its own, so that a caller who hangs up cuts nothing; `room` waits for a permit or says why there is none.
//!
//! Flow of a read: remembered? → under way already? → a permit, or a wait for one and again from the start → the request → whoever asked the
//! same meanwhile has the reply too. A read joins another only once that has its permit, so nobody waits in somebody else's lane. Flow of a
//! write: a permit → the request → reads that began before it ended are joined by nobody any more, and if it may have changed a list that is
//! remembered, everything is forgotten. A write is never repeated.

mod flight;
mod memory;
mod room;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use leadgate_core::broker::{Broker, CacheLimits, NoReply, Origin, PassAnswer, PassRequest, RawCrm};
use leadgate_core::lane::Lane;

use self::flight::{Landing, Landings};
use self::memory::Memory;
use self::room::Patience;
use crate::engine::Engine;
use crate::metrics;
use crate::permit::HeldPermit;

/// How a broker works.
#[derive(Clone, Copy, Debug)]
pub struct BrokerSettings {
    /// What is remembered of lists that change seldom.
    pub cache: CacheLimits,
}

impl Default for BrokerSettings {
    /// For ten minutes, 256 replies of 8 MB together.
    fn default() -> Self {
        let cache = CacheLimits { keep: SignedDuration::from_mins(10), replies: 256, bytes: 8 * 1024 * 1024 };
        BrokerSettings { cache }
    }
}

/// Passes requests through to the engine's account. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct QuotaBroker {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    crm: Arc<dyn RawCrm>,
    memory: Mutex<Memory>,
    closing: AtomicBool,
}

/// What a look at a read comes to.
enum Look {
    /// It is answered already.
    Remembered(PassAnswer),
    /// A request is under way, so or so.
    UnderWay(Landings, Origin),
    /// There is no permit.
    NoPermit,
}

impl QuotaBroker {
    /// One that pays out of the engine's budget. `crm` is the account that the engine works for.
    pub fn new(engine: Engine, crm: Arc<dyn RawCrm>, settings: BrokerSettings) -> QuotaBroker {
        let memory = Mutex::new(Memory::new(settings.cache));
        QuotaBroker { shared: Arc::new(Shared { engine, crm, memory, closing: AtomicBool::new(false) }) }
    }

    /// Lets nobody wait any longer: the process ends. Requests under way go on.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::Relaxed);
    }

    async fn read(&self, request: &PassRequest) -> PassAnswer {
        let mut patience = self.patience(request);
        let mut may_repeat = true;
        loop {
            let (landings, origin) = match self.look(request).await {
                Look::Remembered(answer) => return answer,
                Look::UnderWay(landings, origin) => (landings, origin),
                Look::NoPermit => match self.wait(&mut patience).await {
                    Ok(()) => continue,
                    Err(no_room) => return PassAnswer::Refused(no_room),
                },
            };
            let landing = landed(landings).await;
            if !(landing.is_spent && std::mem::take(&mut may_repeat)) {
                return landing.answer(origin);
            }
        }
    }

    /// Looks, and begins the request where there is a permit for it. Of equal reads one begins: whoever took a permit meanwhile gives it back.
    async fn look(&self, request: &PassRequest) -> Look {
        if let Some(look) = self.known(&mut self.memory(), request) {
            return look;
        }
        let Some(permit) = self.permit(request.lane).await else { return Look::NoPermit };
        let mut memory = self.memory();
        if let Some(look) = self.known(&mut memory, request) {
            permit.unused();
            return look;
        }
        let (ticket, landings, land) = memory.begin(request.ask.key());
        drop(memory);
        self.fly_read(permit, request, ticket, land);
        Look::UnderWay(landings, Origin::Asked)
    }

    /// What needs no request of its own.
    fn known(&self, memory: &mut Memory, request: &PassRequest) -> Option<Look> {
        if request.fresh {
            return None;
        }
        let key = request.ask.key();
        if let Some((reply, age)) = memory.remembered(&key, self.shared.engine.now()) {
            return Some(Look::Remembered(PassAnswer::Reply(reply, Origin::Remembered(age))));
        }
        memory.under_way(&key).map(|landings| Look::UnderWay(landings, Origin::Shared))
    }

    /// A permit, if there is one. While the store fails there is none.
    async fn permit(&self, lane: Lane) -> Option<HeldPermit> {
        let engine = &self.shared.engine;
        let taken = engine.take_permit(lane, engine.now()).await;
        taken.inspect_err(|error| tracing::error!(%error, "the budget cannot be read; requests wait")).ok()?.ok()
    }

    async fn write(&self, request: &PassRequest) -> PassAnswer {
        let mut patience = self.patience(request);
        let mut may_repeat = true;
        loop {
            let Some(permit) = self.permit(request.lane).await else {
                match self.wait(&mut patience).await {
                    Ok(()) => continue,
                    Err(no_room) => return PassAnswer::Refused(no_room),
                }
            };
            let landing = landed(self.fly_write(permit, request)).await;
            // What was not sent, because finding out about the account was refused, is no repetition.
            let was_not_sent = matches!(landing.reply, Err(NoReply::NotSent));
            if !(landing.is_spent && was_not_sent && std::mem::take(&mut may_repeat)) {
                return landing.answer(Origin::Asked);
            }
        }
    }

    fn patience(&self, request: &PassRequest) -> Patience {
        Patience::new(request.lane, request.wait, self.shared.engine.now())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // What is remembered is whole after each change; a panic elsewhere does not make it less so.
        self.shared.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Broker for QuotaBroker {
    async fn pass(&self, request: PassRequest) -> PassAnswer {
        let answer = match request.ask.method.is_read() {
            true => self.read(&request).await,
            false => self.write(&request).await,
        };
        metrics::brokered(request.lane, &answer);
        answer
    }
}

/// Waits for the end of a request. One whose task is gone has an unknown outcome.
async fn landed(mut landings: Landings) -> Arc<Landing> {
    let landed = landings.wait_for(Option::is_some).await.ok().and_then(|landing| (*landing).clone());
    landed.unwrap_or_else(|| Arc::new(Landing { reply: Err(NoReply::Broke), is_spent: false }))
}
