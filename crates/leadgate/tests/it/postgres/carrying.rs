//! From a file to a database and back.

use leadgate_postgres_server::Database;
use serde_json::json;

use super::{QUICK, addresses, contacts, serve_on};
use crate::process::{Ended, run};
use crate::serve::{House, add, until};

/// A house whose file holds leads that could not land.
fn house_with_open_work(leads: usize) -> House {
    let house = House::new();
    house.fault(json!({"kind": "fail_before_commit"}), 1_000_000);
    let gateway = house.serve_with(&QUICK);
    for email in addresses(leads) {
        assert_eq!(add(&gateway, json!({"email": email})).0, 202);
    }
    assert!(gateway.terminate().success());
    house.control("PUT", "/faults", Some(json!({"faults": []})));
    house
}

fn copy(house: &House, from: &str, to: &str) -> Ended {
    run(house.folder.path(), &["store", "copy", "--from", from, "--to", to, "--json"], &[])
}

#[test]
fn open_work_goes_on_in_the_database_that_it_was_copied_to() {
    let (house, database) = (house_with_open_work(5), Database::fresh());
    let copied = copy(&house, "leadgate-data", &database.url());
    assert_eq!(copied.code, 0, "{copied:?}");
    assert!(copied.out.contains("\"inbox\":5"), "{copied:?}");
    let _gateway = serve_on(&house, &database, &QUICK);
    until(|| house.contacts() == 5);
    assert_eq!(contacts(&house), addresses(5));
}

#[test]
fn a_database_is_copied_to_a_folder_and_only_to_an_empty_one() {
    let (house, database) = (house_with_open_work(3), Database::fresh());
    assert_eq!(copy(&house, "leadgate-data", &database.url()).code, 0);
    let back = copy(&house, &database.url(), "back");
    assert_eq!(back.code, 0, "{back:?}");
    assert!(back.err.contains("no gateway"), "{back:?}");
    for to in ["back", database.url().as_str()] {
        let refused = copy(&house, "leadgate-data", to);
        assert_eq!(refused.code, 4, "{refused:?}");
        assert!(refused.err.contains("empty"), "{refused:?}");
    }
    let _gateway = house.serve_with(&[QUICK[2], ("LEADGATE_DATA", "back")]);
    until(|| house.contacts() == 3);
}

#[test]
fn a_file_that_is_in_use_is_not_copied() {
    let (house, database) = (House::new(), Database::fresh());
    let _gateway = house.serve_with(&[]);
    let refused = copy(&house, "leadgate-data", &database.url());
    assert_eq!(refused.code, 1, "{refused:?}");
    let nothing = copy(&house, "nowhere", &database.url());
    assert!(nothing.code == 3 && nothing.err.contains("no store"), "{nothing:?}");
}

#[test]
fn a_database_is_not_begun_while_the_file_holds_work() {
    let (house, database) = (house_with_open_work(2), Database::fresh());
    let url = database.url();
    let serve = || run(house.folder.path(), &["serve", "--port", "0"], &house.variables(&[("DATABASE_URL", &url)]));
    let refused = serve();
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("store copy") && refused.err.contains("holds 2 things"), "{refused:?}");
    std::fs::remove_dir_all(house.folder.path().join("leadgate-data")).unwrap();
    let gateway = serve_on(&house, &database, &[]);
    assert_eq!(add(&gateway, json!({"email": "ingrid@example.com"})).0, 201);
}

#[test]
fn a_file_without_open_work_is_no_reason_to_wait() {
    let (house, database) = (House::new(), Database::fresh());
    let file = house.serve_with(&[]);
    assert_eq!(add(&file, json!({"email": "ingrid@example.com"})).0, 201);
    assert!(file.terminate().success());
    assert!(serve_on(&house, &database, &[]).terminate().success());
}
