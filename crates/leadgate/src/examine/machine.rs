//! The data folder, the disk under it, the store in it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use freshsales::AccountAddress;
use jiff::SignedDuration;
use leadgate_core::doctor::observed::{FolderSeen, MachineSeen, StoreSeen};
use leadgate_store_sqlite::inspect::{Inspected, inspect};

use crate::config::{DurabilityChoice, StoreSettings};
use crate::{data_folder, stores};

/// Writes that are timed; the middle one is told.
const TIMED_WRITES: usize = 5;
const TIMED_BYTES: usize = 4096;

/// Looks. Makes one small file for a moment; blocks.
pub(crate) async fn look_at_machine(settings: &StoreSettings, address: Option<&AccountAddress>) -> MachineSeen {
    let folder = &settings.data;
    let (state, sync) = look_at_folder(folder);
    MachineSeen {
        folder: folder.display().to_string(),
        state,
        other_account: address.and_then(|address| data_folder::difference(folder, address)),
        free_bytes: existing(folder).and_then(|folder| free_bytes(&folder)),
        sync,
        store: match settings.database() {
            Some(_) => look_at_database(settings).await,
            None => look_at_file(folder, settings.durability),
        },
    }
}

fn look_at_folder(folder: &Path) -> (FolderSeen, Option<SignedDuration>) {
    let Some(existing) = existing(folder) else {
        return (FolderSeen::Unwritable("no folder above it exists".to_owned()), None);
    };
    match time_writes(&existing) {
        Ok(took) if existing == folder => (FolderSeen::Writable { mode: mode(folder) }, Some(took)),
        Ok(took) => (FolderSeen::Absent, Some(took)),
        Err(error) => {
            (FolderSeen::Unwritable(format!("writing a file in {} failed: {error}", existing.display())), None)
        }
    }
}

/// The folder itself, or the nearest one above it that is there.
fn existing(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).find_map(
        |folder| match folder.symlink_metadata() {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
            _ => Some(folder.to_owned()),
        },
    )
}

/// How long a small write takes to be on the disk: the middle of some.
fn time_writes(folder: &Path) -> std::io::Result<SignedDuration> {
    let path = folder.join(format!(".leadgate-doctor-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    let mut write = || -> std::io::Result<Duration> {
        let began = Instant::now();
        file.write_all(&[0x5a; TIMED_BYTES])?;
        file.sync_data()?;
        Ok(began.elapsed())
    };
    let took: std::io::Result<Vec<Duration>> = (0..TIMED_WRITES).map(|_| write()).collect();
    let removed = std::fs::remove_file(&path);
    let mut took = took?;
    removed?;
    took.sort_unstable();
    Ok(SignedDuration::try_from(took[TIMED_WRITES / 2]).unwrap_or(SignedDuration::MAX))
}

#[cfg(unix)]
fn mode(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    folder.metadata().ok().map(|metadata| metadata.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

/// Asks the system's own tool: the standard library does not know.
fn free_bytes(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).output().ok().filter(|output| output.status.success())?;
    available(&String::from_utf8(output.stdout).ok()?)
}

/// The fourth column of the last line, in KiB. A device's name may hold blanks, so it is counted from the column with the share.
fn available(told: &str) -> Option<u64> {
    let columns: Vec<&str> = told.lines().last()?.split_whitespace().collect();
    let share = columns.iter().position(|column| column.ends_with('%'))?;
    columns.get(share.checked_sub(1)?)?.parse::<u64>().ok()?.checked_mul(1024)
}

async fn look_at_database(settings: &StoreSettings) -> StoreSeen {
    match stores::inspect_database(settings).await {
        Ok(seen) if !seen.is_usable => StoreSeen::DatabaseUnusable(format!(
            "its tables were changed by a newer version of leadgate (version {}); upgrade leadgate",
            seen.schema.unwrap_or_default()
        )),
        Ok(seen) => {
            StoreSeen::Database { server: seen.server, schema: seen.schema, waits_for_disk: seen.waits_for_disk }
        }
        Err(error) => StoreSeen::DatabaseUnusable(error.to_string()),
    }
}

fn look_at_file(folder: &Path, durability: DurabilityChoice) -> StoreSeen {
    if !data_folder::store_file(folder).is_file() {
        return StoreSeen::Absent;
    }
    match inspect(&stores::file_config(folder, durability)) {
        Ok(Inspected::InUse) => StoreSeen::InUse,
        Ok(Inspected::Opened(seen)) if seen.schema > seen.newest_schema => {
            StoreSeen::Unusable(format!("it was written by a newer version of leadgate (schema {})", seen.schema))
        }
        Ok(Inspected::Opened(seen)) => StoreSeen::Opened {
            journal: seen.journal,
            synchronous: seen.synchronous,
            wants_power_safety: durability == DurabilityChoice::Full,
        },
        Err(error) => StoreSeen::Unusable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::usual(
        "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100 40 60 40% /\n",
        Some(61_440)
    )]
    #[case::blanks("Filesystem 1K-blocks Used Available Use% Mounted on\n//nas/my disk 10 4 6 40% /a b\n", Some(6_144))]
    #[case::nonsense("df: no such file\n", None)]
    fn what_is_free(#[case] told: &str, #[case] bytes: Option<u64>) {
        assert_eq!(available(told), bytes);
    }
}
