//! What a failure means for the run. Pure.

use jiff::{SignedDuration, Timestamp};
use leadgate_core::crm::CrmFailure;
use leadgate_core::retry::RetryPolicy;

/// Failures in a row after which a run ends. It goes on there the next time.
pub(super) const MOST_FAILURES: u32 = 25;

/// What follows from a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Consequence {
    /// The whole account waits: until then, or until the quota's window ends.
    Hold(Option<Timestamp>),
    /// The same is asked again then.
    Repeat(Timestamp),
    /// The part that is being read is read from its beginning, once.
    Restart,
    /// The stream cannot be read; others can.
    StreamFails,
    /// Nothing can be read.
    RunFails,
}

/// What follows from a failure that is the `failures`-th in a row; `jitter` is from 0 to 1.
pub(super) fn consequence(
    failure: &CrmFailure,
    failures: u32,
    policy: &RetryPolicy,
    jitter: f64,
    now: Timestamp,
) -> Consequence {
    let later = |wait: SignedDuration| now.saturating_add(wait).unwrap_or(Timestamp::MAX);
    match failure {
        CrmFailure::Quota { until } => Consequence::Hold(*until),
        CrmFailure::Throttled { wait } => Consequence::Hold(Some(later(wait.unwrap_or(SignedDuration::from_secs(30))))),
        CrmFailure::Transient(_) | CrmFailure::OutcomeUnknown(_) | CrmFailure::Busy if failures >= MOST_FAILURES => {
            Consequence::RunFails
        }
        CrmFailure::Transient(_) | CrmFailure::OutcomeUnknown(_) | CrmFailure::Busy => {
            Consequence::Repeat(later(policy.delay(failures, jitter)))
        }
        CrmFailure::Auth(_) | CrmFailure::WrongAccount(_) => Consequence::RunFails,
        // A cursor that the CRM's port does not know any more is refused as invalid.
        CrmFailure::Incomplete(_) | CrmFailure::Malformed(_) | CrmFailure::Invalid { .. } => Consequence::Restart,
        _ => Consequence::StreamFails,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(failure: CrmFailure, failures: u32) -> Consequence {
        consequence(&failure, failures, &RetryPolicy::default(), 1.0, Timestamp::UNIX_EPOCH)
    }

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn each_class_has_its_consequence() {
        let text = || "x".to_owned();
        let cases = [
            (CrmFailure::Quota { until: Some(seconds(60)) }, 1, Consequence::Hold(Some(seconds(60)))),
            (CrmFailure::Throttled { wait: None }, 1, Consequence::Hold(Some(seconds(30)))),
            (CrmFailure::Transient(text()), 3, Consequence::Repeat(seconds(4))),
            (CrmFailure::OutcomeUnknown(text()), 1, Consequence::Repeat(seconds(1))),
            (CrmFailure::Transient(text()), MOST_FAILURES, Consequence::RunFails),
            (CrmFailure::Auth(text()), 1, Consequence::RunFails),
            (CrmFailure::Incomplete(text()), 1, Consequence::Restart),
            (CrmFailure::Malformed(text()), 1, Consequence::Restart),
            (CrmFailure::Forbidden(text()), 1, Consequence::StreamFails),
        ];
        for (failure, failures, expected) in cases {
            assert_eq!(of(failure.clone(), failures), expected, "{failure:?}");
        }
    }
}
