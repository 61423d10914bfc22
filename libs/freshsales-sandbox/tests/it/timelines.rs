//! Activities, timelines and their numbers tell what happened in the account, in its order.

use freshsales_sandbox::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::App;

async fn without_api(app: &App, path: &str) -> crate::client::Got {
    App::send(app.request(Method::GET, &format!("/crm/sales{path}"))).await
}

fn actions(body: &Value, list: &str) -> Vec<String> {
    let rows = body[list].as_array().unwrap().iter();
    rows.map(|row| row["action_type"].as_str().unwrap().to_owned()).collect()
}

/// A deal that was renamed, moved, handed over, and has a note and a task that is done.
async fn busy_deal() -> (App, i64) {
    let app = App::start().await;
    let deal = app.account.seed_deal(&json!({"name": "Engine", "amount": 1}));
    let changes = [
        json!({"name": "Engine 2"}),
        json!({"deal_stage_id": app.account.stage_id("Demo")}),
        json!({"owner_id": app.account.selector_id("owners", "Tomas Ferreira")}),
        json!({}),
    ];
    for change in changes {
        app.put(&format!("/deals/{deal}"), &json!({"deal": change})).await.ok(200);
    }
    let about = json!({"targetable_type": "Deal", "targetable_id": deal, "title": "x", "description": "x", "due_date": "2026-06-20"});
    app.account.seed(Kind::Note, &about);
    let task = app.account.seed(Kind::Task, &about);
    app.put(&format!("/tasks/{task}"), &json!({"task": {"status": 1}})).await.ok(200);
    app.delete(&format!("/tasks/{task}")).await.ok(200);
    (app, deal)
}

#[tokio::test]
async fn a_timeline_is_the_history_of_the_record() {
    let (app, deal) = busy_deal().await;
    let timeline = app.get(&format!("/deals/{deal}/timeline_feeds?page=1")).await.ok(200);
    let expected = [
        "TASK_DELETED",
        "TASK_COMPLETED",
        "TASK_CREATED",
        "NOTE_CREATED",
        "OWNER_CHANGE",
        "STAGE_CHANGE",
        "UPDATE",
        "STAGE_CHANGE",
        "OWNER_CHANGE",
        "CREATE",
    ];
    assert_eq!(actions(&timeline, "timeline_feeds"), expected);
    let feed = |at: usize| &timeline["timeline_feeds"][at]["action_data"];
    assert_eq!((&feed(5)["stage_name"], &feed(7)["stage_name"]), (&json!("Demo"), &json!("New")));
    assert_eq!((&feed(4)["owner_name"], &feed(8)["owner_name"]), (&json!("Tomas Ferreira"), &json!("Mara Lindqvist")));
}

#[tokio::test]
async fn activities_are_paged_and_name_what_they_are_about() {
    let (app, deal) = busy_deal().await;
    let page = app.get(&format!("/deals/{deal}/activities.json?limit=4&page=3&include=user")).await.ok(200);
    assert_eq!(actions(&page, "activities"), ["OWNER_CHANGE_DEAL", "CREATE_DEAL"]);
    assert_eq!(page["meta"], json!({"has_next": false, "has_previous": true}));
    let first = app.get(&format!("/deals/{deal}/activities?limit=4")).await.ok(200);
    assert_eq!(first["meta"], json!({"has_next": true, "has_previous": false}));
    let note = &first["activities"][3];
    assert_eq!(
        (&note["action_type"], &note["actionable_type"], &note["targetable_name"]),
        (&json!("CREATE_NOTE"), &json!("Note"), &json!("Engine 2"))
    );
}

#[tokio::test]
async fn a_record_that_is_forgotten_takes_its_history_along() {
    let (app, deal) = busy_deal().await;
    app.delete(&format!("/deals/{deal}/forget")).await.ok(200);
    assert_eq!(app.get(&format!("/deals/{deal}/timeline_feeds")).await.status, 404);
}

