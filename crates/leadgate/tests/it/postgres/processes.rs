//! Two processes on one database.

use leadgate_postgres_server::Database;
use serde_json::json;

use super::{QUICK, addresses, contacts, end_leases, serve_on};
use crate::serve::{House, add, until};

#[test]
fn leads_that_are_handed_to_each_land_once() {
    let (house, database) = (House::new(), Database::fresh());
    let gateways = [serve_on(&house, &database, &[]), serve_on(&house, &database, &[])];
    for (number, email) in addresses(20).into_iter().enumerate() {
        let (status, body) = add(&gateways[number % 2], json!({"email": email}));
        assert!(status == 201 || status == 202, "{status} {body}");
    }
    until(|| house.contacts() == 20);
    assert_eq!(contacts(&house), addresses(20));
    for gateway in gateways {
        assert!(gateway.terminate().success());
    }
    assert_eq!(contacts(&house), addresses(20));
}

#[test]
fn what_one_repeats_to_the_other_is_a_repeat() {
    let (house, database) = (House::new(), Database::fresh());
    let (one, other) = (serve_on(&house, &database, &[]), serve_on(&house, &database, &[]));
    let (_, first) = add(&one, json!({"email": "ingrid@example.com"}));
    let (_, again) = add(&other, json!({"email": "ingrid@example.com"}));
    assert_eq!(first["id"], again["id"], "{first} {again}");
    assert_eq!(house.contacts(), 1);
}

#[test]
fn what_a_killed_one_had_begun_is_ended_by_the_other() {
    let (house, database) = (House::new(), Database::fresh());
    house.fault(json!({"kind": "hang"}), 1);
    let killed = serve_on(&house, &database, &QUICK);
    assert_eq!(add(&killed, json!({"email": "ingrid@example.com"})).0, 202);
    house.until_met();
    drop(killed);
    end_leases(&database);
    let _other = serve_on(&house, &database, &QUICK);
    until(|| house.contacts() == 1);
}
