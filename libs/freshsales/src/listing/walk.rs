//! Which page of a list to ask next, and when it ends. Pure.
//!
//! Flow: [`Walk::asks`] names the pages to ask, [`Walk::take`] looks at the replies and says whether their rows count. A list in the order of ids is read from
//! its last page to its first, any other forwards, and a keyset after the last id. Rows that slid over the edge of a page are fetched by stepping back: see
//! the guarantees of the module above.

use serde::{Deserialize, Serialize};

use super::given::{Certainty, Given};
use super::{ListOrder, Place};

/// The CRM's own page size, which some endpoints use whatever is asked.
const UNASKED_ROWS: u32 = 25;
/// How often the same page is read again because the list changed: one that changes with every request must not hold the stream up for ever.
const STEPS_BACK: u8 = 2;
/// Pages without a new row after which a list that only says that there is a next one counts as ended: all their rows may be hidden from the key.
const MOST_STALE_PAGES: u8 = 20;
/// When the list is believed to keep pages back: each time it says that it goes on behind a page that came back empty counts towards this.
const CONTRADICTIONS: u8 = 12;
/// What one time counts if the empty page was the last: rows that are deleted and created in turn at its edge look the same.
const AT_THE_EDGE: u8 = 1;
/// What one time counts if more pages follow the empty one.
const BEYOND_THE_EDGE: u8 = 4;

/// What of a reply decides the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageFacts {
    pub(super) ids: Vec<i64>,
    pub(super) total: Option<i64>,
    pub(super) total_pages: Option<i64>,
    pub(super) has_next: Option<bool>,
}

impl PageFacts {
    /// Whether the CRM says that there is no such page. A page whose rows are all hidden from the key still knows the totals.
    fn is_past_the_end(&self, page: u32) -> bool {
        if let Some(has_next) = self.has_next {
            return self.ids.is_empty() && !has_next;
        }
        let pages = self.total_pages.map(|pages| i64::from(page) > pages);
        self.ids.is_empty() && pages.or(self.total.map(|total| total == 0)).unwrap_or(true)
    }

    /// Whether the CRM says here that there is such a page.
    fn claims(&self, page: u32, page_size: u32) -> bool {
        match (self.total_pages, self.total) {
            (Some(pages), _) => i64::from(page) <= pages,
            (None, Some(total)) => i64::from(page.saturating_sub(1)) * i64::from(page_size) < total,
            (None, None) => false,
        }
    }

    fn is_rising(&self) -> bool {
        self.ids.windows(2).all(|pair| pair[0] < pair[1])
    }
}

/// What becomes of the rows of the replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They will be read again.
    Drop,
    /// They count, in the order of the pages asked; `newest_first` turns the rows of each page round.
    Keep { newest_first: bool },
}

const KEEP_AS_THEY_ARE: Verdict = Verdict::Keep { newest_first: false };
const KEEP_TURNED: Verdict = Verdict::Keep { newest_first: true };

/// What is asked next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    /// The first page, which shows how to go on.
    First,
    /// This page, then those before it; pages from `alone_from` up are read one at a time.
    Down { page: u32, alone_from: Option<u32> },
    /// This page, then those after it.
    Up { page: u32 },
    /// What comes after this id.
    After { last: Option<i64> },
    /// Nothing.
    Done,
}

/// The way through one list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Walk {
    step: Step,
    certainty: Certainty,
    /// Rows in all, by the last reply that counted.
    total: Option<i64>,
    /// Pages in all, by the last reply that said it.
    pages: Option<u32>,
    /// Most rows seen on a page.
    largest: u32,
    /// How often the step may still go back, and the farthest page that counted.
    steps_back: u8,
    farthest: Option<u32>,
    /// Pages in a row that held nothing new.
    stale_pages: u8,
    /// The lowest page that came back as past the end, and how much later replies spoke against it.
    past_the_end: Option<u32>,
    contradictions: u8,
    cut_short: Option<(u32, u32)>,
}

impl Walk {
    pub(super) fn new() -> Self {
        Self {
            step: Step::First,
            certainty: Certainty::None,
            total: None,
            pages: None,
            largest: 0,
            steps_back: STEPS_BACK,
            farthest: None,
            stale_pages: 0,
            past_the_end: None,
            contradictions: 0,
            cut_short: None,
        }
    }

    /// The places to ask, in order; none at the end. Several only where their replies can be checked against each other.
    pub(super) fn asks(&self, order: ListOrder, concurrency: u32) -> Vec<Place> {
        let several = |alone: bool| if alone { 1 } else { concurrency.max(1) };
        match self.step {
            Step::First if order == ListOrder::Keyset => vec![Place::After(None)],
            Step::First => vec![Place::Page(1)],
            Step::Down { page, alone_from } => {
                let count = several(alone_from.is_some_and(|from| page >= from)).min(page);
                (0..count).map(|back| Place::Page(page - back)).collect()
            }
            Step::Up { page } => {
                let count = several(self.pages.is_none_or(|pages| page >= pages));
                let last = self.pages.map_or(page, |pages| pages.max(page));
                (page..=last).take(usize::try_from(count).unwrap_or(1)).map(Place::Page).collect()
            }
            Step::After { last } => vec![Place::After(last)],
            Step::Done => Vec::new(),
        }
    }

