//! Tables and properties of readings.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const NOON: &str = "2026-06-15T12:00:00Z";

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

fn page(next: Option<&str>, total: Option<u64>) -> PageRead {
    PageRead { next: next.map(str::to_owned), total, ..PageRead::default() }
}

fn took(reading: &Reading, read: &PageRead) -> Reading {
    reading.took(read, noon(), &Pace::default()).reading
}

/// A stream that has been read as of noon.
fn read(stream: Stream) -> Reading {
    let mut reading = Reading::new(stream).begin(noon(), &Pace::default());
    while let Step::Ask(_) = reading.next(1) {
        reading = took(&reading, &page(None, Some(0)));
    }
    match reading.counted(0, 0, noon(), &Pace::default()) {
        Counted::Fits(reading) => reading,
        Counted::Again(reading) => reading,
        Counted::Short(..) => unreachable!(),
    }
}

fn asked(reading: &Reading) -> Part {
    match reading.next(1) {
        Step::Ask(query) => query.part,
        other => panic!("{other:?} instead of a question"),
    }
}

#[test]
fn first_everything_then_the_count() {
    let reading = Reading::new(Stream::Contacts).begin(noon(), &Pace::default());
    assert_eq!(asked(&reading), Part::Whole);
    let more = reading.took(&page(Some("2"), Some(200)), noon(), &Pace::default());
    assert_eq!(more.landing, Landing::Rows { pass: Some(1), sweep: None });
    let last = more.reading.took(&page(None, Some(200)), noon(), &Pace::default());
    assert_eq!(last.landing, Landing::Rows { pass: Some(1), sweep: Some(1) });
    assert_eq!(last.reading.next(1), Step::Count);
    let Counted::Fits(rest) = last.reading.counted(200, 200, noon(), &Pace::default()) else { panic!() };
    assert!(rest.is_current(noon()) && rest.next(1) == Step::Rest);
}

#[test]
fn what_changed_during_a_long_pass_is_read_after_it() {
    let reading = Reading::new(Stream::Contacts).begin(noon(), &Pace::default());
    let afternoon = "2026-06-15T15:00:00Z".parse().unwrap();
    let read = reading.took(&page(None, Some(200)), afternoon, &Pace::default()).reading;
    let since = "2026-06-15T11:58:00Z".parse().unwrap();
    assert_eq!(asked(&read), Part::ChangedAfter(since));
    let changed = took(&read, &page(None, None));
    assert_eq!(asked(&changed), Part::Deleted { after: Some(since) });
    let deleted = took(&changed, &page(None, None));
    assert_eq!((asked(&deleted), deleted.until()), (Part::Whole, Some(afternoon)));
    assert_eq!(took(&deleted, &page(Some("2"), Some(200))).next(1), Step::Count);
}

#[test]
fn a_window_is_fixed_before_it_is_read() {
    let later = "2026-06-16T12:00:00Z".parse().unwrap();
    let open = read(Stream::Deals).begin(later, &Pace::default());
    let stored = Reading::resume(Stream::Deals, Some(&open.stored()));
    let much_later = "2026-06-17T12:00:00Z".parse().unwrap();
    assert_eq!(stored.clone().begin(much_later, &Pace::default()), open);
    assert_eq!(stored.until(), Some(later));
}

#[rstest]
#[case::recent(Stream::Contacts, "2026-06-16T12:00:00Z", false, false)]
#[case::asked_for(Stream::Contacts, "2026-06-16T12:00:00Z", true, true)]
#[case::a_week_later(Stream::Contacts, "2026-06-22T12:00:00Z", false, true)]
#[case::names_tell_no_changes(Stream::Users, "2026-06-15T12:01:00Z", false, true)]
fn what_a_run_reads(#[case] stream: Stream, #[case] at: &str, #[case] full: bool, #[case] whole: bool) {
    let pace = Pace { whole: full, ..Pace::default() };
    let open = read(stream).begin(at.parse().unwrap(), &pace);
    assert_eq!(matches!(open.phase(), Phase::Whole { .. }), whole, "{open:?}");
}

