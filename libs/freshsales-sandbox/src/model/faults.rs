//! Which fault hits a request. Draws come from a seeded generator in the order of the requests, so a run replays.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chance::Chance;
use crate::{Fault, FaultKind};

/// What a fault is matched against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    pub(crate) full_path: &'a str,
    /// The path without the generation's prefix.
    pub(crate) resource_path: &'a str,
    /// The account's time.
    pub(crate) now: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Faults {
    active: Vec<Fault>,
    chance: Chance,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { active: Vec::new(), chance: Chance::new(seed) }
    }

    pub(crate) fn set(&mut self, faults: Vec<Fault>) {
        self.active = faults;
    }

    /// Switches more faults on, after those that are.
    pub(crate) fn add(&mut self, faults: Vec<Fault>) {
        self.active.extend(faults);
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
            if fault.probability >= 1.0 || self.chance.fraction() < fault.probability {
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
    let in_time =
        fault.from.is_none_or(|from| target.now >= from) && fault.until.is_none_or(|until| target.now < until);
    (matching.methods.is_empty() || matching.methods.iter().any(|method| method.eq_ignore_ascii_case(target.method)))
        && (target.full_path.starts_with(&matching.path_prefix)
            || target.resource_path.starts_with(&matching.path_prefix))
        && path.ends_with(&matching.path_suffix)
        && (matching.path.is_empty()
            || follows(&matching.path, path)
            || follows(&matching.path, target.full_path.trim_end_matches('/')))
        && in_time
        && (!bulk_only || path.ends_with("/bulk_upsert"))
}

/// Whether a path follows a pattern, segment by segment: `*` and `{name}` stand for one, a last `**` for all that follow.
fn follows(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    for wanted in pattern.split('/').filter(|part| !part.is_empty()) {
        if wanted == "**" {
            return true;
        }
        let any = wanted == "*" || (wanted.starts_with('{') && wanted.ends_with('}'));
        match parts.next() {
            Some(part) if any || part.trim_end_matches(".json") == wanted => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/leads", "/leads", true)]
    #[case("/leads", "/leads/1", false)]
    #[case("/leads/{id}", "/leads/1", true)]
    #[case("/leads/*/convert", "/leads/1/convert", true)]
    #[case("/leads/*/convert", "/leads/1/clone", false)]
    #[case("/leads/**", "/leads/1/convert", true)]
    #[case("/leads/**", "/contacts/1", false)]
    #[case("/leads", "/leads.json", true)]
    fn a_pattern_stands_for_paths(#[case] pattern: &str, #[case] path: &str, #[case] matches: bool) {
        assert_eq!(follows(pattern, path), matches);
    }
}
