//! `leadgate forget` where no gateway runs: on the store itself.

use serde_json::Value;

use crate::process::{Ended, run};

const PORT: [(&str, &str); 1] = [("LEADGATE__SERVER__PORT", "1")];

fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"))
}

#[test]
fn a_person_is_forgotten_in_the_store_and_the_receipt_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["keys", "add", "shop"], &PORT).code, 0);
    let ended = run(folder.path(), &["forget", "olga@example.com", "--keep-in-crm", "--json"], &PORT);
    let forgotten = document(&ended);
    assert_eq!((ended.code, forgotten["phase"].as_str()), (0, Some("done")), "{ended:?}");
    let shown = run(folder.path(), &["forget", "--receipt", forgotten["id"].as_str().unwrap(), "--json"], &PORT);
    assert_eq!(document(&shown)["receipt"], forgotten["receipt"]);
    // No digest can look like it.
    assert!(!shown.out.contains("olga"), "{}", shown.out);
}

#[test]
fn the_crm_is_asked_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["keys", "add", "shop"], &PORT).code, 0);
    let ended = run(folder.path(), &["forget", "ada@example.com", "--json"], &PORT);
    assert_eq!((ended.code, document(&ended)["phase"].as_str()), (6, Some("asking_the_crm")), "{ended:?}");
    let jobs = document(&run(folder.path(), &["jobs", "list", "--json"], &PORT));
    assert_eq!((jobs["jobs"].as_array().unwrap().len(), &jobs["jobs"][0]["step"]), (1, &"forget_person".into()));
}

#[test]
fn who_is_nobody_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["keys", "add", "shop"], &PORT).code, 0);
    let ended = run(folder.path(), &["forget", "--record", "deal:7"], &PORT);
    assert!(ended.code != 0 && ended.err.contains("contact:123"), "{ended:?}");
}
