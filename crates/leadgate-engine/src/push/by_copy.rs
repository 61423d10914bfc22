//! What the copy of the account has of the people and companies of leased jobs, read before any call is chosen for them.

use std::collections::BTreeMap;

use leadgate_core::copied::{Copied, CopiedRecord};
use leadgate_warehouse::find_identities;

use super::Leased;
use crate::engine::Engine;

impl Engine {
    /// Tells the jobs what the copy has of them. A copy that cannot be read costs requests and nothing else.
    pub(super) async fn look_into_copy(&self, jobs: &mut [Leased]) {
        let Some(matching) = &self.shared.settings.matching else { return };
        let keys: Vec<_> = jobs.iter().flat_map(|job| job.job.state.copied_keys()).collect();
        if keys.is_empty() {
            return;
        }
        let file = matching.copy.clone();
        let found = tokio::task::spawn_blocking(move || find_identities(&file, &keys)).await;
        let found = match found {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "the copy of the account cannot be asked for people; the CRM is asked");
                return;
            }
            Err(error) => {
                tracing::error!(error = %error, "asking the copy of the account for people panicked; the CRM is asked");
                return;
            }
        };
        let since = self.shared.settings.known_not_before;
        let counts = |record: &CopiedRecord| since.is_none_or(|since| record.read_at.is_some_and(|at| at >= since));
        let found: BTreeMap<_, _> = found.into_iter().filter(|(_, record)| counts(record)).collect();
        for job in jobs.iter_mut().filter(|_| !found.is_empty()) {
            let keys = job.job.state.copied_keys();
            let records = keys.into_iter().filter_map(|key| Some((key.clone(), found.get(&key)?.clone())));
            let records: BTreeMap<_, _> = records.collect();
            job.copied = (!records.is_empty()).then(|| Copied { records, believed_for: matching.believed_for });
        }
    }
}
