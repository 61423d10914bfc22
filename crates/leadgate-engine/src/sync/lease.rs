//! One run at a time: a lock on a file beside the copy. The system gives it up with the process, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::SyncError;

/// The right to run, until dropped.
pub(super) struct Lease(#[expect(dead_code, reason = "closing the file is what ends the lease")] File);

impl Lease {
    /// Takes it, unless another run has it, of this process or of another one.
    pub(super) fn take(copy: &Path) -> Result<Lease, SyncError> {
        let path = copy.with_extension("lock");
        let failed = |source| SyncError::Lock { path: path.display().to_string(), source };
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Lease(file)),
            Err(TryLockError::WouldBlock) => Err(SyncError::AtWork(copy.display().to_string())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
