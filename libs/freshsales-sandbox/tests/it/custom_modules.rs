//! Custom modules, their forms and fields, and their records.

use freshsales_sandbox::{DeletedRecord, Kind, Switches};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, id};

const MODULES: &str = "/settings/module_customizations";

fn project() -> Value {
    json!({"entity_name": "cm_project", "singular_name": "Project", "plural_name": "Projects", "icon": "icon-1"})
}

async fn with_projects() -> (App, i64) {
    let app = App::start().await;
    let made = app.post(MODULES, &json!({ "module_customization": project() })).await.ok(200);
    (app, id(&made, "module_customization"))
}

async fn field(app: &App, entity: &str, body: Value) -> Value {
    let form = app.get(&format!("/settings/{entity}/forms")).await.ok(200)["forms"][0]["id"].clone();
    app.post(&format!("/settings/{entity}/forms/{form}/fields"), &body).await.ok(200)["field"].clone()
}

async fn record(app: &App, body: Value) -> i64 {
    id(&app.post("/custom_module/cm_project", &json!({ "cm_project": body })).await.ok(200), "cm_project")
}

#[tokio::test]
async fn modules_are_made_listed_changed_and_removed_with_their_records() {
    let (app, module) = with_projects().await;
    let listed = app.get(MODULES).await.ok(200)["module_customizations"].clone();
    let custom: Vec<_> = listed.as_array().unwrap().iter().filter(|module| module["custom"] == true).collect();
    assert_eq!((custom.len(), &custom[0]["entity_name"]), (1, &json!("cm_project")));
    let path = format!("{MODULES}/{module}");
    app.put(&path, &json!({"module_customization": {"singular_name": "Job", "show_in_navigation_menu": false}}))
        .await
        .ok(200);
    let seen = app.get(&path).await.ok(200)["module_customization"].clone();
    assert_eq!(
        (&seen["singular_name"], &seen["show_in_navigation_menu"], &seen["icon"]),
        (&json!("Job"), &json!(false), &json!("icon-1"))
    );
    let row = record(&app, json!({"name": "A"})).await;
    assert_eq!(app.delete(&path).await.ok(200)["message"], "Job deleted.");
    assert_eq!(app.get(&format!("/custom_module/cm_project/{row}")).await.status, 404);
    assert_eq!((app.account.count(Kind::ModuleRecord), app.get(&path).await.status), (0, 404));
}

#[rstest]
#[case("entity_name", json!(""), "Entity name can't be empty")]
#[case("icon", Value::Null, "Icon can't be empty")]
#[case("entity_name", json!("cm project"), "Invalid value for entity_name.")]
#[case("entity_name", json!("contacts"), "Invalid value for entity_name.")]
#[case("entity_name", json!("cm_project"), "Entity name is not unique")]
#[tokio::test]
async fn a_module_that_makes_no_sense_is_refused(#[case] name: &str, #[case] value: Value, #[case] sentence: &str) {
    let (app, _) = with_projects().await;
    let mut body = project();
    body["entity_name"] = json!("cm_other");
    body[name] = value;
    assert_eq!(app.post(MODULES, &json!({ "module_customization": body })).await.message(), sentence);
}

#[tokio::test]
async fn records_have_the_module_s_envelope_and_fields() {
    let (app, _) = with_projects().await;
    let made = field(&app, "cm_project", json!({"label": "Budget (EUR)", "field_type": 2, "required": true})).await;
    assert_eq!(
        (&made["name"], &made["type"], &made["required"]),
        (&json!("cf_budget_eur"), &json!("number"), &json!(true))
    );
    let path = "/custom_module/cm_project";
    assert_eq!(app.post(path, &json!({"name": "A"})).await.message(), "Budget (EUR) can't be empty");
    let body = json!({"cm_project": {"name": "A", "custom_field": {"cf_budget_eur": "10"}}});
    let row = app.post(path, &body).await.ok(200)["cm_project"].clone();
    assert_eq!(row["custom_field"], json!({"cf_budget_eur": 10}));
    let unknown = json!({"name": "A", "custom_field": {"cf_budget_eur": 1, "cf_seats": 1}});
    assert_eq!(app.post(path, &unknown).await.status, 400);
    let one = format!("{path}/{}", row["id"]);
    let changed = app.put(&one, &json!({"cm_project": {"name": "B"}})).await.ok(200)["cm_project"].clone();
    assert_eq!((&changed["name"], &changed["custom_field"]), (&json!("B"), &row["custom_field"]));
    let copy =
        app.post(&format!("{one}/clone"), &json!({"cm_project": {"name": "C"}})).await.ok(200)["cm_project"].clone();
    assert_eq!(
        (&copy["name"], &copy["custom_field"], copy["id"] == row["id"]),
        (&json!("C"), &row["custom_field"], false)
    );
    assert_eq!(app.get(&one).await.ok(200)["cm_project"]["name"], "B");
}

#[tokio::test]
async fn records_are_deleted_forgotten_and_destroyed_in_bulk() {
    let (app, _) = with_projects().await;
    let [one, two, three] = [
        record(&app, json!({"name": "A"})).await,
        record(&app, json!({"name": "B"})).await,
        record(&app, json!({"name": "C"})).await,
    ];
    let path = |id: i64| format!("/custom_module/cm_project/{id}");
    assert_eq!(app.delete(&path(one)).await.ok(200)["message"], "Project deleted.");
    assert_eq!(app.delete(&format!("{}/forget", path(one))).await.ok(200), json!(true));
    assert_eq!(app.delete(&format!("{}/forget", path(one))).await.status, 404);
    let said =
        app.post("/custom_module/cm_project/bulk_destroy", &json!({"selected_ids": [one, two, three]})).await.ok(200);
    assert_eq!((&said["message"], app.account.count(Kind::ModuleRecord)), (&json!("2 Projects deleted."), 0));
    assert_eq!(app.get(&path(two)).await.status, 404);
    app.account.set_switches(Switches { deleted_record: DeletedRecord::Shown, ..Switches::default() });
    assert_eq!(app.get(&path(two)).await.ok(200)["cm_project"]["name"], "B");
}

