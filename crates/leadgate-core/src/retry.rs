//! How long to wait after a failure, and when to give up: exponential with full jitter, capped.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// When to try again. Pure: the caller brings the random number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// The longest wait after the first failure, in milliseconds.
    pub base_ms: u64,
    /// The longest wait after any failure, in milliseconds.
    pub cap_ms: u64,
    /// Failures of one step after which its job is parked. With the longest wait a thousand are about two days: an outage of the CRM is no reason to
    /// bother a person.
    pub max_failures: u32,
    /// The shortest wait before reading back after an unknown outcome, in milliseconds: a request that was cut off may still be at work in
    /// the CRM, and reading back before it has committed would miss it.
    pub settle_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy { base_ms: 1_000, cap_ms: 300_000, max_failures: 1_000, settle_ms: 5_000 }
    }
}

impl RetryPolicy {
    /// The wait after the `failures`-th failure in a row (from 1). `jitter` is in `0.0..1.0`.
    pub fn delay(&self, failures: u32, jitter: f64) -> SignedDuration {
        let exponent = failures.saturating_sub(1).min(40);
        let ceiling = self.base_ms.saturating_mul(1 << exponent).min(self.cap_ms);
        milliseconds((ceiling as f64 * jitter.clamp(0.0, 1.0)).round() as u64)
    }

    /// The wait before reading back after the `failures`-th unknown outcome in a row.
    pub fn settle_delay(&self, failures: u32, jitter: f64) -> SignedDuration {
        milliseconds(self.settle_ms) + self.delay(failures, jitter)
    }

    /// Whether to give up after so many failures in a row.
    pub fn is_exhausted(&self, failures: u32) -> bool {
        failures >= self.max_failures
    }
}

fn milliseconds(count: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::first_at_most_base(1, 1.0, 1_000)]
    #[case::doubles(4, 1.0, 8_000)]
    #[case::full_jitter(4, 0.25, 2_000)]
    #[case::capped(30, 1.0, 300_000)]
    #[case::never_overflows(u32::MAX, 1.0, 300_000)]
    #[case::no_jitter_no_wait(9, 0.0, 0)]
    fn waits(#[case] failures: u32, #[case] jitter: f64, #[case] expected_ms: i64) {
        assert_eq!(RetryPolicy::default().delay(failures, jitter), SignedDuration::from_millis(expected_ms));
    }

    #[test]
    fn reading_back_waits_for_the_request_to_settle() {
        assert_eq!(RetryPolicy::default().settle_delay(1, 0.0), SignedDuration::from_secs(5));
    }

    #[test]
    fn gives_up_at_the_cap() {
        let policy = RetryPolicy { max_failures: 3, ..RetryPolicy::default() };
        assert!(!policy.is_exhausted(2) && policy.is_exhausted(3));
    }
}
