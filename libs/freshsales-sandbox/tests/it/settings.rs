//! Picklists, field metadata, forms.

use freshsales_sandbox::{CustomField, CustomFieldType, Kind, Switches};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::App;

fn field<'a>(fields: &'a Value, name: &str) -> &'a Value {
    fields.as_array().unwrap().iter().find(|field| field["name"] == name).unwrap()
}

#[tokio::test]
async fn some_selectors_belong_to_one_generation() {
    let app = App::start().await;
    assert_eq!(app.classic_get("/selector/lead_stages").await.ok(200)["lead_stages"][2]["name"], "Qualified");
    assert_eq!(app.get("/selector/lead_stages").await.status, 404);
    assert_eq!(app.get("/selector/lifecycle_stages").await.ok(200)["lifecycle_stages"][0]["name"], "Lead");
    assert_eq!(app.classic_get("/selector/lifecycle_stages").await.status, 404);
    assert_eq!(app.get("/selector/nonsense").await.status, 404);
    assert_eq!(app.get("/selector/deal_pipelines/1/deal_stages").await.status, 404);
}

#[tokio::test]
async fn field_metadata_follows_catalog_custom_fields_and_switches() {
    let app = App::start().await;
    app.account
        .add_custom_field(CustomField::new(Kind::Contact, "cf_plan", CustomFieldType::Dropdown).with_choices(&["Pro"]));
    let required = vec!["mobile_number".to_owned()];
    app.account.set_switches(Switches { required_contact_fields: required, ..Switches::default() });
    let fields = app.get("/settings/contacts/fields?include=field_group").await.ok(200);
    assert!(fields["field_groups"].is_array());
    let fields = &fields["fields"];
    let plan = field(fields, "cf_plan");
    assert_eq!(
        (&plan["label"], &plan["default"], &plan["choices"][0]["value"]),
        (&json!("Plan"), &json!(false), &json!("Pro"))
    );
    assert_eq!(field(fields, "mobile_number")["required"], true);
    assert_eq!(field(fields, "lead_source_id")["choices"][0]["value"], "Web");
    assert!(field(fields, "lifecycle_stage_id")["choices"][0]["id"].is_string());
    assert!(field(fields, "contact_status_id")["choices"][0]["id"].is_i64());
}

#[rstest]
#[case("contacts", "emails", "true")]
#[case("contacts", "mobile_number", "false")]
#[case("sales_accounts", "name", "true")]
#[case("deals", "name", "false")]
#[tokio::test]
async fn forms_say_what_is_unique(#[case] entity: &str, #[case] name: &str, #[case] unique: &str) {
    let app = App::start().await;
    let forms = app.get(&format!("/settings/{entity}/forms")).await.ok(200);
    let fields = &forms["forms"][0]["fields"][0]["fields"];
    assert_eq!(field(fields, name)["field_options"]["unique"], unique);
    assert_eq!(app.get("/settings/nonsense/forms").await.status, 404);
}

#[tokio::test]
async fn leads_have_fields_of_three_models_on_classic_only() {
    let app = App::start().await;
    let fields = app.classic_get("/settings/leads/fields").await.ok(200)["fields"].clone();
    let models: Vec<_> = fields.as_array().unwrap().iter().map(|field| field["base_model"].as_str().unwrap()).collect();
    assert!(["Lead", "LeadCompany", "LeadDeal"].iter().all(|model| models.contains(model)));
    assert_eq!(app.get("/settings/leads/fields").await.status, 404);
}