#[test]
fn what_was_open_for_longer_than_the_bin_keeps_is_begun_anew() {
    let open = read(Stream::Contacts).begin("2026-06-16T12:00:00Z".parse().unwrap(), &Pace::default());
    let autumn = "2026-10-01T12:00:00Z".parse().unwrap();
    assert_eq!(asked(&open.begin(autumn, &Pace::default())), Part::Whole);
}

/// A reading that has to count, with so many rows by the CRM, of which so many are withheld.
fn counting(total: u64, withheld: u64) -> Reading {
    let reading = Reading::new(Stream::Contacts).begin(noon(), &Pace::default());
    took(&reading, &PageRead { withheld, ..page(None, Some(total)) })
}

#[rstest]
#[case::all(100, 0, 100, true)]
#[case::kept_back(100, 3, 97, true)]
#[case::too_few(100, 0, 99, false)]
#[case::too_many(100, 0, 101, false)]
fn counts_fit_or_are_looked_into(#[case] total: u64, #[case] withheld: u64, #[case] landed: u64, #[case] fits: bool) {
    let counted = counting(total, withheld).counted(landed, 0, noon(), &Pace::default());
    assert_eq!(matches!(counted, Counted::Fits(_)), fits, "{counted:?}");
}

/// What is asked until a reading comes to its end, where the CRM always says so many and so many have landed.
fn efforts(total: u64, landed: u64) -> (Vec<&'static str>, bool) {
    let (mut reading, mut parts) = (counting(total, 0), Vec::new());
    for _ in 0..100 {
        match reading.next(1) {
            Step::Rest => return (parts, true),
            Step::Count => match reading.counted(landed, 0, noon(), &Pace::default()) {
                Counted::Fits(next) | Counted::Again(next) => reading = next,
                Counted::Short(shortfall, _) => {
                    assert_eq!((shortfall.total, shortfall.landed), (total, landed));
                    return (parts, false);
                }
            },
            Step::Ask(query) => {
                parts.push(match query.part {
                    Part::Whole => "whole",
                    Part::ChangedAfter(_) => "changed",
                    Part::Deleted { after: None } => "bin",
                    Part::Deleted { .. } => "deleted",
                    Part::Of(_) => "of",
                });
                reading = took(&reading, &page(None, Some(total)));
            }
        }
    }
    panic!("it does not come to an end");
}

#[test]
fn a_row_that_stays_missing_is_a_failure() {
    let again = ["changed", "deleted", "whole"];
    let expected = [&again[..], &["whole"], &again].concat();
    assert_eq!(efforts(100, 99), (expected, false));
}

#[test]
fn a_row_that_stays_too_many_is_looked_for_in_the_bin_first() {
    let (parts, ended_well) = efforts(100, 101);
    assert_eq!(parts[..5], ["changed", "deleted", "whole", "bin", "whole"]);
    assert!(!ended_well);
}

#[test]
fn a_shortfall_says_how_many_and_which() {
    let shortfall = Shortfall { stream: Stream::Deals, total: 20, landed: 17, withheld: 1 };
    let told = shortfall.to_string();
    assert!(
        told.starts_with("deals: the CRM says that there are 20, but 17 have landed and 1 are kept back"),
        "{told}"
    );
}

#[test]
fn an_account_that_never_holds_still_is_believed_within_what_it_moved() {
    let mut reading = counting(100, 0);
    for _ in 0..3 {
        let Counted::Again(next) = reading.counted(99, 2, noon(), &Pace::default()) else { panic!() };
        reading = took(&took(&took(&next, &page(None, None)), &page(None, None)), &page(None, Some(100)));
    }
    assert!(matches!(reading.counted(99, 2, noon(), &Pace::default()), Counted::Fits(_)));
}

#[rstest]
#[case::nothing_stored(None)]
#[case::not_json(Some("?"))]
#[case::of_another_form(Some(r#"{"version":99}"#))]
fn what_cannot_be_read_is_begun_anew(#[case] stored: Option<&str>) {
    assert_eq!(Reading::resume(Stream::Tasks, stored), Reading::new(Stream::Tasks));
}

#[test]
fn a_cursor_that_is_refused_is_given_up() {
    let reading = Reading::new(Stream::Contacts).begin(noon(), &Pace::default());
    let under_way = took(&reading, &page(Some("2"), Some(200))).restarted(noon());
    let Step::Ask(query) = under_way.next(1) else { panic!() };
    assert_eq!(query.from, None);
    // Rows that only the first try has seen are not counted as seen.
    assert_eq!(
        under_way.took(&page(None, None), noon(), &Pace::default()).landing,
        Landing::Rows { pass: Some(2), sweep: Some(2) }
    );
}

