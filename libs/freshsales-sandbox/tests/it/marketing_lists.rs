//! Marketing lists: names, who is on them, changes of whole lists.

use std::time::Duration;

use freshsales_sandbox::Kind;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, id};

async fn list(app: &App, name: &str) -> i64 {
    id(&app.post("/lists", &json!({"name": name})).await.ok(200), "list")
}

async fn change(app: &App, list: i64, action: &str, body: Value) -> String {
    let said = app.put(&format!("/lists/{list}/{action}"), &body).await.ok(200);
    said["message"].as_str().unwrap().to_owned()
}

async fn members(app: &App, list: i64) -> Vec<i64> {
    let page = app.get(&format!("/contacts/lists/{list}?per_page=100")).await.ok(200);
    page["contacts"].as_array().unwrap().iter().map(|contact| contact["id"].as_i64().unwrap()).collect()
}

fn contacts<const COUNT: usize>(app: &App) -> [i64; COUNT] {
    std::array::from_fn(|at| app.account.seed_contact(&json!({"last_name": format!("C{at}")})))
}

#[tokio::test]
async fn contacts_are_added_moved_and_removed_by_id() {
    let app = App::start().await;
    let (from, to) = (list(&app, "A").await, list(&app, "B").await);
    let [one, two, three] = contacts(&app);
    let ids = json!({"ids": [one, two.to_string(), one, 1]});
    assert_eq!(change(&app, from, "add_contacts", ids).await, "2 contacts updated.");
    let moved = json!({"ids": [two, three], "from_list_id": from});
    assert_eq!(change(&app, to, "move_contacts", moved).await, "1 contact updated.");
    assert_eq!((members(&app, from).await, members(&app, to).await), (vec![one], vec![two]));
    assert_eq!(change(&app, from, "remove_contacts", json!({"ids": [one]})).await, "1 contact updated.");
    assert_eq!(members(&app, from).await, Vec::<i64>::new());
    assert_eq!(app.account.contacts()[1]["contact_list_ids"], json!([to]));
}

#[tokio::test]
async fn a_whole_list_is_changed_after_the_reply() {
    let app = App::start().await;
    let (from, to) = (list(&app, "A").await, list(&app, "B").await);
    let [one, two] = contacts(&app);
    change(&app, from, "add_contacts", json!({"ids": [one, two]})).await;
    let said = change(&app, to, "move_contacts", json!({"all": true, "from_list_id": from})).await;
    assert_eq!(said, "Updating now... we'll let you know once this is done.");
    assert_eq!(members(&app, from).await, [one, two]);
    app.account.advance(Duration::from_secs(1));
    assert_eq!((members(&app, from).await, members(&app, to).await), (vec![], vec![one, two]));
    change(&app, to, "remove_contacts", json!({"all": true})).await;
    app.account.advance(Duration::from_secs(1));
    assert_eq!(members(&app, to).await, Vec::<i64>::new());
}

#[tokio::test]
async fn a_contact_names_its_lists_and_loses_none_in_the_recycle_bin() {
    let app = App::start().await;
    let list = list(&app, "A").await;
    let body = json!({"last_name": "A", "contact_list_ids": [list.to_string()]});
    let contact = id(&app.post("/contacts", &body).await.ok(201), "contact");
    assert_eq!(members(&app, list).await, [contact]);
    app.account.delete(Kind::Contact, contact);
    assert_eq!(members(&app, list).await, Vec::<i64>::new());
    let unknown = json!({"last_name": "B", "contact_list_ids": [1]});
    assert_eq!(app.post("/contacts", &unknown).await.message(), "Invalid list provided.");
    assert_eq!(app.account.count(Kind::Contact), 0);
}

#[tokio::test]
async fn lists_are_paged_and_renamed() {
    let app = App::start().await;
    for number in 1..=30 {
        list(&app, &format!("List {number}")).await;
    }
    let second = app.get("/lists?page=2").await.ok(200);
    assert_eq!(
        (second["lists"].as_array().unwrap().len(), &second["meta"]),
        (5, &json!({"total_pages": 2, "total": 30}))
    );
    let first = second["lists"][0]["id"].clone();
    let renamed = app.put(&format!("/lists/{first}"), &json!({"name": "Other"})).await.ok(200);
    assert_eq!(renamed["list"], json!({"id": first, "name": "Other"}));
}

#[rstest]
#[case("/lists/1", json!({"name": "A"}), 404, "Not found")]
#[case("/lists/LIST", json!({"name": " "}), 400, "Name can't be empty")]
#[case("/lists/LIST/add_contacts", json!({"ids": []}), 400, "Ids can't be blank")]
#[case("/lists/LIST/add_contacts", json!({"all": true}), 400, "Ids can't be blank")]
#[case("/lists/LIST/move_contacts", json!({"ids": [1]}), 400, "Invalid list provided.")]
#[tokio::test]
async fn what_makes_no_sense_is_refused(
    #[case] path: &str,
    #[case] body: Value,
    #[case] status: u16,
    #[case] sentence: &str,
) {
    let app = App::start().await;
    let list = list(&app, "A").await;
    let got = app.put(&path.replace("LIST", &list.to_string()), &body).await;
    assert_eq!((got.status, got.message().as_str()), (status, sentence));
}

#[tokio::test]
async fn classic_accounts_have_no_lists() {
    let app = App::start().await;
    assert_eq!(app.classic_get("/lists").await.status, 404);
    assert_eq!(app.classic_post("/lists", &json!({"name": "A"})).await.status, 404);
    assert_eq!(app.get("/contacts/lists/1").await.status, 404);
}
