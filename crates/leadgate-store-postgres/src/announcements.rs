//! What a transaction has to say once it is committed: to this process by its signals, to the others by `NOTIFY`.
//!
//! All of it is a hint. Who misses one looks again by itself; who hears one too many looks once for nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use leadgate_core::submission::SubmissionId;
use leadgate_store::signals::Signals;

/// The channel of `NOTIFY`.
pub(crate) const CHANNEL: &str = "leadgate";

/// What is signalled once the transaction is committed.
#[derive(Debug, Default)]
pub(crate) struct Announcements {
    /// There may be work.
    pub(crate) work: bool,
    /// There may be a delivery to make.
    pub(crate) deliveries: bool,
    /// Submissions that ended.
    pub(crate) ended: Vec<SubmissionId>,
}

/// So many ends are told one by one; more of them as "look, all of you".
const MOST_ENDS: usize = 64;

/// What `NOTIFY` carries. `w7`: account 7 has work; `d7`: deliveries; `e7:<id>`: a submission ended; `e7:*`: many did. Behind a slash stands the
/// session that its sender listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Work(i64),
    Deliveries(i64),
    Ended(i64, SubmissionId),
    ManyEnded(i64),
}

impl Payload {
    /// As it is sent; an `origin` of 0 is left out.
    pub(crate) fn text(&self, origin: i32) -> String {
        let what = match self {
            Payload::Work(account) => format!("w{account}"),
            Payload::Deliveries(account) => format!("d{account}"),
            Payload::Ended(account, id) => format!("e{account}:{id}"),
            Payload::ManyEnded(account) => format!("e{account}:*"),
        };
        if origin == 0 { what } else { format!("{what}/{origin}") }
    }

    /// What was meant; `None` for what this very process said, and for what another version of the program says.
    pub(crate) fn read(text: &str, own: i32) -> Option<Payload> {
        let (what, origin) = text.split_once('/').unwrap_or((text, ""));
        if own != 0 && origin.parse() == Ok(own) {
            return None;
        }
        let (kind, rest) = what.split_at_checked(1)?;
        match kind {
            "w" => rest.parse().ok().map(Payload::Work),
            "d" => rest.parse().ok().map(Payload::Deliveries),
            "e" => match rest.split_once(':')? {
                (account, "*") => account.parse().ok().map(Payload::ManyEnded),
                (account, id) => Some(Payload::Ended(account.parse().ok()?, id.parse().ok()?)),
            },
            _ => None,
        }
    }

    fn account(&self) -> i64 {
        let (Payload::Work(account)
        | Payload::Deliveries(account)
        | Payload::Ended(account, _)
        | Payload::ManyEnded(account)) = self;
        *account
    }
}

impl Announcements {
    /// As payloads, few enough for one statement.
    pub(crate) fn payloads(&self, account: i64) -> Vec<Payload> {
        let mut payloads = Vec::new();
        payloads.extend(self.work.then_some(Payload::Work(account)));
        payloads.extend(self.deliveries.then_some(Payload::Deliveries(account)));
        if self.ended.len() > MOST_ENDS {
            payloads.push(Payload::ManyEnded(account));
        } else {
            payloads.extend(self.ended.iter().map(|id| Payload::Ended(account, *id)));
        }
        payloads
    }

    /// Tells this process.
    pub(crate) fn signal(&self, signals: &Signals) {
        if self.work {
            signals.work_arrived();
        }
        if self.deliveries {
            signals.deliveries_arrived();
        }
        self.ended.iter().for_each(|id| signals.ended(*id));
    }
}

/// The signals of each account that this process has a handle on.
#[derive(Debug, Default)]
pub(crate) struct Switchboard(Mutex<HashMap<i64, Arc<Signals>>>);

impl Switchboard {
    /// The signals of an account, the same ones for every handle.
    pub(crate) fn of(&self, account: i64) -> Arc<Signals> {
        Arc::clone(self.lines().entry(account).or_default())
    }

    /// Passes on what another process said. Nobody here need know the account.
    pub(crate) fn hear(&self, payload: &Payload) {
        let signals = self.lines().get(&payload.account()).cloned();
        let Some(signals) = signals else { return };
        match payload {
            Payload::Work(_) => signals.work_arrived(),
            Payload::Deliveries(_) => signals.deliveries_arrived(),
            Payload::Ended(_, id) => signals.ended(*id),
            Payload::ManyEnded(_) => signals.many_ended(),
        }
    }

    /// Has everybody look, as something may have been missed.
    pub(crate) fn wake_all(&self) {
        let all: Vec<_> = self.lines().values().cloned().collect();
        for signals in all {
            signals.work_arrived();
            signals.deliveries_arrived();
            signals.many_ended();
        }
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Arc<Signals>>> {
        // A panic while the lock was held leaves a map that is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_what_is_heard() {
        let id = SubmissionId(uuid::Uuid::from_u128(7));
        for payload in [Payload::Work(1), Payload::Deliveries(2), Payload::Ended(3, id), Payload::ManyEnded(4)] {
            assert_eq!(Payload::read(&payload.text(0), 5), Some(payload.clone()));
            assert_eq!(Payload::read(&payload.text(6), 5), Some(payload.clone()));
            assert_eq!(Payload::read(&payload.text(5), 5), None, "its own");
        }
    }

    #[test]
    fn what_another_version_says_is_passed_over() {
        for text in ["", "w", "wx", "x1", "e1", "e1:", "e1:no-id", "ä1", "/", "w1 /3"] {
            assert_eq!(Payload::read(text, 0), None, "{text}");
        }
    }

    #[test]
    fn many_ends_are_told_as_one() {
        let id = SubmissionId(uuid::Uuid::from_u128(7));
        let of = |count| Announcements { ended: vec![id; count], ..Announcements::default() }.payloads(1).len();
        assert_eq!((of(MOST_ENDS), of(MOST_ENDS + 1)), (MOST_ENDS, 1));
    }
}