proptest! {
    /// Whatever the pages say, a reading comes to its end, can be stored at any moment, and its watermark never goes back.
    #[test]
    fn every_run_ends(
        stream in proptest::sample::select(Stream::ALL.to_vec()),
        pages in proptest::collection::vec((0..4_u8, proptest::option::of(0..50_u64), 0..3_u64, 0..3_u64), 1..12),
        landed in proptest::collection::vec((0..50_u64, 0..5_u64), 1..6),
    ) {
        let mut reading = Reading::new(stream).begin(noon(), &Pace::default());
        let (mut step, mut mark) = (0_usize, None);
        while reading.next(4) != Step::Rest {
            reading = match reading.next(4) {
                Step::Ask(_) => {
                    let (more, total, withheld, younger) = pages[step % pages.len()];
                    // A server that always says that there is more is the port's to find out.
                    let next = (more == 0 && step < 60).then(|| step.to_string());
                    took(&reading, &PageRead { next, total, withheld, younger, rows: 1, ..PageRead::default() })
                }
                _ => {
                    let (landed, moved) = landed[step % landed.len()];
                    match reading.counted(landed, moved, noon(), &Pace::default()) {
                        Counted::Fits(next) | Counted::Again(next) => next,
                        Counted::Short(..) => break,
                    }
                }
            };
            prop_assert_eq!(&Reading::resume(stream, Some(&reading.stored())), &reading);
            prop_assert!(reading.watermark() >= mark);
            mark = reading.watermark();
            step += 1;
            prop_assert!(step < 300, "{:?}", reading);
        }
    }
}

/// A pass over a stream that was read whole before, ended by this page.
fn read_again(stream: Stream, end: &PageRead) -> Taken {
    let later = "2026-06-16T12:00:00Z".parse().unwrap();
    let pace = Pace { whole: true, ..Pace::default() };
    read(stream).begin(later, &pace).took(end, later, &Pace::default())
}

#[rstest]
#[case::all_is_shown(PageRead { total: Some(310), ..PageRead::default() }, true)]
#[case::more_is_kept_back(PageRead { total: Some(310), withheld: 31, ..PageRead::default() }, false)]
#[case::nobody_can_tell(PageRead { total: Some(310), is_unchecked: true, ..PageRead::default() }, false)]
fn what_a_pass_does_not_show_is_gone_unless_it_may_be_hidden(#[case] end: PageRead, #[case] is_gone: bool) {
    let taken = read_again(Stream::Contacts, &end);
    assert_eq!(taken.landing, Landing::Rows { pass: Some(2), sweep: is_gone.then_some(2) });
    assert_eq!(taken.reading.next(1) == Step::Count, is_gone, "the recycle bin is read before it is counted");
}

#[test]
fn rows_that_were_hidden_stay_and_are_known_from_then_on() {
    let end = PageRead { total: Some(310), withheld: 31, ..PageRead::default() };
    let bin = read_again(Stream::Contacts, &end).reading;
    assert_eq!(asked(&bin), Part::Deleted { after: None });
    let count = took(&took(&bin, &page(None, None)), &page(None, Some(310)));
    let Counted::Fits(rest) = count.counted(310, 0, noon(), &Pace::default()) else { panic!() };
    assert_eq!((rest.withheld(), rest.hidden()), (31, 31));
    let short = count.counted(305, 0, noon(), &Pace::default());
    assert!(matches!(&short, Counted::Fits(rest) if rest.hidden() == 26), "{short:?}");
    assert!(matches!(count.counted(311, 0, noon(), &Pace::default()), Counted::Again(_)));
}

