//! Steps: one effect each, as machines that say which request comes next and what its answer means.
//!
//! Cast: a [`Step`] holds what is wished and how far it got; [`StepContext`] is what the gateway knows at this moment. Flow, for each turn:
//!
//! 1. [`Step::next`] looks at both and says [`Next`]: make this call, wait, done, or park.
//! 2. The engine makes the call and hands the answer to [`Step::absorb`], which updates the step and says [`Verdict`].
//! 3. The step, as it now is, is stored with the attempt in one transaction. Then it starts over.
//!
//! Between the turns nothing is remembered but the stored step. So a crash at any point is the same as an answer that did not arrive:
//! the step is told so, and the machine reads back before it writes again.

mod add_to_list;
mod company;
mod convert;
mod deal;
mod entry;
mod find_deal;
mod forget_person;
mod guards;
mod lost_person;
mod move_found;
mod note;
mod owner;
mod person;
mod remove_person;
mod send;
mod set_fields;
mod stage;
mod target;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use add_to_list::AddToListStep;
pub use company::{CompanyLookup, CompanyStep};
pub use convert::ConvertStep;
pub use deal::DealStep;
pub use entry::{EntryKind, EntryStep};
pub use find_deal::{DealToMake, DealWish, FindDealStep};
pub use forget_person::ForgetPersonStep;
pub use guards::MoveGuards;
pub(crate) use lost_person::is_lost;
pub use move_found::MoveFoundStep;
pub use note::NoteStep;
pub use owner::{Routed, RoutedOwner};
pub use person::{PersonStep, PersonWish};
pub use remove_person::RemovePersonStep;
pub use send::SendStep;
pub use set_fields::SetFieldsStep;
pub use stage::StageStep;
pub use target::StepTarget;

use crate::catalog::{BELIEVED_FOR, Catalog};
use crate::copied::Copied;
use crate::crm::{CrmCall, CrmFailure, CrmReply, DealStanding};
use crate::delivery::NewDelivery;
use crate::identity::IdentityKey;
use crate::pack::Sharing;
use crate::record::{KnownRecord, RecordRef};

/// How far two clocks may be apart: a record that the CRM says was made this much before the first attempt may still be of that attempt.
pub(crate) const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(120);

/// One effect that a plan asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Make sure that a company is there.
    EnsureCompany(CompanyStep),
    /// Make sure that a person is there.
    EnsurePerson(Box<PersonStep>),
    /// Make sure that a deal is there.
    EnsureDeal(DealStep),
    /// Move a deal to a stage.
    MoveDeal(StageStep),
    /// Add a note.
    AddNote(NoteStep),
    /// Hand something to a destination outside the CRM.
    Send(Box<SendStep>),
    /// Find a deal of the person, or make one.
    FindDeal(Box<FindDealStep>),
    /// Move a deal that was found, unless a guard holds it back.
    MoveFound(Box<MoveFoundStep>),
    /// Set fields of a record that was found.
    SetFields(Box<SetFieldsStep>),
    /// Add a task or a sales activity.
    AddEntry(Box<EntryStep>),
    /// Convert the person.
    Convert(Box<ConvertStep>),
    /// Put the person on a marketing list.
    AddToList(AddToListStep),
    /// Put a person into the recycle bin, unless somebody has changed them.
    RemovePerson(RemovePersonStep),
    /// Have the CRM forget a person for good.
    ForgetPerson(Box<ForgetPersonStep>),
}

/// What earlier steps of the same plan found or made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// The person.
    pub person: Option<RecordRef>,
    /// Whether the person was made by this plan, as far as can be told.
    pub person_created: bool,
    /// The CRM itself answered that this plan made the person: nothing can be with them yet.
    #[serde(default)]
    pub person_is_new: bool,
    /// Whether this plan wrote anything of the person.
    #[serde(default)]
    pub person_changed: bool,
    /// When the CRM said, in its last answer about the person, that they were last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_as_of: Option<Timestamp>,
    /// Whether the person was put into the recycle bin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_removed: Option<bool>,
    /// The company's id.
    pub company: Option<i64>,
    /// Who owns the company, if it was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_owner: Option<i64>,
    /// The deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealFound>,
}

