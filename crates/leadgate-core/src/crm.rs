//! The port to a CRM: every request the gateway can make, as a value.
//!
//! One [`CrmCall`] is one HTTP request (an account's description and pages of rows may take a few; the answer says how many). So budget, attempts and retries are
//! counted in one place, and there is no "ensure person" here: which call comes next the pure machines in [`crate::steps`] decide, from the last answer.

mod additions;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use additions::{NewActivity, NewDeal, NewTask};

use crate::catalog::{Section, SectionContent};
use crate::identity::Email;
use crate::record::{Fields, RecordKind, RecordRef, Snapshot};
use crate::sync::{RowsPage, RowsQuery};

/// What a person can be looked up by, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupBy {
    /// E-mail address.
    Email(Email),
    /// Phone number, E.164.
    Phone(String),
}

/// Which records a search by e-mail goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Among {
    /// Contacts.
    Contacts,
    /// Leads.
    Leads,
}

/// What companies can be searched by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanyKey {
    /// Their web site has this domain in it.
    Website(String),
    /// Their name has this text in it.
    NamePart(String),
}

/// One request to the CRM.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CrmCall {
    /// Find out what kind of account this is, or read a section of its names.
    ReadCatalog(Section),
    /// Find people by exact match, without index lag, leads and contacts alike.
    FindPerson(LookupBy),
    /// Find many people by e-mail at once. May not see what was written in the last seconds.
    FindPeople {
        /// Where to look.
        among: Among,
        /// The addresses: at most [`crate::catalog::AccountFacts::batch_find`] where most are probably there, else up to
        /// [`crate::pack::WIDEST`].
        emails: Vec<Email>,
        /// Most of them are probably there, so that as many of them fill a page of the answer.
        likely: bool,
    },
    /// Find out whether as many people have these addresses as there are addresses. May not see what was written in the last seconds.
    ConfirmPeople {
        /// The addresses.
        emails: Vec<Email>,
        /// The most of them that one request is made for, at most [`crate::pack::WIDEST`].
        at_most: usize,
    },
    /// Read one person with everything that matching looks at.
    ReadPerson(RecordRef),
    /// Create a person: a lead where the account keeps leads, else a contact.
    CreatePerson(Fields),
    /// Create or update a person by e-mail.
    UpsertPerson {
        /// The key.
        email: Email,
        /// What to write.
        fields: Fields,
    },
    /// Write fields of a person.
    UpdatePerson {
        /// Who.
        record: RecordRef,
        /// What to write.
        fields: Fields,
    },
    /// Create or update many people by e-mail; the answer is a ticket.
    UpsertPeople(Vec<(Email, Fields)>),
    /// Ask how a bulk request stands.
    BulkStatus {
        /// The ticket that [`CrmReply::BulkStarted`] gave.
        ticket: String,
    },
    /// Find companies by exact name.
    FindCompany {
        /// The name.
        name: String,
    },
    /// Search companies. May not see what was written in the last seconds, and may find more than what is meant.
    FindCompanies(CompanyKey),
    /// Create or update a company by name.
    UpsertCompany {
        /// The key.
        name: String,
        /// What to write.
        fields: Fields,
    },
    /// Write fields of a company.
    UpdateCompany {
        /// Which.
        record: RecordRef,
        /// What to write.
        fields: Fields,
    },
    /// The deals of a person.
    ListDeals(RecordRef),
    /// Create a deal.
    CreateDeal(NewDeal),
    /// Move a deal to a stage.
    MoveDeal {
        /// The deal's id.
        deal: i64,
        /// The stage's id.
        stage: i64,
        /// The pipeline's id, if known.
        pipeline: Option<i64>,
    },
    /// The notes on a record, newest first if the CRM can.
    ListNotes(RecordRef),
    /// Add a note to a record.
    AddNote {
        /// Where to.
        record: RecordRef,
        /// Its text.
        text: String,
    },
    /// The records of a kind that changed after a moment, those that changed last first.
    ListChanged {
        /// Which kind.
        kind: RecordKind,
        /// The moment.
        since: Timestamp,
        /// Which page of [`PAGE`](crate::mirror::watch::PAGE) rows, from 1.
        page: u32,
    },
    /// Read one deal.
    ReadDeal(i64),
    /// Write fields of a deal.
    UpdateDeal {
        /// The deal's id.
        deal: i64,
        /// What to write.
        fields: Fields,
    },
    /// Read one company.
    ReadCompany(i64),
    /// The tasks on a record.
    ListTasks(RecordRef),
    /// Add a task to a record.
    AddTask(NewTask),
    /// The sales activities on a record.
    ListActivities(RecordRef),
    /// Add a sales activity to a record.
    AddActivity(NewActivity),
    /// Make a contact of a lead, on accounts that keep the two apart.
    ConvertLead {
        /// The lead's id.
        lead: i64,
        /// What the contact is to have; a last name at least.
        fields: Fields,
    },
    /// Put a contact on a marketing list.
    AddToList {
        /// The list's id.
        list: i64,
        /// The contact's id.
        contact: i64,
    },
    /// Put a person into the recycle bin.
    DeletePerson(RecordRef),
    /// Remove a person for good, from the recycle bin too. Cannot be taken back.
    ForgetPerson(RecordRef),
    /// Some pages of the account's rows, whatever kind they are.
    ReadRows(RowsQuery),
}