    /// In which order rows have been given so far, as far as it is certain.
    pub(super) fn certainty(&self) -> Certainty {
        self.certainty
    }

    /// Rows in all, as the CRM said last.
    pub(super) fn total(&self) -> Option<i64> {
        self.total
    }

    /// First page that the CRM did not give out although the list went on, and the number of pages it claimed.
    pub(super) fn cut_short(&self) -> Option<(u32, u32)> {
        self.cut_short
    }

    /// Looks at the replies to [`Walk::asks`], in the same order.
    pub(super) fn take(&mut self, order: ListOrder, page_size: u32, replies: &[PageFacts], given: &Given) -> Verdict {
        let most = replies.iter().map(|reply| reply.ids.len()).max().unwrap_or(0);
        self.largest = self.largest.max(u32::try_from(most).unwrap_or(u32::MAX));
        let smallest_page = self.largest.max(page_size.min(UNASKED_ROWS)).max(1);
        match (self.step, replies.first()) {
            (Step::First, Some(reply)) if order == ListOrder::Keyset => self.take_after(None, reply),
            (Step::First, Some(reply)) => self.take_first(order, page_size, reply, given),
            (Step::Down { page, .. }, Some(_)) => self.take_down(page, smallest_page, replies),
            (Step::Up { page }, Some(_)) => self.take_up(page, smallest_page, replies, given),
            (Step::After { last }, Some(reply)) => self.take_after(last, reply),
            (Step::Done, _) | (_, None) => Verdict::Drop,
        }
    }

    fn take_first(&mut self, order: ListOrder, page_size: u32, reply: &PageFacts, given: &Given) -> Verdict {
        self.total = reply.total;
        self.pages = reply.total_pages.and_then(|pages| u32::try_from(pages).ok());
        let by_id = order != ListOrder::Chosen && reply.is_rising();
        match last_page(reply, page_size).filter(|_| by_id) {
            None => self.take_up(
                1,
                self.largest.max(page_size.min(UNASKED_ROWS)).max(1),
                std::slice::from_ref(reply),
                given,
            ),
            Some(last) => {
                // Of a list whose order nobody promises, one page proves nothing.
                self.certainty = if order == ListOrder::ById { Certainty::Falling } else { Certainty::None };
                self.step = if last > 1 { Step::Down { page: last, alone_from: None } } else { Step::Done };
                if last > 1 { Verdict::Drop } else { KEEP_TURNED }
            }
        }
    }

    fn take_after(&mut self, last: Option<i64>, reply: &PageFacts) -> Verdict {
        self.certainty = Certainty::Rising;
        self.total = reply.total.or(self.total);
        let highest = reply.ids.iter().copied().max();
        // A batch that does not get past the last id is of a server that ignores it.
        self.step = match highest.filter(|id| last.is_none_or(|last| *id > last)) {
            Some(id) => Step::After { last: Some(id) },
            None => Step::Done,
        };
        KEEP_AS_THEY_ARE
    }

    /// `page` is the first of the asked pages; the others are those before it.
    fn take_down(&mut self, page: u32, page_size: u32, replies: &[PageFacts]) -> Verdict {
        let lowest = page + 1 - u32::try_from(replies.len()).unwrap_or(1).min(page);
        let numbered = || (lowest..=page).rev().zip(replies);
        let counting: Vec<&PageFacts> =
            numbered().filter(|(at, reply)| !reply.is_past_the_end(*at)).map(|(_, reply)| reply).collect();
        // Rows went between replies that differ: one behind a page that was read may be before it now.
        let mut past = numbered().filter(|(at, reply)| reply.is_past_the_end(*at)).map(|(at, _)| at);
        let differ = counting.windows(2).any(|pair| pair[0].total != pair[1].total)
            || past.any(|at| counting.iter().any(|reply| reply.claims(at, page_size)));
        if differ && replies.len() > 1 {
            self.step = Step::Down { page, alone_from: Some(lowest) };
            return Verdict::Drop;
        }
        let reply = counting.first();
        let grown = reply.and_then(|reply| Some(reply.total? - self.total?)).unwrap_or(0);
        if let Some(back) = self.pages_to_step_back(grown, page_size, |farthest| lowest < farthest, lowest) {
            self.total = reply.and_then(|reply| reply.total);
            self.step = Step::Down { page: page.saturating_add(back), alone_from: Some(lowest) };
            return Verdict::Drop;
        }
        if let Some(missing) = numbered().filter(|(at, reply)| reply.is_past_the_end(*at)).map(|(at, _)| at).min() {
            self.past_the_end = Some(self.past_the_end.map_or(missing, |known| known.min(missing)));
        }
        let pages = reply.and_then(|reply| u32::try_from(reply.total_pages?).ok());
        if let Some(again) = self.contradicted(pages, lowest) {
            self.step = Step::Down { page: again, alone_from: Some(1) };
            return Verdict::Drop;
        }
        self.total = reply.and_then(|reply| reply.total).or(self.total);
        if !replies.iter().all(PageFacts::is_rising) {
            self.certainty = Certainty::None;
        }
        self.step = self.before(lowest, numbered().find_map(|(_, reply)| reply.total_pages.filter(|pages| *pages > 0)));
        KEEP_TURNED
    }

