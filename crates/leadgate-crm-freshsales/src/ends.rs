//! The two ends of a list whose order is not documented.
//!
//! What is looked for was written lately: it is among the first rows if the newest come first, else among the last. There it may stand on the last page
//! but one, because others write too: so the last two pages are read, and a row is missed only if a hundred others came after it.

use freshsales::Request;
use freshsales::decode::Page;
use leadgate_core::crm::CrmFailure;

use crate::Account;

/// Rows of a page: the most that the CRM gives.
pub(crate) const PAGE: u32 = 100;

impl Account<'_, '_> {
    /// The rows of the first page and of the last two, in at most three requests.
    pub(crate) async fn ends_of<T, R>(&mut self, at: impl Fn(u32) -> R) -> Result<Vec<T>, CrmFailure>
    where
        R: Request<Output = Page<T>>,
    {
        let first = self.send(at(1)).await?;
        let last = last_page(first.total_pages, first.total);
        let mut rows = first.records;
        for page in last.saturating_sub(1).max(2)..=last {
            rows.extend(self.send(at(page)).await?.records);
        }
        Ok(rows)
    }
}

/// The last page by what the first says; 1 where it says nothing.
fn last_page(pages: Option<i64>, rows: Option<i64>) -> u32 {
    let by_rows = || Some((rows? + i64::from(PAGE) - 1) / i64::from(PAGE));
    pages.or_else(by_rows).and_then(|last| u32::try_from(last).ok()).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::untold(None, None, 1)]
    #[case::by_pages(Some(3), Some(1), 3)]
    #[case::one_page(None, Some(100), 1)]
    #[case::one_more(None, Some(101), 2)]
    #[case::nonsense(Some(-1), Some(300), 1)]
    fn the_last_page_is_told_by_pages_or_rows(
        #[case] pages: Option<i64>,
        #[case] rows: Option<i64>,
        #[case] last: u32,
    ) {
        assert_eq!(last_page(pages, rows), last);
    }
}
