//! The part of the account's state that workflows are: rules, what is still to be sent, the log, the faults.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fault::WebhookFaults;
use super::log::{DeliveryLog, DeliveryResult, DeliverySeen};
use super::outgoing::{Outgoing, outgoing};
use super::rule::Workflow;
use super::{WebhookFault, WebhookFaultKind};
use crate::Kind;
use crate::model::{Record, State};

/// How long a delivery that a fault holds back waits for another to overtake it.
const LONGEST_HOLD: SignedDuration = SignedDuration::from_secs(5);

/// A delivery that waits. The body is made when it is sent, so it holds no copy of the record.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pending {
    delivery: u64,
    workflow: u64,
    kind: Kind,
    record: i64,
    due: Timestamp,
    attempt: u32,
    test: bool,
    fault: Option<WebhookFaultKind>,
}

/// Rules, queue, log and faults.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Workflows {
    rules: BTreeMap<u64, Workflow>,
    next_rule: u64,
    /// What can be sent, by workflow, in order.
    ready: BTreeMap<u64, VecDeque<Pending>>,
    /// Further tries, in the order in which they become due.
    later: VecDeque<Pending>,
    /// What a fault holds back until another delivery of its workflow has overtaken it.
    held: Vec<Pending>,
    next_delivery: u64,
    /// Workflow and record, for rules that fire once. Snapshots carry these on lines of their own.
    #[serde(skip_serializing, default)]
    fired: BTreeSet<(u64, i64)>,
    pub(crate) log: DeliveryLog,
    faults: WebhookFaults,
    /// Workflows and records of the access that is going on: further writes of one request add no delivery.
    #[serde(skip)]
    fired_now: BTreeSet<(u64, i64)>,
    /// The workflow of each attempt whose answer is awaited. A stored account has none.
    #[serde(skip)]
    under_way: BTreeMap<Ticket, u64>,
}

/// Names an attempt within this process, so that an answer that comes after a reset is not taken for a new one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(pub(super) u64);

/// An attempt to make now.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) ticket: Ticket,
    pending: Pending,
    name: String,
    pub(super) outgoing: Outgoing,
    /// How long to wait for the answer.
    pub(super) timeout: std::time::Duration,
}

/// What an attempt came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) result: DeliveryResult,
    pub(super) status: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) duration: std::time::Duration,
}

impl Workflows {
    pub(crate) fn new(rules: &[Workflow], remembered: usize, seed: u64) -> Self {
        let mut workflows = Self {
            rules: BTreeMap::new(),
            next_rule: 1,
            ready: BTreeMap::new(),
            later: VecDeque::new(),
            held: Vec::new(),
            next_delivery: 1,
            fired: BTreeSet::new(),
            log: DeliveryLog::new(remembered),
            faults: WebhookFaults::new(seed),
            fired_now: BTreeSet::new(),
            under_way: BTreeMap::new(),
        };
        for rule in rules {
            workflows.add(rule.clone());
        }
        workflows
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = (u64, &Workflow)> {
        self.rules.iter().map(|(&id, rule)| (id, rule))
    }

    pub(crate) fn rule(&self, id: u64) -> Option<&Workflow> {
        self.rules.get(&id)
    }

    /// Adds a rule that was checked; returns its id.
    pub(crate) fn add(&mut self, rule: Workflow) -> u64 {
        let id = self.next_rule;
        self.next_rule += 1;
        self.rules.insert(id, rule);
        id
    }

    /// Replaces a rule; false where there is none of that id.
    pub(super) fn replace(&mut self, id: u64, rule: Workflow) -> bool {
        self.rules.get_mut(&id).map(|old| *old = rule).is_some()
    }

    /// Switches a rule on or off; false where there is none of that id.
    pub(crate) fn enable(&mut self, id: u64, enabled: bool) -> bool {
        self.rules.get_mut(&id).map(|rule| rule.enabled = enabled).is_some()
    }

    /// Removes a rule and what it still had to send; false where there is none of that id.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        self.ready.remove(&id);
        self.later.retain(|pending| pending.workflow != id);
        self.held.retain(|pending| pending.workflow != id);
        self.fired.retain(|&(workflow, _)| workflow != id);
        self.rules.remove(&id).is_some()
    }

    pub(crate) fn faults(&self) -> &[WebhookFault] {
        &self.faults.active
    }

    pub(crate) fn set_faults(&mut self, faults: Vec<WebhookFault>) {
        self.faults.active = faults;
    }

    pub(crate) fn clear_log(&mut self) {
        self.log.clear();
    }

    /// How many deliveries wait, those whose time has not come included.
    pub(crate) fn waiting(&self) -> usize {
        let ready: usize = self.ready.values().map(VecDeque::len).sum();
        ready + self.later.len() + self.held.len() + self.under_way.len()
    }

