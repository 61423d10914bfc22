//! One step of a reading: a round of pages, or one request that settles a doubt.

use std::collections::BTreeMap;
use std::sync::Arc;

use freshsales::contacts::Contact;
use freshsales::deals::Deal;
use freshsales::leads::Lead;
use freshsales::listing::{Batch, ListRequest, ListStream, Listed, PageSeen, Place};
use freshsales::sales_accounts::SalesAccount;
use freshsales::views::saved;
use leadgate_core::crm::CrmFailure;
use leadgate_core::sync::{Part, Piece, RawJson, RawRow, Stream};
use serde_json::{Map, Value};

use super::bookmark::Next;
use super::list::{ListedRow, RawList, id_of};
use super::naming::{self, Beside};
use super::records::{self, How};
use super::tally::{PageHeld, Verdict};
use super::views::Look;
use super::{Reading, activities, is_of_records, updated_at};

/// Rows of a page: the most that the CRM gives.
const PAGE: u32 = 100;

impl Reading<'_, '_> {
    /// Makes a step; `false` at the end of the stream.
    pub(super) async fn step(&mut self) -> Result<bool, CrmFailure> {
        if let Some(look) =
            self.bookmark.views.as_ref().map(super::views::Views::next_look).filter(|look| *look != Look::Ready)
        {
            return self.look_at_views(look).await.map(|()| true);
        }
        if self.query.stream == Stream::Deals && self.bookmark.pipelines.is_none() {
            self.bookmark.pipelines = Some(self.names_of_pipelines().await?);
            return Ok(true);
        }
        self.check_views_reach_all()?;
        let Some(list) = self.list(How::ById) else { return Ok(false) };
        match self.bookmark.next {
            Next::Pages => self.read_pages(list).await?,
            Next::Beyond { last } => self.look_beyond(list, last).await?,
            Next::End { missing, first } => self.look_from_the_end(missing, first).await?,
            Next::LastPlace { missing, turned } => self.look_at_the_last_place(missing, turned).await?,
            Next::Order => self.look_at_the_order(list).await?,
        }
        Ok(self.looks_at_views() || self.list(How::ById).is_some())
    }

    /// Saved views show deals of the first pipeline alone.
    fn check_views_reach_all(&self) -> Result<(), CrmFailure> {
        let pipelines = self.bookmark.pipelines.as_ref().map_or(0, BTreeMap::len);
        let is_live = !matches!(self.query.part, Part::Deleted { .. });
        if self.query.stream == Stream::Deals && is_live && self.bookmark.views.is_some() && pipelines > 1 {
            return Err(CrmFailure::Incomplete(format!(
                "its searches give parts of deals only, and its saved views the deals of one of its {pipelines} pipelines"
            )));
        }
        Ok(())
    }

    /// Whether it is being found out which saved views to read.
    fn looks_at_views(&self) -> bool {
        self.bookmark.views.as_ref().is_some_and(|views| views.next_look() != Look::Ready)
    }

    /// Whether the next step needs no request: the last page was read, and nothing is left to settle.
    pub(super) fn costs_nothing(&self) -> bool {
        let is_read = |list: RawList| self.stream(list).is_ok_and(|stream| stream.is_read());
        self.bookmark.next == Next::Pages && self.bookmark.cursor.is_some() && self.list(How::ById).is_some_and(is_read)
    }

    fn stream(&self, list: RawList) -> Result<ListStream<RawList>, CrmFailure> {
        // A list that may be left early is not read ahead.
        let alone = self.sorted_since().is_some() && !self.bookmark.falling.is_hopeless();
        let concurrency = if alone { 1 } else { self.left().max(1) };
        let stream = self.account.client.stream(list).page_size(PAGE).concurrency(concurrency);
        match self.bookmark.cursor.clone() {
            None => Ok(stream),
            Some(cursor) => stream
                .resume(cursor)
                .map_err(|wrong| CrmFailure::Invalid { sentences: vec![wrong.to_string()], fields: Vec::new() }),
        }
    }

