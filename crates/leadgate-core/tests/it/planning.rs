//! Plans of bodies, as a gateway that remembers nothing makes them.

use jiff::Timestamp;
use leadgate_core::catalog::Catalog;
use leadgate_core::intake::{self, ReadingRules};
use leadgate_core::plan::{self, Plan, PlanContext, PlanMemory};
use leadgate_core::submission::{RawSubmission, SubmissionId};
use uuid::Uuid;

/// The plan of a body that can be read.
pub(crate) fn plan_of(raw: &RawSubmission) -> Plan {
    let (catalog, rules) = (Catalog::default(), ReadingRules::default());
    let submission = intake::read(raw, &rules).unwrap();
    let context = PlanContext::new(SubmissionId(Uuid::nil()), Timestamp::UNIX_EPOCH, &catalog, &rules);
    plan::derive(&submission, &context, &mut PlanMemory::default()).plan
}
