//! What a transaction has to say once it is committed: to this process by its signals, to the others by `NOTIFY`.
//!
//! All of it is a hint. Who misses one looks again by itself; who hears one too many looks once for nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use leadgate_core::submission::SubmissionId;
use leadgate_store::signals::Signals;
use tokio::sync::Notify;

/// The channel of `NOTIFY`.
pub(crate) const CHANNEL: &str = "leadgate";

/// What is signalled once the transaction is committed.
#[derive(Debug, Default)]
pub(crate) struct Announcements {
    /// There may be work.
    pub(crate) work: bool,
    /// There may be a delivery to make.
    pub(crate) deliveries: bool,
    /// There is a demand to forget somebody.
    pub(crate) forgets: bool,
    /// The list of accounts may have changed.
    pub(crate) accounts: bool,
    /// Submissions that ended.
    pub(crate) ended: Vec<SubmissionId>,
}

/// So many ends are told one by one; more of them as "look, all of you".
const MOST_ENDS: usize = 64;

/// What `NOTIFY` carries. `w7`: account 7 has work; `d7`: deliveries; `f7`: a demand to forget; `e7:<id>`: a submission ended; `e7:*`: many did; `a`:
/// the list of accounts changed. Behind a slash stands the session that its sender listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Work(i64),
    Deliveries(i64),
    Forgets(i64),
    Ended(i64, SubmissionId),
    ManyEnded(i64),
    Accounts,
}

impl Payload {
    /// As it is sent; an `origin` of 0 is left out.
    pub(crate) fn text(&self, origin: i32) -> String {
        let what = match self {
            Payload::Work(account) => format!("w{account}"),
            Payload::Deliveries(account) => format!("d{account}"),
            Payload::Forgets(account) => format!("f{account}"),
            Payload::Accounts => "a".to_owned(),
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
            "f" => rest.parse().ok().map(Payload::Forgets),
            "a" => rest.is_empty().then_some(Payload::Accounts),
            "e" => match rest.split_once(':')? {
                (account, "*") => account.parse().ok().map(Payload::ManyEnded),
                (account, id) => Some(Payload::Ended(account.parse().ok()?, id.parse().ok()?)),
            },
            _ => None,
        }
    }

    /// Whose it is; none if it is about all.
    fn account(&self) -> Option<i64> {
        match self {
            Payload::Work(account)
            | Payload::Deliveries(account)
            | Payload::Forgets(account)
            | Payload::Ended(account, _)
            | Payload::ManyEnded(account) => Some(*account),
            Payload::Accounts => None,
        }
    }
}

impl Announcements {
    /// As payloads, few enough for one statement.
    pub(crate) fn payloads(&self, account: i64) -> Vec<Payload> {
        let mut payloads = Vec::new();
        payloads.extend(self.work.then_some(Payload::Work(account)));
        payloads.extend(self.deliveries.then_some(Payload::Deliveries(account)));
        payloads.extend(self.forgets.then_some(Payload::Forgets(account)));
        payloads.extend(self.accounts.then_some(Payload::Accounts));
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
        if self.forgets {
            signals.forgets_arrived();
        }
        self.ended.iter().for_each(|id| signals.ended(*id));
    }
}

/// The signals of each account that this process has a handle on, and of the list of accounts.
#[derive(Debug, Default)]
pub(crate) struct Switchboard {
    lines: Mutex<HashMap<i64, Arc<Signals>>>,
    accounts: Notify,
}

impl Switchboard {
    /// The signals of an account, the same ones for every handle.
    pub(crate) fn of(&self, account: i64) -> Arc<Signals> {
        Arc::clone(self.lines().entry(account).or_default())
    }

    /// The list of accounts may have changed.
    pub(crate) fn accounts_changed(&self) {
        self.accounts.notify_one();
    }

    /// Waits until the list of accounts may have changed.
    pub(crate) async fn accounts(&self) {
        self.accounts.notified().await;
    }

    /// Passes on what another process said. Nobody here need know the account.
    pub(crate) fn hear(&self, payload: &Payload) {
        let Some(account) = payload.account() else { return self.accounts_changed() };
        let Some(signals) = self.lines().get(&account).cloned() else { return };
        match payload {
            Payload::Work(_) => signals.work_arrived(),
            Payload::Deliveries(_) => signals.deliveries_arrived(),
            Payload::Forgets(_) => signals.forgets_arrived(),
            Payload::Ended(_, id) => signals.ended(*id),
            Payload::ManyEnded(_) => signals.many_ended(),
            Payload::Accounts => {}
        }
    }

    /// Has everybody look, as something may have been missed.
    pub(crate) fn wake_all(&self) {
        let all: Vec<_> = self.lines().values().cloned().collect();
        for signals in all {
            signals.work_arrived();
            signals.deliveries_arrived();
            signals.forgets_arrived();
            signals.many_ended();
        }
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Arc<Signals>>> {
        // A panic while the lock was held leaves a map that is still whole.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_what_is_heard() {
        let id = SubmissionId(uuid::Uuid::from_u128(7));
        let of_accounts = [Payload::Work(1), Payload::Deliveries(2), Payload::Forgets(5), Payload::Ended(3, id)];
        for payload in of_accounts.into_iter().chain([Payload::ManyEnded(4), Payload::Accounts]) {
            assert_eq!(Payload::read(&payload.text(0), 5), Some(payload.clone()));
            assert_eq!(Payload::read(&payload.text(6), 5), Some(payload.clone()));
            assert_eq!(Payload::read(&payload.text(5), 5), None, "its own");
        }
    }

    #[test]
    fn what_another_version_says_is_passed_over() {
        for text in ["", "w", "wx", "x1", "e1", "e1:", "e1:no-id", "a1", "f", "ä1", "/", "w1 /3"] {
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
