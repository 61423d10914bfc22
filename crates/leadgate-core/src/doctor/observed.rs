//! What a look at an installation saw, as plain values. Whoever looks fills these in; nothing here judges.

use jiff::{SignedDuration, Timestamp};

use crate::catalog::Catalog;
use crate::crm::QuotaReading;

/// Everything that was seen.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The account.
    pub account: AccountSeen,
    /// The data folder and the disk under it.
    pub machine: MachineSeen,
    /// The gateway, from inside and outside.
    pub gateway: GatewaySeen,
}

impl Observed {
    /// What was seen behind the account's door, if the key opened it.
    #[must_use]
    pub fn inside(&self) -> Option<&InsideSeen> {
        match &self.account {
            AccountSeen::Asked(seen) => seen.inside.as_ref(),
            AccountSeen::NotSet(_) => None,
        }
    }
}

/// The account, or why it was not asked.
#[derive(Clone, Debug)]
pub enum AccountSeen {
    /// Key or address are not configured, or cannot be used; each line says what to set.
    NotSet(Vec<String>),
    /// It was asked.
    Asked(Box<AskedSeen>),
}

impl AccountSeen {
    /// The account's clock, from the answers to the first questions.
    #[must_use]
    pub fn clock(&self) -> Option<ClockSeen> {
        match self {
            AccountSeen::Asked(seen) => seen.access.with_key.iter().find_map(|knock| knock.answer.clock()),
            AccountSeen::NotSet(_) => None,
        }
    }
}

/// What came of asking.
#[derive(Clone, Debug)]
pub struct AskedSeen {
    /// At the door.
    pub access: AccessSeen,
    /// Behind it.
    pub inside: Option<InsideSeen>,
}

/// At the door: who answers, and to which key.
#[derive(Clone, Debug, Default)]
pub struct AccessSeen {
    /// The address as configured.
    pub address: String,
    /// The account that the data folder is about, if it is noted.
    pub noted_account: Option<String>,
    /// One question for each generation that the address may mean, with the key.
    pub with_key: Vec<Knock>,
    /// The question that was answered, asked again without a key.
    pub without_key: Option<Answer>,
    /// Where an address that names its generation was not served: the same account in the other one, without a key.
    pub elsewhere: Option<Knock>,
}

/// A question to one generation's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knock {
    /// For people: `Freshsales Suite`.
    pub generation: String,
    /// The root of its API.
    pub root: String,
    /// What came.
    pub answer: Answer,
}

/// What came of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Method and path.
    pub asked: String,
    /// The reply, or why there is none.
    pub came: Came,
}

impl Answer {
    /// What the reply says of the account's clock.
    #[must_use]
    pub fn clock(&self) -> Option<ClockSeen> {
        match &self.came {
            Came::Reply(reply) => reply.clock,
            _ => None,
        }
    }
}

/// A reply, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// A whole reply.
    Reply(ReplySeen),
    /// No connection came about.
    NoConnection,
    /// A connection, but no whole reply in time.
    TimedOut,
    /// The connection broke.
    Broke,
}

/// What matters of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplySeen {
    /// HTTP status.
    pub status: u16,
    /// What the body is.
    pub body: BodyKind,
    /// It leads to a sign-in page.
    pub to_sign_in: bool,
    /// Seconds in `Retry-After`.
    pub retry_after: Option<u64>,
    /// What it says of the quota.
    pub quota: Option<QuotaReading>,
    /// What it says of the clock.
    pub clock: Option<ClockSeen>,
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// JSON.
    Json,
    /// Something for people.
    Page,
    /// Nothing.
    Empty,
}

/// How far another clock is ahead of this machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSeen {
    /// How far; negative where it is behind.
    pub ahead: SignedDuration,
    /// What of it the way of the request and whole seconds can explain.
    pub uncertainty: SignedDuration,
}

/// Behind the door.
#[derive(Clone, Debug, Default)]
pub struct InsideSeen {
    /// For people: `Freshsales Suite`.
    pub generation: String,
    /// What was read of it, to find out what kind of account it is.
    pub facts: Option<String>,
    /// The first and the last word on the quota.
    pub quota: Option<QuotaSeen>,
    /// The account's clock.
    pub clock: Option<ClockSeen>,
    /// What was tried to read.
    pub reads: Vec<ReadTried>,
    /// The account's names.
    pub catalog: Catalog,
    /// Names that must exist, with their section.
    pub wanted: Wanted,
    /// What was tried to write, where that was allowed.
    pub writes: Option<WritesSeen>,
}