    /// The step to the page before `lowest`, or before that to the last page of a list that shrank.
    fn before(&self, lowest: u32, pages: Option<i64>) -> Step {
        let alone_from = match self.step {
            Step::Down { alone_from, .. } => alone_from,
            _ => None,
        };
        let last = pages.and_then(|pages| u32::try_from(pages).ok()).unwrap_or(u32::MAX);
        match (lowest - 1).min(last) {
            0 => Step::Done,
            page => Step::Down { page, alone_from },
        }
    }

    /// A reply says that pages exist which came back as past the end: they are read once more, and if that goes on, the list is cut short.
    fn contradicted(&mut self, pages: Option<u32>, lowest: u32) -> Option<u32> {
        let (missing, pages) = (self.past_the_end?, pages?);
        if pages < missing || lowest >= missing {
            return None;
        }
        self.past_the_end = None;
        self.contradictions += if pages > missing { BEYOND_THE_EDGE } else { AT_THE_EDGE };
        if self.contradictions < CONTRADICTIONS {
            return Some(pages);
        }
        self.cut_short = Some((missing, pages));
        None
    }

    fn take_up(&mut self, page: u32, page_size: u32, replies: &[PageFacts], given: &Given) -> Verdict {
        let highest = page + u32::try_from(replies.len()).unwrap_or(1).max(1) - 1;
        let counting = || (page..).zip(replies).filter(|(at, reply)| !reply.is_past_the_end(*at));
        let totals = || counting().filter_map(|(_, reply)| reply.total);
        let shrunk = self.total.zip(totals().min()).map_or(0, |(before, now)| before - now);
        if let Some(back) = self.pages_to_step_back(shrunk, page_size, |farthest| highest > farthest, highest) {
            self.total = totals().min();
            self.step = Step::Up { page: page.saturating_sub(back).max(1) };
            return Verdict::Drop;
        }
        self.certainty = Certainty::None;
        self.total = totals().last().or(self.total);
        let said = counting().filter_map(|(_, reply)| u32::try_from(reply.total_pages?).ok()).last();
        self.pages = said.or(self.pages);
        let is_new = |reply: &PageFacts| reply.ids.iter().any(|id| !given.holds(*id));
        self.stale_pages = if replies.iter().any(is_new) { 0 } else { self.stale_pages.saturating_add(1) };
        let ended = match replies.last().and_then(|reply| reply.has_next) {
            // A server that says so for ever must not hold the stream up for ever.
            Some(has_next) => !has_next || self.stale_pages > MOST_STALE_PAGES,
            None => counting().next().is_none() || self.ends_at(highest, page_size),
        };
        self.step = if ended { Step::Done } else { Step::Up { page: highest + 1 } };
        KEEP_AS_THEY_ARE
    }

    /// By the number of pages, else by that of rows, else where nothing new comes (a server that ignores page numbers).
    fn ends_at(&self, page: u32, page_size: u32) -> bool {
        match (self.pages, self.total) {
            (Some(pages), _) => page >= pages,
            (None, Some(total)) => i64::from(page) * i64::from(page_size) >= total,
            (None, None) => self.stale_pages > 1,
        }
    }

    /// How many pages to go back because so many rows moved over the edges of pages that were read; `None` to go on.
    fn pages_to_step_back(
        &mut self,
        moved: i64,
        page_size: u32,
        is_farther: impl Fn(u32) -> bool,
        now: u32,
    ) -> Option<u32> {
        if self.farthest.is_none_or(is_farther) {
            (self.farthest, self.steps_back) = (Some(now), STEPS_BACK);
        }
        if moved <= 0 || self.steps_back == 0 {
            return None;
        }
        self.steps_back -= 1;
        let pages = (moved - 1).div_euclid(i64::from(page_size)) + 1;
        Some(u32::try_from(pages).unwrap_or(u32::MAX))
    }
}

/// The number of the last page, where the first one tells it.
fn last_page(first: &PageFacts, page_size: u32) -> Option<u32> {
    if let Some(pages) = first.total_pages {
        return u32::try_from(pages).ok();
    }
    let total = first.total?;
    let rows = u32::try_from(first.ids.len()).unwrap_or(u32::MAX);
    if i64::from(rows) >= total {
        return Some(1);
    }
    // A page that is short may have rows that the key may not see, or be of a server that gives fewer than asked; the smaller size only costs empty pages.
    let size = rows.clamp(UNASKED_ROWS.min(page_size), page_size);
    u32::try_from((total - 1).div_euclid(i64::from(size.max(1))) + 1).ok()
}
