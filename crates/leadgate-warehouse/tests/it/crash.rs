//! A process that is killed while it applies batches leaves a copy that is whole up to one of them.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use leadgate_core::sync::{Row, Stream};
use leadgate_warehouse::{Batch, Copy};
use rstest::rstest;

use crate::support::{at, contact, contacts};

/// Names the folder of the copy to the process that is killed.
const FOLDER: &str = "LEADGATE_TEST_COPY_FOLDER";
/// How many ids there are.
const IDS: i64 = 400;

/// Each batch creates, changes and takes away.
fn batch(number: i64) -> Batch {
    let row = |step: i64| contact((number * 37 + step) % IDS, &format!("of {number}"), number);
    Batch {
        stream: Stream::Contacts,
        schema: contacts(),
        rows: (0..100).map(|step| row(step).into()).collect(),
        gone: vec![(number * 11) % IDS],
        pass: None,
        sweep: None,
        from_state: (number > 1).then(|| (number - 1).to_string()),
        to_state: number.to_string(),
        at: at(number),
    }
}

fn rows(copy: &Copy) -> Vec<Row> {
    copy.rows_by_id(Stream::Contacts, None, 1000).unwrap().into_iter().map(|copied| copied.row).collect()
}

/// Not a test by itself: what the other one starts and kills.
#[test]
#[expect(clippy::disallowed_methods, reason = "the other test tells by it that this is its process")]
fn crash_process_that_applies_batches() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut copy = Copy::open(&Path::new(&folder).join("copy.db")).unwrap();
    let next = copy.state(Stream::Contacts).unwrap().map_or(1, |state| state.parse::<i64>().unwrap() + 1);
    for number in next.. {
        copy.apply(batch(number)).unwrap();
        eprintln!("applied {number}");
    }
}

#[rstest]
#[case(1)]
#[case(40)]
fn crash_leaves_whole_batches(#[case] applied: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut told = 0;
    for _ in 0..3 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "crash::crash_process_that_applies_batches", "--nocapture"]);
        let mut process =
            command.env(FOLDER, folder.path()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let last = lines.filter(|line| line.starts_with("applied")).take(applied).last().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        told = last.split(' ').nth(1).unwrap().parse::<i64>().unwrap();
    }
    let copy = Copy::open(&folder.path().join("copy.db")).unwrap();
    let state: i64 = copy.state(Stream::Contacts).unwrap().unwrap().parse().unwrap();
    let mut expected = Copy::open(&folder.path().join("expected.db")).unwrap();
    (1..=state).for_each(|number| {
        expected.apply(batch(number)).unwrap();
    });
    assert!(state >= told, "{state} is before {told}");
    assert_eq!(rows(&copy), rows(&expected));
    assert_eq!(copy.changes_since(0, 1 << 20).unwrap(), expected.changes_since(0, 1 << 20).unwrap());
}