/// A deal that a step found or made, as it saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealFound {
    /// Its id.
    pub id: i64,
    /// Whether this plan made it.
    pub created: bool,
    /// How it stood.
    pub standing: DealStanding,
    /// When that was seen.
    pub seen_at: Timestamp,
}

/// What the gateway knows at the moment a step is looked at.
#[derive(Clone, Debug)]
pub struct StepContext<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// The account's names.
    pub catalog: &'a Catalog,
    /// What was written or read lately, by identity.
    pub known: &'a BTreeMap<IdentityKey, KnownRecord>,
    /// What the copy of the account has of these identities, if there is one.
    pub copied: Option<&'a Copied>,
    /// Notes on the target record that other jobs are known to have added, and the other traces that the gateway left there.
    pub known_notes: &'a BTreeSet<i64>,
    /// What earlier steps of this plan found.
    pub findings: &'a Findings,
    /// Whom its calls can be shared with.
    pub sharing: Sharing,
    /// A later step of the plan writes something at the person.
    pub is_followed: bool,
    /// It is the last step of the plan.
    pub is_last: bool,
}

impl StepContext<'_> {
    /// Sections of the catalog read before this moment are read again.
    pub(crate) fn believed_since(&self) -> Timestamp {
        self.now.saturating_sub(BELIEVED_FOR).unwrap_or(Timestamp::MIN)
    }
}

/// What a step needs next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// This call.
    Call(CrmCall),
    /// Time to pass.
    Wait {
        /// Until when.
        until: Timestamp,
    },
    /// Nothing: it is done.
    Done,
    /// A person.
    Park(Parking),
}

/// What an answer meant for a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The step moved on; ask it for what is next.
    Proceed,
    /// A person must look at it.
    Park(Parking),
}

/// An answer that concerns the step itself. What concerns the account or the line never reaches a step (see [`crate::job`]).
pub type StepAnswer = Result<CrmReply, CrmFailure>;

/// Why a job needs a person, in words for that person and for the caller who may still be waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parking {
    /// The class.
    pub reason: ParkReason,
    /// What happened, to which thing, and what to do.
    pub message: String,
    /// Names that would have been right, if that was the trouble.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub valid: Vec<String>,
}

/// The classes of reasons to park.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParkReason {
    /// The record that the submission names does not exist.
    NotFound,
    /// The account has no stage, owner or other thing of that name.
    UnknownName,
    /// The CRM does not accept the values.
    Invalid,
    /// The key's user may not do it.
    Forbidden,
    /// A unique value is taken by a record that the key cannot see.
    TakenUnseen,
    /// It failed too often.
    Exhausted,
    /// The stored submission can no longer be read.
    Unreadable,
}

impl ParkReason {
    /// The name that stores, logs and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            ParkReason::NotFound => "not_found",
            ParkReason::UnknownName => "unknown_name",
            ParkReason::Invalid => "invalid",
            ParkReason::Forbidden => "forbidden",
            ParkReason::TakenUnseen => "taken_unseen",
            ParkReason::Exhausted => "exhausted",
            ParkReason::Unreadable => "unreadable",
        }
    }
}

impl Parking {
    pub(crate) fn new(reason: ParkReason, message: impl Into<String>) -> Parking {
        Parking { reason, message: message.into(), valid: Vec::new() }
    }

    /// What every step does with a refusal that it has no better idea for.
    pub(crate) fn because(failure: &CrmFailure, doing: &str) -> Parking {
        let reason = match failure {
            CrmFailure::NotFound => ParkReason::NotFound,
            CrmFailure::Forbidden(_) => ParkReason::Forbidden,
            _ => ParkReason::Invalid,
        };
        Parking::new(reason, format!("{doing} failed: {failure}"))
    }
}

