//! Sentences and view names in the language of the key's owner; codes, statuses and names of attributes stay.

use freshsales_sandbox::{Kind, Language, SandboxConfig, Switches};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, Got, config};

/// One refusal of each sort, in the same order in every language.
async fn refusals(language: Language) -> Vec<Got> {
    let switches =
        Switches { mobile_unique: true, required_contact_fields: vec!["job_title".into()], ..Switches::default() };
    let app = App::with(SandboxConfig { language, ..config() }).await;
    app.account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    app.account.seed_contact(&json!({"last_name": "A", "mobile_number": "+4790000011", "job_title": "CTO"}));
    app.account.set_switches(switches);
    let contact = |extra: Value| {
        let mut body = json!({"last_name": "B", "job_title": "CTO"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    vec![
        app.get("/contacts").await,
        app.get("/contacts/71999999999").await,
        app.post("/contacts", &json!({"last_name": "B"})).await,
        app.post("/contacts", &contact(json!({"mobile_number": "+4790000011"}))).await,
        app.post("/contacts", &contact(json!({"lead_source_id": 1}))).await,
        app.post("/contacts", &contact(json!({"city": "x".repeat(300)}))).await,
        app.post("/contacts", &contact(json!({"email": ""}))).await,
        app.post("/sales_accounts", &json!({"name": "Acme"})).await,
        app.post("/deals", &json!({"name": "D"})).await,
        app.post("/contacts/upsert", &json!({"contact": {}})).await,
    ]
}

#[rstest]
#[case(Language::Dutch)]
#[case(Language::Spanish)]
#[case(Language::German)]
#[case(Language::Pseudo)]
#[tokio::test]
async fn every_refusal_says_the_same_in_other_words(#[case] language: Language) {
    let (english, other) = (refusals(Language::English).await, refusals(language).await);
    for (english, other) in english.iter().zip(&other) {
        let code =
            |got: &Got| (got.status, got.json()["errors"]["code"].clone(), got.json()["errors"]["error_code"].clone());
        assert_eq!(code(english), code(other));
        assert_ne!(english.message(), other.message());
    }
}

#[rstest]
#[case("nl", "Alle contactpersonen", "2 contactpersonen bijgewerkt.")]
#[case("es", "Todos los contactos", "2 contactos actualizados.")]
#[case("de", "Alle Kontakte", "2 Kontakte aktualisiert.")]
#[tokio::test]
async fn views_and_confirmations_are_in_the_language_too(
    #[case] code: &str,
    #[case] view: &str,
    #[case] message: &str,
) {
    let app = App::start().await;
    let url = format!("{}/__sandbox/language", app.sandbox.root_url());
    App::send(app.http.put(url).json(&json!({"language": code}))).await.ok(200);
    let filters = app.get("/contacts/filters").await.ok(200);
    assert!(filters["filters"].as_array().unwrap().iter().any(|filter| filter["name"] == view), "{filters}");
    let ids = [0, 1].map(|_| app.account.seed_contact(&json!({"last_name": "A"})));
    let owner = app.account.selector_id("owners", "Nadia Rahman");
    let done = app.post("/contacts/bulk_assign_owner", &json!({"selected_ids": ids, "owner_id": owner})).await.ok(200);
    assert_eq!(done["message"], message);
}

#[rstest]
#[case("/tasks", json!({"title": ""}), "Titel mag niet leeg zijn")]
#[case("/appointments", json!({"title": "A", "from_date": null}), "Begindatum mag niet leeg zijn")]
#[case(
    "/appointments",
    json!({"title": "A", "from_date": "2026-06-16T10:00:00Z", "end_date": "2026-06-16T09:00:00Z"}),
    "Einddatum mag niet vóór Begindatum liggen"
)]
#[case("/phone_calls", json!({}), "Belrichting mag niet leeg zijn")]
#[case("/lists", json!({"name": ""}), "Naam mag niet leeg zijn")]
#[case("/cpq/products", json!({"product": {"name": "A", "parent_product": 1}}), "Ongeldige waarde voor Hoofdproduct opgegeven.")]
#[case("/cpq/cpq_documents", json!({"cpq_document": {}}), "Deal mag niet leeg zijn")]
#[case("/settings/module_customizations", json!({"module_customization": {}}), "Naam van de entiteit mag niet leeg zijn")]
#[tokio::test]
async fn activities_and_commerce_are_refused_in_the_language_too(
    #[case] path: &str,
    #[case] body: Value,
    #[case] sentence: &str,
) {
    let app = App::with(SandboxConfig { language: Language::Dutch, ..config() }).await;
    let got = app.post(path, &body).await;
    assert!(got.text.contains(sentence), "{}", got.text);
}

#[tokio::test]
async fn lists_products_and_modules_confirm_in_the_language_too() {
    let app = App::with(SandboxConfig { language: Language::German, ..config() }).await;
    let list = app.post("/lists", &json!({"name": "Juni"})).await.ok(200)["list"]["id"].clone();
    let contact = app.account.seed_contact(&json!({"last_name": "A"}));
    let change = async |action: &str, body: Value| app.put(&format!("/lists/{list}/{action}"), &body).await.ok(200);
    assert_eq!(change("add_contacts", json!({"ids": [contact]})).await["message"], "1 Kontakt aktualisiert.");
    let later = change("remove_contacts", json!({"all": true})).await;
    assert_eq!(later["message"], "Wird aktualisiert... Sie erfahren, wenn es fertig ist.");
}

#[tokio::test]
async fn the_edge_and_the_sign_in_know_no_language() {
    let app = App::with(SandboxConfig { language: Language::Pseudo, ..config() }).await;
    let wrong_key = app.http.get(format!("{}/crm/sales/api/contacts/1", app.sandbox.root_url()));
    let refused = App::send(wrong_key.header("accept", "application/json")).await;
    assert_eq!(refused.ok(401), json!({"login": "failed", "message": null}));
}
