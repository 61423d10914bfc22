//! The stream itself: asks the pages that the walk names, and gives their rows one by one.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::future::{BoxFuture, poll_fn, try_join_all};
use futures::stream::{FusedStream, Stream};

use super::batch::{Batch, PageSeen};
use super::cursor::{ListCursor, WrongCursor};
use super::given::{Certainty, Given};
use super::walk::{PageFacts, Verdict, Walk};
use super::{ListRequest, ListRow, Listed, Place, fingerprint};
use crate::client::Client;
use crate::decode::Page;
use crate::error::{Error, ErrorClass};
use crate::reply::{Reply, ResponseMeta};
use crate::retry::{RetryPolicy, RetryingClient};

/// Largest page that the CRM gives (source: official page, on pagination).
const LARGEST_PAGE: u32 = 100;

type Pages<T> = Result<Vec<Reply<Page<T>>>, Error>;

/// What a stream did so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Records given since the stream was made.
    pub rows: u64,
    /// Pages asked for, each at least one request of the account's quota.
    pub pages: u64,
    /// Rows that came again and were left out.
    pub doubled: u64,
    /// Number of rows in the list, as the CRM said last. It counts rows that the key may not see.
    pub total: Option<i64>,
}

/// All records of a list, one by one. See the [module](super) for what is guaranteed.
///
/// It is a [`Stream`] of `Result<Listed<T>, Error>`, and [`next_row`](ListStream::next_row) needs no further crate. An error ends it: make a new stream and
/// [`resume`](ListStream::resume) it from [`cursor`](ListStream::cursor) to go on with the record after the last one given.
pub struct ListStream<R: ListRequest> {
    client: RetryingClient,
    request: R,
    page_size: u32,
    concurrency: u32,
    walk: Walk,
    /// The walk before the rows that wait: a cursor taken now goes on there.
    walk_of_waiting: Walk,
    given: Given,
    waiting: VecDeque<Listed<R::Row>>,
    asking: Option<BoxFuture<'static, Pages<R::Row>>>,
    /// The places that are being asked for.
    asked: Vec<Place>,
    /// What the last answer was made of, for the next batch.
    round: Round,
    /// Requests that batches have told of.
    told: u64,
    ended: bool,
    /// Whether every row so far came in the order that the walk counts on.
    in_order: bool,
    last_given: Option<i64>,
    progress: Progress,
}

impl<R: ListRequest> ListStream<R> {
    pub(crate) fn new(client: RetryingClient, request: R) -> Self {
        Self {
            client,
            request,
            page_size: LARGEST_PAGE,
            concurrency: 1,
            walk: Walk::new(),
            walk_of_waiting: Walk::new(),
            given: Given::default(),
            waiting: VecDeque::new(),
            asking: None,
            asked: Vec::new(),
            round: Round::default(),
            told: 0,
            ended: false,
            in_order: true,
            last_given: None,
            progress: Progress::default(),
        }
    }