/// What a finished step leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepEffect {
    /// Identities that are now known.
    pub learned: Vec<(IdentityKey, KnownRecord)>,
    /// Identities of a record that is gone: nothing is known of them any more.
    pub unlearned: Vec<IdentityKey>,
    /// A note that was added: on which record, under which id. Other traces of the gateway are kept the same way.
    pub note: Option<(RecordRef, i64)>,
    /// A delivery that is to be made.
    pub delivery: Option<NewDelivery>,
}

impl Step {
    /// Whether the step writes something at the person whom an earlier one found: then who that is must be sure.
    pub(crate) fn writes_at_person(&self) -> bool {
        !matches!(self, Step::EnsureCompany(_) | Step::EnsurePerson(_) | Step::Send(_))
    }

    /// What the step needs next.
    pub fn next(&self, context: &StepContext<'_>) -> Next {
        match self {
            Step::EnsureCompany(step) => step.next(context),
            Step::EnsurePerson(step) => step.next(context),
            Step::EnsureDeal(step) => step.next(context),
            Step::MoveDeal(step) => step.next(context),
            Step::AddNote(step) => step.next(context),
            Step::Send(_) => Next::Done,
            Step::FindDeal(step) => step.next(context),
            Step::MoveFound(step) => step.next(context),
            Step::SetFields(step) => step.next(context),
            Step::AddEntry(step) => step.next(context),
            Step::Convert(step) => step.next(context),
            Step::AddToList(step) => step.next(context),
            Step::RemovePerson(step) => step.next(),
            Step::ForgetPerson(step) => step.next(context),
        }
    }

