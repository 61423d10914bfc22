//! The queue of deliveries, in a trait of its own: it shares nothing with the jobs but the transaction in which a delivery comes about
//! ([`Store::finish_turns`](crate::Store::finish_turns) keeps the deliveries of its turns; one whose id is known already is left as it is).
//!
//! Deliveries to one destination that share an ordering are a line: only its first is ever leased. It leaves the line when it is delivered or
//! parked, and then the next may go. Whoever is leased and does not come back is leased again when the lease ends: a receiver sees each delivery
//! at least once, always under the same id.

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::delivery::NewDelivery;

use crate::StoreError;
use crate::model::TurnOutcome;

/// Which deliveries to lease.
#[derive(Clone, Debug)]
pub struct DeliveryClaim {
    /// Who leases: one name per process.
    pub worker: String,
    /// The present moment.
    pub now: Timestamp,
    /// Every destination there is, with how many of its deliveries to lease at most. What waits for any other is parked.
    pub destinations: Vec<DestinationRoom>,
}

/// How many deliveries of one destination to lease.
#[derive(Clone, Debug)]
pub struct DestinationRoom {
    /// The destination's name.
    pub name: String,
    /// At most so many.
    pub room: u32,
    /// Only tests: nothing else may go to it at present.
    pub tests_only: bool,
    /// When these leases end.
    pub lease_until: Timestamp,
}

/// The right to make the next attempt of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryLease {
    /// Of which delivery, by its number in the store.
    pub delivery: i64,
    /// Counts the leases of that delivery.
    pub number: i64,
}

/// A leased delivery.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// The lease.
    pub lease: DeliveryLease,
    /// What is to be handed over.
    pub delivery: NewDelivery,
    /// It is a test.
    pub test: bool,
    /// Attempts made since it was last made due by a person, or at all.
    pub attempts: u32,
    /// When it came about.
    pub created_at: Timestamp,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct DeliveryTurn {
    /// The lease it was made under.
    pub lease: DeliveryLease,
    /// The attempt.
    pub attempt: DeliveryAttempt,
    /// What is next.
    pub then: DeliveryThen,
    /// The destination is to be switched off, and why.
    pub switch_off: Option<String>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The status, if a reply came.
    pub status: Option<u16>,
    /// `ok`, or the class of the failure.
    pub class: String,
    /// What the failure said.
    pub message: Option<String>,
}

/// What is next for a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryThen {
    /// Nothing.
    Delivered,
    /// Another attempt.
    DueAt(Timestamp),
    /// A person must look at it.
    Parked(String),
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryProgress {
    /// Due, or waiting for its turn or its time.
    Waiting,
    /// The receiver has it.
    Delivered,
    /// Needs a person.
    Parked,
}

impl DeliveryProgress {
    /// Every state.
    pub const ALL: [DeliveryProgress; 3] =
        [DeliveryProgress::Waiting, DeliveryProgress::Delivered, DeliveryProgress::Parked];

    /// The name that answers and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            DeliveryProgress::Waiting => "waiting",
            DeliveryProgress::Delivered => "delivered",
            DeliveryProgress::Parked => "parked",
        }
    }

    /// The state with that name.
    pub fn from_name(name: &str) -> Option<DeliveryProgress> {
        DeliveryProgress::ALL.into_iter().find(|progress| progress.name() == name)
    }
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only those in this state.
    pub progress: Option<DeliveryProgress>,
    /// Only those to this destination.
    pub destination: Option<String>,
    /// At most so many; 0 for 100.
    pub limit: u32,
}

/// A delivery in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySummary {
    /// Its id.
    pub id: String,
    /// Its destination.
    pub destination: String,
    /// Where it stands.
    pub progress: DeliveryProgress,
    /// It is a test.
    pub test: bool,
    /// Attempts made since it was last made due by a person, or at all.
    pub attempts: u32,
    /// When it came about.
    pub created_at: Timestamp,
    /// When the next attempt is due, if one is. It may have to wait for its turn in the line all the same.
    pub due_at: Option<Timestamp>,
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
    /// Why it needs a person, if it does.
    pub parked_because: Option<String>,
}

/// The whole story of a delivery.
#[derive(Clone, Debug)]
pub struct DeliveryStory {
    /// Where it stands.
    pub summary: DeliverySummary,
    /// What is handed over.
    pub delivery: NewDelivery,
    /// Every attempt, in order.
    pub attempts: Vec<DeliveryAttempt>,
}

/// Whether a delivery was made due again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// It is due, at the end of its line.
    Due,
    /// It waits for an attempt anyway.
    WaitsAlready,
    /// There is no such delivery.
    NoSuchDelivery,
}

/// How a destination stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationStanding {
    /// Its name.
    pub name: String,
    /// Deliveries that wait.
    pub waiting: u64,
    /// Deliveries that need a person.
    pub parked: u64,
    /// When the oldest that waits came about.
    pub oldest_waiting: Option<Timestamp>,
    /// Since when nothing but tests goes to it, and why.
    pub switched_off: Option<(Timestamp, String)>,
}

/// The queue of deliveries. As in [`Store`](crate::Store), each method is one finished transaction.
#[async_trait]
pub trait DeliveryStore: Send + Sync + 'static {
    /// Keeps a delivery that no job brought about, due at once. Returns whether it is new: one whose id is known is left as it is.
    async fn add_delivery(&self, delivery: NewDelivery, test: bool, now: Timestamp) -> Result<bool, StoreError>;

    /// Leases due deliveries: of each destination those that have been due the longest, of each line only the first.
    /// Nothing but tests is leased of a destination that is switched off.
    async fn claim_deliveries(&self, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, StoreError>;

    /// Records an attempt and what is next. Under a lost lease nothing is recorded.
    async fn finish_delivery(&self, turn: DeliveryTurn, now: Timestamp) -> Result<TurnOutcome, StoreError>;

    /// Gives up all leases of a worker, who is known to be dead, or of all workers: their deliveries are due at once. Returns how many.
    async fn abandon_deliveries(&self, worker: Option<&str>, now: Timestamp) -> Result<u64, StoreError>;

    /// For each destination that has something to lease sooner or later, the earliest moment. One that is switched off counts only its tests.
    async fn deliveries_due(&self) -> Result<Vec<(String, Timestamp)>, StoreError>;

    /// Deliveries, the youngest first.
    async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<DeliverySummary>, StoreError>;

    /// The whole story of a delivery.
    async fn delivery(&self, id: &str) -> Result<Option<DeliveryStory>, StoreError>;

    /// Makes a delivery due again under its id, whether it was parked or delivered, behind all of its line; its attempts count anew.
    async fn replay_delivery(&self, id: &str, now: Timestamp) -> Result<ReplayOutcome, StoreError>;

    /// Makes every parked delivery due again, of one destination or of all, the oldest first. Tests stay parked. Returns how many.
    async fn replay_parked(&self, destination: Option<&str>, now: Timestamp) -> Result<u64, StoreError>;

    /// How each destination stands that ever had a delivery.
    async fn destination_standings(&self) -> Result<Vec<DestinationStanding>, StoreError>;

    /// Switches a destination on again. Returns whether it was off.
    async fn switch_on(&self, destination: &str, now: Timestamp) -> Result<bool, StoreError>;
}
