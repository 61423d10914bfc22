//! Asking for rows: permits first, one call, and what a failure of it means.

use jiff::{SignedDuration, Timestamp};
use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply};
use leadgate_core::job::AccountTrouble;
use leadgate_core::lane::Lane;
use leadgate_core::sync::{Part, RowsPage, RowsQuery, Stream};

use super::failures::{Consequence, consequence};
use crate::engine::Engine;
use crate::metrics;

/// Calls after which a list that does not tell its total is taken for one that never does.
const MOST_PROBES: u32 = 4;

/// How long to stay away from a store that fails.
const STORE_TROUBLE_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// Clocks that differ by no more than this count as the same: replies are dated to the second, and take a while to come.
const SAME_CLOCK: SignedDuration = SignedDuration::from_secs(5);

/// Asks for rows in the lane of syncing.
pub(super) struct Asker {
    engine: Engine,
    /// Failures in a row.
    failures: u32,
    requests: u64,
    /// How far the CRM's clock is ahead of this machine's, by its first answer.
    ahead: Option<SignedDuration>,
}

/// What came of a question.
pub(super) enum Asked {
    /// Pages.
    Page(RowsPage),
    /// Nothing yet: the same may be asked again then.
    Wait(Timestamp),
    /// What is open must be read from its beginning, or fails.
    Restart(CrmFailure),
    /// The stream cannot be read.
    StreamFails(CrmFailure),
    /// Nothing can be read.
    RunFails(CrmFailure),
}

/// What a reader was given.
#[derive(Debug, PartialEq)]
pub enum Given {
    /// Pages; more may follow.
    Page(RowsPage),
    /// Nothing before then.
    Wait(Timestamp),
    /// Everything was given.
    End,
}

/// Reads a part of a stream directly, without a copy. What it gives is not to be used before the end: a short list is known then only.
pub struct RowsReader {
    asker: Asker,
    query: Option<RowsQuery>,
    pages: u32,
}

impl Asker {
    pub(super) fn new(engine: Engine) -> Asker {
        Asker { engine, failures: 0, requests: 0, ahead: None }
    }

    /// Requests that were made.
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    /// How far the CRM's clock is ahead of this machine's; nothing while it is not known, or as good as the same.
    pub(super) fn clock_ahead(&self) -> SignedDuration {
        self.ahead.filter(|ahead| ahead.abs() > SAME_CLOCK).unwrap_or_default()
    }

    /// Counts requests that were made elsewhere for the same end.
    pub(super) fn count(&mut self, requests: u32) {
        self.requests += u64::from(requests);
    }

    /// Asks for pages, as many as the budget has room for.
    pub(super) async fn ask(&mut self, mut query: RowsQuery) -> Asked {
        let now = self.engine.now();
        let permits = match self.engine.take_some_permits(Lane::Sync, query.pages, now).await {
            Ok(Ok(permits)) => permits,
            Ok(Err(refusal)) => return Asked::Wait(refusal.until),
            Err(error) => {
                tracing::error!(error = %error, "the store failed; rows are asked for again");
                return Asked::Wait(now.saturating_add(STORE_TROUBLE_WAIT).unwrap_or(Timestamp::MAX));
            }
        };
        query.pages = permits.count();
        let call = CrmCall::ReadRows(query);
        let answer = self.engine.ask_for_pages(permits, call.clone()).await;
        metrics::watched(&call, &answer.result);
        self.requests += u64::from(answer.requests);
        let now = self.engine.now();
        self.ahead = self.ahead.or_else(|| answer.dated.map(|dated| dated.duration_since(now)));
        match answer.result {
            Ok(CrmReply::Rows(page)) => {
                self.failures = 0;
                Asked::Page(page)
            }
            Ok(_) => Asked::StreamFails(CrmFailure::Malformed("the port answered something else".to_owned())),
            Err(failure) => self.failed(failure),
        }
    }

    fn failed(&mut self, failure: CrmFailure) -> Asked {
        self.failures += 1;
        let (now, policy) = (self.engine.now(), &self.engine.shared.settings.retry);
        let wait = match consequence(&failure, self.failures, policy, self.engine.jitter(), now) {
            Consequence::Hold(until) => {
                let trouble = AccountTrouble { class: failure.class(), until, message: failure.to_string() };
                self.engine.shared.budget.hold(&trouble, now)
            }
            Consequence::Repeat(at) => at,
            Consequence::Restart => return Asked::Restart(failure),
            Consequence::StreamFails => return Asked::StreamFails(failure),
            Consequence::RunFails => return Asked::RunFails(failure),
        };
        tracing::warn!(crm.class = failure.class(), "rows could not be read, they are asked for again: {failure}");
        Asked::Wait(wait)
    }
}

impl RowsReader {
    /// A reader of a part of a stream, which asks for up to so many pages side by side.
    pub fn new(engine: Engine, stream: Stream, part: Part, pages: u32) -> RowsReader {
        let query = Some(RowsQuery { stream, part, from: None, pages });
        RowsReader { asker: Asker::new(engine), query, pages }
    }

    /// The next pages: one call at most.
    ///
    /// # Errors
    /// Why the rest cannot be read.
    pub async fn give(&mut self) -> Result<Given, CrmFailure> {
        let Some(query) = self.query.clone() else { return Ok(Given::End) };
        match self.asker.ask(query).await {
            Asked::Page(mut page) => {
                let next = page.next.take();
                let pages = self.pages;
                self.query =
                    self.query.take().filter(|_| next.is_some()).map(|query| RowsQuery { from: next, pages, ..query });
                Ok(Given::Page(page))
            }
            Asked::Wait(until) => Ok(Given::Wait(until)),
            Asked::Restart(failure) | Asked::StreamFails(failure) | Asked::RunFails(failure) => Err(failure),
        }
    }

    /// Requests that were made.
    pub fn requests(&self) -> u64 {
        self.asker.requests()
    }

    /// How many rows there are, by as few calls as tell it; none if the CRM does not say it.
    ///
    /// # Errors
    /// Why that cannot be asked, or until when the budget refuses it.
    pub async fn total(&mut self) -> Result<Result<Option<u64>, Timestamp>, CrmFailure> {
        for _ in 0..MOST_PROBES {
            match self.give().await? {
                Given::Page(page) if page.total.is_some() => return Ok(Ok(page.total)),
                Given::Page(_) => {}
                Given::Wait(until) => return Ok(Err(until)),
                Given::End => break,
            }
        }
        Ok(Ok(None))
    }
}
