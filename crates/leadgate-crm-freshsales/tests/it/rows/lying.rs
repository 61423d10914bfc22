//! Accounts that give less than they say, or other than was asked: what is hidden is counted, and everything else that is short fails.

use freshsales_sandbox::{Generation, PageAboveMaximum, Switches};
use leadgate_core::crm::CrmFailure;
use leadgate_core::sync::{Part, Stream};
use rstest::rstest;

use super::{ids, keys, kind_of, read, seeded, set};

#[rstest]
#[tokio::test]
async fn a_server_that_ignores_the_size_of_pages_is_read_whole(
    #[values(25, 50)] largest: usize,
    #[values(0, 7)] hidden: u64,
) {
    let port = seeded(Generation::Suite, 610).await;
    set(&port, |switches| {
        (switches.per_page_maximum, switches.hidden_one_in) = (largest, hidden);
        switches.page_above_maximum = PageAboveMaximum::Clamp;
    });
    let read = read(&port, Stream::Contacts, Part::Whole, 4).await.unwrap();
    let visible = |id: &i64| hidden == 0 || !u64::try_from(*id).unwrap().is_multiple_of(hidden);
    let all = ids(&port, kind_of(Stream::Contacts).unwrap());
    assert_eq!(keys(&read), all.iter().copied().filter(visible).collect::<Vec<_>>());
    assert_eq!(read.withheld, u64::try_from(all.iter().filter(|id| !visible(id)).count()).unwrap());
}

#[rstest]
#[tokio::test]
async fn rows_that_the_key_may_not_see_are_counted(
    #[values(Stream::Contacts, Stream::Deals, Stream::SalesAccounts)] stream: Stream,
    #[values(2, 3, 31, 97)] hidden: u64,
) {
    let port = seeded(Generation::Suite, 1300).await;
    set(&port, |switches| switches.hidden_one_in = hidden);
    let all = ids(&port, kind_of(stream).unwrap());
    let visible: Vec<i64> =
        all.iter().copied().filter(|id| !u64::try_from(*id).unwrap().is_multiple_of(hidden)).collect();
    let read = read(&port, stream, Part::Whole, 3).await.unwrap();
    assert_eq!((keys(&read), read.withheld), (visible.clone(), (all.len() - visible.len()) as u64));
}

/// Twenty rows a page are none of the sizes that are reckoned with.
#[tokio::test]
async fn pages_of_an_odd_size_are_told_of() {
    let port = seeded(Generation::Suite, 210).await;
    set(&port, |switches| switches.per_page_maximum = 20);
    let result = read(&port, Stream::Contacts, Part::Whole, 3).await;
    assert!(matches!(result, Err(CrmFailure::Incomplete(_))), "{:?}", result.map(|read| read.rows.len()));
}

/// The last record alone is hidden: only the other end of the list shows it.
#[tokio::test]
async fn a_hidden_last_row_is_no_failure() {
    let port = seeded(Generation::Suite, 250).await;
    let all = ids(&port, kind_of(Stream::Contacts).unwrap());
    set(&port, |switches| switches.hidden_one_in = u64::try_from(*all.last().unwrap()).unwrap());
    let read = read(&port, Stream::Contacts, Part::Whole, 3).await.unwrap();
    assert_eq!((read.rows.len(), read.withheld), (all.len() - 1, 1));
}

#[rstest]
#[case::one_too_many(|switches: &mut Switches| switches.total_off_by = 1)]
#[case::a_page_too_many(|switches: &mut Switches| switches.total_off_by = 100)]
#[case::many_too_many(|switches: &mut Switches| switches.total_off_by = 250)]
#[case::one_too_few(|switches: &mut Switches| switches.total_off_by = -1)]
#[case::a_page_too_few(|switches: &mut Switches| switches.total_off_by = -100)]
#[case::up_to_a_full_page(|switches: &mut Switches| switches.total_off_by = -210)]
#[case::stops_early(|switches: &mut Switches| switches.deepest_page = 4)]
#[case::stops_at_once(|switches: &mut Switches| switches.deepest_page = 1)]
#[tokio::test]
async fn a_server_that_lies_is_told_of(
    #[case] lie: impl Fn(&mut Switches),
    #[values(true, false)] zero_beyond: bool,
    #[values(1, 4)] pages: u32,
) {
    let port = seeded(Generation::Suite, 610).await;
    set(&port, |switches| {
        lie(switches);
        switches.page_beyond_end_is_zero = zero_beyond;
    });
    let result = read(&port, Stream::Contacts, Part::Whole, pages).await;
    let Err(CrmFailure::Incomplete(told)) = result else { panic!("it read {:?}", result.map(|read| read.rows.len())) };
    assert!(told.contains("contacts"), "{told}");
}

#[rstest]
#[case::tasks(Stream::Tasks)]
#[case::companies(Stream::SalesAccounts)]
#[case::deals(Stream::Deals)]
#[tokio::test]
async fn no_stream_is_short_in_silence(#[case] stream: Stream, #[values(3, -1)] off: i64) {
    let port = seeded(Generation::Suite, 2900).await;
    set(&port, |switches| switches.total_off_by = off);
    let result = read(&port, stream, Part::Whole, 3).await;
    assert!(matches!(result, Err(CrmFailure::Incomplete(_))), "{:?}", result.map(|read| read.rows.len()));
}

/// Both ends of a list of one page are the same rows.
#[rstest]
#[tokio::test]
async fn a_list_of_one_page_is_told_from_one_with_hidden_rows(
    #[values(0, 1, 30)] off: i64,
    #[values(0, 3, 7)] hidden: u64,
    #[values(1, 4)] pages: u32,
) {
    let port = seeded(Generation::Suite, 40).await;
    set(&port, |switches| (switches.hidden_one_in, switches.total_off_by) = (hidden, off));
    let all = ids(&port, kind_of(Stream::Contacts).unwrap());
    match read(&port, Stream::Contacts, Part::Whole, pages).await {
        Ok(read) if off == 0 => assert_eq!(read.came as u64 + read.withheld, all.len() as u64),
        // A total that is too large and a hidden last row cannot be told from more hidden rows.
        Ok(read) => assert!(hidden > 0, "it read {} rows", read.came),
        Err(failure) => assert!(off > 0 && matches!(failure, CrmFailure::Incomplete(_)), "{failure:?}"),
    }
}
