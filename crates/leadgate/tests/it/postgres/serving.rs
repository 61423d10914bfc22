//! One process on a database.

use leadgate_postgres_server::Database;
use serde_json::json;

use super::{QUICK, addresses, contacts, end_leases, serve_on};
use crate::process::{request, run};
use crate::serve::{House, add, until};

#[test]
fn a_lead_lands_and_nothing_is_kept_in_a_file() {
    let (house, database) = (House::new(), Database::fresh());
    let gateway = serve_on(&house, &database, &[]);
    let (status, body) = add(&gateway, json!({"email": "ingrid@example.com"}));
    assert_eq!((status, &body["status"]), (201, &json!("done")), "{body}");
    assert_eq!(request("GET", &format!("{}/ready", gateway.text("url")), None, None).0, 200);
    assert!(gateway.text("data").starts_with("postgres://"), "{}", gateway.ready);
    assert_eq!(database.ask("SELECT count(*) FROM leadgate.inbox"), "1");
    assert!(gateway.terminate().success());
    assert!(!house.folder.path().join("leadgate-data").exists());
}

#[test]
fn tables_are_in_the_schema_that_was_asked_for() {
    let (house, database) = (House::new(), Database::fresh());
    let gateway = serve_on(&house, &database, &[("LEADGATE__STORE__SCHEMA", "of_leads")]);
    assert_eq!(add(&gateway, json!({"email": "ingrid@example.com"})).0, 201);
    let sql = "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    assert_eq!(database.ask(sql), "of_leads");
}

#[test]
fn what_was_accepted_lands_after_a_kill() {
    let (house, database) = (House::new(), Database::fresh());
    house.fault(json!({"kind": "fail_before_commit"}), 1_000_000);
    let gateway = serve_on(&house, &database, &QUICK);
    for email in addresses(5) {
        assert_eq!(add(&gateway, json!({"email": email})).0, 202);
    }
    // Dropping it kills it without warning.
    drop(gateway);
    end_leases(&database);
    assert_eq!(house.contacts(), 0);
    house.control("PUT", "/faults", Some(json!({"faults": []})));
    let _gateway = serve_on(&house, &database, &QUICK);
    until(|| house.contacts() == 5);
    assert_eq!(contacts(&house), addresses(5));
}

#[test]
fn jobs_and_keys_are_seen_without_a_running_gateway() {
    let (house, database) = (House::new(), Database::fresh());
    let url = database.url();
    let nobody = [("PORT", "1"), ("DATABASE_URL", url.as_str())];
    let gateway = serve_on(&house, &database, &[]);
    assert_eq!(add(&gateway, json!({"email": "ingrid@example.com"})).0, 201);
    assert!(gateway.terminate().success());
    let listed = run(house.folder.path(), &["jobs", "list", "--json"], &nobody);
    assert!(listed.out.contains("\"status\":\"done\""), "{listed:?}");
    let key = run(house.folder.path(), &["keys", "add", "app", "--json"], &nobody);
    assert_eq!(key.code, 0, "{key:?}");
    assert!(run(house.folder.path(), &["keys", "list"], &nobody).out.starts_with("app"));
}

#[test]
fn the_doctor_looks_at_the_database_and_leaves_it_as_it_is() {
    let (house, database) = (House::new(), Database::fresh());
    let url = database.url();
    let doctor = |url: &str| run(house.folder.path(), &["doctor"], &house.variables(&[("DATABASE_URL", url)]));
    let well = doctor(&url);
    assert!(well.out.contains("PostgreSQL") && well.out.contains("no tables yet"), "{well:?}");
    assert_eq!(database.ask("SELECT count(*) FROM pg_namespace WHERE nspname = 'leadgate'"), "0");
    let unreachable = doctor("postgres://somebody:s3cret@127.0.0.1:1/nothing");
    assert!(unreachable.out.contains("database-unusable") && !unreachable.out.contains("s3cret"), "{unreachable:?}");
}

#[test]
fn a_database_that_is_not_there_is_told_without_its_password() {
    let house = House::new();
    let settings = [("DATABASE_URL", "postgres://somebody:s3cret@127.0.0.1:1/nothing")];
    let ended = run(house.folder.path(), &["serve", "--port", "0"], &house.variables(&settings));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("********@127.0.0.1:1/nothing") && !ended.err.contains("s3cret"), "{ended:?}");
}
