//! Who has an address, as the copy has it.

use std::collections::BTreeMap;

use leadgate_core::copied::CopiedRecord;
use leadgate_core::erasure::{Marks, Person};
use leadgate_core::identity::{Email, IdentityKey};
use leadgate_core::sync::{Cell, ColumnKind, Reading, Row, Schema, Stream};
use leadgate_warehouse::{Batch, Copy, ForgetPass, find_identities};

use crate::samples::forget;
use crate::support::{Copying, at, column, packed, text};

fn people() -> Schema {
    let columns = vec![column("id", ColumnKind::Integer), column("email", ColumnKind::Text)];
    Schema { stream: Stream::Contacts, columns }
}

fn person(id: i64, email: &str) -> Row {
    Row { id, updated_at: Some(at(id)), cells: vec![Cell::Integer(id), text(email)] }
}

fn key(email: &str) -> IdentityKey {
    IdentityKey::of_email(&Email::parse(email).unwrap())
}

fn apply(copying: &mut Copying, rows: Vec<Row>, gone: &[i64]) {
    let batch = copying.batch(people());
    copying.apply(Batch { rows: packed(rows), gone: gone.to_vec(), ..batch });
}

fn found(copying: &Copying, email: &str) -> Option<CopiedRecord> {
    let mut found: BTreeMap<_, _> = find_identities(&copying.path(), &[key(email), key("nobody@x.io")]).unwrap();
    let record = found.remove(&key(email));
    assert!(found.is_empty());
    record
}

fn id_of(copying: &Copying, email: &str) -> Option<i64> {
    found(copying, email).map(|record| record.snapshot.record.id)
}

#[test]
fn who_has_an_address_follows_the_rows() {
    let mut copying = Copying::new();
    apply(&mut copying, vec![person(1, "Ada@x.io"), person(2, "bo@x.io")], &[]);
    assert_eq!([id_of(&copying, "ada@x.io"), id_of(&copying, "bo@x.io")], [Some(1), Some(2)]);
    apply(&mut copying, vec![Row { updated_at: Some(at(9)), ..person(1, "augusta@x.io") }], &[2]);
    assert_eq!([id_of(&copying, "ada@x.io"), id_of(&copying, "bo@x.io")], [None, None]);
    apply(&mut copying, vec![Row { updated_at: Some(at(9)), ..person(2, "bo@x.io") }], &[]);
    assert_eq!([id_of(&copying, "augusta@x.io"), id_of(&copying, "bo@x.io")], [Some(1), Some(2)]);
}

#[test]
fn it_is_told_whether_others_have_it_and_how_old_the_rows_are() {
    let mut copying = Copying::new();
    apply(&mut copying, vec![person(1, "ada@x.io")], &[]);
    let alone = found(&copying, "ada@x.io").unwrap();
    assert_eq!((alone.is_shared, alone.read_at), (false, None), "nothing was read to its end");
    let mut read: serde_json::Value = serde_json::from_str(&Reading::new(Stream::Contacts).stored()).unwrap();
    read["watermark"] = at(5).to_string().into();
    let batch = copying.batch(people());
    copying.apply(Batch { rows: packed(vec![person(3, "ada@x.io")]), to_state: read.to_string(), ..batch });
    let shared = found(&copying, "ada@x.io").unwrap();
    assert_eq!((shared.is_shared, shared.read_at), (true, Some(at(5))));
}

#[test]
fn a_copy_of_the_version_before_gets_its_identities() {
    let mut copying = Copying::new();
    apply(&mut copying, vec![person(1, "ada@x.io")], &[]);
    let plain = rusqlite::Connection::open(copying.path()).unwrap();
    plain.execute_batch("DROP TABLE identities; PRAGMA user_version = 1").unwrap();
    assert_eq!(id_of(&copying, "ada@x.io"), None, "another version is not read");
    drop(Copy::open(&copying.path()).unwrap());
    assert_eq!(id_of(&copying, "ada@x.io"), Some(1));
}

#[test]
fn who_was_forgotten_is_not_found() {
    let mut copying = Copying::new();
    apply(&mut copying, vec![person(1, "ada@x.io"), person(2, "bo@x.io")], &[]);
    let ada = Person { emails: vec![Email::parse("ada@x.io").unwrap()], ..Person::default() };
    let (mut marks, mut pass) = (Marks::new(&ada, [7; 16]), ForgetPass::default());
    while !pass.ended {
        copying.copy.forget_some(&mut marks, &mut pass, 100, true).unwrap();
    }
    let plain = rusqlite::Connection::open(copying.path()).unwrap();
    let left: i64 = plain.query_row("SELECT count(*) FROM identities", [], |row| row.get(0)).unwrap();
    assert_eq!((id_of(&copying, "ada@x.io"), id_of(&copying, "bo@x.io"), left), (None, Some(2), 1));
}

#[test]
fn where_there_is_no_copy_nobody_is_found_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    assert!(find_identities(&path, &[key("ada@x.io")]).unwrap().is_empty() && !path.exists());
}

fn of_pass(copying: &mut Copying, rows: Vec<Row>, sweep: bool) {
    let batch = copying.batch(people());
    copying.apply(Batch { rows: packed(rows), pass: Some(1), sweep: sweep.then_some(1), ..batch });
}

#[test]
fn a_first_reading_notes_everybody_at_its_end() {
    let mut copying = Copying::new();
    of_pass(&mut copying, vec![person(2, "bo@x.io"), person(1, "ada@x.io")], false);
    of_pass(&mut copying, vec![person(2, "bob@x.io")], false);
    assert_eq!(id_of(&copying, "ada@x.io"), None);
    of_pass(&mut copying, vec![person(3, "cy@x.io")], true);
    let ids = ["ada@x.io", "bo@x.io", "bob@x.io", "cy@x.io"].map(|email| id_of(&copying, email));
    assert_eq!(ids, [Some(1), None, Some(2), Some(3)]);
    of_pass(&mut copying, vec![person(4, "di@x.io"), person(3, "cyd@x.io")], false);
    assert_eq!(["di@x.io", "cyd@x.io", "cy@x.io"].map(|email| id_of(&copying, email)), [Some(4), Some(3), None]);
}

#[test]
fn what_a_first_reading_left_out_is_made_up_for_by_any_other_batch() {
    let mut copying = Copying::new();
    of_pass(&mut copying, vec![person(1, "ada@x.io")], false);
    apply(&mut copying, vec![person(2, "bo@x.io")], &[]);
    of_pass(&mut copying, vec![person(3, "cy@x.io")], false);
    assert_eq!(["ada@x.io", "bo@x.io", "cy@x.io"].map(|email| id_of(&copying, email)), [Some(1), Some(2), Some(3)]);
}

#[test]
fn who_is_forgotten_in_the_middle_of_a_first_reading_hides_nobody_else() {
    let mut copying = Copying::new();
    of_pass(&mut copying, vec![person(1, "ada@x.io"), person(2, "bo@x.io")], false);
    forget(&mut copying, "ada@x.io");
    of_pass(&mut copying, vec![person(3, "cy@x.io")], true);
    assert_eq!(["ada@x.io", "bo@x.io", "cy@x.io"].map(|email| id_of(&copying, email)), [None, Some(2), Some(3)]);
}