    /// Takes in the answer to the call that [`Step::next`] asked for.
    pub fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, context: &StepContext<'_>) -> Verdict {
        match self {
            Step::EnsureCompany(step) => step.absorb(call, answer, context),
            Step::EnsurePerson(step) => step.absorb(call, answer, context),
            Step::EnsureDeal(step) => step.absorb(call, answer, context),
            Step::MoveDeal(step) => step.absorb(call, answer, context),
            Step::AddNote(step) => step.absorb(call, answer, context),
            Step::Send(_) => Verdict::Proceed,
            Step::FindDeal(step) => step.absorb(call, answer, context),
            Step::MoveFound(step) => step.absorb(call, answer, context),
            Step::SetFields(step) => step.absorb(call, answer, context),
            Step::AddEntry(step) => step.absorb(call, answer, context),
            Step::Convert(step) => step.absorb(call, answer, context),
            Step::AddToList(step) => step.absorb(call, answer, context),
            Step::RemovePerson(step) => step.absorb(call, answer),
            Step::ForgetPerson(step) => step.absorb(call, answer),
        }
    }

    /// A write was sent at `since` or later and its answer did not arrive: read back before writing again.
    pub(crate) fn mark_unknown(&mut self, call: &CrmCall, since: Timestamp) {
        match self {
            // Keyed by name, and moving to the same stage twice is moving once: writing again is safe.
            Step::EnsureCompany(_) | Step::MoveDeal(_) | Step::Send(_) | Step::AddToList(_) => {}
            // Asked again, the CRM says that there is no such record any more.
            Step::ForgetPerson(_) => {}
            Step::EnsurePerson(step) => step.mark_unknown(call, since),
            Step::EnsureDeal(step) => step.mark_unknown(since),
            Step::AddNote(step) => step.mark_unknown(since),
            Step::FindDeal(step) => step.mark_unknown(since),
            Step::MoveFound(step) => step.mark_unknown(),
            Step::SetFields(step) => step.look_again(since),
            Step::AddEntry(step) => step.mark_unknown(since),
            Step::Convert(step) => step.mark_unknown(),
            Step::RemovePerson(step) => step.look_again(),
        }
    }

    /// Forgets what was seen of the CRM, not what may have been written.
    pub(crate) fn look_again(&mut self, now: Timestamp) {
        match self {
            Step::EnsureCompany(step) => step.look_again(),
            Step::EnsurePerson(step) => step.look_again(now),
            Step::EnsureDeal(step) => step.look_again(now),
            Step::MoveDeal(step) => step.look_again(now),
            Step::AddNote(_) | Step::Send(_) | Step::ForgetPerson(_) => {}
            Step::FindDeal(step) => step.look_again(now),
            Step::MoveFound(step) => step.look_again(now),
            Step::SetFields(step) => step.look_again(now),
            Step::AddEntry(step) => step.look_again(now),
            Step::Convert(step) => step.look_again(now),
            Step::AddToList(step) => step.look_again(now),
            Step::RemovePerson(step) => step.look_again(),
        }
    }

    /// Ends a step that [`Step::next`] said is done.
    pub fn settle(&mut self, context: &StepContext<'_>) {
        match self {
            Step::EnsureCompany(step) => step.settle(context),
            Step::EnsurePerson(step) => step.settle(context),
            Step::Send(step) => step.settle(context.findings),
            Step::EnsureDeal(_) | Step::MoveDeal(_) | Step::RemovePerson(_) | Step::ForgetPerson(_) => {}
            Step::AddNote(step) => step.settle(context),
            Step::FindDeal(step) => step.settle(context),
            Step::MoveFound(step) => step.settle(context),
            Step::SetFields(step) => step.settle(context),
            Step::AddEntry(step) => step.settle(context),
            Step::Convert(step) => step.settle(context),
            Step::AddToList(step) => step.settle(context),
        }
    }

    /// What the step found, once it is settled.
    pub fn report(&self, findings: &mut Findings) -> StepEffect {
        match self {
            Step::EnsureCompany(step) => step.report(findings),
            Step::EnsurePerson(step) => step.report(findings),
            Step::EnsureDeal(_) | Step::MoveDeal(_) | Step::SetFields(_) | Step::AddToList(_) => StepEffect::default(),
            Step::RemovePerson(step) => step.report(findings),
            Step::ForgetPerson(step) => step.report(findings),
            Step::AddNote(step) => step.report(findings),
            Step::Send(step) => step.report(),
            Step::FindDeal(step) => step.report(findings),
            Step::MoveFound(step) => step.report(),
            Step::AddEntry(step) => step.report(),
            Step::Convert(step) => step.report(findings),
        }
    }

    /// The lines that say what was decided and why, in order.
    pub fn story(&self) -> &[String] {
        match self {
            Step::EnsureCompany(step) => &step.story,
            Step::EnsurePerson(step) => &step.story,
            Step::EnsureDeal(step) => &step.story,
            Step::MoveDeal(step) => &step.story,
            Step::AddNote(step) => &step.story,
            Step::Send(step) => &step.story,
            Step::FindDeal(step) => &step.story,
            Step::MoveFound(step) => &step.story,
            Step::SetFields(step) => &step.story,
            Step::AddEntry(step) => &step.story,
            Step::Convert(step) => &step.story,
            Step::AddToList(step) => &step.story,
            Step::RemovePerson(step) => &step.story,
            Step::ForgetPerson(step) => &step.story,
        }
    }

    /// A short name for logs and screens.
    pub fn name(&self) -> &'static str {
        match self {
            Step::EnsureCompany(_) => "ensure_company",
            Step::EnsurePerson(_) => "ensure_person",
            Step::EnsureDeal(_) => "ensure_deal",
            Step::MoveDeal(_) => "move_deal",
            Step::AddNote(_) => "add_note",
            Step::Send(_) => "send",
            Step::FindDeal(_) => "find_deal",
            Step::MoveFound(_) => "move_found",
            Step::SetFields(_) => "set_fields",
            Step::AddEntry(step) => step.name(),
            Step::Convert(_) => "convert",
            Step::AddToList(_) => "add_to_list",
            Step::RemovePerson(_) => "remove_person",
            Step::ForgetPerson(_) => "forget_person",
        }
    }
}