impl CrmCall {
    /// A short name for logs, metrics and attempts.
    pub fn name(&self) -> &'static str {
        match self {
            CrmCall::ReadCatalog(Section::Account) => "describe_account",
            CrmCall::ReadCatalog(_) => "read_catalog",
            CrmCall::FindPerson(_) => "find_person",
            CrmCall::FindPeople { .. } => "find_people",
            CrmCall::ConfirmPeople { .. } => "confirm_people",
            CrmCall::ReadPerson(_) => "read_person",
            CrmCall::CreatePerson(_) => "create_person",
            CrmCall::UpsertPerson { .. } => "upsert_person",
            CrmCall::UpdatePerson { .. } => "update_person",
            CrmCall::UpsertPeople(_) => "upsert_people",
            CrmCall::BulkStatus { .. } => "bulk_status",
            CrmCall::FindCompany { .. } => "find_company",
            CrmCall::FindCompanies(_) => "find_companies",
            CrmCall::UpsertCompany { .. } => "upsert_company",
            CrmCall::UpdateCompany { .. } => "update_company",
            CrmCall::ListDeals(_) => "list_deals",
            CrmCall::CreateDeal(_) => "create_deal",
            CrmCall::MoveDeal { .. } => "move_deal",
            CrmCall::ListNotes(_) => "list_notes",
            CrmCall::AddNote { .. } => "add_note",
            CrmCall::ListChanged { .. } => "list_changed",
            CrmCall::ReadDeal(_) => "read_deal",
            CrmCall::UpdateDeal { .. } => "update_deal",
            CrmCall::ReadCompany(_) => "read_company",
            CrmCall::ListTasks(_) => "list_tasks",
            CrmCall::AddTask(_) => "add_task",
            CrmCall::ListActivities(_) => "list_activities",
            CrmCall::AddActivity(_) => "add_activity",
            CrmCall::ConvertLead { .. } => "convert_lead",
            CrmCall::AddToList { .. } => "add_to_list",
            CrmCall::DeletePerson(_) => "delete_person",
            CrmCall::ForgetPerson(_) => "forget_person",
            CrmCall::ReadRows(_) => "read_rows",
        }
    }

    /// Whether the call can change something in the CRM.
    pub fn is_write(&self) -> bool {
        matches!(
            self,
            CrmCall::CreatePerson(_)
                | CrmCall::UpsertPerson { .. }
                | CrmCall::UpdatePerson { .. }
                | CrmCall::UpsertPeople(_)
                | CrmCall::UpsertCompany { .. }
                | CrmCall::UpdateCompany { .. }
                | CrmCall::CreateDeal(_)
                | CrmCall::MoveDeal { .. }
                | CrmCall::AddNote { .. }
                | CrmCall::UpdateDeal { .. }
                | CrmCall::AddTask(_)
                | CrmCall::AddActivity(_)
                | CrmCall::ConvertLead { .. }
                | CrmCall::AddToList { .. }
                | CrmCall::DeletePerson(_)
                | CrmCall::ForgetPerson(_)
        )
    }
}

/// A note as the CRM lists it; a task or a sales activity is listed by its title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSeen {
    /// Its id.
    pub id: i64,
    /// Its text or HTML as the CRM keeps it; the title of a task or sales activity.
    pub text: String,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

/// A deal as the CRM lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealSeen {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// When it was created, where the listing says so.
    pub created_at: Option<Timestamp>,
    /// How it stands, where the listing says so.
    pub standing: DealStanding,
}

/// Where a deal is on its way, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DealStanding {
    /// Its stage's id.
    pub stage: Option<i64>,
    /// Its pipeline's id.
    pub pipeline: Option<i64>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When its stage changed last.
    pub stage_since: Option<Timestamp>,
}

/// What a successful call answered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CrmReply {
    /// A section of the catalog.
    Catalog(SectionContent),
    /// The people or companies found, perhaps none.
    Found(Vec<Snapshot>),
    /// The people found.
    FoundMany {
        /// For each address that was asked for; addresses without a match are left out.
        people: BTreeMap<Email, Vec<Snapshot>>,
        /// Every row that the CRM counts was shown, and each has one of the addresses: whoever is not among them is nobody's.
        is_whole: bool,
    },
    /// Whether as many people were found as there are addresses.
    Confirmed(bool),
    /// The record as it now is.
    Record(Snapshot),
    /// A bulk request was taken.
    BulkStarted {
        /// What to ask for its end with.
        ticket: String,
    },
    /// How a bulk request stands.
    Bulk(BulkState),
    /// A deal was created or moved; `shown` is the CRM's own JSON of it.
    Deal {
        /// Its id.
        id: i64,
        /// The deal as the CRM shows it.
        shown: Value,
    },
    /// The deals of a person.
    Deals(Vec<DealSeen>),
    /// The notes, tasks or sales activities of a record.
    Notes(Vec<NoteSeen>),
    /// It is done, and there is nothing to show.
    Done,
    /// A note, task or sales activity was added.
    Note {
        /// Its id.
        id: i64,
    },
    /// A page of records that changed.
    Changed {
        /// The records as the CRM shows them, with the names of what they point at.
        rows: Vec<Map<String, Value>>,
        /// How many there are on all pages, if the CRM says so.
        total: Option<u64>,
    },
    /// Some pages of the account's rows.
    Rows(RowsPage),
}