#[tokio::test]
async fn a_module_does_not_see_another_s_records() {
    let (app, _) = with_projects().await;
    let mut other = project();
    other["entity_name"] = json!("cm_site");
    app.post(MODULES, &json!({ "module_customization": other })).await.ok(200);
    let row = record(&app, json!({"name": "A", "module_id": 1})).await;
    assert_eq!(app.get(&format!("/custom_module/cm_site/{row}")).await.status, 404);
    assert_eq!(app.delete(&format!("/custom_module/cm_site/{row}/forget")).await.status, 404);
    let rows = app.post("/filtered_search/cm_site", &json!({"filter_rule": []})).await.ok(200);
    assert_eq!(rows, json!({"cm_sites": [], "meta": {"total": 0}}));
    assert_eq!(app.get("/custom_module/cm_unknown/1").await.status, 404);
}

#[tokio::test]
async fn records_are_found_by_rules() {
    let (app, _) = with_projects().await;
    field(&app, "cm_project", json!({"label": "Budget", "field_type": 2})).await;
    for (name, budget) in [("A", 10), ("B", 20), ("C", 30)] {
        record(&app, json!({"name": name, "custom_field": {"cf_budget": budget}})).await;
    }
    let found = |body: Value| {
        let app = &app;
        async move { app.post("/filtered_search/cm_project", &body).await.ok(200) }
    };
    let rule = json!([{"attribute": "cf_budget", "operator": "greater_than", "value": 10}]);
    let rows = found(json!({"filter_rule": rule, "sort": "name", "sort_type": "desc"})).await;
    assert_eq!((&rows["cm_projects"][0]["name"], &rows["meta"]["total"]), (&json!("C"), &json!(2)));
    assert_eq!((&rows["cm_projects"][0]["partial"], rows["cm_projects"][0].get("custom_field")), (&json!(true), None));
    let detailed = found(json!({"filter_rule": rule, "detail": true, "per_page": 1})).await["cm_projects"].clone();
    assert_eq!((detailed.as_array().unwrap().len(), &detailed[0]["custom_field"]), (1, &json!({"cf_budget": 20})));
    let unknown = json!({"filter_rule": [{"attribute": "cf_x", "operator": "is", "value": 1}]});
    assert_eq!(app.post("/filtered_search/cm_project", &unknown).await.status, 400);
}

#[tokio::test]
async fn a_form_shows_the_fields_that_were_added() {
    let (app, _) = with_projects().await;
    let plan = json!({"label": "Plan", "field_type": 5, "choices": [{"value": "Pro"}, "Basic"]});
    let made = field(&app, "cm_project", plan).await;
    let fields = app.get("/settings/cm_project/forms").await.ok(200)["forms"][0]["fields"][0]["fields"].clone();
    assert_eq!((&fields[0]["name"], &fields[1]["name"]), (&json!("name"), &json!("cf_plan")));
    assert_eq!((&fields[1]["id"], &fields[1]["choices"][1]["value"]), (&made["id"], &json!("Basic")));
}

#[tokio::test]
async fn a_field_of_contacts_can_be_added_too() {
    let app = App::start().await;
    let made = field(&app, "contacts", json!({"label": "Seats", "field_type": 1, "required": true})).await;
    assert_eq!(made["name"], "cf_seats_1");
    let fields = app.get("/settings/contacts/forms").await.ok(200)["forms"][0]["fields"][0]["fields"].clone();
    let listed = fields.as_array().unwrap().iter().find(|field| field["name"] == "cf_seats_1").unwrap();
    assert_eq!((&listed["id"], &listed["required"]), (&made["id"], &json!(true)));
    assert_eq!(app.post("/contacts", &json!({"last_name": "A"})).await.message(), "Seats can't be empty");
    app.post("/contacts", &json!({"last_name": "A", "custom_field": {"cf_seats_1": "x"}})).await.ok(201);
}

#[rstest]
#[case("FORM", json!({"field_type": 1}), 400)]
#[case("FORM", json!({"label": "A"}), 400)]
#[case("FORM", json!({"label": "A", "field_type": 99}), 400)]
#[case("1", json!({"label": "A", "field_type": 1}), 404)]
#[tokio::test]
async fn a_field_that_makes_no_sense_is_refused(#[case] form: &str, #[case] body: Value, #[case] status: u16) {
    let app = App::start().await;
    let actual = app.get("/settings/deals/forms").await.ok(200)["forms"][0]["id"].to_string();
    let path = format!("/settings/deals/forms/{form}/fields").replace("FORM", &actual);
    assert_eq!(app.post(&path, &body).await.status, status);
    assert_eq!(app.post("/settings/nonsense/forms/1/fields", &body).await.status, 404);
}

#[tokio::test]
async fn classic_accounts_have_no_custom_modules() {
    let (app, module) = with_projects().await;
    assert_eq!(app.classic_get(&format!("{MODULES}/{module}")).await.status, 404);
    assert_eq!(app.classic_post("/custom_module/cm_project", &json!({"name": "A"})).await.status, 404);
}