/// Two looks at the quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaSeen {
    /// The first.
    pub first: QuotaReading,
    /// The last.
    pub last: QuotaReading,
    /// Requests made up to the first.
    pub own_first: u32,
    /// Requests made after the first, up to the last.
    pub own_between: u32,
    /// When the last came.
    pub at: Timestamp,
}

/// Names that the configuration says must exist.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Deal stages.
    pub stages: Vec<String>,
    /// Lead sources.
    pub sources: Vec<String>,
    /// Owners.
    pub owners: Vec<String>,
    /// When the look began: the catalog is no older.
    pub since: Timestamp,
}

/// What a read is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it the gateway cannot work.
    Must,
    /// Without it names cannot be used in place of ids, or a program that lists records cannot.
    Should,
}

/// One thing that was tried to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadTried {
    /// What, in the plural: `deal stages`.
    pub what: String,
    /// What it is for.
    pub need: Need,
    /// How it went.
    pub went: Went,
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Went {
    /// As it should.
    Well,
    /// The key's user may not.
    Forbidden,
    /// The account did not accept what was sent, and said why.
    Refused(String),
    /// It failed in another way.
    Failed(String),
    /// It was not tried, because something before it did not work.
    NotTried,
}

/// What was tried to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WritesSeen {
    /// Each kind of record.
    pub kinds: Vec<KindTried>,
    /// The user that the CRM names as the maker of a record: the key's.
    pub maker: Option<i64>,
    /// How searches behaved.
    pub search: Option<SearchSeen>,
    /// Marked records that could not be removed: kind and id.
    pub left_behind: Vec<String>,
}

/// One kind of record: made, looked at, removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindTried {
    /// `contact`, `deal`, …
    pub kind: String,
    /// Making one.
    pub create: Went,
    /// Looking at it.
    pub view: Went,
    /// Removing it.
    pub delete: Went,
}

/// How searches behaved towards a record that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchSeen {
    /// How long it took to be found; `None` if it was not.
    pub found_after: Option<SignedDuration>,
    /// How long it was looked for.
    pub waited: SignedDuration,
    /// Whether a query of one, two and three characters found anything at all; empty where it was not asked.
    pub short_queries: Vec<(usize, bool)>,
}

/// The data folder and the disk under it.
#[derive(Clone, Debug)]
pub struct MachineSeen {
    /// The folder as configured.
    pub folder: String,
    /// What it is.
    pub state: FolderSeen,
    /// The account that it is about and the one configured, where they differ.
    pub other_account: Option<(String, String)>,
    /// Bytes that are free on its disk.
    pub free_bytes: Option<u64>,
    /// How long writing a small file to the disk took, the middle of some; `None` if it could not be written.
    pub sync: Option<SignedDuration>,
    /// The store in it.
    pub store: StoreSeen,
}

/// What a data folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderSeen {
    /// It is there and takes files. On Unix with its permissions.
    Writable {
        /// The permission bits, where the system has them.
        mode: Option<u32>,
    },
    /// It is not there yet, and can be made.
    Absent,
    /// It does not take files, or cannot be made.
    Unwritable(String),
}

/// The store in a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreSeen {
    /// There is none yet.
    Absent,
    /// A gateway has it open.
    InUse,
    /// It cannot be opened.
    Unusable(String),
    /// It was opened.
    Opened {
        /// SQLite's journal mode.
        journal: String,
        /// SQLite's `synchronous`: 2 waits for the disk.
        synchronous: i64,
        /// Whether the configuration asks to survive a loss of power.
        wants_power_safety: bool,
    },
    /// It is in a database, which answered.
    Database {
        /// The server's version.
        server: String,
        /// The version of the tables; `None` if there are none yet.
        schema: Option<i64>,
        /// Whether a commit is on the disk when it is answered.
        waits_for_disk: bool,
    },
    /// It is in a database that cannot be used.
    DatabaseUnusable(String),
}

/// The gateway, from inside and outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySeen {
    /// Its local address.
    pub local_url: String,
    /// Its readiness, if it runs.
    pub readiness: Readiness,
    /// The public address, if one is configured.
    pub public_url: Option<String>,
    /// What came back through the public address; `None` if it was not tried.
    pub loopback: Option<Loopback>,
}

/// Whether the gateway is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// None runs here.
    NotRunning,
    /// It is.
    Ready,
    /// It says no, with this status.
    NotReady(u16),
}

/// What came back through the public address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// This gateway's own answer.
    Arrived,
    /// Another gateway's answer.
    OtherGateway,
    /// Something else's, with this status.
    Elsewhere(u16),
    /// Nothing.
    Nothing,
}
