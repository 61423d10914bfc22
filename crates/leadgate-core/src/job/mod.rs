//! A job: a plan in progress. One turn is one request to the CRM; between turns only the stored [`JobState`] remembers.
//!
//! Flow of a turn: the engine claims the job (its lease is the promise that the next call may be made), asks [`JobState::advance`] what to do,
//! makes the call, and hands the answer to [`JobState::absorb`]. What concerns the account as a whole (a wrong key, an empty quota) never
//! reaches a step and never counts against the job.

mod outcome;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use outcome::Outcome;

use crate::catalog::Catalog;
use crate::copied::Copied;
use crate::crm::{CrmCall, CrmFailure, CrmReply};
use crate::identity::IdentityKey;
use crate::pack::{Packing, Sharing};
use crate::plan::Plan;
use crate::record::{KnownRecord, RecordRef};
use crate::retry::RetryPolicy;
use crate::steps::{
    Findings, ForgetPersonStep, Next, ParkReason, Parking, PersonWish, Routed, Step, StepContext, StepEffect, Verdict,
    is_lost,
};

/// The version of the stored form. A reader refuses what is newer.
pub const STATE_VERSION: u8 = 1;

/// How long to stay away from an account whose key is refused, so that a mended key is noticed soon and a locked one is not hammered.
const ACCOUNT_TROUBLE_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// The shortest wait when the CRM says it is busy; it grows with further failures like any wait, so that a long trouble parks nothing early.
const BUSY_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// People who cannot be counted after so many failures are looked at instead.
const MOST_FAILED_COUNTS: u32 = 3;

/// Where a plan stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobState {
    /// See [`STATE_VERSION`].
    pub version: u8,
    /// The steps; those before `current` are done.
    pub steps: Vec<Step>,
    /// The step at work.
    pub current: usize,
    /// What the steps done so far found.
    pub findings: Findings,
    /// Failures since the current step began.
    pub failures: u32,
    /// The person was looked for again, because the record that they were is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub person_again: bool,
    /// The step to go on with once the person is found again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<usize>,
    /// A write was answered, or it is not known what came of one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wrote: bool,
    /// What was decided when it was planned: which rules fired and which did not, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<String>,
}

/// What the gateway knows at the moment of a turn.
#[derive(Clone, Debug)]
pub struct TurnContext<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// The account's names.
    pub catalog: &'a Catalog,
    /// What was written or read lately, by identity.
    pub known: &'a BTreeMap<IdentityKey, KnownRecord>,
    /// What the copy of the account has of its identities, if there is one.
    pub copied: Option<&'a Copied>,
    /// Notes on the current step's record that are known to be other jobs'.
    pub known_notes: &'a BTreeSet<i64>,
    /// Whom its calls can be shared with.
    pub sharing: Sharing,
}

/// What a job needs next.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// This call.
    Call(CrmCall),
    /// Time to pass.
    Wait(Timestamp),
    /// Nothing: it is finished.
    Finished(Box<Outcome>),
    /// A person.
    Park(Parking),
}

/// What to do with a job after a call.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterCall {
    /// It can go on at once.
    Ready,
    /// Try again then.
    RetryAt(Timestamp),
    /// The account as a whole must wait; the job with it, at no charge.
    Hold(AccountTrouble),
    /// A person must look at it.
    Park(Parking),
}

/// What stops an account rather than a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountTrouble {
    /// The class of the failure.
    pub class: &'static str,
    /// When to try again; `None`: when the quota window ends.
    pub until: Option<Timestamp>,
    /// What happened, for the log.
    pub message: String,
}

impl JobState {
    /// These steps at their beginning.
    pub fn of(steps: Vec<Step>) -> JobState {
        JobState {
            version: STATE_VERSION,
            steps,
            current: 0,
            findings: Findings::default(),
            failures: 0,
            person_again: false,
            interrupted: None,
            wrote: false,
            decisions: Vec::new(),
        }
    }

    /// A plan at its beginning.
    pub fn new(plan: &Plan) -> JobState {
        JobState { decisions: plan.decisions.clone(), ..JobState::of(plan.steps.clone()) }
    }

