//! Accounts that pause, go on, change and go, while the process runs.

use serde_json::json;

use super::{Estate, add, operate, send, standing};
use crate::process::{request, run};
use crate::serve::until;

#[test]
fn a_paused_account_keeps_what_comes_in_and_delivers_it_later() {
    let estate = Estate::of(1);
    let gateway = estate.serve();
    let key = add(&gateway, "acme", &estate, 0);
    assert_eq!(operate(&gateway, "POST", "/accounts/acme/pause", None).1["standing"], "keeping");
    assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 202);
    gateway.terminate();
    // By now a request that was cut by the pause has been counted.
    let asked = estate.account(0).request_count();
    let gateway = estate.serve();
    assert_eq!(send(&gateway, "acme", &key, "bob@example.com").0, 202);
    assert_eq!(standing(&gateway, "acme")["queue"]["unplanned"], 2);
    assert_eq!(estate.account(0).request_count(), asked, "nothing was asked of the CRM");
    assert_eq!(operate(&gateway, "POST", "/accounts/acme/resume", None).1["standing"], "serving");
    until(|| standing(&gateway, "acme")["queue"]["unplanned"] == 0 && estate.account(0).contacts().len() == 2);
}

#[test]
fn a_process_that_ends_at_rest_waits_for_every_account() {
    let estate = Estate::of(2);
    let gateway = estate.serve();
    for (index, name) in ["acme", "other"].into_iter().enumerate() {
        let key = add(&gateway, name, &estate, index);
        operate(&gateway, "POST", &format!("/accounts/{name}/pause"), None);
        assert_eq!(send(&gateway, name, &key, "ada@example.com").0, 202);
    }
    gateway.terminate();
    let settings = super::variables(&[("LEADGATE_MASTER_KEY", super::MASTER), ("LEADGATE__SERVER__PORT", "1")]);
    for name in ["acme", "other"] {
        assert_eq!(run(estate.path(), &["accounts", "resume", name], &settings).code, 0);
    }
    let ended = run(estate.path(), &["serve", "--port", "0", "--until-idle=200ms"], &settings);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!([0, 1].map(|index| estate.account(index).contacts().len()), [1, 1]);
}

#[test]
fn a_removed_account_is_gone_with_its_files() {
    let estate = Estate::of(2);
    let gateway = estate.serve();
    let (key, other) = (add(&gateway, "acme", &estate, 0), add(&gateway, "other", &estate, 1));
    assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 201);
    assert!(estate.keeps(2));
    let (status, removing) = operate(&gateway, "DELETE", "/accounts/acme", None);
    assert_eq!((status, &removing["state"]), (202, &json!("removing")));
    let gone = |status: u16| matches!(status, 401 | 410);
    assert!(gone(send(&gateway, "acme", &key, "bob@example.com").0));
    until(|| operate(&gateway, "GET", "/accounts/acme", None).0 == 404);
    assert!(!estate.keeps(2) && !estate.files_of(2).exists());
    assert_eq!(send(&gateway, "acme", &key, "bob@example.com").0, 401);
    assert_eq!(send(&gateway, "other", &other, "bob@example.com").0, 201);
    add(&gateway, "acme", &estate, 0);
    assert_eq!(send(&gateway, "acme", &key, "bob@example.com").0, 401, "keys of the one before open nothing");
}

/// The process that began it need not be the one that ends it.
#[test]
fn a_removal_goes_on_after_a_restart() {
    use leadgate_store::accounts::{AccountChange, AccountNumber, AccountState};
    let estate = Estate::of(1);
    let gateway = estate.serve();
    add(&gateway, "acme", &estate, 0);
    gateway.terminate();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let removing = AccountChange { state: Some(AccountState::Removing), ..AccountChange::default() };
    let now = "2026-06-15T14:00:00Z".parse().unwrap();
    let change = async { estate.registry().await.change_account(AccountNumber(2), removing, now).await };
    assert!(runtime.block_on(change).unwrap());
    let gateway = estate.serve();
    until(|| operate(&gateway, "GET", "/accounts/acme", None).0 == 404);
    assert!(!estate.files_of(2).exists());
}

#[test]
fn a_changed_account_is_served_as_it_is_then() {
    let estate = Estate::of(1);
    let gateway = estate.serve();
    let key = add(&gateway, "acme", &estate, 0);
    let post = || {
        let url = format!("{}/accounts/acme/freshsales/webhook", gateway.text("url"));
        request("POST", &url, Some("a-secret-of-some-length"), Some(json!({"contact": {"id": 1}}))).0
    };
    assert_eq!(post(), 401);
    let rules = json!({"settings": {"rules": "[notifications]\nsecrets = [\"$HOOK\"]\n"}, "variables": {"HOOK": "a-secret-of-some-length"}});
    let (status, changed) = operate(&gateway, "PATCH", "/accounts/acme", Some(rules));
    assert_eq!((status, &changed["standing"]), (200, &json!("serving")), "{changed}");
    assert!(matches!(post(), 200 | 202));
    assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 201, "its API key is still there");
}

#[test]
fn an_account_stays_with_its_crm() {
    let estate = Estate::of(1);
    let gateway = estate.serve();
    add(&gateway, "acme", &estate, 0);
    let elsewhere = json!({"domain": "https://other.myfreshworks.com"});
    assert_eq!(operate(&gateway, "PATCH", "/accounts/acme", Some(elsewhere)).0, 422);
    let taken = json!({"name": "acme", "domain": estate.domain(0)});
    assert_eq!(operate(&gateway, "POST", "/accounts", Some(taken)).0, 409);
    for name in ["default", "Acme", "a/b", ""] {
        let body = json!({"name": name, "domain": estate.domain(0)});
        assert!(matches!(operate(&gateway, "POST", "/accounts", Some(body)).0, 409 | 422), "{name}");
    }
}