    /// How many rows to ask for at once: 1 to 100, which is also what is asked unless told. The CRM may give fewer.
    #[must_use]
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows.clamp(1, LARGEST_PAGE);
        self
    }

    /// How many pages to ask for at the same time; 1 unless told. Pacing and other layers of the client apply to each.
    ///
    /// The guarantee is a little weaker above 1, see the [module](super).
    #[must_use]
    pub fn concurrency(mut self, pages: u32) -> Self {
        self.concurrency = pages.max(1);
        self
    }

    /// Repeats failed pages as the policy says.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.client = RetryingClient::new(self.client.client().clone(), policy);
        self
    }

    /// Goes on where another stream of the same list was; the page size is that of the cursor.
    ///
    /// # Errors
    /// If the cursor is of another list.
    pub fn resume(mut self, cursor: ListCursor) -> Result<Self, WrongCursor> {
        let (page_size, walk, given) = cursor.open(&self.list())?;
        (self.page_size, self.walk_of_waiting, self.walk, self.given) = (page_size, walk.clone(), walk, given);
        Ok(self)
    }

    /// Where the stream is: after the last record that was given.
    pub fn cursor(&self) -> ListCursor {
        let walk = if self.waiting.is_empty() { &self.walk } else { &self.walk_of_waiting };
        let order = if self.in_order { self.walk.certainty() } else { Certainty::None };
        ListCursor::new(self.list(), self.page_size, walk.clone(), self.given.compact(order))
    }

    /// Whether nothing is left to ask for: what comes next costs no request, be it waiting rows, the end, or the error that the list was cut short.
    pub fn is_read(&self) -> bool {
        self.asking.is_none() && self.walk.asks(self.request.order(), self.concurrency).is_empty()
    }

    /// What was done so far.
    pub fn progress(&self) -> Progress {
        Progress { total: self.walk.total(), ..self.progress }
    }

    /// The next record; `None` at the end.
    pub async fn next_row(&mut self) -> Option<Result<Listed<R::Row>, Error>> {
        poll_fn(|context| self.poll_row(context)).await
    }

    /// A whole round at once: what one asking brought, at most [`concurrency`](Self::concurrency) requests; `None` at the end.
    ///
    /// [`cursor`](Self::cursor) then points behind the rows of the batch, so a caller can pay for each round and store its rows and the cursor together. A batch
    /// without rows is no end: the first page of a long list is read again later, and pages are read again if the list changed meanwhile.
    ///
    /// ```no_run
    /// # async fn run(client: freshsales::Client) -> Result<(), freshsales::Error> {
    /// use freshsales::contacts::Contact;
    /// use freshsales::views;
    ///
    /// let mut contacts = client.stream(views::rows::<Contact>(40200001001)).concurrency(4);
    /// while let Some(batch) = contacts.next_batch().await {
    ///     let batch = batch?;
    ///     println!("{} requests for {} rows of {:?}", batch.requests, batch.rows.len(), batch.total);
    ///     let _store_beside_the_rows = contacts.cursor();
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As an item of the stream; the rows of the round are then asked for again by a stream that is resumed from the cursor.
    pub async fn next_batch(&mut self) -> Option<Result<Batch<R::Row>, Error>> {
        if self.waiting.is_empty() {
            if self.ended {
                return None;
            }
            if self.asking.is_none() && !self.ask() {
                return self.end().map(Err);
            }
            if let Err(error) = poll_fn(|context| self.poll_answer(context)).await {
                return Some(Err(error));
            }
        }
        let rows = std::iter::from_fn(|| self.next_waiting()).collect();
        let requests = u32::try_from(self.progress.pages - self.told).unwrap_or(u32::MAX);
        self.told = self.progress.pages;
        let Round { pages, meta } = std::mem::take(&mut self.round);
        Some(Ok(Batch { rows, requests, total: self.walk.total(), pages, meta }))
    }

    /// All records that are left.
    ///
    /// # Errors
    /// The first failure; the records before it are lost, so use [`next_row`](Self::next_row) for long lists.
    pub async fn collect_all(mut self) -> Result<Vec<Listed<R::Row>>, Error> {
        let mut rows = Vec::new();
        while let Some(row) = self.next_row().await {
            rows.push(row?);
        }
        Ok(rows)
    }

    fn path(&self) -> String {
        self.request.to_parts(self.client.client().generation()).path
    }

    /// The path, and a number for everything else that makes it this list: filter, rules, order. Not the values, which may be personal.
    fn list(&self) -> String {
        let parts = self.request.at(Place::Page(1), LARGEST_PAGE).to_parts(self.client.client().generation());
        let body = parts.body.map(|body| body.to_string()).unwrap_or_default();
        format!("{}#{:x}", parts.path, fingerprint(&format!("{:?}{body}", parts.query)))
    }

    fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Listed<R::Row>, Error>>> {
        loop {
            if let Some(row) = self.next_waiting() {
                return Poll::Ready(Some(Ok(row)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            if self.asking.is_none() && !self.ask() {
                return Poll::Ready(self.end().map(Err));
            }
            if let Err(error) = ready!(self.poll_answer(context)) {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    /// Waits for what is being asked for, and takes it.
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(asking) = self.asking.as_mut() else { return Poll::Ready(Ok(())) };
        let answer = ready!(asking.as_mut().poll(context));
        self.asking = None;
        Poll::Ready(match answer {
            Ok(replies) => {
                self.take(replies);
                Ok(())
            }
            Err(error) => {
                self.ended = true;
                Err(error)
            }
        })
    }

    fn next_waiting(&mut self) -> Option<Listed<R::Row>> {
        while let Some(row) = self.waiting.pop_front() {
            let id = row.record.row_id();
            if self.given.note(id) {
                self.progress.rows += 1;
                self.in_order &= self.last_given.is_none_or(|last| self.walk.certainty().allows(last, id));
                self.last_given = Some(id);
                return Some(row);
            }
            self.progress.doubled += 1;
        }
        None
    }

    /// Starts asking for what the walk wants; `false` at the end of the list.
    fn ask(&mut self) -> bool {
        let places = self.walk.asks(self.request.order(), self.concurrency);
        if places.is_empty() {
            return false;
        }
        self.progress.pages += places.len() as u64;
        let requests: Vec<R> = places.iter().map(|place| self.request.at(*place, self.page_size)).collect();
        self.asked = places;
        let client = self.client.clone();
        self.asking =
            Some(Box::pin(async move { try_join_all(requests.iter().map(|request| client.send(request))).await }));
        true
    }

    fn take(&mut self, replies: Vec<Reply<Page<R::Row>>>) {
        let facts: Vec<PageFacts> = replies.iter().map(|reply| facts(&reply.output)).collect();
        let before = self.walk.clone();
        let verdict = self.walk.take(self.request.order(), self.page_size, &facts, &self.given);
        let counts = verdict != Verdict::Drop;
        let places = std::mem::take(&mut self.asked);
        self.round.pages = places.into_iter().zip(&facts).map(|(place, facts)| seen(place, facts, counts)).collect();
        self.round.meta = replies.last().map(|reply| reply.meta.clone());
        if let Verdict::Keep { newest_first } = verdict {
            self.walk_of_waiting = before;
            replies.into_iter().for_each(|reply| self.wait(reply.output, newest_first));
        }
    }

    fn wait(&mut self, page: Page<R::Row>, newest_first: bool) {
        let side_loads = Arc::new(page.side_loads);
        let mut records = page.records;
        if self.walk.certainty() == Certainty::Rising {
            records.sort_by_key(ListRow::row_id);
        }
        if newest_first {
            records.reverse();
        }
        self.waiting.extend(records.into_iter().map(|record| Listed::new(record, Arc::clone(&side_loads))));
    }

    /// The end: an error if the CRM kept back pages that it said there are.
    fn end(&mut self) -> Option<Error> {
        self.ended = true;
        let (first_missing, pages) = self.walk.cut_short()?;
        Some(Error::of_list(ErrorClass::ListCutShort { first_missing, pages }, self.path()))
    }
}

/// What an answer was made of.
#[derive(Debug, Default)]
struct Round {
    pages: Vec<PageSeen>,
    meta: Option<ResponseMeta>,
}

fn seen(place: Place, facts: &PageFacts, counts: bool) -> PageSeen {
    PageSeen { place, rows: facts.ids.len(), total: facts.total, total_pages: facts.total_pages, counts }
}

fn facts<T: ListRow>(page: &Page<T>) -> PageFacts {
    PageFacts {
        ids: page.records.iter().map(ListRow::row_id).collect(),
        total: page.total,
        total_pages: page.total_pages,
        has_next: page.says_has_next(),
    }
}

impl<R: ListRequest + Unpin> Stream for ListStream<R> {
    type Item = Result<Listed<R::Row>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_row(context)
    }
}

impl<R: ListRequest + Unpin> FusedStream for ListStream<R> {
    fn is_terminated(&self) -> bool {
        self.ended && self.waiting.is_empty()
    }
}

impl<R: ListRequest> fmt::Debug for ListStream<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ListStream")
            .field("list", &self.path())
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// All records of a list, page after page. See [`crate::listing`].
    pub fn stream<R: ListRequest>(&self, request: R) -> ListStream<R> {
        ListStream::new(RetryingClient::new(self.clone(), RetryPolicy::default().attempts(1)), request)
    }
}

impl RetryingClient {
    /// All records of a list, page after page; failed pages are repeated as the policy says.
    pub fn stream<R: ListRequest>(&self, request: R) -> ListStream<R> {
        ListStream::new(self.clone(), request)
    }
}