    async fn read_pages(&mut self, list: RawList) -> Result<(), CrmFailure> {
        let mut stream = self.stream(list)?;
        let before = stream.progress().pages;
        let result = stream.next_batch().await;
        let asked = u32::try_from(stream.progress().pages - before).unwrap_or(u32::MAX);
        self.account.conversation.requests += asked;
        match result {
            None => return self.end_of_list(),
            Some(Err(error)) => {
                let failure = self.account.conversation.failed(&error);
                return self.give_up_searching(failure);
            }
            Some(Ok(batch)) => {
                if let Some(meta) = &batch.meta {
                    self.account.conversation.note(meta);
                }
                if self.is_unfit(&batch) {
                    self.bookmark.searched_total = batch.total.and_then(|total| u64::try_from(total).ok());
                    self.page.total = self.bookmark.searched_total;
                    self.bookmark.use_views();
                    return Ok(());
                }
                self.bookmark.cursor = Some(stream.cursor());
                self.take(batch);
            }
        }
        if self.sorted_since().is_some_and(|since| self.bookmark.falling.is_past(since)) && !stream.is_read() {
            match self.bookmark.falling.proven {
                Some(true) => self.bookmark.turn(),
                _ => self.bookmark.next = Next::Order,
            }
        }
        Ok(())
    }

    /// An account that does not know a rule or an order says so with the first page.
    fn give_up_searching(&mut self, failure: CrmFailure) -> Result<(), CrmFailure> {
        let searches = is_of_records(self.query.stream) && self.bookmark.views.is_none();
        match failure {
            CrmFailure::Invalid { .. } if searches => {
                self.bookmark.use_views();
                Ok(())
            }
            other => Err(other),
        }
    }

    fn is_unfit(&self, batch: &Batch<ListedRow>) -> bool {
        let searches = is_of_records(self.query.stream) && self.bookmark.views.is_none();
        searches && batch.rows.iter().any(|row| records::is_unfit(&row.record.row, &self.query.part))
    }

    fn take(&mut self, batch: Batch<ListedRow>) {
        for seen in &batch.pages {
            self.tally(seen);
        }
        // Of a stream that is read from several lists, none of them tells how many rows there are in all.
        let is_one_list = match &self.bookmark.views {
            None => !matches!(self.query.stream, Stream::Tasks | Stream::Appointments),
            Some(_) => self.query.stream != Stream::Deals,
        };
        let total = batch.total.and_then(|total| u64::try_from(total).ok()).filter(|_| is_one_list);
        self.page.total = self.bookmark.searched_total.or(total).or(self.page.total);
        let sorted_since = self.sorted_since();
        let (stream, part) = (self.query.stream, self.query.part.clone());
        let mut page: Option<Arc<Beside>> = None;
        for Listed { record, .. } in batch.rows {
            if page.as_ref().is_none_or(|page| !Arc::ptr_eq(page, &record.beside)) {
                self.take_beside(&record.beside);
                page = Some(Arc::clone(&record.beside));
            }
            let id = freshsales::ListRow::row_id(&record);
            let ListedRow { mut row, beside, .. } = record;
            self.bookmark.highest = self.bookmark.highest.max(Some(id));
            let updated = updated_at(&row);
            self.bookmark.falling.see(updated);
            let is_old = sorted_since.zip(updated).is_some_and(|(since, updated)| updated <= since);
            if is_old || (is_of_records(stream) && !records::belongs(&row, &part)) {
                continue;
            }
            naming::complete(stream, &mut row, &beside);
            self.add_what_only_the_reading_knows(&mut row);
            self.page.rows.push(row);
        }
    }

    /// The notes that came beside people.
    fn take_beside(&mut self, beside: &Beside) {
        for stream in self.query.stream.beside() {
            for row in beside.rows(stream.name()) {
                let mut row = row.clone();
                naming::complete(*stream, &mut row, beside);
                self.page.beside.push((*stream, row));
            }
        }
    }