    /// What is left of a job when its person was forgotten.
    pub fn forgotten() -> JobState {
        let why = "the person was forgotten, and with them what was sent and what came of it";
        JobState { decisions: vec![why.to_owned()], ..JobState::of(Vec::new()) }
    }

    /// A job that has the CRM forget a person, as soon as the gateway itself has.
    pub fn to_forget(step: ForgetPersonStep) -> JobState {
        JobState::of(vec![Step::ForgetPerson(Box::new(step))])
    }

    /// The step that has the CRM forget a person, if this is the job of one.
    pub fn forgetting(&mut self) -> Option<&mut ForgetPersonStep> {
        self.steps.iter_mut().find_map(|step| match step {
            Step::ForgetPerson(step) => Some(&mut **step),
            _ => None,
        })
    }

    /// Moves over steps that are done and says what is next. `effects` collects what finished steps leave behind.
    pub fn advance(&mut self, context: &TurnContext<'_>, effects: &mut Vec<StepEffect>) -> Turn {
        while self.current < self.steps.len() {
            let (findings, ahead) = (self.findings.clone(), self.ahead());
            let Some(step) = self.steps.get_mut(self.current) else { break };
            let view = step_view(context, &findings, ahead);
            if let Step::MoveFound(step) = step
                && step.takes_hold(&findings)
            {
                return Turn::Wait(context.now);
            }
            match step.next(&view) {
                Next::Call(call) => return Turn::Call(call),
                Next::Wait { until } => return Turn::Wait(until),
                Next::Park(parking) => return Turn::Park(parking),
                Next::Done => step.settle(&view),
            }
            effects.push(step.report(&mut self.findings));
            self.current = self.interrupted.take().unwrap_or(self.current + 1);
            self.failures = 0;
        }
        Turn::Finished(Box::new(self.outcome()))
    }

    /// Takes in the answer to the call of this turn.
    ///
    /// `jitter` is in `0.0..1.0`; `sent_at` is when the call was sent, or earlier.
    pub fn absorb(
        &mut self,
        call: &CrmCall,
        result: Result<CrmReply, CrmFailure>,
        context: &TurnContext<'_>,
        rules: &AbsorbRules<'_>,
    ) -> AfterCall {
        let failure = match result {
            Err(failure) => failure,
            Ok(_) if matches!(call, CrmCall::ReadCatalog(_)) => return AfterCall::Ready,
            Ok(reply) => {
                self.wrote |= call.is_write();
                return self.pass_to_step(call, Ok(reply), context);
            }
        };
        match failure {
            CrmFailure::Quota { until } => hold("quota", until, &failure),
            CrmFailure::Throttled { wait } => {
                let wait = wait.unwrap_or(ACCOUNT_TROUBLE_WAIT);
                hold("throttled", Some(later(context.now, wait)), &failure)
            }
            CrmFailure::Auth(_) | CrmFailure::WrongAccount(_) => {
                hold(failure.class(), Some(later(context.now, ACCOUNT_TROUBLE_WAIT)), &failure)
            }
            CrmFailure::Forbidden(_) if matches!(call, CrmCall::ReadCatalog(_)) => {
                hold(failure.class(), Some(later(context.now, ACCOUNT_TROUBLE_WAIT)), &failure)
            }
            refusal if matches!(call, CrmCall::ConfirmPeople { .. }) && self.failures >= MOST_FAILED_COUNTS => {
                self.pass_to_step(call, Err(refusal), context)
            }
            CrmFailure::Busy | CrmFailure::Transient(_) => self.retry(&failure, context.now, rules, false),
            CrmFailure::OutcomeUnknown(_) | CrmFailure::Malformed(_) => {
                self.mark_unknown(call, rules.sent_at);
                self.retry(&failure, context.now, rules, call.is_write())
            }
            _ if matches!(call, CrmCall::ReadCatalog(_)) => self.retry(&failure, context.now, rules, false),
            refusal => self.pass_to_step(call, Err(refusal), context),
        }
    }

    /// A call was sent at `since` or later and its answer did not arrive.
    fn mark_unknown(&mut self, call: &CrmCall, since: Timestamp) {
        self.wrote |= call.is_write();
        if let Some(step) = self.steps.get_mut(self.current).filter(|_| call.is_write()) {
            step.mark_unknown(call, since);
        }
    }

