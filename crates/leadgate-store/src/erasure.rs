//! Forgetting a person, in a trait of its own: a demand is kept, then everything of the person is erased a little at a time.
//!
//! A demand knows the person only by [`Marks`]: salted digests and record ids. It goes through these phases:
//!
//! | [`Phase`] | what happens | left when |
//! |---|---|---|
//! | `Erasing` | [`ErasureStore::forget_some`] goes through all tables | the sweep has ended |
//! | `Asking` | the job that has the CRM forget the person is at work; it is ordered before whatever of the person arrives later | the job has landed |
//! | `Closing` | what the CRM said meanwhile is erased too | the sweep has ended, and [`ErasureStore::finish_forget`] was called |
//! | `Done` | only the receipt is left | |
//!
//! Where the CRM is not asked, `Asking` is left out. What arrives after the demand is not the demand's, except for what the CRM or a look at it
//! told before the demand closed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use leadgate_core::erasure::Marks;
use leadgate_core::identity::IdentityKey;
use leadgate_core::steps::ForgetPersonStep;
use leadgate_core::submission::SubmissionId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;

/// Names a demand. Version 7, so ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ForgetId(pub Uuid);

impl std::fmt::Display for ForgetId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(formatter)
    }
}

impl std::str::FromStr for ForgetId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(ForgetId)
    }
}

/// A demand to keep.
#[derive(Clone, Debug)]
pub struct NewForget {
    /// Its id, new.
    pub id: ForgetId,
    /// What the person is recognised by.
    pub marks: Marks,
    /// What the CRM is to do; `None` leaves the person there.
    pub crm: Option<NewCrmForget>,
}

/// What the CRM is to do.
#[derive(Clone, Debug)]
pub struct NewCrmForget {
    /// The id of the submission that its job is kept under, new.
    pub submission: SubmissionId,
    /// The step. It is the only place where an address stays until the CRM has answered.
    pub step: ForgetPersonStep,
    /// The person's identities, so that what arrives later waits behind it.
    pub keys: Vec<IdentityKey>,
}

/// How far a demand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The tables are gone through.
    Erasing,
    /// The CRM is asked.
    Asking,
    /// What came meanwhile is erased, then the receipt is written.
    Closing,
    /// The receipt is there.
    Done,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Phase; 4] = [Phase::Erasing, Phase::Asking, Phase::Closing, Phase::Done];

    /// The name that answers use.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Erasing => "erasing",
            Phase::Asking => "asking_the_crm",
            Phase::Closing => "closing",
            Phase::Done => "done",
        }
    }
}

/// A place in which something of a person may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Which record an identity belongs to. Teaches the sweep the person's records and further addresses.
    Known,
    /// The mirror of records.
    Mirror,
    /// Profiles. Teaches the sweep the ids that events name the person by.
    Profiles,
    /// What came in, with its job, its requests and its place in the queues.
    Submissions,
    /// Deliveries with their attempts.
    Deliveries,
    /// Changes of records.
    Changes,
    /// Which notes the gateway has left on the person's records.
    Notes,
    /// What is said of rows of imports that could not be read.
    ImportRows,
    /// Names of imported files, and why destinations were switched off.
    Remarks,
    /// Rows of the copy of the account, which is not the store's.
    CopyRows,
    /// Rows of others in the copy, in which cells were emptied.
    CopyCells,
    /// Changes in the copy.
    CopyChanges,
}

impl Place {
    /// The name that receipts use.
    pub fn name(self) -> &'static str {
        match self {
            Place::Known => "known",
            Place::Mirror => "mirror",
            Place::Profiles => "profiles",
            Place::Submissions => "submissions",
            Place::Deliveries => "deliveries",
            Place::Changes => "changes",
            Place::Notes => "notes",
            Place::ImportRows => "import_rows",
            Place::Remarks => "remarks",
            Place::CopyRows => "copy_rows",
            Place::CopyCells => "copy_cells",
            Place::CopyChanges => "copy_changes",
        }
    }
}

/// The order of places. What teaches more of the person comes first, twice, for what is learned last may name what was passed before; what a job
/// that was still at work may have written again comes once more.
pub const ORDER: [Place; 14] = [
    Place::Known,
    Place::Known,
    Place::Mirror,
    Place::Profiles,
    Place::Profiles,
    Place::Submissions,
    Place::Deliveries,
    Place::Changes,
    Place::Notes,
    Place::ImportRows,
    Place::Remarks,
    Place::Known,
    Place::Mirror,
    Place::Profiles,
];