    fn add_what_only_the_reading_knows(&self, row: &mut RawRow) {
        if let Part::Of(record) = self.query.part {
            row.put_if_missing("target_type", || Piece::made(&activities::target_name(record).into()));
            row.put_if_missing("target_id", || Piece::made(&record.id.into()));
        }
        let Some(names) = self.bookmark.pipelines.as_ref() else { return };
        let pipeline = row.get("deal_pipeline_id").and_then(RawJson::integer);
        if let Some(name) = pipeline.and_then(|id| names.get(&id)) {
            row.put("deal_pipeline_name", Piece::made(&name.as_str().into()));
        }
    }

    fn tally(&mut self, seen: &PageSeen) {
        let (Place::Page(page), Some(total)) = (seen.place, seen.total.and_then(|total| u64::try_from(total).ok()))
        else {
            return;
        };
        let held = PageHeld { page: page.into(), rows: seen.rows as u64, total };
        if self.bookmark.tally.is_new() {
            self.bookmark.tally.begin(PAGE.into(), held.rows);
        }
        if seen.counts {
            self.bookmark.tally.see(held);
        }
    }

    /// What the tally says of a list whose pages were all read.
    fn end_of_list(&mut self) -> Result<(), CrmFailure> {
        match self.bookmark.tally.verdict() {
            Verdict::Complete { withheld, ends_full } => {
                self.page.withheld += withheld;
                self.go_on_behind(ends_full);
            }
            Verdict::ShortAtEnd { missing, withheld, first } => {
                self.page.withheld += withheld;
                self.bookmark.next = Next::End { missing, first };
            }
            Verdict::Overfull { page } => {
                let told = format!(
                    "page {page} of its {} holds more rows than there are in all by its total",
                    self.query.stream
                );
                return Err(CrmFailure::Incomplete(told));
            }
        }
        Ok(())
    }

    /// One page outside the walk.
    async fn one_page(&mut self, list: &RawList, page: u32) -> Result<freshsales::Page<ListedRow>, CrmFailure> {
        self.account.send(list.at(Place::Page(page), PAGE)).await
    }

    /// The page behind a full last one: if it has rows although its own total ends before it, the totals are too small.
    async fn look_beyond(&mut self, list: RawList, last: u32) -> Result<(), CrmFailure> {
        let page = self.one_page(&list, last + 1).await?;
        let size = self.bookmark.tally.size().unwrap_or(PAGE.into());
        let total = page.total.and_then(|total| u64::try_from(total).ok()).unwrap_or(0);
        if !page.records.is_empty() && total <= u64::from(last) * size {
            return Err(CrmFailure::Incomplete(format!(
                "page {} of its {} has {} rows although there are {total} in all by its total",
                last + 1,
                self.query.stream,
                page.records.len()
            )));
        }
        self.bookmark.turn();
        Ok(())
    }

    /// Rows are missing at the end: rows that the key may not see are missing from the other end as well.
    async fn look_from_the_end(&mut self, missing: u64, first: u64) -> Result<(), CrmFailure> {
        let stream = self.query.stream;
        let kept_back = || kept_back(stream, missing, first);
        let list = if is_of_records(stream) { self.list(How::FromTheEnd) } else { None };
        let Some(list) = list else { return Err(kept_back()) };
        let page = self.one_page(&list, 1).await?;
        let ids: Vec<i64> = page.records.iter().map(freshsales::ListRow::row_id).collect();
        let total = page.total.and_then(|total| u64::try_from(total).ok());
        let changed = total != Some(self.bookmark.tally.last_total());
        let due = total.unwrap_or(0).min(self.bookmark.tally.size().unwrap_or(PAGE.into()));
        let falls = ids.windows(2).all(|pair| pair[0] > pair[1]);
        let shows_more = ids.iter().max() > self.bookmark.highest.as_ref();
        let hidden = falls && !shows_more && (ids.len() as u64) < due;
        if !changed && !hidden {
            return Err(kept_back());
        }
        if !changed && self.bookmark.tally.last_total() <= self.bookmark.tally.size().unwrap_or(PAGE.into()) {
            self.bookmark.next = Next::LastPlace { missing, turned: false };
            return Ok(());
        }
        self.page.withheld += missing;
        self.go_on_behind(self.bookmark.tally.last_if_never_full());
        Ok(())
    }

