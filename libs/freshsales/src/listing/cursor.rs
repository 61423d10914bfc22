//! Where a stream is, in a form that can be stored.

use serde::{Deserialize, Serialize};

use super::given::Given;
use super::walk::Walk;

/// The form of stored cursors; one of another form is refused rather than misread.
const VERSION: u32 = 1;

/// Where a stream is: give it to [`ListStream::resume`](super::ListStream::resume) of the same list to go on with the next record.
///
/// It serialises with serde, e.g. as JSON; its fields are no interface. It holds ids and page numbers and nothing else of records. In lists
/// that come in the order of ids it has a fixed size, in others it grows by the given ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListCursor {
    version: u32,
    list: String,
    page_size: u32,
    walk: Walk,
    given: Given,
}

/// A cursor that does not belong to the list it was given to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongCursor {
    /// It is of another list.
    #[error(
        "the cursor is of the list `{of}` and not of `{wanted}` (the part after # stands for filter, rules and order): start that list anew"
    )]
    OtherList {
        /// Path of the list that the cursor is of.
        of: String,
        /// Path of the list that was asked for.
        wanted: String,
    },
    /// It was stored by a version of this crate that wrote cursors in another form.
    #[error("the cursor is in form {found}, which this version does not read: start the list anew")]
    OtherForm {
        /// The form it is in.
        found: u32,
    },
}

impl ListCursor {
    pub(super) fn new(list: String, page_size: u32, walk: Walk, given: Given) -> Self {
        Self { version: VERSION, list, page_size, walk, given }
    }

    pub(super) fn open(self, wanted: &str) -> Result<(u32, Walk, Given), WrongCursor> {
        if self.version != VERSION {
            return Err(WrongCursor::OtherForm { found: self.version });
        }
        if self.list != wanted {
            return Err(WrongCursor::OtherList { of: self.list, wanted: wanted.to_owned() });
        }
        Ok((self.page_size, self.walk, self.given))
    }
}
