//! A lead from a form lands once, as the account's generation keeps people.

use freshsales_sandbox::{Generation, Switches};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::{Value, json};

fn ada() -> Value {
    json!({ "email": "Ada@Example.com", "firstName": "Ada", "lastName": "King", "company": "Acme Corp", "source": "Web" })
}

#[tokio::test]
async fn on_classic_a_new_lead_is_a_lead_with_its_company_inside() {
    let gateway = TestGateway::of(Generation::Classic).await;
    let answer = gateway.land("/leads", &ada()).await;
    let lead = &gateway.account().leads()[0];
    assert_eq!(answer.body, json!({ "success": true, "existing": false, "leadId": lead["id"] }));
    assert_eq!((&lead["email"], &lead["company"]["name"]), (&json!("ada@example.com"), &json!("Acme Corp")));
}

#[tokio::test]
async fn on_suite_a_new_lead_is_a_contact_in_its_lead_stage_linked_to_its_company() {
    let gateway = TestGateway::open().await;
    let answer = gateway.land("/leads", &ada()).await;
    let contact = &gateway.account().contacts()[0];
    assert_eq!((&answer.body["existing"], &answer.body["leadId"]), (&json!(false), &contact["id"]));
    let stage = gateway.account().selector_id("lifecycle_stages", "Lead").unwrap();
    assert_eq!(contact["lifecycle_stage_id"], json!(stage));
    assert_eq!(contact["sales_accounts"][0]["name"], "Acme Corp");
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn a_repeat_is_the_same_record_and_costs_nothing(#[case] generation: Generation) {
    let gateway = TestGateway::of(generation).await;
    gateway.land("/leads", &ada()).await;
    gateway.account().clear_requests();
    let again = gateway.land("/leads", &json!({ "email": "ada@example.com", "firstName": "Ada" })).await;
    assert_eq!(again.body["existing"], json!(true));
    assert_eq!(gateway.account().request_count(), 0);
    let people = gateway.account().leads().len() + gateway.account().contacts().len();
    assert_eq!(people, 1);
}

#[rstest]
#[case::suite(Generation::Suite, 1)]
#[case::classic(Generation::Classic, 2)]
#[tokio::test]
async fn a_new_lead_costs_few_requests(#[case] generation: Generation, #[case] most: u64) {
    let gateway = TestGateway::of(generation).await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    gateway.account().clear_requests();
    gateway.land("/v1/leads", &json!({ "email": "ada@example.com", "first_name": "Ada" })).await;
    assert_eq!(gateway.account().request_count(), most);
}

#[tokio::test]
async fn an_existing_contact_gets_blanks_filled_and_nothing_overwritten() {
    let gateway = TestGateway::open().await;
    let id = gateway.account().seed_contact(
        &json!({ "email": "ada@example.com", "first_name": "Augusta", "custom_field": { "cf_license_key": "EU" } }),
    );
    let lead = json!({ "email": "ada@example.com", "first_name": "Ada", "job_title": "Countess", "tags": ["web"] });
    let answer = gateway.land("/v1/leads", &lead).await;
    assert_eq!(
        (&answer.body["outcome"]["existing"], &answer.body["outcome"]["person"]["id"]),
        (&json!(true), &json!(id))
    );
    let contact = &gateway.account().contacts()[0];
    assert_eq!(
        (&contact["first_name"], &contact["job_title"], &contact["tags"]),
        (&json!("Augusta"), &json!("Countess"), &json!(["web"]))
    );
    assert_eq!(contact["custom_field"]["cf_license_key"], "EU");
}

#[tokio::test]
async fn overwriting_must_be_asked_for() {
    let gateway = TestGateway::open().await;
    gateway
        .account()
        .seed_contact(&json!({ "email": "ada@example.com", "first_name": "Augusta", "last_name": "Byron" }));
    gateway.land("/v1/leads", &json!({ "email": "ada@example.com", "first_name": "Ada", "overwrite": true })).await;
    let contact = &gateway.account().contacts()[0];
    assert_eq!((&contact["first_name"], &contact["last_name"]), (&json!("Ada"), &json!("Byron")));
}

#[tokio::test]
async fn an_existing_contact_on_classic_is_not_made_a_lead() {
    let gateway = TestGateway::of(Generation::Classic).await;
    let id =
        gateway.account().seed_contact(&json!({ "email": "ada@example.com", "first_name": "Ada", "last_name": "K" }));
    let answer = gateway.land("/leads", &ada()).await;
    assert_eq!(answer.body, json!({ "success": true, "existing": true, "contactId": id }));
    assert!(gateway.account().leads().is_empty());
}

#[tokio::test]
async fn a_mobile_that_is_taken_matches_by_phone() {
    let gateway = TestGateway::open().await;
    gateway.account().set_switches(Switches { mobile_unique: true, ..Switches::default() });
    let id = gateway.account().seed_contact(&json!({ "last_name": "King", "mobile_number": "+4930901820" }));
    let answer = gateway.land("/v1/leads", &json!({ "email": "ada@example.com", "phone": "+49 30 901820" })).await;
    assert_eq!(answer.body["outcome"]["person"]["id"], json!(id));
    assert_eq!(gateway.account().contacts().len(), 1);
}

#[tokio::test]
async fn one_phone_in_two_spellings_is_one_person() {
    let gateway = TestGateway::open().await;
    gateway.land("/v1/leads", &json!({ "phone": "+1 (415) 555-2671", "last_name": "King" })).await;
    let again = gateway.land("/v1/leads", &json!({ "phone": "+14155552671" })).await;
    assert_eq!((&again.body["outcome"]["existing"], gateway.account().contacts().len()), (&json!(true), 1));
}

#[tokio::test]
async fn an_account_without_unique_emails_is_not_doubled_either() {
    let gateway = TestGateway::open().await;
    gateway.account().set_switches(Switches { contact_email_unique: false, ..Switches::default() });
    gateway.account().seed_contact(&json!({ "email": "ada@example.com", "last_name": "K" }));
    gateway.land("/leads", &ada()).await;
    assert_eq!(gateway.account().contacts().len(), 1);
}

#[tokio::test]
async fn the_whole_story_is_told() {
    let gateway = TestGateway::of(Generation::Classic).await;
    let lead = json!({ "email": "ada@example.com", "note": "Wants a demo", "source": "Skywriting" });
    let posted = gateway.land("/v1/leads", &lead).await;
    let story = gateway.get(&format!("/v1/submissions/{}", posted.submission())).await.body;
    let calls: Vec<&str> = story["attempts"].as_array().unwrap().iter().map(|a| a["call"].as_str().unwrap()).collect();
    assert_eq!(calls, ["describe_account", "read_catalog", "find_person", "upsert_person", "add_note"], "{story:#}");
    let decisions = story["decisions"].to_string();
    assert!(decisions.contains("nobody in the CRM") && decisions.contains("Skywriting"), "{decisions}");
}
