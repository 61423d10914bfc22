//! What can go wrong between the account and a receiver. The real account promises neither order nor single delivery.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// What goes wrong with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WebhookFaultKind {
    /// It is sent a second time.
    DeliverTwice,
    /// It is overtaken by the next delivery of its workflow; where none comes, it goes out five seconds later.
    Reorder,
    /// It is never sent.
    Drop,
}

impl WebhookFaultKind {
    pub(crate) const ALL: [Self; 3] = [Self::DeliverTwice, Self::Reorder, Self::Drop];

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeliverTwice => "deliver_twice",
            Self::Reorder => "reorder",
            Self::Drop => "drop",
        }
    }
}

/// A fault of deliveries that is switched on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookFault {
    /// What goes wrong.
    pub kind: WebhookFaultKind,
    /// The workflow it can hit; all of them where absent.
    #[serde(default)]
    pub workflow: Option<u64>,
    /// How likely a delivery is hit, 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// How many more deliveries are hit; without end where absent.
    #[serde(default)]
    pub remaining: Option<u32>,
}

const fn always() -> f64 {
    1.0
}

impl WebhookFault {
    /// A fault that hits every delivery, without end.
    #[must_use]
    pub fn new(kind: WebhookFaultKind) -> Self {
        Self { kind, workflow: None, probability: 1.0, remaining: None }
    }

    /// At most this many deliveries.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.remaining = Some(count);
        self
    }

    /// Each delivery with this probability, 0 to 1.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }
}

/// The faults that are switched on. Draws follow the order of the writes and can be stored: the same seed and the same
/// writes give the same faults.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WebhookFaults {
    pub(super) active: Vec<WebhookFault>,
    seed: u64,
    draws: u64,
}

impl WebhookFaults {
    pub(super) fn new(seed: u64) -> Self {
        Self { active: Vec::new(), seed, draws: 0 }
    }

    /// The first fault in the list that hits this delivery.
    pub(super) fn draw(&mut self, workflow: u64) -> Option<WebhookFaultKind> {
        for fault in &mut self.active {
            if fault.remaining == Some(0) || fault.workflow.is_some_and(|only| only != workflow) {
                continue;
            }
            self.draws += 1;
            // A generator per draw, because the position of one generator could not be stored.
            let seed = self.seed ^ self.draws.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let chance = SmallRng::seed_from_u64(seed).random::<f64>();
            if chance < fault.probability {
                fault.remaining = fault.remaining.map(|left| left - 1);
                return Some(fault.kind);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64) -> Vec<bool> {
        let mut faults = WebhookFaults::new(seed);
        faults.active = vec![WebhookFault::new(WebhookFaultKind::Drop).with_probability(0.3)];
        (0..1000).map(|_| faults.draw(1).is_some()).collect()
    }

    #[test]
    fn draws_follow_the_probability_and_repeat_with_the_seed() {
        let hits = drawn(7).iter().filter(|&&hit| hit).count();
        assert!((240..360).contains(&hits), "{hits}");
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn a_fault_ends_after_its_count_and_keeps_to_its_workflow() {
        let mut faults = WebhookFaults::new(1);
        faults.active = vec![WebhookFault { workflow: Some(2), ..WebhookFault::new(WebhookFaultKind::Drop).times(1) }];
        assert_eq!([1, 2, 2].map(|workflow| faults.draw(workflow).is_some()), [false, true, false]);
    }
}
