//! What is of one account stays there.

use serde_json::json;

use super::{API_KEY, Estate, OPERATOR, add, add_key, operate, send, standing, variables};
use crate::process::{Running, request};
use crate::serve::House;

#[test]
fn leads_go_to_the_account_that_they_name() {
    let estate = Estate::of(2);
    let gateway = estate.serve();
    let (acme, other) = (add(&gateway, "acme", &estate, 0), add(&gateway, "other", &estate, 1));
    assert_eq!(send(&gateway, "acme", &acme, "ada@example.com").0, 201);
    assert_eq!(send(&gateway, "other", &other, "bob@example.com").0, 201);
    assert_eq!(send(&gateway, "other", &acme, "eve@example.com").0, 401);
    for (index, email) in [(0, "ada@example.com"), (1, "bob@example.com")] {
        let contacts = estate.account(index).contacts();
        assert_eq!((contacts.len(), &contacts[0]["email"]), (1, &json!(email)));
    }
}

#[test]
fn a_submission_of_one_account_is_not_told_to_another() {
    let estate = Estate::of(2);
    let gateway = estate.serve();
    let (acme, other) = (add(&gateway, "acme", &estate, 0), add(&gateway, "other", &estate, 1));
    let (_, lead) = send(&gateway, "acme", &acme, "ada@example.com");
    let ask = |name: &str, key: &str| {
        let id = lead["id"].as_str().unwrap();
        request("GET", &format!("{}/accounts/{name}/v1/submissions/{id}", gateway.text("url")), Some(key), None).0
    };
    assert_eq!([ask("acme", &acme), ask("other", &other), ask("acme", &other)], [200, 404, 401]);
}

#[test]
fn the_default_account_is_served_beside_the_others() {
    let (house, estate) = (House::new(), Estate::of(1));
    let settings = [("LEADGATE_OPERATOR_KEY", OPERATOR), ("LEADGATE_MASTER_KEY", super::MASTER)];
    let gateway = house.serve_with(&settings);
    let key = add(&gateway, "acme", &estate, 0);
    assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 201);
    let lead = json!({"email": "bob@example.com"});
    let url = gateway.text("url");
    for prefix in ["", "/accounts/default"] {
        assert_eq!(request("POST", &format!("{url}{prefix}/v1/leads"), Some(&key), Some(lead.clone())).0, 401);
    }
    assert_eq!(crate::serve::add(&gateway, lead).0, 201);
    assert_eq!((house.contacts(), estate.account(0).contacts().len()), (1, 1));
    assert_eq!(operate(&gateway, "DELETE", "/accounts/default", None).0, 422);
}

#[test]
fn a_key_does_what_it_may() {
    let estate = Estate::of(1);
    let gateway = estate.serve();
    add(&gateway, "acme", &estate, 0);
    let key = add_key(&gateway, "acme", "submit");
    assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 201);
    let jobs = request("GET", &format!("{}/accounts/acme/v1/jobs", gateway.text("url")), Some(&key), None);
    assert_eq!((jobs.0, &jobs.1["type"]), (403, &json!("urn:leadgate:problem:key-may-not")));
}

/// Not even while it starts.
#[test]
fn an_account_that_is_broken_hinders_no_other() {
    let estate = Estate::of(1);
    let gateway = estate.serve();
    let key = add(&gateway, "acme", &estate, 0);
    let wrong =
        json!({"name": "wrong", "domain": estate.domain(0), "api_key": API_KEY, "settings": {"rules": "nonsense"}});
    assert_eq!(operate(&gateway, "POST", "/accounts", Some(wrong)).0, 422);
    add(&gateway, "broken", &estate, 0);
    gateway.terminate();
    break_settings(&estate, "broken");
    let gateway = estate.serve();
    let broken = standing(&gateway, "broken");
    assert_eq!(broken["standing"], "broken");
    assert!(broken["reason"].as_str().unwrap().contains("settings cannot be used"), "{broken}");
    assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 201);
    let mended = json!({"settings": {"per_day": null}});
    assert_eq!(operate(&gateway, "PATCH", "/accounts/broken", Some(mended)).1["standing"], "serving");
}

/// As a version that knew other settings would have left them.
fn break_settings(estate: &Estate, name: &str) {
    use leadgate_store::accounts::AccountChange;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let accounts = estate.registry().await;
        let all = accounts.accounts().await.unwrap();
        let account = all.into_iter().find(|account| account.name.as_str() == name).unwrap();
        let mut settings = account.settings;
        settings["per_day"] = json!(7);
        let change = AccountChange { settings: Some(settings), ..AccountChange::default() };
        assert!(accounts.change_account(account.number, change, account.changed_at).await.unwrap());
    });
}

#[test]
fn fifty_accounts_deliver_side_by_side() {
    const COUNT: usize = 50;
    let estate = Estate::of(COUNT);
    let gateway = estate.serve();
    let keys: Vec<String> =
        (0..COUNT).map(|index| add(&gateway, &format!("account-{index}"), &estate, index)).collect();
    for (index, key) in keys.iter().enumerate() {
        let landed = send(&gateway, &format!("account-{index}"), key, &format!("person-{index}@example.com"));
        assert_eq!(landed.0, 201, "{index}: {landed:?}");
    }
    for index in 0..COUNT {
        let contacts = estate.account(index).contacts();
        assert_eq!(contacts.len(), 1);
        assert_eq!(contacts[0]["email"], format!("person-{index}@example.com"));
    }
    let metrics = operate(&gateway, "GET", "/metrics", None).1;
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("\nleadgate_jobs_parked 0\n"), "{metrics}");
    assert!(!metrics.contains("account-7"), "accounts are no labels");
}

#[test]
fn without_an_operators_key_there_is_no_operators_api() {
    let house = House::new();
    let gateway = house.serve_with(&[]);
    for key in [None, Some(OPERATOR), Some("")] {
        assert_eq!(request("GET", &format!("{}/operator/accounts", gateway.text("url")), key, None).0, 404);
    }
}

#[test]
fn without_a_default_account_the_process_is_well() {
    let estate = Estate::of(0);
    let gateway = Running::start(estate.path(), &["serve", "--port", "0"], &variables(&[]));
    let url = gateway.text("url");
    assert_eq!(request("GET", &format!("{url}/health"), None, None).0, 200);
    assert_eq!(request("GET", &format!("{url}/ready"), None, None).0, 200);
    assert_eq!(request("POST", &format!("{url}/leads"), Some("a-key"), Some(json!({}))).0, 401);
    assert!(gateway.terminate().success());
}
