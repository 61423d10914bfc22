//! Whether a list held what its totals say. Pure.
//!
//! Every reply is judged by its own words: a page of a list with so many rows in all should hold so many of them, whatever changed since the reply before. Rows
//! that are missing before others are ones that the key may not see; rows that are missing at the list's end may as well not exist, and a total that is too
//! small shows by a page that holds more than it should. How many rows a page has at most is not certain, because a server can ignore the size asked
//! for: each size that is possible has a count of its own, and the first one that nothing speaks against is believed.

use serde::{Deserialize, Serialize};

/// Page sizes that servers use whatever is asked: the one of an unasked page, and a common limit.
const UNASKED_ROWS: u64 = 25;
const COMMON_LIMIT: u64 = 50;

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageHeld {
    /// Its number, from 1.
    pub(super) page: u64,
    /// How many rows it held.
    pub(super) rows: u64,
    /// How many rows the list has, by the same reply.
    pub(super) total: u64,
}

impl PageHeld {
    /// Replies about pages behind the end can say that there are no rows at all.
    fn denies_itself(self) -> bool {
        self.rows == 0 && self.total == 0 && self.page > 1
    }

    fn due(self, size: u64) -> u64 {
        self.total.saturating_sub((self.page - 1).saturating_mul(size)).min(size)
    }
}

/// What one page size would mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    size: u64,
    /// The first page that held more than it should.
    overfull: Option<u64>,
    /// Rows missing on pages that come before others with rows.
    inside: u64,
    /// Rows missing on the last page with rows and on those behind it.
    at_end: u64,
    /// The last page with rows, of those seen.
    last_with_rows: u64,
    /// The most rows that a page had.
    most: u64,
}

impl Count {
    fn of(size: u64) -> Count {
        Count { size, overfull: None, inside: 0, at_end: 0, last_with_rows: 0, most: 0 }
    }

    fn see(&mut self, held: PageHeld) {
        let due = held.due(self.size);
        if held.rows > due {
            self.overfull = self.overfull.or(Some(held.page));
        }
        self.most = self.most.max(held.rows);
        let missing = due.saturating_sub(held.rows);
        match (held.rows > 0, held.page > self.last_with_rows) {
            (true, true) => {
                // Read forwards, what was the end until now has rows behind it; read backwards, this closes the end.
                if self.last_with_rows > 0 {
                    self.inside += std::mem::take(&mut self.at_end);
                }
                self.at_end += missing;
                self.last_with_rows = held.page;
            }
            (false, true) => self.at_end += missing,
            (_, false) => self.inside += missing,
        }
    }
}

/// What the pages of one list held so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    counts: Vec<Count>,
    last_total: u64,
}

/// What the tally of a whole list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As many rows as the totals say, but for those that the key may not see.
    Complete {
        /// Rows not seen before the list's end.
        withheld: u64,
        /// The last page, where another could follow without the totals showing it.
        ends_full: Option<u64>,
    },
    /// So many rows are missing at the end.
    ShortAtEnd {
        /// Rows missing there.
        missing: u64,
        /// Rows missing before.
        withheld: u64,
        /// The number of the first row that is missing at the end.
        first: u64,
    },
    /// A page held more rows than the total allows.
    Overfull {
        /// Which page.
        page: u64,
    },
}

impl Tally {
    /// Takes the first page of a list that was asked for in pages of so many rows: it shows what size they have.
    pub(super) fn begin(&mut self, asked: u64, first_page_rows: u64) {
        let mut sizes = vec![asked];
        for size in [COMMON_LIMIT, first_page_rows, UNASKED_ROWS] {
            let size = size.clamp(UNASKED_ROWS.min(asked), asked);
            if !sizes.contains(&size) {
                sizes.push(size);
            }
        }
        self.counts = sizes.into_iter().map(Count::of).collect();
    }

    /// Whether no page was taken yet.
    pub(super) fn is_new(&self) -> bool {
        self.counts.is_empty()
    }

    /// The size of pages that nothing speaks against.
    pub(super) fn size(&self) -> Option<u64> {
        self.counts.iter().find(|count| count.overfull.is_none()).map(|count| count.size)
    }

    /// How many rows there are in all, by the last page that counted.
    pub(super) fn last_total(&self) -> u64 {
        self.last_total
    }

