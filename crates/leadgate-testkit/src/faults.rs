//! Parts of the gateway that fail in ways in which no account can make them fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use leadgate_core::crm::{Crm, CrmAnswer, CrmCall};

/// A port that panics after its first requests have been made, so that what they did is done and nobody is told.
pub struct CrmThatPanics {
    inner: Arc<dyn Crm>,
    panics_left: AtomicU32,
}

impl CrmThatPanics {
    /// Panics so many times, then works like the port behind it.
    pub fn new(inner: Arc<dyn Crm>, panics: u32) -> CrmThatPanics {
        CrmThatPanics { inner, panics_left: AtomicU32::new(panics) }
    }
}

#[async_trait::async_trait]
impl Crm for CrmThatPanics {
    async fn call(&self, call: CrmCall) -> CrmAnswer {
        let answer = self.inner.call(call).await;
        let left = self.panics_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        assert!(left.is_err(), "made to panic");
        answer
    }
}
