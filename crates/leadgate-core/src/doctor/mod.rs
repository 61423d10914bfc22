//! What is wrong with an installation, judged from what was observed of it.
//!
//! Cast: `observed` has what a look at the account, the disk and the gateway saw, as plain values; [`codes`] is the table of everything that
//! can be found, each with its meaning, cause and mend; `access`, `account`, `rights`, `names`, `writes`, `machine` and `gateway` turn the one into the
//! other. Flow: somebody else looks, [`judge`] decides, somebody else prints.

mod access;
mod account;
pub mod codes;
mod gateway;
mod machine;
mod names;
pub mod observed;
mod rights;
#[cfg(test)]
mod tests;
mod writes;

pub use access::{accepted, asks_on};
pub use names::nearest;

use self::codes::{Code, Status};
use self::observed::{AccountSeen, Observed};

/// Something that was found, good or bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is; stable, for scripts and search engines.
    pub code: Code,
    /// What was seen that says so. Holds no secret.
    pub seen: String,
    /// What else helps in this very case, such as the nearest name.
    pub hint: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: Code, seen: impl Into<String>) -> Finding {
        Finding { code, seen: seen.into(), hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: Option<String>) -> Finding {
        self.hint = hint;
        self
    }

    /// What to do about it; empty where nothing is to be done.
    #[must_use]
    pub fn mend(&self) -> String {
        let hint = self.hint.as_deref().unwrap_or_default();
        if hint.is_empty() { self.code.mend.to_owned() } else { format!("{hint} {}", self.code.mend).trim().to_owned() }
    }
}

/// Everything that can be said of what was observed, by subject, in the order in which things depend on each other.
#[must_use]
pub fn judge(observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &observed.account {
        AccountSeen::NotSet(problems) => findings.push(Finding::new(codes::ACCOUNT_NOT_SET, problems.join("; "))),
        AccountSeen::Asked(seen) => findings.extend(access::judge(&seen.access)),
    }
    match observed.inside() {
        Some(seen) => {
            findings.extend(account::judge(seen));
            findings.extend(rights::judge(&seen.reads));
            findings.extend(names::judge(&seen.wanted, &seen.catalog));
            findings.extend(writes::judge(seen.writes.as_ref(), &seen.catalog, seen.wanted.since));
        }
        None => {
            findings.extend(observed.account.clock().map(account::judge_clock));
            let what = "rights, names and searches were not looked at";
            findings.push(Finding::new(codes::ACCOUNT_SKIPPED, what));
        }
    }
    findings.extend(machine::judge(&observed.machine));
    findings.extend(gateway::judge(&observed.gateway));
    findings.sort_by_key(|finding| finding.code.subject);
    findings
}

/// How many findings have a status.
#[must_use]
pub fn count(findings: &[Finding], status: Status) -> usize {
    findings.iter().filter(|finding| finding.code.status == status).count()
}
