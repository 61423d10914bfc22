//! An account whose replies to reads wait behind a gate, for tests of what happens meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use leadgate_core::broker::{RawAnswer, RawCrm, RawRequest};
use tokio::sync::Semaphore;

/// Lets reads through to the account behind it once the gate is open; anything else at once.
pub struct GatedAccount {
    inner: Arc<dyn RawCrm>,
    gate: Semaphore,
    passed: AtomicU32,
}

impl GatedAccount {
    /// One whose gate is shut.
    pub fn shut(inner: Arc<dyn RawCrm>) -> GatedAccount {
        GatedAccount { inner, gate: Semaphore::new(0), passed: AtomicU32::new(0) }
    }

    /// Opens the gate for good.
    pub fn open(&self) {
        self.gate.add_permits(1_000);
    }

    /// Requests that reached the gate or went past it.
    pub fn passed(&self) -> u32 {
        self.passed.load(Ordering::Relaxed)
    }
}

#[async_trait::async_trait]
impl RawCrm for GatedAccount {
    async fn pass(&self, request: &RawRequest) -> RawAnswer {
        self.passed.fetch_add(1, Ordering::Relaxed);
        if request.method.is_read() {
            let _open = self.gate.acquire().await.unwrap();
        }
        self.inner.pass(request).await
    }
}
