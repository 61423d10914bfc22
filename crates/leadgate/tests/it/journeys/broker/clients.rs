//! A client of the CRM works through the gateway once it has another address and another key.

use freshsales::lookup::{self, Entity};
use freshsales::{Client, Credentials, contacts, search, selectors};
use freshsales_sandbox::Generation;
use leadgate_store::model::AppKey;
use leadgate_store::scopes::Scopes;
use leadgate_testkit::TestGateway;
use leadgate_web::Access;
use leadgate_web::auth::key_digest;
use rstest::rstest;
use serde_json::{Value, json};

const APP_KEY: &str = "lg_of_the_reports";

async fn gateway(generation: Generation) -> TestGateway {
    let key = AppKey { name: "reports".to_owned(), digest: key_digest(APP_KEY), may: Scopes::ALL };
    TestGateway::builder().generation(generation).web(|web| web.access = Access::Keys(vec![key])).open().await
}

#[rstest]
#[tokio::test]
async fn the_typed_client_makes_its_basic_calls(
    #[values(Generation::Classic, Generation::Suite)] generation: Generation,
) {
    let gateway = gateway(generation).await;
    let credentials = Credentials::parse(APP_KEY, &format!("{}/crm/default", gateway.url())).unwrap();
    let client = Client::detect(credentials).await.unwrap();
    assert_eq!(client.generation() == freshsales::Generation::Classic, generation == Generation::Classic);
    let ingrid = || contacts::ContactAttributes::new().last_name("Halvorsen").email("ingrid@example.com");
    let made = client.send(&contacts::create(ingrid())).await.unwrap().output.record.id;
    let key = contacts::UniqueKey::emails("ingrid@example.com");
    let upserted = client.send(&contacts::upsert(key, ingrid().first_name("Ingrid"))).await.unwrap();
    assert_eq!(upserted.output.record.id, made);
    gateway.account().advance(std::time::Duration::from_secs(60));
    let found = client.send(&search::query("ingrid@example.com", ["contact"])).await.unwrap().output;
    assert_eq!(found.len(), 1);
    client.send(&lookup::by("email", "ingrid@example.com", [Entity::Contact])).await.unwrap();
    assert!(!client.send(&selectors::owners()).await.unwrap().output.is_empty());
    assert_eq!(gateway.account().contacts().len(), 1);
}

/// The script of the integration guide: base, key and three headers, plain JSON.
#[rstest]
#[case(Generation::Classic, "/api", "lead")]
#[case(Generation::Suite, "/crm/sales/api", "contact")]
#[tokio::test]
async fn a_plain_script_works_with_another_base_and_key(
    #[case] generation: Generation,
    #[case] base: &str,
    #[case] kind: &str,
) {
    let gateway = gateway(generation).await;
    let key = format!("Token token={APP_KEY}");
    let headers = [("authorization", key.as_str()), ("accept", "application/json")];
    let person =
        json!({ kind: { "last_name": "Halvorsen", "emails": "ingrid@example.com", "email": "ingrid@example.com" } });
    let made = gateway.through("POST", &format!("{base}/{kind}s"), &person, &headers).await;
    assert!(matches!(made.status, 200 | 201), "{made:?}");
    let id = &made.body[kind]["id"];
    let note = json!({ "note": { "description": "Wants a demo", "targetable_type": if kind == "lead" { "Lead" } else { "Contact" }, "targetable_id": id } });
    assert!(gateway.through("POST", &format!("{base}/notes"), &note, &headers).await.status < 300);
    let lookup = format!("{base}/lookup?q=ingrid@example.com&f=email&entities={kind}");
    let found: Value = gateway.read_through(&lookup, &headers).await.body;
    assert!(found.to_string().contains(&id.to_string()), "{found}");
    assert_eq!(gateway.account().notes().len(), 1);
}