    /// Takes a page whose rows count.
    pub(super) fn see(&mut self, held: PageHeld) {
        if held.denies_itself() {
            return;
        }
        self.last_total = held.total;
        self.counts.iter_mut().for_each(|count| count.see(held));
    }

    /// What it says at the end of the list.
    pub(super) fn verdict(&self) -> Verdict {
        let Some(count) = self.counts.iter().find(|count| count.overfull.is_none()) else {
            let page = self.counts.first().and_then(|count| count.overfull);
            return page.map_or(Verdict::Complete { withheld: 0, ends_full: None }, |page| Verdict::Overfull { page });
        };
        if count.at_end > 0 {
            let first = self.last_total.saturating_sub(count.at_end) + 1;
            return Verdict::ShortAtEnd { missing: count.at_end, withheld: count.inside, first };
        }
        let last = self.last_total.div_ceil(count.size);
        let ends_full = last > 0 && self.last_total.is_multiple_of(count.size);
        let doubtful = if ends_full { Some(last) } else { self.last_if_never_full() };
        Verdict::Complete { withheld: count.inside, ends_full: doubtful }
    }

    /// The last page of a list that has gaps and not one full page: it may be of a server that gives fewer rows than any of the sizes, and go on.
    pub(super) fn last_if_never_full(&self) -> Option<u64> {
        let count = self.counts.iter().find(|count| count.overfull.is_none())?;
        let never_full = count.inside > 0 && count.most < count.size;
        never_full.then(|| self.last_total.div_ceil(count.size))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A list of these pages, all replies with the same total, read backwards or forwards.
    fn verdict(total: u64, pages: &[u64], backwards: bool) -> Verdict {
        let mut tally = Tally::default();
        tally.begin(100, pages.first().copied().unwrap_or(0));
        let mut held: Vec<PageHeld> =
            pages.iter().zip(1..).map(|(&rows, page)| PageHeld { page, rows, total }).collect();
        if backwards {
            held.reverse();
        }
        held.into_iter().for_each(|page| tally.see(page));
        tally.verdict()
    }

    const fn complete(withheld: u64, ends_full: Option<u64>) -> Verdict {
        Verdict::Complete { withheld, ends_full }
    }

    #[rstest]
    #[case::nothing(0, &[0], complete(0, None))]
    #[case::whole(250, &[100, 100, 50], complete(0, None))]
    #[case::ends_full(200, &[100, 100], complete(0, Some(2)))]
    #[case::hidden_inside(250, &[100, 97, 50], complete(3, None))]
    #[case::first_page_with_gaps(250, &[90, 100, 50], complete(10, None))]
    #[case::server_ignores_the_size(60, &[25, 25, 10], complete(0, None))]
    #[case::server_gives_fifty(120, &[50, 50, 20], complete(0, None))]
    #[case::server_gives_fifty_with_gaps(120, &[43, 49, 20], complete(8, Some(3)))]
    #[case::server_gives_twenty(100, &[20, 20, 20, 20], Verdict::ShortAtEnd { missing: 5, withheld: 15, first: 96 })]
    #[case::pages_behind_the_end_of_small_first_page(250, &[20, 100, 50, 0, 0], complete(80, None))]
    #[case::stops_early(250, &[100, 0, 0], Verdict::ShortAtEnd { missing: 150, withheld: 0, first: 101 })]
    #[case::total_too_large(255, &[100, 100, 50], Verdict::ShortAtEnd { missing: 5, withheld: 0, first: 251 })]
    #[case::total_too_small(150, &[100, 100], Verdict::Overfull { page: 2 })]
    #[case::total_too_small_on_one_page(10, &[100], Verdict::Overfull { page: 1 })]
    fn a_list_is_judged_by_its_pages(#[case] total: u64, #[case] pages: &[u64], #[case] expected: Verdict) {
        assert_eq!(verdict(total, pages, true), expected);
        assert_eq!(verdict(total, pages, false), expected);
    }

    #[test]
    fn rows_that_come_and_go_between_replies_are_no_gaps() {
        let mut tally = Tally::default();
        tally.begin(100, 100);
        for (page, rows, total) in [(3, 50, 250), (2, 100, 249), (1, 100, 260)] {
            tally.see(PageHeld { page, rows, total });
        }
        assert_eq!(tally.verdict(), complete(0, None));
    }
}
