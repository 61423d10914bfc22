//! Which fault hits a request. Draws come from a seeded generator in the order of the requests, so a run replays.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::{Fault, FaultKind};

/// What a fault is matched against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    pub(crate) full_path: &'a str,
    /// The path without the generation's prefix.
    pub(crate) resource_path: &'a str,
}

#[derive(Debug)]
pub(crate) struct Faults {
    active: Vec<Fault>,
    rng: SmallRng,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { active: Vec::new(), rng: SmallRng::seed_from_u64(seed) }
    }

    pub(crate) fn set(&mut self, faults: Vec<Fault>) {
        self.active = faults;
    }

    pub(crate) fn active(&self) -> &[Fault] {
        &self.active
    }

    /// The fault of the proxy in front that hits this request, if any: it acts before authentication.
    pub(crate) fn draw_edge(&mut self, target: Target<'_>) -> Option<FaultKind> {
        self.draw(target, true)
    }

    /// The fault of the application that hits this request, if any.
    pub(crate) fn draw_application(&mut self, target: Target<'_>) -> Option<FaultKind> {
        self.draw(target, false)
    }

    fn draw(&mut self, target: Target<'_>, edge: bool) -> Option<FaultKind> {
        for fault in &mut self.active {
            let is_edge = matches!(fault.kind, FaultKind::EdgeThrottle { .. });
            if is_edge != edge || fault.remaining == Some(0) || !matches(fault, target) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.probability >= 1.0 || self.rng.random::<f64>() < fault.probability {
                fault.remaining = fault.remaining.map(|left| left - 1);
                return Some(fault.kind.clone());
            }
        }
        None
    }
}

fn matches(fault: &Fault, target: Target<'_>) -> bool {
    let matching = &fault.matching;
    let bulk_only = fault.kind == FaultKind::BulkBusy405;
    let path = target.resource_path.trim_end_matches('/');
    (matching.methods.is_empty() || matching.methods.iter().any(|method| method.eq_ignore_ascii_case(target.method)))
        && (target.full_path.starts_with(&matching.path_prefix)
            || target.resource_path.starts_with(&matching.path_prefix))
        && path.ends_with(&matching.path_suffix)
        && (!bulk_only || path.ends_with("/bulk_upsert"))
}