/// How far the tables were gone through, and what was found. Kept with the demand after every step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// What the person is recognised by; grows while places teach more.
    pub marks: Marks,
    /// Which of [`ORDER`] is gone through.
    pub stage: usize,
    /// The last row looked at in it.
    #[serde(default)]
    pub after: Option<RowKey>,
    /// Numbers of the last rows that are the demand's, by place. Rows behind them came later.
    #[serde(default)]
    pub until: BTreeMap<Place, i64>,
    /// Of rows behind those of the first sweep, only what the CRM told or a look at it found.
    #[serde(default)]
    pub first_until: Option<i64>,
    /// How many rows of each place were the person's.
    #[serde(default)]
    pub counts: BTreeMap<Place, u64>,
    /// Open submissions of other people that name the person. They are left alone until they have landed.
    #[serde(default)]
    pub of_others: u64,
    /// Open work of the person that was cancelled.
    #[serde(default)]
    pub cancelled: u64,
    /// Calls that were under way have ended by then.
    #[serde(default)]
    pub calls_end: Option<Timestamp>,
}

/// The key of a row: a text, a number, or both, whatever its table is ordered by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowKey(pub String, pub i64);

impl Sweep {
    /// A sweep at its beginning.
    pub fn new(marks: Marks) -> Sweep {
        Sweep {
            marks,
            stage: 0,
            after: None,
            until: BTreeMap::new(),
            first_until: None,
            counts: BTreeMap::new(),
            of_others: 0,
            cancelled: 0,
            calls_end: None,
        }
    }

    /// The place that is gone through; `None` if all were.
    pub fn place(&self) -> Option<Place> {
        ORDER.get(self.stage).copied()
    }

    /// Notes what a step found: so many rows of the person, the last row looked at if there may be more.
    pub fn found(&mut self, rows: u64, last: Option<RowKey>) {
        if let Some(place) = self.place().filter(|_| rows > 0) {
            *self.counts.entry(place).or_default() += rows;
        }
        if last.is_none() {
            self.stage += 1;
        }
        self.after = last;
    }

    /// Whether a place is looked at again that a sweep which only counts has counted already.
    pub fn is_counted(&self) -> bool {
        let seen = |place| ORDER[..self.stage.min(ORDER.len())].contains(&place);
        self.place().is_some_and(seen)
    }

    /// Begins again, for what came up to these numbers.
    pub fn again(&mut self, until: BTreeMap<Place, i64>) {
        self.first_until = self.until.get(&Place::Submissions).copied();
        self.until = until;
        self.stage = 0;
        self.after = None;
        self.of_others = 0;
    }
}

/// What the CRM has done of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrmForget {
    /// It was not asked to.
    LeftAlone,
    /// The job waits for the gateway, for its turn or for an answer.
    Open,
    /// A person must look at the job; why.
    Parked(String),
    /// It is done; so many records were forgotten.
    Done(u32),
}

/// A demand and how far it is.
#[derive(Clone, Debug)]
pub struct ForgetState {
    /// Which.
    pub id: ForgetId,
    /// When it was made.
    pub begun_at: Timestamp,
    /// How far it is.
    pub phase: Phase,
    /// What was found so far.
    pub sweep: Sweep,
    /// The submission whose story tells what the CRM was asked.
    pub submission: Option<SubmissionId>,
    /// What the CRM has done.
    pub crm: CrmForget,
    /// The receipt, once it is there.
    pub receipt: Option<Value>,
}

/// The part of the store that forgets. Each method is one finished transaction, except for `cleanse`.
#[async_trait]
pub trait ErasureStore: Send + Sync + 'static {
    /// Keeps a demand, durable before it returns, and with it the job that is to have the CRM forget the person.
    async fn begin_forget(&self, demand: NewForget, now: Timestamp) -> Result<(), StoreError>;

    /// Goes on with a demand: looks at up to so many rows and erases those of the person, or sees whether the next phase has come. Open work of
    /// the person ends as forgotten, with its end signalled. Returns how the demand stands now; none if there is none.
    async fn forget_some(
        &self,
        id: ForgetId,
        most_rows: u32,
        now: Timestamp,
    ) -> Result<Option<ForgetState>, StoreError>;

    /// How a demand stands.
    async fn forget_state(&self, id: ForgetId) -> Result<Option<ForgetState>, StoreError>;

    /// The demands that are not done, the oldest first.
    async fn open_forgets(&self) -> Result<Vec<ForgetId>, StoreError>;

    /// Adds what was erased elsewhere to the counts of a demand that is not done.
    async fn add_erased(&self, id: ForgetId, counts: BTreeMap<Place, u64>) -> Result<(), StoreError>;

    /// Ends a demand that is closing and swept: its receipt takes the place of what was kept of it. Returns whether it was one.
    async fn finish_forget(&self, id: ForgetId, receipt: Value, now: Timestamp) -> Result<bool, StoreError>;

    /// Takes one step of a sweep that changes nothing: looks at up to so many rows and counts.
    async fn count_some(&self, sweep: Sweep, most_rows: u32) -> Result<Sweep, StoreError>;

    /// Sees to it that what was erased is in no file of the store any more, not in its log either. Returns whether that succeeded; if not, somebody
    /// was reading, or it is not the store's to do, and it is to be tried again.
    async fn cleanse(&self) -> Result<bool, StoreError>;

    /// What still holds erased data after that and is beyond the store's reach, in sentences for a receipt.
    fn remains(&self) -> &'static [&'static str] {
        &[]
    }
}
