//! The data folder, the disk under it, and the store in it.

use jiff::SignedDuration;

use super::Finding;
use super::codes;
use super::observed::{FolderSeen, MachineSeen, StoreSeen};

/// Permission bits that let others in.
const OTHERS: u32 = 0o077;
/// Below this nothing should be accepted any more; the store needs room to work, not only to keep.
const NO_ROOM: u64 = 100 * MEGABYTE;
const LITTLE_ROOM: u64 = 1024 * MEGABYTE;
const MEGABYTE: u64 = 1024 * 1024;
/// A lead is answered after one such write, so this is felt.
const SLOW: SignedDuration = SignedDuration::from_millis(500);
/// SQLite's `synchronous` that waits for the disk.
const WAITS_FOR_DISK: i64 = 2;

pub(super) fn judge(seen: &MachineSeen) -> Vec<Finding> {
    let mut findings = vec![judge_folder(seen)];
    if let Some((noted, configured)) = &seen.other_account {
        let what = format!("{} is about the account {noted}, the configuration names {configured}", seen.folder);
        findings.push(Finding::new(codes::FOLDER_OTHER_ACCOUNT, what));
    }
    findings.push(judge_room(seen.free_bytes));
    findings.extend(seen.sync.map(judge_sync));
    findings.extend(judge_store(seen));
    findings
}

fn judge_folder(seen: &MachineSeen) -> Finding {
    let folder = &seen.folder;
    match &seen.state {
        FolderSeen::Writable { mode: Some(mode) } if mode & OTHERS != 0 => {
            Finding::new(codes::FOLDER_OPEN, format!("{folder} has mode {:o}", mode & 0o777))
                .with_hint(Some(format!("Run `chmod 700 {folder}`.")))
        }
        FolderSeen::Writable { .. } => {
            Finding::new(codes::FOLDER_PRIVATE, format!("{folder} is its owner's alone and takes files"))
        }
        FolderSeen::Absent => Finding::new(codes::FOLDER_NEW, format!("{folder} is not there yet and can be made")),
        FolderSeen::Unwritable(why) => Finding::new(codes::FOLDER_UNWRITABLE, format!("{folder}: {why}")),
    }
}

fn judge_room(free_bytes: Option<u64>) -> Finding {
    let told = |bytes: u64| format!("{} MiB are free", bytes / MEGABYTE);
    match free_bytes {
        Some(bytes) if bytes < NO_ROOM => Finding::new(codes::DISK_FULL, told(bytes)),
        Some(bytes) if bytes < LITTLE_ROOM => Finding::new(codes::DISK_LOW, told(bytes)),
        Some(bytes) => Finding::new(codes::DISK_ROOM, told(bytes)),
        None => Finding::new(codes::DISK_UNKNOWN, "the system did not say how much is free"),
    }
}

fn judge_sync(took: SignedDuration) -> Finding {
    let told = format!("a small write was on the disk after {:.1} ms", took.as_secs_f64() * 1000.0);
    Finding::new(if took > SLOW { codes::SYNC_SLOW } else { codes::SYNC_FAST }, told)
}

fn judge_store(seen: &MachineSeen) -> Option<Finding> {
    Some(match &seen.store {
        // The folder was said to be missing or unusable already.
        StoreSeen::Absent if !matches!(seen.state, FolderSeen::Writable { .. }) => return None,
        StoreSeen::Absent => Finding::new(codes::STORE_NEW, "there is no store yet; the first start makes it"),
        StoreSeen::InUse => Finding::new(codes::STORE_IN_USE, "a gateway has the store open"),
        StoreSeen::Unusable(why) => Finding::new(codes::STORE_UNUSABLE, why.clone()),
        StoreSeen::DatabaseUnusable(why) => Finding::new(codes::DATABASE_UNUSABLE, why.clone()),
        StoreSeen::Database { server, schema, waits_for_disk } => {
            let tables =
                schema.map_or_else(|| "no tables yet".to_owned(), |version| format!("tables of version {version}"));
            let code = if *waits_for_disk { codes::DATABASE_DURABLE } else { codes::DATABASE_LAX };
            Finding::new(code, format!("PostgreSQL {server}, {tables}"))
        }
        StoreSeen::Opened { journal, synchronous, wants_power_safety } => {
            let told = format!("journal_mode={journal}, synchronous={synchronous}");
            let is_power_safe = *synchronous >= WAITS_FOR_DISK;
            let code = match (journal == "wal" && is_power_safe >= *wants_power_safety, wants_power_safety) {
                (false, _) => codes::STORE_OTHERWISE,
                (true, true) => codes::STORE_DURABLE,
                (true, false) => codes::STORE_LAX,
            };
            Finding::new(code, told)
        }
    })
}
