//! Forgetting a person.
//!
//! Cast: `demands` keeps demands and moves them from phase to phase; `rows` goes through the tables that are keyed by an identity or a record,
//! `submissions` through the inbox and its jobs, `deliveries` through the queue of deliveries; `cleanse` sees to the bytes; `store` is the trait.
//! Flow: a step looks at a page of rows behind the last one, erases those that the marks name, and leaves the rest. Whether a row is the
//! person's is decided by [`leadgate_core::erasure`].

mod cleanse;
mod deliveries;
mod demands;
mod rows;
mod store;
mod submissions;

use jiff::Timestamp;
use leadgate_store::erasure::{Place, RowKey, Sweep};
use rusqlite::Connection;

use crate::writer::Announcements;

/// How a page is gone through.
pub(super) struct Going<'a> {
    connection: &'a Connection,
    /// Rows of the page, at most.
    most: u32,
    /// None to count only.
    erasing: Option<Erasing<'a>>,
}

/// What erasing needs besides.
pub(super) struct Erasing<'a> {
    now: Timestamp,
    announcements: &'a mut Announcements,
}

/// What a page was: rows of the person in it, and the last row if there may be more.
#[derive(Default)]
pub(super) struct Page {
    theirs: u64,
    last: Option<RowKey>,
}

impl Page {
    /// A page of rows with these keys.
    fn of(theirs: u64, keys: impl DoubleEndedIterator<Item = RowKey> + ExactSizeIterator, most: u32) -> Page {
        let full = keys.len() >= most as usize;
        Page { theirs, last: keys.last().filter(|_| full) }
    }
}

/// Takes one step of a sweep.
pub(super) fn step(going: &mut Going<'_>, sweep: &mut Sweep) -> rusqlite::Result<()> {
    let Some(place) = sweep.place() else { return Ok(()) };
    let page = match place {
        Place::Known => rows::known(going, sweep)?,
        Place::Mirror => rows::mirror(going, sweep)?,
        Place::Profiles => rows::profiles(going, sweep)?,
        Place::Submissions => submissions::page(going, sweep)?,
        Place::Deliveries => deliveries::page(going, sweep)?,
        Place::Changes => rows::changes(going, sweep)?,
        Place::Notes => rows::notes(going, sweep)?,
        Place::ImportRows => rows::import_rows(going, sweep)?,
        Place::Remarks => rows::remarks(going, sweep)?,
        // Not the store's.
        Place::CopyRows | Place::CopyCells | Place::CopyChanges => Page::default(),
    };
    let is_repeated = going.erasing.is_none() && sweep.is_counted();
    sweep.found(if is_repeated { 0 } else { page.theirs }, page.last);
    Ok(())
}

/// The key of the last row, of which the next page is behind.
fn after(sweep: &Sweep) -> RowKey {
    sweep.after.clone().unwrap_or_else(|| RowKey(String::new(), i64::MIN))
}