    /// The process died, or lost its lease, while a call may have been under way that was sent at `since` or later; `next` is the call that would
    /// come next now. Returns whether that call may have been a write, which the CRM may be at work on still.
    ///
    /// If names are to be read first, or a deal that was seen before it is moved, or a person whom nobody had is looked for again, that is because
    /// what was seen grew old since; the write may have been sent before it did.
    pub fn mark_abandoned(&mut self, next: &CrmCall, since: Timestamp) -> bool {
        let is_second_look = match (self.steps.get(self.current), next) {
            (Some(Step::MoveFound(step)), CrmCall::ReadDeal(_)) => step.may_have_moved(),
            (Some(Step::EnsurePerson(step)), CrmCall::FindPerson(_) | CrmCall::FindPeople { .. }) => step.saw_nobody(),
            _ => false,
        };
        let may_have_written = next.is_write() || matches!(next, CrmCall::ReadCatalog(_)) || is_second_look;
        if let Some(step) = self.steps.get_mut(self.current).filter(|_| may_have_written) {
            step.mark_unknown(next, since);
        }
        may_have_written
    }

    /// What routing decided of the person, if it was asked.
    pub fn routed(&self) -> Option<&Routed> {
        self.wish()?.routed.as_ref()
    }

    /// The owner whom the submission named itself.
    pub fn named_owner(&self) -> Option<&str> {
        self.wish()?.owner.as_deref()
    }

    fn wish(&self) -> Option<&PersonWish> {
        self.steps.iter().find_map(|step| match step {
            Step::EnsurePerson(step) => Some(&step.wish),
            _ => None,
        })
    }

    /// What was decided and why, in order: at planning, then by the steps.
    pub fn story(&self) -> Vec<&str> {
        let of_steps = self.steps.iter().flat_map(Step::story);
        self.decisions.iter().chain(of_steps).map(String::as_str).collect()
    }

    /// The record that the current step writes to without a key, once it is known: only one job at a time may, or reading back could not tell
    /// whose doing it was.
    pub fn held_record(&self) -> Option<RecordRef> {
        match self.steps.get(self.current)? {
            Step::AddNote(step) => step.record(&self.findings),
            Step::AddEntry(step) => step.record(&self.findings),
            Step::MoveFound(step) => step.target.record(&self.findings),
            // Tags and custom fields are read, joined and written whole: two who do that at once would lose one's.
            Step::SetFields(step) => step.target.record(&self.findings),
            _ => None,
        }
    }

    /// A process that had it in its hands died, and what it wrote nobody knows: the call that would come now need not be the one that came then, because
    /// others wait beside it now, or something was learned since.
    pub fn take_over(&mut self) {
        self.wrote = true;
    }

    /// Whether something may have been written to the CRM for it.
    pub fn may_have_written(&self) -> bool {
        // Who was stored by a version that did not note it is asked what they know of the person.
        self.wrote || self.steps.iter().any(|step| matches!(step, Step::EnsurePerson(step) if step.may_have_made()))
    }

    /// How the next call can probably be packed with those of other jobs. A hint for whoever chooses which jobs to look at.
    pub fn packing(&self) -> Packing {
        match self.steps.get(self.current) {
            Some(Step::EnsurePerson(step)) => step.packing(),
            Some(Step::RemovePerson(step)) => step.packing(),
            _ => Packing::Alone,
        }
    }

    /// Identities that the copy of the account is asked for before the CRM is.
    pub fn copied_keys(&self) -> Vec<IdentityKey> {
        let ahead = self.steps.get(self.current..).unwrap_or_default();
        let key = |step: &Step| match step {
            Step::EnsurePerson(step) => step.copied_key(),
            Step::EnsureCompany(step) => step.copied_key(),
            _ => None,
        };
        ahead.iter().filter_map(key).collect()
    }

    fn ahead(&self) -> Ahead {
        let steps = self.steps.get(self.current + 1..).unwrap_or_default();
        Ahead { writes_at_person: steps.iter().any(Step::writes_at_person), is_over: steps.is_empty() }
    }

