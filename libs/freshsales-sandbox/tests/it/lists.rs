//! Views, pages, sorting, scrolling, and what programs in the wild rely on when they walk lists.

use std::time::Duration;

use freshsales_sandbox::{Kind, Switches};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, Got};

async fn view_id(app: &App, plural: &str, name: &str) -> i64 {
    let filters = app.classic_get(&format!("/{plural}/filters")).await.ok(200);
    assert_eq!(filters["meta"], json!({}));
    let views = filters["filters"].as_array().unwrap();
    views.iter().find(|view| view["name"] == name).unwrap()["id"].as_i64().unwrap()
}

fn ids(got: &Got, plural: &str) -> Vec<i64> {
    got.ok(200)[plural].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

/// Contacts that all have the same creation time.
async fn with_contacts(count: usize) -> (App, Vec<i64>, i64) {
    let app = App::start().await;
    let seeded = (0..count).map(|at| app.account.seed_contact(&json!({"last_name": format!("Name {at}")}))).collect();
    let view = view_id(&app, "contacts", "All Contacts").await;
    (app, seeded, view)
}

#[rstest]
#[case("", 25, 5)]
#[case("per_page=50", 50, 3)]
#[case("per_page=100", 100, 2)]
#[case("per_page=1000", 100, 2)]
#[case("per_page=zzz", 25, 5)]
#[case("per_page=10&per_page=50", 50, 3)]
#[tokio::test]
async fn pages_have_the_size_that_was_asked(#[case] query: &str, #[case] rows: usize, #[case] pages: u64) {
    let (app, seeded, view) = with_contacts(103).await;
    let mut walked = Vec::new();
    for page in 1..=pages {
        let got = app.get(&format!("/contacts/view/{view}?{query}&page={page}&sort=created_at&sort_type=asc")).await;
        assert_eq!(got.json()["meta"]["total_pages"], pages);
        assert_eq!(got.json()["meta"]["total"], 103);
        walked.extend(ids(&got, "contacts"));
        assert!(walked.len() == seeded.len() || walked.len() % rows == 0);
    }
    assert_eq!(walked, seeded);
}

#[rstest]
#[case("updated_at", "desc")]
#[case("updated_at", "asc")]
#[case("lead_score", "desc")]
#[tokio::test]
async fn pages_neither_overlap_nor_skip_where_everything_ties(#[case] sort: &str, #[case] sort_type: &str) {
    let (app, mut expected, view) = with_contacts(7).await;
    if sort_type == "desc" {
        expected.reverse();
    }
    let mut walked = Vec::new();
    for page in 1..=3 {
        let query = format!("per_page=3&page={page}&sort={sort}&sort_type={sort_type}");
        walked.extend(ids(&app.get(&format!("/contacts/view/{view}?{query}")).await, "contacts"));
    }
    assert_eq!(walked, expected);
}

#[tokio::test]
async fn a_page_beyond_the_end_is_empty() {
    let (app, _, view) = with_contacts(3).await;
    let path = format!("/contacts/view/{view}?page=9");
    assert_eq!(app.get(&path).await.ok(200), json!({"contacts": [], "meta": {"total_pages": 0, "total": 0}}));
    app.account.set_switches(Switches { page_beyond_end_is_zero: false, ..Switches::default() });
    assert_eq!(app.get(&path).await.ok(200)["meta"]["total"], 3);
}

#[rstest]
#[case("sort=updated_at&sort_type=desc", &[1, 2, 0])]
#[case("sort=updated_at&sort_type=asc", &[0, 2, 1])]
#[case("sort=created_at&sort_type=desc", &[2, 1, 0])]
#[case("sort=id&sort_type=desc", &[2, 1, 0])]
#[case("sort=last_name&sort_type=desc", &[1, 2, 0])]
#[case("", &[0, 1, 2])]
#[tokio::test]
async fn rows_are_sorted_with_the_id_as_tie_break(#[case] query: &str, #[case] expected: &[usize]) {
    let (app, seeded, view) = with_contacts(3).await;
    app.account.advance(Duration::from_secs(1));
    app.put(&format!("/contacts/{}", seeded[1]), &json!({"last_name": "Zed"})).await.ok(200);
    let got = app.get(&format!("/contacts/view/{view}?{query}")).await;
    if query.contains("updated_at") {
        let expected: Vec<_> = expected.iter().map(|&at| seeded[at]).collect();
        let tie_first = if query.contains("asc") {
            vec![seeded[0], seeded[2], seeded[1]]
        } else {
            vec![seeded[1], seeded[2], seeded[0]]
        };
        assert_eq!((ids(&got, "contacts"), expected), (tie_first.clone(), tie_first));
    } else {
        assert_eq!(ids(&got, "contacts"), expected.iter().map(|&at| seeded[at]).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn deleted_rows_leave_every_view_but_the_recycle_bin() {
    let (app, seeded, view) = with_contacts(2).await;
    app.delete(&format!("/contacts/{}", seeded[0])).await.ok(200);
    assert_eq!(ids(&app.get(&format!("/contacts/view/{view}")).await, "contacts"), [seeded[1]]);
    let bin = view_id(&app, "contacts", "Recycle Bin").await;
    let got = app.get(&format!("/contacts/view/{bin}")).await;
    assert_eq!((ids(&got, "contacts"), &got.json()["contacts"][0]["is_deleted"]), (vec![seeded[0]], &json!(true)));
}

#[tokio::test]
async fn deals_move_between_the_open_won_and_lost_views() {
    let app = App::start().await;
    let deal = app.account.seed_deal(&json!({"name": "D", "amount": 1}));
    for (stage, view) in [("Demo", "Open Deals"), ("Won", "Won Deals"), ("Lost", "Lost Deals")] {
        let stage = app.account.stage_id(stage).unwrap();
        app.put(&format!("/deals/{deal}"), &json!({"deal_stage_id": stage})).await.ok(200);
        for other in ["Open Deals", "Won Deals", "Lost Deals"] {
            let id = view_id(&app, "deals", other).await;
            let found = ids(&app.get(&format!("/deals/view/{id}")).await, "deals");
            assert_eq!(found == [deal], other == view, "{other}");
        }
    }
    let lost = app.get(&format!("/deals/{deal}")).await.ok(200)["deal"].clone();
    assert_eq!((&lost["probability"], &lost["expected_deal_value"]), (&json!(0), &json!("0.0")));
}

#[tokio::test]
async fn deals_of_other_pipelines_are_found_by_filtered_search_only() {
    let app = App::start().await;
    let pipeline = app.account.add_pipeline("Renewals");
    let stage = app.account.add_stage_to(pipeline, "Due", freshsales_sandbox::StageOutcome::Open);
    let deal = app.account.seed_deal(&json!({"name": "D", "amount": 1, "deal_pipeline_id": pipeline}));
    assert_eq!(app.account.deals()[0]["deal_stage_id"], stage);
    let open = view_id(&app, "deals", "Open Deals").await;
    assert!(ids(&app.get(&format!("/deals/view/{open}")).await, "deals").is_empty());
    app.account.advance(Duration::from_secs(3));
    let rule = json!({"filter_rule": [{"attribute": "deal_pipeline_id", "operator": "is_in", "value": [pipeline]}]});
    assert_eq!(ids(&app.post("/filtered_search/deal", &rule).await, "deals"), [deal]);
    let stages = app.get("/selector/deal_stages").await.ok(200)["deal_stages"].clone();
    assert!(stages.as_array().unwrap().iter().all(|stage| stage["deal_pipeline_id"] != pipeline));
    let own = app.get(&format!("/selector/deal_pipelines/{pipeline}/deal_stages")).await.ok(200);
    assert_eq!(own["deal_stages"][0]["id"], stage);
}

#[tokio::test]
async fn a_scroll_goes_on_after_the_last_id() {
    let (app, seeded, view) = with_contacts(5).await;
    let mut walked = Vec::new();
    loop {
        let after = walked.last().map_or(String::new(), |id| format!("&last_fetched_id={id}"));
        let batch = ids(&app.get(&format!("/contacts/scroll/{view}?limit=2{after}")).await, "contacts");
        if batch.is_empty() {
            break;
        }
        walked.extend(batch);
    }
    assert_eq!(walked, seeded);
}

#[rstest]
#[case("/contacts/view/{}")]
#[case("/api/contacts/view/{}/")]
#[case("/api/contacts/view/{}.json")]
#[case("/crm/sales/contacts/view/{}")]
#[case("/crm/sales/api/contacts/view/{}?include=owner,,nonsense")]
#[tokio::test]
async fn every_spelling_of_a_path_works(#[case] path: &str) {
    let (app, seeded, view) = with_contacts(1).await;
    let got = App::send(app.request(reqwest::Method::GET, &path.replace("{}", &view.to_string()))).await;
    assert_eq!(ids(&got, "contacts"), seeded);
}

#[tokio::test]
async fn side_loads_come_first_then_the_rows_then_meta() {
    let (app, _, view) = with_contacts(2).await;
    let got = app.get(&format!("/contacts/view/{view}?include=owner,sales_accounts")).await.ok(200);
    assert_eq!(got.as_object().unwrap().keys().collect::<Vec<_>>(), ["users", "contacts", "meta"]);
    assert_eq!(got["users"].as_array().unwrap().len(), 1);
    assert_eq!(got["contacts"][0]["sales_accounts"], json!([]));
    let bare = app.get(&format!("/contacts/view/{view}")).await.ok(200);
    assert!(bare["contacts"][0].get("owner_id").is_none());
    let account = app.account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    assert!(app.get(&format!("/sales_accounts/{account}")).await.ok(200)["sales_account"]["owner_id"].is_i64());
}

#[tokio::test]
async fn amounts_are_strings_and_never_null() {
    let app = App::start().await;
    let deal = app.account.seed_deal(&json!({"name": "D", "amount": 12.5}));
    let shown = app.get(&format!("/deals/{deal}")).await.ok(200)["deal"].clone();
    for name in ["amount", "base_currency_amount", "expected_deal_value"] {
        assert_eq!(shown[name], Value::String("12.5".to_owned()));
    }
}

#[tokio::test]
async fn tasks_are_filtered_by_either_spelling() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    let task = |due: &str, status: i64| {
        app.account.seed(
            Kind::Task,
            &json!({"title": "T", "due_date": due, "status": status,
            "targetable_type": "Contact", "targetable_id": contact}),
        )
    };
    let (late, today) = (task("2026-06-14", 0), task("Mon Jun 15 2026 23:00:00 GMT+0000 (UTC)", 0));
    let (tomorrow, done) = (task("2026-06-16T09:00:00Z", 0), task("2026-06-15", 1));
    for (filter, expected) in [
        ("open", vec![late, today, tomorrow]),
        ("due%20today", vec![today]),
        ("due_today", vec![today]),
        ("due+tomorrow", vec![tomorrow]),
        ("overdue", vec![late]),
        ("completed", vec![done]),
    ] {
        let got = app.get(&format!("/tasks?filter={filter}")).await;
        assert_eq!(
            (ids(&got, "tasks"), &got.json()["meta"]),
            (expected.clone(), &json!({"total": expected.len()})),
            "{filter}"
        );
    }
    assert_eq!(app.get("/tasks").await.status, 400);
    let marked = app.put(&format!("/tasks/{today}"), &json!({"task": {"status": 1}})).await.ok(200);
    assert_eq!(marked["task"]["completed_date"], Value::Null);
    assert_eq!(app.get(&format!("/tasks/{today}")).await.ok(200)["task"]["completed_date"], "2026-06-15T12:30:30Z");
    assert_eq!(app.delete(&format!("/tasks/{today}")).await.ok(200), json!({"success": "200"}));
}
