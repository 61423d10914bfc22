//! Whole lists as streams of records.
//!
//! Cast: a [`ListRequest`] is a request for one page that can be asked for any other page; [`Client::stream`](crate::Client::stream) makes a
//! [`ListStream`] of it, which gives [`Listed`] records one by one, or a [`Batch`] of them per round of requests; a [`ListCursor`] says where to go on, today or after a restart. Inside, `walk` is the pure
//! part: which page to ask next, and when the list ends.
//!
//! ```no_run
//! use freshsales::contacts::Contact;
//! use freshsales::{Client, views};
//!
//! # async fn run(client: Client) -> Result<(), freshsales::Error> {
//! let mut contacts = client.stream(views::rows::<Contact>(40200001001).include(["owner"])).page_size(100);
//! while let Some(contact) = contacts.next_row().await {
//!     let contact = contact?;
//!     println!("{} {:?}", contact.id, contact.owner().and_then(|owner| owner.display_name));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What a stream guarantees
//!
//! The CRM pages by number, so rows move between pages while a list is read. A stream gives no record twice (by id), and about missing ones:
//!
//! * **Scrolls** ([`views::scroll`](crate::views::scroll)) continue after the last id. Nothing is missed of what was in the list all the time, whatever is
//!   created, deleted or moved meanwhile.
//! * **Views, tasks and filtered searches in the order of ids** (unless you sort): pages are read from the last to the first, so that a deletion only moves rows
//!   towards pages that are still to be read, and a new record only adds to the end. Nothing is missed of what was in the list all the time. A record that
//!   *enters* in the middle (restored, or changed so that the view now holds it) can push another over a page's edge; the stream notices it by the list's
//!   `total` and reads back. Only if as many rows left at the same moment does the `total` not show it, and then a row can be missed.
//! * **With [`concurrency`](ListStream::concurrency) above 1** pages are read side by side. If the `total` changed between their replies, they are read again one by one; a
//!   deletion and a creation in the same moment hide each other, and then a row can be missed.
//! * **Lists in an order of your own** (`sort`) and lists that are not in the order of ids are read forwards. The stream reads back when the `total`
//!   shrinks; a row that changes its place can still be missed. Read again from an `updated_at` you remember, or do not sort.
//! * Pages may be short or empty before the end (rows that the key may not see are left out). The end is where the CRM says it is: by `has_next`, by `total_pages`, else by
//!   `total`, else by an empty page. If deep pages come back empty although the list goes on, the stream's last item is
//!   [`ErrorClass::ListCutShort`](crate::ErrorClass::ListCutShort) rather than a silent end.
//!
//! Filtered searches read an index that lags behind writes by seconds; no order of reading helps against that.
//!
//! # Cost
//!
//! One request per page, and one more for the first page of a list of several pages: it tells their number, and is read again at the end.

mod batch;
mod cursor;
mod given;
mod stream;
mod walk;

use std::ops::Deref;
use std::sync::Arc;

use crate::decode::{Page, SideLoads};
use crate::record::Record;
use crate::request::Request;

pub use batch::{Batch, PageSeen};
pub use cursor::{ListCursor, WrongCursor};
pub use stream::{ListStream, Progress};

/// Where in a list a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The page of this number, counted from 1.
    Page(u32),
    /// The rows after the one with this id; `None` for the first rows.
    After(Option<i64>),
}

/// In which order a list comes, and how its pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListOrder {
    /// Numbered pages, oldest id first; [`ListRequest::at`] asks for it.
    ById,
    /// Numbered pages in an order that nobody promises: the first page shows whether it is that of ids.
    Unpromised,
    /// Numbered pages in an order that the caller chose.
    Chosen,
    /// Batches after an id, oldest id first.
    Keyset,
}

impl Place {
    /// The page's number, for lists that know no other place.
    pub fn page(self) -> u32 {
        match self {
            Self::Page(page) => page,
            Self::After(_) => 1,
        }
    }
}

/// A row of a list: a [`Record`], or an entry of a record's history.
pub trait ListRow: Clone + Send + Unpin + 'static {
    /// What tells the row from the others of its list, whenever it is read: its id, where it has one.
    fn row_id(&self) -> i64;
}

impl<T: Record> ListRow for T {
    fn row_id(&self) -> i64 {
        self.id()
    }
}

/// Makes rows of a `record!` that has an id and no collection of its own.
macro_rules! list_row {
    ($name:ident) => {
        impl $crate::listing::ListRow for $name {
            fn row_id(&self) -> i64 {
                self.id
            }
        }
    };
}

pub(crate) use list_row;

/// A number for a text that is the same in every version and on every machine (FNV-1a): it is stored in cursors.
pub(crate) fn fingerprint(text: &str) -> i64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, fold).cast_signed()
}

/// A request for one page of a list, which can be asked for any other page of it.
pub trait ListRequest: Request<Output = Page<Self::Row>> + Clone + 'static {
    /// What the rows are.
    type Row: ListRow;

    /// How the list is ordered.
    fn order(&self) -> ListOrder;

    /// The same list at another place, in pages of so many rows.
    #[must_use]
    fn at(&self, place: Place, rows: u32) -> Self;
}

/// A record of a list, with what was side-loaded on its page.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Listed<T> {
    /// The record.
    pub record: T,
    /// What came along with its page; shared by the rows of the page.
    pub side_loads: Arc<SideLoads>,
}

impl<T> Listed<T> {
    pub(crate) fn new(record: T, side_loads: Arc<SideLoads>) -> Self {
        Self { record, side_loads }
    }
}

impl<T> Deref for Listed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.record
    }
}
