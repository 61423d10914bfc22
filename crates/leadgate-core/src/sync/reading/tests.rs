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
                    took(&reading, &PageRead { next, total, withheld, younger, rows: 1 })
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
