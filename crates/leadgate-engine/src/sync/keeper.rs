//! The copy, for code that must not block: each use of it runs on a thread that may.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use leadgate_warehouse::{Copy, CopyError};

use super::SyncError;

/// The copy, shared. Cheap to clone.
#[derive(Clone)]
pub struct CopyKeeper {
    copy: Arc<Mutex<Copy>>,
    path: Arc<PathBuf>,
}

impl CopyKeeper {
    /// Opens the copy in a file, and makes it if there is none.
    ///
    /// # Errors
    /// [`SyncError::Copy`] if the file cannot be opened or is of another version.
    pub async fn open(path: &Path) -> Result<CopyKeeper, SyncError> {
        let file = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || Copy::open(&file)).await.map_err(|_| SyncError::Thread)?;
        Ok(CopyKeeper { copy: Arc::new(Mutex::new(opened?)), path: Arc::new(path.to_owned()) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does something with the copy.
    ///
    /// # Errors
    /// [`SyncError::Copy`] if that fails.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Copy) -> Result<T, CopyError> + Send + 'static,
    ) -> Result<T, SyncError> {
        let copy = Arc::clone(&self.copy);
        let done = tokio::task::spawn_blocking(move || {
            // A transaction that panicked was rolled back, so the copy is whole.
            let mut copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut copy)
        });
        Ok(done.await.map_err(|_| SyncError::Thread)??)
    }
}