#[tokio::test]
async fn a_bulk_job_and_a_conversion_leave_their_traces() {
    let app = App::start().await;
    let lead = app.account.seed_lead(&json!({"last_name": "Haddad", "email": "amir@example.com"}));
    app.classic_post(&format!("/leads/{lead}/convert"), &json!({"lead": {"last_name": "Haddad"}})).await.ok(200);
    let timeline = app.classic_get(&format!("/leads/{lead}/timeline_feeds")).await.ok(200);
    assert_eq!(actions(&timeline, "timeline_feeds"), ["UPDATE", "OWNER_CHANGE", "CREATE"]);
    let rows = json!({"contacts": [{"emails": "new@example.com", "data": {"last_name": "New"}}]});
    app.post("/contacts/bulk_upsert", &rows).await.ok(200);
    app.account.advance(std::time::Duration::from_secs(5));
    let contact = app.account.contacts().iter().find(|one| one["email"] == "new@example.com").unwrap()["id"].clone();
    let timeline = app.get(&format!("/contacts/{contact}/timeline_feeds")).await.ok(200);
    assert_eq!(actions(&timeline, "timeline_feeds"), ["OWNER_CHANGE", "CREATE"]);
}

#[tokio::test]
async fn counts_want_types_and_exist_without_api_only() {
    let (app, deal) = busy_deal().await;
    let path = format!("/deals/{deal}/activity_counts");
    assert_eq!(without_api(&app, &path).await.ok(200), Value::Null);
    let counts = without_api(&app, &format!("{path}?types[]=notes&types%5B%5D=tasks")).await.ok(200);
    assert_eq!(counts, json!({"activity_counts": {"notes": 1, "tasks": 0}}));
    assert_eq!(app.get(&path).await.status, 404);
}

#[tokio::test]
async fn conversations_are_newest_first_and_paged() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "King", "email": "ada@example.com"}));
    for (subject, at) in [("later", "2026-06-02T00:00:00Z"), ("earlier", "2026-06-01T00:00:00Z")] {
        let mail = json!({"subject": subject, "direction": "Incoming", "html_content": "<p>Hi <b>you</b></p>",
            "conversation_time": at, "targetable_type": "Contact", "targetable_id": contact});
        app.account.seed(Kind::EmailConversation, &mail);
    }
    let path = format!("/contacts/{contact}/conversations/all?per_page=1");
    let page = without_api(&app, &path).await.ok(200);
    assert_eq!((&page["meta"], page["email_conversations"].as_array().unwrap().len()), (&json!({"total": 2}), 1));
    let mail = &page["email_conversations"][0];
    assert_eq!((&mail["subject"], &mail["display_content"]), (&json!("later"), &json!("Hi you")));
    assert_eq!(app.account.contacts()[0]["last_contacted_mode"], "Email Incoming");
    assert_eq!(app.get(&path).await.status, 404);
    assert_eq!(app.classic_get(&format!("/contacts/{contact}/conversations")).await.ok(200)["meta"]["total"], 2);
}

#[tokio::test]
async fn duplicates_share_a_name_or_a_number() {
    let app = App::start().await;
    let contact =
        |name: &str, number: &str| app.account.seed_contact(&json!({"last_name": name, "mobile_number": number}));
    let (one, same_name, same_number) = (contact("King", "+1"), contact("king", "+2"), contact("Queen", "+1"));
    contact("Other", "+3");
    let found = without_api(&app, &format!("/contacts/{one}/duplicates")).await.ok(200);
    let ids: Vec<_> = found["contacts"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!((ids, &found["meta"]), (vec![same_name, same_number], &json!({"total": 2})));
}

#[tokio::test]
async fn typing_is_met_with_suggestions() {
    let app = App::start().await;
    let account = app.account.seed(Kind::SalesAccount, &json!({"name": "Fjordline Logistics"}));
    app.account.seed_contact(&json!({"last_name": "King", "tags": ["VIP", "Web"], "sales_account_id": account}));
    app.account.seed_contact(&json!({"last_name": "Kingsley", "tags": ["vipers"]}));
    let suggest = |path: &str| format!("/search/auto_suggest/{path}");
    let tags = without_api(&app, &suggest("tags.json?&tag_type=contact&q=vip")).await.ok(200);
    assert_eq!(tags, json!({"tags": ["VIP", "vipers"]}));
    let people =
        without_api(&app, &suggest(&format!("contacts_full_details.json?&sales_account_id={account}&q=ki"))).await;
    assert_eq!(people.ok(200)["contacts"].as_array().unwrap().len(), 1);
    let companies = without_api(&app, &suggest("sales_accounts_full_details.json?&q=logi")).await.ok(200);
    assert_eq!(companies["sales_accounts"][0]["id"], account);
    let list = app.post("/lists", &json!({"name": "Newsletter"})).await.ok(200)["list"].clone();
    app.post("/lists", &json!({"name": "Fair"})).await.ok(200);
    let lists = without_api(&app, &suggest("lists.json?&q=new")).await.ok(200);
    assert_eq!(lists, json!({"lists": [list]}));
}
