//! What goes wrong in the CRM: about a fifth of all requests, in every way that there is.

use std::collections::BTreeMap;
use std::fmt;

use freshsales_sandbox::{Account, Fault, FaultKind, Generation};

/// What stops the whole account happens at set moments rather than by chance, or a run would be mostly waiting: every so many requests.
const STOP_EVERY: u32 = 150;
const STOPS: u32 = 4;
/// How late an effect can be. Well below the time that the gateway leaves the account to settle before it reads back, as its setting promises.
const LATE_BY: u64 = 50;
/// A kind that occurs less often has not been tested.
const AT_LEAST: usize = 3;

/// The faults of a run.
pub(super) fn mix(generation: Generation) -> Vec<Fault> {
    let stops = [
        FaultKind::Quota429 { reset_after_seconds: None },
        FaultKind::EdgeThrottle { retry_after: 1 },
        FaultKind::Quota429In400,
    ];
    let stops = (1..=STOPS).flat_map(|round| {
        let stops = stops.clone().into_iter().zip(0..);
        stops.map(move |(kind, shift)| Fault::new(kind).after(round * STOP_EVERY + shift * STOP_EVERY / 3).times(1))
    });
    let by_chance = [
        (FaultKind::FailBeforeCommit, 0.03),
        (FaultKind::CommitThenFail, 0.03),
        (FaultKind::CommitThenCut, 0.04),
        (FaultKind::CutBeforeCommit, 0.03),
        (FaultKind::CutThenCommit { delay_milliseconds: LATE_BY }, 0.02),
        (FaultKind::Hang { then_commit: false }, 0.015),
        (FaultKind::Hang { then_commit: true }, 0.015),
        (FaultKind::ServerErrorHtml { status: 502 }, 0.015),
        (FaultKind::ServerErrorHtml { status: 503 }, 0.015),
        (FaultKind::SlowBody { chunk_bytes: 256, pause_milliseconds: 5 }, 0.02),
    ];
    let by_chance = by_chance.map(|(kind, probability)| Fault::new(kind).with_probability(probability));
    let busy = (generation == Generation::Suite).then(|| Fault::new(FaultKind::BulkBusy405).with_probability(0.25));
    stops.chain(busy).chain(by_chance).collect()
}

/// How often each kind has hit.
pub(super) struct Seen(BTreeMap<String, usize>);

impl Seen {
    pub(super) fn in_requests(account: &Account) -> Seen {
        let mut seen = BTreeMap::new();
        for request in account.requests() {
            let Some(kind) = request.fault else { continue };
            // The pages of a proxy differ by their status.
            let page = request.status.filter(|_| kind == "server_error_html");
            *seen.entry(page.map_or(kind.clone(), |status| format!("{kind} {status}"))).or_default() += 1;
        }
        Seen(seen)
    }

    /// Bulk calls are made on Suite only.
    pub(super) fn each_kind_occurred(&self, generation: Generation) {
        let always = [
            "fail_before_commit",
            "commit_then_fail",
            "commit_then_cut",
            "cut_before_commit",
            "cut_then_commit",
            "hang",
            "quota_429",
            "quota_429_in_400",
            "server_error_html 502",
            "server_error_html 503",
            "slow_body",
            "edge_throttle",
        ];
        let bulk = (generation == Generation::Suite).then_some("bulk_busy_405");
        for kind in always.into_iter().chain(bulk) {
            assert!(self.0.get(kind).is_some_and(|count| *count >= AT_LEAST), "{kind} hardly occurred: {self}");
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?}", self.0.values().sum::<usize>(), self.0)
    }
}
