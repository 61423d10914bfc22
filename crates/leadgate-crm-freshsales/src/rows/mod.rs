//! Rows of every stream, page by page, for the copy of the account.
//!
//! Cast: a [`Bookmark`] says where a reading is and is what the port calls the cursor; `records`, `activities` and `names` know the best list that the API has for each stream;
//! a `list` is such a list with its rows as the text that they came as; `naming` puts names beside ids; a `tally` judges whether a list held what its totals say; `order` whether it may be
//! left early; `views` find the saved views to read where searches do not serve.
//!
//! Flow: one [`Reading`] makes steps of one round of requests each until the requests that it may make are spent or the stream ends. After the last page of a
//! list the tally speaks. Where the last page is full, the page behind it must be empty; where rows are missing at the end, the list is asked for from its end: if its rows
//! are missing there too, the key may not see them, else the CRM keeps rows back and the reading fails.

mod activities;
mod bookmark;
pub(crate) mod list;
mod names;
mod naming;
mod order;
mod records;
mod steps;
mod tally;
mod views;

use jiff::Timestamp;
use leadgate_core::crm::{CrmFailure, CrmReply};
use leadgate_core::sync::{Part, RawRow, RowsPage, RowsQuery, Stream, plain_moment};

use self::bookmark::Bookmark;
use self::list::RawList;
use self::records::How;
use crate::Account;

impl Account<'_, '_> {
    pub(crate) async fn read_rows(self, query: RowsQuery) -> Result<CrmReply, CrmFailure> {
        check(&query)?;
        let bookmark = Bookmark::open(&query)?;
        let before = self.conversation.requests;
        let reading = Reading { account: self, query, bookmark, before, page: RowsPage::default() };
        Ok(CrmReply::Rows(reading.read().await?))
    }
}

/// A stream in the middle of being read.
struct Reading<'a, 'b> {
    account: Account<'a, 'b>,
    query: RowsQuery,
    bookmark: Bookmark,
    /// Requests of the call before the reading began.
    before: u32,
    page: RowsPage,
}

impl Reading<'_, '_> {
    async fn read(mut self) -> Result<RowsPage, CrmFailure> {
        let stream = self.query.stream;
        if is_of_names(stream) {
            return self.read_names(stream).await;
        }
        match self.read_lists().await {
            // What was read stays read: the failure is met again by who goes on from here.
            Err(_) if !self.page.rows.is_empty() => self.page.next = Some(self.bookmark.to_text()),
            Err(failure) if self.may_be_missing() => if_there::<()>(Err(failure)).map(drop)?,
            Err(failure) => return Err(failure),
            Ok(()) => {}
        }
        // A saved view may hold a part of the records. A search that told how many there are is what it is compared with.
        self.page.is_unchecked = self.bookmark.views.is_some() && self.bookmark.searched_total.is_none();
        Ok(self.page)
    }

    async fn read_lists(&mut self) -> Result<(), CrmFailure> {
        loop {
            let more = self.step().await?;
            if !more {
                self.page.next = None;
                return Ok(());
            }
            if !self.may_ask() && !self.costs_nothing() {
                self.page.next = Some(self.bookmark.to_text());
                return Ok(());
            }
        }
    }

    /// Requests that may still be made.
    fn left(&self) -> u32 {
        self.query.pages.max(1).saturating_sub(self.account.conversation.requests - self.before)
    }

    fn may_ask(&self) -> bool {
        self.left() > 0
    }

    /// The list that is being read; none behind the last one.
    fn list(&self, how: How) -> Option<RawList> {
        let (stream, part, generation) = (self.query.stream, &self.query.part, self.account.client.generation());
        if let Part::Of(record) = part {
            let target = self.account.target(record.kind);
            let list = activities::of_record(stream, target, record.id, generation);
            return list.filter(|_| self.bookmark.list == 0);
        }
        if !is_of_records(stream) {
            return activities::list(stream, part, self.bookmark.list, generation);
        }
        match &self.bookmark.views {
            Some(views) => {
                let view = views.of(stream, part).get(self.bookmark.list).copied()?;
                Some(records::view(stream, part, (view, how), generation))
            }
            None => Some(records::search(stream, part, how, generation)).filter(|_| self.bookmark.list == 0),
        }
    }

    /// Streams that not every account has: their absence is an empty list.
    fn may_be_missing(&self) -> bool {
        match self.query.stream {
            Stream::Leads => !self.account.has_leads(),
            Stream::Lists | Stream::Products => true,
            _ => false,
        }
    }

    /// The moment after which rows are wanted, where the list is asked for in the order of updates.
    fn sorted_since(&self) -> Option<Timestamp> {
        match self.query.part {
            Part::ChangedAfter(moment) if self.is_sorted() => Some(moment),
            Part::Deleted { after } if self.is_sorted() => after,
            _ => None,
        }
    }

    fn is_sorted(&self) -> bool {
        !is_of_records(self.query.stream) || self.bookmark.views.is_some()
    }
}

/// What cannot be read at all is said before anything is asked.
fn check(query: &RowsQuery) -> Result<(), CrmFailure> {
    let (stream, part) = (query.stream, &query.part);
    let readable = match part {
        Part::Whole | Part::ChangedAfter(_) => stream != Stream::Notes,
        Part::Deleted { .. } => stream.tells_deletions(),
        Part::Of(_) => matches!(stream, Stream::Notes | Stream::Tasks | Stream::Appointments),
    };
    let sentence = || match part {
        Part::Whole | Part::ChangedAfter(_) => {
            format!("there is no list of all {stream}: read them with contacts and leads, or of one record")
        }
        Part::Deleted { .. } => format!("there is no list of deleted {stream}: read the whole of them and compare"),
        Part::Of(_) => format!("{stream} are not listed by record: read the whole of them"),
    };
    if readable { Ok(()) } else { Err(CrmFailure::Invalid { sentences: vec![sentence()], fields: Vec::new() }) }
}

fn is_of_names(stream: Stream) -> bool {
    use Stream::{Fields, Pipelines, Products, Stages, Users};
    matches!(stream, Users | Pipelines | Stages | Products | Fields)
}

fn is_of_records(stream: Stream) -> bool {
    matches!(stream, Stream::Leads | Stream::Contacts | Stream::SalesAccounts | Stream::Deals)
}

/// What an account does not have, or does not show to the key, is nothing.
fn if_there<T>(result: Result<T, CrmFailure>) -> Result<Option<T>, CrmFailure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(CrmFailure::Forbidden(_) | CrmFailure::NotFound) => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn updated_at(row: &RawRow) -> Option<Timestamp> {
    let text = row.get("updated_at")?.text()?;
    plain_moment(&text).or_else(|| text.parse().ok())
}
