//! Add a task or a sales activity, once: neither has a key, so after an unknown outcome the record's own are read back and compared, as with
//! notes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    CLOCK_SKEW, Findings, Next, ParkReason, Parking, StepAnswer, StepContext, StepEffect, StepTarget, Verdict, trace,
};
use crate::catalog::{Resolved, Section};
use crate::crm::{CrmCall, CrmFailure, CrmReply, NewActivity, NewTask, NoteSeen};
use crate::record::RecordRef;

/// What is added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A task.
    Task {
        /// When it is due.
        due: Timestamp,
    },
    /// A sales activity.
    Activity {
        /// Its type, by name.
        kind: String,
        /// When it took place.
        at: Timestamp,
    },
}

/// A task or sales activity to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryStep {
    /// Where to.
    pub target: StepTarget,
    /// Which of the two.
    pub kind: EntryKind,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: Option<String>,
    /// Whose it is, by name or e-mail.
    pub owner: Option<String>,
    #[serde(default)]
    unknown: bool,
    #[serde(default)]
    first_write: Option<Timestamp>,
    #[serde(default)]
    refreshed_from: Option<Timestamp>,
    #[serde(default)]
    gone: bool,
    #[serde(default)]
    done: Option<(RecordRef, i64)>,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl EntryStep {
    /// The step for a task or sales activity.
    pub fn new(target: StepTarget, kind: EntryKind, title: String) -> EntryStep {
        EntryStep {
            target,
            kind,
            title,
            text: None,
            owner: None,
            unknown: false,
            first_write: None,
            refreshed_from: None,
            gone: false,
            done: None,
            story: Vec::new(),
        }
    }

    /// The record it goes to, as far as known by now.
    pub(crate) fn record(&self, findings: &Findings) -> Option<RecordRef> {
        self.target.record(findings)
    }

    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            EntryKind::Task { .. } => "add_task",
            EntryKind::Activity { .. } => "add_activity",
        }
    }

    fn word(&self) -> &'static str {
        match self.kind {
            EntryKind::Task { .. } => "task",
            EntryKind::Activity { .. } => "sales activity",
        }
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        let record = self.record(context.findings).filter(|_| self.done.is_none() && !self.gone);
        let Some(record) = record else { return Next::Done };
        if self.unknown {
            return Next::Call(match self.kind {
                EntryKind::Task { .. } => CrmCall::ListTasks(record),
                EntryKind::Activity { .. } => CrmCall::ListActivities(record),
            });
        }
        self.addition(record, context).map_or_else(Next::Park, Next::Call)
    }

    fn addition(&self, record: RecordRef, context: &StepContext<'_>) -> Result<CrmCall, Parking> {
        let owner = match self.owner.as_deref().map(|name| self.resolve(Section::Owners, name, context)) {
            Some(Resolved::NeedsReading) => return Ok(CrmCall::ReadCatalog(Section::Owners)),
            Some(Resolved::Found(owner)) => Some(owner.id),
            // A task is better without its owner than not there.
            Some(Resolved::Unknown { .. } | Resolved::Unreadable) | None => None,
        };
        let (title, text) = (self.title.clone(), self.text.clone());
        match &self.kind {
            EntryKind::Task { due } => Ok(CrmCall::AddTask(NewTask { record, title, text, due: *due, owner })),
            EntryKind::Activity { kind, at } => match self.resolve(Section::ActivityTypes, kind, context) {
                Resolved::NeedsReading => Ok(CrmCall::ReadCatalog(Section::ActivityTypes)),
                Resolved::Found(kind) => {
                    Ok(CrmCall::AddActivity(NewActivity { record, title, text, kind: kind.id, at: *at, owner }))
                }
                Resolved::Unknown { valid } => {
                    let message =
                        format!("the account has no type of sales activity \"{kind}\"; it has: {}", valid.join(", "));
                    Err(Parking { valid, ..Parking::new(ParkReason::UnknownName, message) })
                }
                Resolved::Unreadable => {
                    let message = "the key's user may not read the account's types of sales activities";
                    Err(Parking::new(ParkReason::Forbidden, message))
                }
            },
        }
    }

    fn resolve<'a>(&self, section: Section, name: &str, context: &StepContext<'a>) -> Resolved<'a> {
        let since = self.refreshed_from.unwrap_or_else(|| context.believed_since());
        context.catalog.resolve(section, name, since)
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, context: &StepContext<'_>) -> Verdict {
        match (call, answer) {
            (
                CrmCall::AddTask(NewTask { record, .. }) | CrmCall::AddActivity(NewActivity { record, .. }),
                Ok(CrmReply::Note { id }),
            ) => {
                self.story.push(format!("{} {id} added to {record}", self.word()));
                self.done = Some((*record, id));
            }
            (CrmCall::ListTasks(record) | CrmCall::ListActivities(record), Ok(CrmReply::Notes(seen))) => {
                self.unknown = false;
                if let Some(id) = self.ours(&seen, context) {
                    let word = self.word();
                    self.story.push(format!("{word} {id} is on {record}: it was added although the answer was lost"));
                    self.done = Some((*record, id));
                }
            }
            (CrmCall::AddTask(_) | CrmCall::AddActivity(_), Err(CrmFailure::NotFound)) => self.gone = true,
            (_, Err(CrmFailure::StaleId { .. })) if self.refreshed_from.is_none() => {
                self.refreshed_from = Some(context.now);
            }
            (_, Err(failure)) => {
                return Verdict::Park(Parking::because(&failure, &format!("adding the {}", self.word())));
            }
            _ => {}
        }
        Verdict::Proceed
    }

    /// What an earlier attempt of this very step added: same title, not older than the attempt, not known to be another job's.
    fn ours(&self, seen: &[NoteSeen], context: &StepContext<'_>) -> Option<i64> {
        let since = self.first_write?.saturating_sub(CLOCK_SKEW).unwrap_or(Timestamp::MIN);
        let young = |entry: &&NoteSeen| entry.created_at.is_none_or(|at| at >= since);
        let free = |entry: &&NoteSeen| !context.known_notes.contains(&self.trace(entry.id));
        let same = |entry: &&NoteSeen| entry.text.split_whitespace().eq(self.title.split_whitespace());
        seen.iter().filter(young).filter(free).find(same).map(|entry| entry.id)
    }

    fn trace(&self, id: i64) -> i64 {
        match self.kind {
            EntryKind::Task { .. } => trace::of_task(id),
            EntryKind::Activity { .. } => trace::of_activity(id),
        }
    }

    pub(super) fn mark_unknown(&mut self, since: Timestamp) {
        self.unknown = true;
        self.first_write.get_or_insert(since);
    }

    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.refreshed_from = Some(now);
        self.gone = false;
    }

    pub(super) fn settle(&mut self, context: &StepContext<'_>) {
        let word = self.word();
        match self.record(context.findings) {
            _ if self.done.is_some() => {}
            None => self.story.push(format!("{word} skipped: there is no {} to add it to", self.target.word())),
            Some(record) => self.story.push(format!("{word} skipped: {record} no longer exists")),
        }
    }

    pub(super) fn report(&self) -> StepEffect {
        StepEffect { note: self.done.map(|(record, id)| (record, self.trace(id))), ..StepEffect::default() }
    }
}
