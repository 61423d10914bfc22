//! How many addresses the account is searched for at once: what it refused is not tried again and again. Kept in memory, so a new process finds it
//! out anew.

use std::sync::atomic::{AtomicUsize, Ordering};

use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply};
use leadgate_core::pack::{WIDEST, Width, width_after};

/// The most addresses of one search.
#[derive(Debug)]
pub(crate) struct SearchWidth(AtomicUsize);

impl Default for SearchWidth {
    fn default() -> SearchWidth {
        SearchWidth(AtomicUsize::new(WIDEST))
    }
}

impl SearchWidth {
    /// The most as it is known now.
    pub(crate) fn widest(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Learns from an answer, where `surely` many addresses are known to be taken. Returns whether the search is to be made again at once in
    /// smaller pieces.
    pub(crate) fn learn(&self, call: &CrmCall, result: &Result<CrmReply, CrmFailure>, surely: usize) -> bool {
        let Err(failure) = result else { return false };
        match width_after(call, failure, surely) {
            Width::Untold => false,
            Width::Doubted(most) => {
                self.0.fetch_min(most, Ordering::Relaxed);
                false
            }
            Width::TooMany(most) => {
                let before = self.0.fetch_min(most, Ordering::Relaxed);
                tracing::info!(
                    search.most = before.min(most),
                    "searches are made for at most {most} addresses at once: {}",
                    failure.class()
                );
                true
            }
        }
    }
}