    /// Rows are missing on a list of one page. If there are as many rows as its total says, there is one at its last place, or the key may not see that one
    /// and it is missing at the first place of the opposite order too.
    async fn look_at_the_last_place(&mut self, missing: u64, turned: bool) -> Result<(), CrmFailure> {
        let total = self.bookmark.tally.last_total();
        let (how, place) =
            if turned { (How::FromTheEnd, 1) } else { (How::ById, u32::try_from(total).unwrap_or(u32::MAX)) };
        let Some(list) = self.list(how) else { return Ok(()) };
        let page = self.account.send(list.at(Place::Page(place), 1)).await?;
        let changed = page.total.and_then(|total| u64::try_from(total).ok()) != Some(total);
        if !turned && page.records.is_empty() {
            self.bookmark.next = Next::LastPlace { missing, turned: true };
            return Ok(());
        }
        if turned && !changed && !page.records.is_empty() {
            return Err(kept_back(self.query.stream, missing, total.saturating_sub(missing) + 1));
        }
        self.page.withheld += missing;
        self.go_on_behind(self.bookmark.tally.last_if_never_full());
        Ok(())
    }

    /// To the page behind this last one, if there is a doubt about it; else to the next list.
    fn go_on_behind(&mut self, last: Option<u64>) {
        match last.and_then(|last| u32::try_from(last).ok()) {
            Some(last) => self.bookmark.next = Next::Beyond { last },
            None => self.bookmark.turn(),
        }
    }

    async fn look_at_the_order(&mut self, list: RawList) -> Result<(), CrmFailure> {
        let page = self.one_page(&list.by_update("asc"), 1).await?;
        let opposite: Vec<_> = page.records.iter().map(|row| updated_at(&row.row)).collect();
        self.bookmark.falling.compare(&opposite);
        match self.bookmark.falling.proven {
            Some(true) => self.bookmark.turn(),
            _ => self.bookmark.next = Next::Pages,
        }
        Ok(())
    }

    async fn names_of_pipelines(&mut self) -> Result<BTreeMap<i64, String>, CrmFailure> {
        let pipelines = super::if_there(self.pipelines().await)?.unwrap_or_default();
        let named = |row: Map<String, Value>| Some((id_of(row.get("id")?)?, row.get("name")?.as_str()?.to_owned()));
        Ok(pipelines.into_iter().filter_map(named).collect())
    }

    async fn look_at_views(&mut self, look: Look) -> Result<(), CrmFailure> {
        let views = match look {
            Look::List => match self.query.stream {
                Stream::Leads => Some(self.account.send(saved::<Lead>()).await?),
                Stream::Contacts => Some(self.account.send(saved::<Contact>()).await?),
                Stream::SalesAccounts => Some(self.account.send(saved::<SalesAccount>()).await?),
                _ => Some(self.account.send(saved::<Deal>()).await?),
            },
            _ => None,
        };
        let (total, is_bin) = match look {
            Look::One(view) => self.one_row_of(view).await?,
            _ => (0, false),
        };
        let Some(known) = self.bookmark.views.as_mut() else { return Ok(()) };
        match views {
            Some(views) => known.list(&views),
            None => known.look(total, is_bin),
        }
        Ok(())
    }

    /// How many rows a view has, and whether they are deleted ones.
    async fn one_row_of(&mut self, view: i64) -> Result<(u64, bool), CrmFailure> {
        let generation = self.account.client.generation();
        let list = records::view(self.query.stream, &Part::Whole, (view, How::ById), generation);
        let page = self.account.send(list.at(Place::Page(1), 1)).await?;
        let total = page.total.and_then(|total| u64::try_from(total).ok()).unwrap_or(page.records.len() as u64);
        let is_bin = page.records.iter().any(|row| row.row.get("is_deleted").and_then(RawJson::boolean) == Some(true));
        Ok((total, is_bin))
    }
}

fn kept_back(stream: Stream, missing: u64, first: u64) -> CrmFailure {
    CrmFailure::Incomplete(format!(
        "{missing} of its {stream} are missing, from number {first} on, in the order of ids: it says there are that many and does not give them out"
    ))
}