    /// Marks the start of an access, so that several writes of one request to one record are one trigger, and readies
    /// what has become due.
    pub(crate) fn begin_access(&mut self, now: Timestamp) {
        self.fired_now.clear();
        while self.later.front().is_some_and(|pending| pending.due <= now) {
            if let Some(pending) = self.later.pop_front() {
                self.make_ready(pending);
            }
        }
        self.release(|pending| pending.due <= now);
    }

    fn make_ready(&mut self, pending: Pending) {
        self.ready.entry(pending.workflow).or_default().push_back(pending);
    }

    /// Lets go of what a fault holds back: it comes before what was queued since.
    fn release(&mut self, which: impl Fn(&Pending) -> bool) {
        let released: Vec<Pending> = self.held.extract_if(.., |pending| which(pending)).collect();
        for pending in released.into_iter().rev() {
            self.ready.entry(pending.workflow).or_default().push_front(pending);
        }
    }

    /// What has fired once for all, by workflow and record.
    pub(crate) fn fired(&self) -> impl Iterator<Item = (u64, i64)> {
        self.fired.iter().copied()
    }

    /// Puts back that a workflow has fired for a record.
    pub(crate) fn has_fired_for(&mut self, workflow: u64, record: i64) {
        if self.rules.contains_key(&workflow) {
            self.fired.insert((workflow, record));
        }
    }

    /// What only ever grows, out of one value into another that has none of it.
    pub(crate) fn move_from(&mut self, other: &mut Self) {
        self.log.move_from(&mut other.log);
        for (workflow, record) in std::mem::take(&mut other.fired) {
            self.has_fired_for(workflow, record);
        }
    }

    pub(super) fn has_fired(&self, workflow: u64, record: i64) -> bool {
        self.fired.contains(&(workflow, record))
    }

    /// Queues a delivery for a rule that fired, as far as the faults let it.
    pub(super) fn fire(&mut self, workflow: u64, record: &Record, now: Timestamp) {
        if !self.fired_now.insert((workflow, record.id)) {
            return;
        }
        if self.rules.get(&workflow).is_some_and(|rule| rule.once) {
            self.fired.insert((workflow, record.id));
        }
        let fault = self.faults.draw(workflow);
        let mut pending = self.numbered(workflow, record, now);
        pending.fault = fault;
        match fault {
            Some(WebhookFaultKind::Drop) => self.never_sent(&pending, now, DeliveryResult::Dropped),
            Some(WebhookFaultKind::DeliverTwice) => {
                self.make_ready(pending.clone());
                self.make_ready(pending);
            }
            Some(WebhookFaultKind::Reorder) => {
                pending.due = now.checked_add(LONGEST_HOLD).unwrap_or(now);
                self.held.push(pending);
            }
            None => self.make_ready(pending),
        }
    }

    fn numbered(&mut self, workflow: u64, record: &Record, now: Timestamp) -> Pending {
        let delivery = self.next_delivery;
        self.next_delivery += 1;
        Pending {
            delivery,
            workflow,
            kind: record.kind,
            record: record.id,
            due: now,
            attempt: 1,
            test: false,
            fault: None,
        }
    }

    fn never_sent(&mut self, pending: &Pending, now: Timestamp, result: DeliveryResult) {
        let rule = self.rules.get(&pending.workflow);
        let attempt = DeliverySeen {
            method: rule.map_or("", |rule| rule.webhook.method.name()).to_owned(),
            url: rule.map_or("", |rule| rule.webhook.url.as_str()).to_owned(),
            name: rule.map_or("", |rule| rule.name.as_str()).to_owned(),
            ..seen(pending, now, result)
        };
        self.log.push(attempt);
    }

    /// Whether something can be sent. What is due has been readied when the account was locked.
    pub(crate) fn is_ready(&self) -> bool {
        self.next_workflow().is_some()
    }

    /// Whether nothing can be sent and no answer is awaited.
    pub(super) fn is_settled(&self) -> bool {
        self.under_way.is_empty() && !self.is_ready()
    }

    /// When the next delivery becomes due that is not due yet.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let held = self.held.iter().map(|pending| pending.due).min();
        self.later.front().map(|pending| pending.due).into_iter().chain(held).min()
    }

    /// The first workflow that has something to send and awaits no answer.
    fn next_workflow(&self) -> Option<u64> {
        let free = |workflow: &u64| !self.under_way.values().any(|busy| busy == workflow);
        self.ready.iter().filter(|(_, queue)| !queue.is_empty()).map(|(&workflow, _)| workflow).find(free)
    }

    fn next_pending(&mut self) -> Option<Pending> {
        let workflow = self.next_workflow()?;
        let pending = self.ready.get_mut(&workflow)?.pop_front();
        // What this delivery overtakes follows it.
        self.release(|held| held.workflow == workflow);
        pending
    }
}