    /// A person released the job: failures are forgotten, and so is what the current step saw of the CRM, because somebody mended it since. What it
    /// may have written is not forgotten.
    pub fn release(&mut self, now: Timestamp) {
        self.failures = 0;
        if let Some(step) = self.steps.get_mut(self.current) {
            step.look_again(now);
        }
    }

    /// The person that an earlier step found or remembered is gone: find or make them again, then go on with this step. Once; a second time is for
    /// a person to look at.
    fn look_for_person_again(&mut self) -> bool {
        if self.person_again {
            return false;
        }
        let Some(position) = self.step_of_person() else { return false };
        let Some(Step::EnsurePerson(person)) = self.steps.get_mut(position) else { return false };
        person.start_over();
        if let Some(step) = self.steps.get_mut(self.current) {
            step.forget_record();
        }
        self.person_again = true;
        self.interrupted = Some(self.current);
        self.current = position;
        self.findings.person = None;
        self.findings.person_is_new = false;
        true
    }

    /// The step that found the person: of several one that may make them, else the last.
    fn step_of_person(&self) -> Option<usize> {
        let done = self.steps.get(..self.current)?.iter().enumerate();
        let of_person = done.filter_map(|(position, step)| match step {
            Step::EnsurePerson(step) => Some((position, step.wish.create)),
            _ => None,
        });
        of_person.max_by_key(|(position, creates)| (*creates, *position)).map(|(position, _)| position)
    }

    fn pass_to_step(
        &mut self,
        call: &CrmCall,
        answer: Result<CrmReply, CrmFailure>,
        context: &TurnContext<'_>,
    ) -> AfterCall {
        if let (Err(failure), Some(step)) = (&answer, self.steps.get(self.current))
            && is_lost(step, call, failure, &self.findings)
            && self.look_for_person_again()
        {
            return AfterCall::Ready;
        }
        let findings = self.findings.clone();
        let view = step_view(context, &findings, self.ahead());
        match self.steps.get_mut(self.current).map(|step| step.absorb(call, answer, &view)) {
            Some(Verdict::Park(parking)) => AfterCall::Park(parking),
            Some(Verdict::Proceed) | None => AfterCall::Ready,
        }
    }

    fn retry(&mut self, failure: &CrmFailure, now: Timestamp, rules: &AbsorbRules<'_>, settle: bool) -> AfterCall {
        self.failures += 1;
        if rules.policy.is_exhausted(self.failures) {
            let message = format!("gave up after {} failures of this step; the last: {failure}", self.failures);
            return AfterCall::Park(Parking::new(ParkReason::Exhausted, message));
        }
        let wait = match (failure, settle) {
            (CrmFailure::Busy, _) => rules.policy.delay(self.failures, rules.jitter).max(BUSY_WAIT),
            (_, true) => rules.policy.settle_delay(self.failures, rules.jitter),
            (_, false) => rules.policy.delay(self.failures, rules.jitter),
        };
        AfterCall::RetryAt(later(now, wait))
    }
}

/// What [`JobState::absorb`] decides retries by.
#[derive(Clone, Debug)]
pub struct AbsorbRules<'a> {
    /// When to try again.
    pub policy: &'a RetryPolicy,
    /// A random number in `0.0..1.0`.
    pub jitter: f64,
    /// When the call was sent, or earlier.
    pub sent_at: Timestamp,
}

/// What is behind the current step.
#[derive(Clone, Copy)]
struct Ahead {
    writes_at_person: bool,
    is_over: bool,
}

fn step_view<'a>(context: &TurnContext<'a>, findings: &'a Findings, ahead: Ahead) -> StepContext<'a> {
    StepContext {
        now: context.now,
        catalog: context.catalog,
        known: context.known,
        copied: context.copied,
        known_notes: context.known_notes,
        findings,
        sharing: context.sharing,
        is_followed: ahead.writes_at_person,
        is_last: ahead.is_over,
    }
}

fn hold(class: &'static str, until: Option<Timestamp>, failure: &CrmFailure) -> AfterCall {
    AfterCall::Hold(AccountTrouble { class, until, message: failure.to_string() })
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