#[test]
fn a_task_that_went_from_one_list_to_the_other_is_looked_for_before_it_is_gone() {
    let first = Reading::new(Stream::Tasks).begin(noon(), &Pace::default());
    assert_eq!(took(&first, &page(None, None)).next(1), Step::Rest, "there is nothing to be gone yet");
    let pass = read_again(Stream::Tasks, &page(None, None));
    assert_eq!(pass.landing, Landing::Rows { pass: Some(2), sweep: None });
    let more = pass.reading.took(&page(Some("2"), None), noon(), &Pace::default());
    assert_eq!(more.landing, Landing::Rows { pass: Some(2), sweep: None });
    let last =
        Reading::resume(Stream::Tasks, Some(&more.reading.stored())).took(&page(None, None), noon(), &Pace::default());
    assert_eq!((last.landing, last.reading.next(1)), (Landing::Rows { pass: Some(2), sweep: Some(2) }, Step::Rest));
}

#[test]
fn a_difference_that_stays_is_looked_into_by_the_next_run() {
    let looked = |mut reading: Reading| {
        for _ in 0..3 {
            let Counted::Again(next) = reading.counted(101, 1, noon(), &Pace::default()) else { panic!() };
            reading = took(&took(&took(&next, &page(None, None)), &page(None, None)), &page(None, Some(100)));
        }
        reading.counted(101, 1, noon(), &Pace::default())
    };
    let Counted::Fits(rest) = looked(counting(100, 0)) else { panic!() };
    assert_eq!(rest.drift(), -1);
    let open = rest.begin("2026-06-16T12:00:00Z".parse().unwrap(), &Pace::default());
    let count = took(&took(&took(&open, &page(None, None)), &page(None, None)), &page(None, Some(100)));
    let Counted::Again(next) = looked(count) else { panic!("it is believed again") };
    assert_eq!(asked(&next), Part::Deleted { after: None });
}

#[test]
fn columns_of_another_kind_give_up_what_is_open_for_a_pass() {
    let later = "2026-06-16T12:00:00Z".parse().unwrap();
    let open = read(Stream::Contacts).begin(later, &Pace::default());
    let reshaped = Reading::resume(Stream::Contacts, Some(&open.reshaped(later).stored()));
    assert_eq!(asked(&reshaped.begin(later, &Pace::default())), Part::Whole);
}

#[rstest]
#[case::old_rows_have_values(true)]
#[case::they_are_blank(false)]
fn a_new_column_is_read_of_all_rows_if_the_counted_page_has_values_in_it(#[case] fills_new_columns: bool) {
    let later = "2026-06-16T12:00:00Z".parse().unwrap();
    let open = read(Stream::Contacts).widened(["cf_x".to_owned()]).begin(later, &Pace::default());
    let count = took(&took(&open, &page(None, None)), &page(None, None));
    let rows_come = took(&count, &page(Some("1"), Some(3)));
    assert!(matches!(rows_come.next(1), Step::Ask(query) if query.from.as_deref() == Some("1")));
    assert_eq!(rows_come.unsampled().len(), 1);
    let next = took(&rows_come, &PageRead { rows: 3, fills_new_columns, ..page(None, Some(3)) });
    assert_eq!((matches!(next.phase(), Phase::Whole { .. }), next.unsampled().len()), (fills_new_columns, 0));
}

#[test]
fn cells_that_did_not_fit_are_known_until_everything_is_read_again() {
    let pace = Pace { whole: true, ..Pace::default() };
    let unfit = [("cf_seats".to_owned(), 2)].into();
    let count = took(&Reading::new(Stream::Contacts).begin(noon(), &pace), &PageRead { unfit, ..page(None, Some(5)) });
    let Counted::Fits(rest) = count.counted(5, 0, noon(), &Pace::default()) else { panic!() };
    assert_eq!(rest.begin(noon(), &Pace::default()).unfit()["cf_seats"], 2);
    let Counted::Fits(rest) = count.counted(5, 0, noon(), &Pace::default()) else { panic!() };
    assert!(rest.begin(noon(), &pace).unfit().is_empty());
}

#[rstest]
#[case::rows_that_nobody_counts(3, true)]
#[case::no_such_list(0, false)]
fn what_no_total_is_told_of_is_unchecked(#[case] rows: u64, #[case] is_unchecked: bool) {
    let count =
        took(&took(&read(Stream::Contacts).begin(noon(), &Pace::default()), &page(None, None)), &page(None, None));
    let rest = took(&count, &PageRead { rows, ..page(None, None) });
    assert_eq!((rest.next(1), rest.is_unchecked()), (Step::Rest, is_unchecked));
}