/// Takes the next delivery that can be sent and makes its request from the record as it is now.
pub(super) fn take_ready(state: &mut State, ticket: Ticket) -> Option<Attempt> {
    let now = state.now();
    loop {
        let pending = state.workflows.next_pending()?;
        let record = state.table(pending.kind).any(pending.record).cloned();
        let (Some(rule), Some(record)) = (state.workflows.rule(pending.workflow), record) else {
            state.workflows.never_sent(&pending, now, DeliveryResult::Obsolete);
            continue;
        };
        let (name, outgoing) = (rule.name.clone(), outgoing(state, &rule.webhook, &record));
        state.workflows.under_way.insert(ticket, pending.workflow);
        let timeout = std::time::Duration::from_secs(state.switches.webhook_timeout_seconds);
        return Some(Attempt { ticket, pending, name, outgoing, timeout });
    }
}

/// Writes down what an attempt came to, and queues the next where the switches ask for more than one try.
pub(super) fn finish(state: &mut State, attempt: Attempt, outcome: Outcome) {
    let now = state.now();
    if state.workflows.under_way.remove(&attempt.ticket).is_none() {
        return;
    }
    let Attempt { pending, name, outgoing, .. } = attempt;
    let retried = outcome.result != DeliveryResult::Delivered && pending.attempt < state.switches.webhook_tries;
    state.workflows.log.push(DeliverySeen {
        name,
        method: outgoing.method.name().to_owned(),
        url: outgoing.url,
        body: outgoing.body.unwrap_or_default(),
        status: outcome.status,
        error: outcome.error,
        duration_milliseconds: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
        ..seen(&pending, now, outcome.result)
    });
    if retried {
        let pause = SignedDuration::from_secs(i64::from(state.switches.webhook_retry_after_seconds));
        let due = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        let next = Pending { due, attempt: pending.attempt + 1, ..pending };
        let at = state.workflows.later.partition_point(|other| other.due <= due);
        state.workflows.later.insert(at, next);
    }
}

/// Queues a delivery that a person asks for, whatever the rule's conditions and the faults.
pub(crate) fn queue_test(state: &mut State, workflow: u64, record: Option<i64>) -> Result<u64, String> {
    let kind = state.workflows.rule(workflow).map(|rule| rule.kind);
    let kind = kind.ok_or_else(|| format!("there is no workflow {workflow}"))?;
    let newest = || state.table(kind).live().next_back().cloned();
    let found = record.map_or_else(newest, |id| state.record(kind, id).cloned());
    let missing = || match record {
        Some(id) => format!("there is no {} {id}", kind.singular()),
        None => format!("there is no {} to send", kind.singular()),
    };
    let record = found.ok_or_else(missing)?;
    let pending = state.workflows.numbered(workflow, &record, state.now());
    let delivery = pending.delivery;
    state.workflows.make_ready(Pending { test: true, ..pending });
    Ok(delivery)
}

fn seen(pending: &Pending, at: Timestamp, result: DeliveryResult) -> DeliverySeen {
    DeliverySeen {
        delivery: pending.delivery,
        attempt: pending.attempt,
        workflow: pending.workflow,
        name: String::new(),
        kind: pending.kind,
        record: pending.record,
        at,
        method: String::new(),
        url: String::new(),
        body: String::new(),
        result,
        status: None,
        duration_milliseconds: 0,
        error: None,
        fault: pending.fault,
        test: pending.test,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Content, Webhook};

    #[test]
    fn a_stored_account_still_has_to_send_what_waited() {
        let rule = Workflow::new("a", Kind::Contact, Webhook::post("http://localhost/", Content::simple(&["id"])));
        let mut workflows = Workflows::new(&[Workflow { once: true, ..rule }], 10, 1);
        workflows.set_faults(vec![WebhookFault::new(WebhookFaultKind::Reorder).times(1)]);
        let now = Timestamp::UNIX_EPOCH;
        for id in [7, 8] {
            workflows.fire(1, &Record::new(Kind::Contact, id, now), now);
        }
        let stored = serde_json::to_string(&workflows).unwrap();
        let mut read: Workflows = serde_json::from_str(&stored).unwrap();
        read.move_from(&mut workflows);
        assert_eq!((read.waiting(), read.has_fired(1, 7), read.faults()[0].remaining), (2, true, Some(0)));
        let order: Vec<i64> = std::iter::from_fn(|| read.next_pending()).map(|pending| pending.record).collect();
        assert_eq!(order, [8, 7]);
    }
}
