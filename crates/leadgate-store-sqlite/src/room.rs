//! Whether the disk takes more: a file beside the database is written and removed again.
//!
//! The write-ahead log reuses its space, so that small writes succeed for a while on a full disk. A new file does not: it needs free blocks, and
//! it fails as well where the disk has become read-only or the folder's rights were taken away.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use leadgate_store::StoreError;

/// As much as the largest usual submission, some times over.
const WANTED_BYTES: usize = 256 * 1024;

/// The file that is written. One process at a time has the store, so it needs no name of its own.
pub(crate) fn probe_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".room");
    PathBuf::from(name)
}

/// Writes the file, waits until it is on the disk, and removes it. Blocks.
pub(crate) fn check(probe: &Path) -> Result<(), StoreError> {
    let written = write(probe);
    // Also after a failure: what was written of it takes room. That it cannot be removed is no news then.
    let removed = std::fs::remove_file(probe);
    written.and(removed).map_err(|error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull,
        _ => StoreError::Unavailable(format!("writing {} failed: {error}", probe.display())),
    })
}

fn write(probe: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(probe)?;
    file.write_all(&vec![0x5a; WANTED_BYTES])?;
    file.sync_data()
}