/// How a bulk request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkState {
    /// Not finished.
    Running,
    /// Finished; `failed` lists the addresses that were refused, with the CRM's sentences, as far as it names them.
    Finished {
        /// What was refused.
        failed: BTreeMap<String, Vec<String>>,
        /// How many were refused, named or not.
        failed_count: u32,
    },
}

/// Why a call did not do what was asked. The classes are what retry, parking and budget decide by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrmFailure {
    /// The key is wrong, or belongs to somebody who left.
    #[error("the CRM refused the API key: {0}")]
    Auth(String),
    /// There is no such account.
    #[error("there is no such account: {0}")]
    WrongAccount(String),
    /// The key's user may not do this.
    #[error("the key's user may not do this: {0}")]
    Forbidden(String),
    /// The record does not exist (any more).
    #[error("the record does not exist")]
    NotFound,
    /// The CRM does not accept the values; its sentences say why.
    #[error("the CRM did not accept the values: {}", sentences.join("; "))]
    Invalid {
        /// The CRM's own sentences.
        sentences: Vec<String>,
        /// Fields that the sentences are about, by the names of [`crate::record::field`], as far as known.
        fields: Vec<String>,
    },
    /// A unique value is taken by another record.
    #[error("another record has the same {}", field.as_deref().unwrap_or("unique value"))]
    NotUnique {
        /// The field, by the names of [`crate::record::field`], if the CRM told.
        field: Option<String>,
    },
    /// An id that the account does not have (any more): a stage, a source, an owner.
    #[error("the account has no such id: {}", sentences.join("; "))]
    StaleId {
        /// The CRM's own sentences.
        sentences: Vec<String>,
    },
    /// The account's quota is used up.
    #[error("the account's request quota is used up")]
    Quota {
        /// When it is refilled, if the CRM said.
        until: Option<Timestamp>,
    },
    /// Something in front of the CRM slows this address down.
    #[error("the CRM's edge asks to wait")]
    Throttled {
        /// For how long, if it said.
        wait: Option<SignedDuration>,
    },
    /// The CRM is busy with other work of the same kind.
    #[error("the CRM is busy with other bulk work")]
    Busy,
    /// It failed, and nothing can have happened.
    #[error("the CRM could not be reached or failed: {0}")]
    Transient(String),
    /// It may have happened or not.
    #[error("the CRM's answer did not arrive, so the outcome is unknown: {0}")]
    OutcomeUnknown(String),
    /// The CRM says that there are more rows than it gives out.
    #[error("the CRM keeps rows back: {0}")]
    Incomplete(String),
    /// The answer makes no sense.
    #[error("the CRM's answer could not be understood: {0}")]
    Malformed(String),
}

impl CrmFailure {
    /// The class, for logs, metrics and attempts.
    pub fn class(&self) -> &'static str {
        match self {
            CrmFailure::Auth(_) => "auth",
            CrmFailure::WrongAccount(_) => "wrong_account",
            CrmFailure::Forbidden(_) => "forbidden",
            CrmFailure::NotFound => "not_found",
            CrmFailure::Invalid { .. } => "invalid",
            CrmFailure::NotUnique { .. } => "not_unique",
            CrmFailure::StaleId { .. } => "stale_id",
            CrmFailure::Quota { .. } => "quota",
            CrmFailure::Throttled { .. } => "throttled",
            CrmFailure::Busy => "busy",
            CrmFailure::Transient(_) => "transient",
            CrmFailure::OutcomeUnknown(_) => "outcome_unknown",
            CrmFailure::Incomplete(_) => "incomplete",
            CrmFailure::Malformed(_) => "malformed",
        }
    }
}

/// What the CRM said of the quota beside its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaReading {
    /// Requests a window holds.
    pub limit: u32,
    /// Requests left in it.
    pub remaining: u32,
    /// When it is refilled, if that could be understood.
    pub reset: Option<Timestamp>,
}

/// The answer to one call, with what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct CrmAnswer {
    /// What came of it.
    pub result: Result<CrmReply, CrmFailure>,
    /// The HTTP status of the (last) reply, if one came.
    pub status: Option<u16>,
    /// What the reply said of the quota.
    pub quota: Option<QuotaReading>,
    /// When the (last) reply was made by the CRM's clock, to the whole second, if it said so.
    pub dated: Option<Timestamp>,
    /// How many HTTP requests were made.
    pub requests: u32,
}

/// A CRM account. Implemented over a typed client; replaced by nothing in tests, which talk to a sandbox account.
#[async_trait::async_trait]
pub trait Crm: Send + Sync + 'static {
    /// Makes one call.
    async fn call(&self, call: CrmCall) -> CrmAnswer;
}
