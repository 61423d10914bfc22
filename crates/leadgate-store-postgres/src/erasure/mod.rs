//! Forgetting a person.
//!
//! Cast: `demands` keeps demands and moves them from phase to phase; `rows` goes through the tables that are keyed by an identity or a record,
//! `remarks` through texts that may name anybody, `submissions` through the inbox and its jobs, `deliveries` through the queue of deliveries;
//! `cleanse` sees to the dead rows; `store` is the trait.
//! Flow: a step looks at a page of rows behind the last one, erases those that the marks name, and leaves the rest. Whether a row is the
//! person's is decided by [`leadgate_core::erasure`].

mod cleanse;
mod deliveries;
mod demands;
mod remarks;
mod rows;
mod store;
mod submissions;

use jiff::Timestamp;
use leadgate_store::erasure::{Place, RowKey, Sweep};

use crate::announcements::Announcements;
use crate::error::Failure;
use crate::session::Session;

/// How a page is gone through.
struct Going<'a> {
    connection: &'a mut Session,
    account: i64,
    /// Rows of the page, at most.
    most: u32,
    /// None to count only.
    erasing: Option<Erasing<'a>>,
}

/// What erasing needs besides.
struct Erasing<'a> {
    now: Timestamp,
    announcements: &'a mut Announcements,
}

/// What a page was: rows of the person in it, and the last row if there may be more.
#[derive(Default)]
struct Page {
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

/// Takes one step of a sweep. Where it erases, its caller holds the lock of the jobs, and of the deliveries for [`Place::Deliveries`].
async fn step(going: &mut Going<'_>, sweep: &mut Sweep) -> Result<(), Failure> {
    let Some(place) = sweep.place() else { return Ok(()) };
    let page = match place {
        Place::Known => rows::known(going, sweep).await?,
        Place::Mirror => rows::mirror(going, sweep).await?,
        Place::Profiles => rows::profiles(going, sweep).await?,
        Place::Submissions => submissions::page(going, sweep).await?,
        Place::Deliveries => deliveries::page(going, sweep).await?,
        Place::Changes => rows::changes(going, sweep).await?,
        Place::Notes => rows::notes(going, sweep).await?,
        Place::ImportRows => remarks::import_rows(going, sweep).await?,
        Place::Remarks => remarks::remarks(going, sweep).await?,
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

/// The last row that is the demand's in a place.
fn until(sweep: &Sweep, place: Place) -> i64 {
    sweep.until.get(&place).copied().unwrap_or(i64::MAX)
}
