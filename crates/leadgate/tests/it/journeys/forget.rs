//! Forgetting a person: through every door something of them comes in, and in the end no byte of any file is left of it.

use std::path::Path;

use freshsales_sandbox::Generation;
use leadgate_core::identity::{Email, IdentityKey, Phone};
use leadgate_engine::sync::{SyncRun, SyncSettings, Turn};
use leadgate_postgres_server::Database;
use leadgate_testkit::{Answer, Behaviour, TestGateway, TestReceiver};
use leadgate_warehouse::SinkSpec;
use rstest::rstest;
use serde_json::{Value, json};

const EMAIL: &str = "ada.lovelace@example.org";
const PHONE: &str = "+14155552671";
const SECRET: &str = "xyzzy-the-secret";
const OTHER: &str = "xada.lovelace@example.org";

/// A form, notifications, and an event that leaves a note and a delivery.
fn rules(receiver: &TestReceiver) -> String {
    format!(
        r#"
[forms.demo]
key = "pk_demo_4f1c9a27"
origins = ["https://www.example.com"]
fields = {{ email = "email", name = "full_name", message = "note" }}

[notifications]
secrets = ["$SECRET"]

[destinations.hook]
kind = "webhook"
url = "{}"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw"]
allow = ["127.0.0.1"]

[[playbook.rules]]
name = "trial"
event = "Trial Started"
steps = [
  {{ do = "person", create = true }},
  {{ do = "note", text = "{{{{ properties.said }}}}" }},
  {{ do = "send", to = "hook" }},
]
"#,
        receiver.url()
    )
}

/// Hands something of the person in through every door.
async fn hand_in(gateway: &TestGateway) {
    let lead = json!({"email": "Ada.Lovelace@Example.org", "last_name": "King", "phone": "+1 (415) 555-2671",
                      "note": format!("{SECRET} one"), "tags": ["vip"]});
    assert!(gateway.land("/v1/leads", &lead).await.status < 300);
    let account = gateway.account();
    let (kind, people) =
        if account.leads().is_empty() { ("contact", account.contacts()) } else { ("lead", account.leads()) };
    let person = people[0]["id"].as_i64().unwrap();
    let note = json!({"text": format!("{SECRET} two, of {EMAIL}"), "target": {"kind": kind, "id": person}});
    gateway.land("/v1/notes", &note).await;
    gateway.land("/notes", &json!({"leadId": person, "note": format!("{SECRET} three")})).await;
    gateway.land("/v1/notes", &json!({"text": format!("{SECRET} four"), "email": EMAIL})).await;
    let event = |id: &str, name: &str| {
        json!({"event": name, "user_id": "u-1", "id": id, "email": EMAIL, "at": "2026-06-15T14:00:00Z",
               "properties": {"said": format!("{SECRET} five")}, "traits": {"email": EMAIL, "phone": PHONE}})
    };
    gateway.land("/v1/events", &event("1", "Trial Started")).await;
    let unnamed = json!({"event": "Seen", "user_id": "u-1", "properties": {"said": format!("{SECRET} six")}});
    gateway.land("/v1/events", &unnamed).await;
    let fields = [
        ("form_key", "pk_demo_4f1c9a27"),
        ("name", "Ada King"),
        ("email", EMAIL),
        ("message", "xyzzy-the-secret seven & more"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let posted = gateway.post_form("/forms/demo", "https://www.example.com/demo", &fields).await;
    assert!(posted.status < 400, "{}", posted.body);
    let told = json!({format!("{kind}_id"): person, format!("{kind}_email"): EMAIL, format!("{kind}_last_name"): format!("{SECRET} eight")});
    let secret = [("x-leadgate-secret", "testkit-secret-0123456789")];
    gateway.post_with("/freshsales/webhook", &told, &secret).await;
    gateway.settle().await;
    gateway.land("/v1/leads", &json!({"email": OTHER, "last_name": "Bob"})).await;
}

/// Syncs the account into the copy and its sinks.
async fn sync(gateway: &TestGateway, settings: &SyncSettings) {
    gateway.account().advance(std::time::Duration::from_secs(3_600));
    let mut run = SyncRun::begin(gateway.engine().clone(), settings.clone()).await.unwrap();
    loop {
        match run.step().await.unwrap() {
            Turn::Worked => {}
            Turn::Wait(_) => gateway.account().advance(std::time::Duration::from_secs(1)),
            Turn::Ended(_) => return,
        }
    }
}

/// Files in which one of the texts is, whatever its case.
fn holding(folder: &Path, texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(holding(&entry, texts));
            continue;
        }
        let bytes = std::fs::read(&entry).unwrap().to_ascii_lowercase();
        let has = |text: &&String| bytes.windows(text.len()).any(|window| window == text.to_lowercase().as_bytes());
        found.extend(texts.iter().filter(has).map(|text| format!("{text} in {}", entry.display())));
    }
    found
}

/// The forms in which the gateway may have stored what it was sent; the address without its first letter, which the other's has too, is told by it.
fn traces() -> Vec<String> {
    let plain =
        [format!("\"{EMAIL}"), format!(" {EMAIL}"), SECRET.to_owned(), PHONE.to_owned(), "(415) 555-2671".to_owned()];
    let packed = ["=ada.lovelace%40example.org", "xyzzy-the-secret+seven", "ada.lovelace\\u0040"].map(str::to_owned);
    plain.into_iter().chain(packed).collect()
}

async fn forget(gateway: &TestGateway, settings: &SyncSettings, body: Value) -> Answer {
    let asked = gateway.post("/v1/forget", &body).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let forgetter = gateway.forgetter(settings.clone());
    for _ in 0..3 {
        forgetter.pass().await.unwrap();
        gateway.settle().await;
    }
    gateway.get(&format!("/v1/forget/{}", asked.body["id"].as_str().unwrap())).await
}

fn settings(gateway: &TestGateway) -> SyncSettings {
    let folder = gateway.folder();
    let sinks = ["out/", "tables.sqlite"].map(|name| format!("{}/{name}", folder.display()));
    let sinks = sinks.iter().map(|sink| SinkSpec::parse(sink).unwrap()).collect();
    SyncSettings { sinks, ..SyncSettings::new(folder.join("copy.db")) }
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test]
async fn no_byte_of_a_forgotten_person_is_left(#[case] generation: Generation) {
    let receiver = TestReceiver::start().await;
    receiver.next([Behaviour::Answer(400)]);
    let gateway = TestGateway::builder().generation(generation).rules(&rules(&receiver)).open().await;
    hand_in(&gateway).await;
    let settings = settings(&gateway);
    sync(&gateway, &settings).await;
    let before = holding(gateway.folder(), &traces());
    assert!(before.iter().any(|found| found.contains("copy.db")) && before.len() > 4, "{before:#?}");
    let receipt = forget(&gateway, &settings, json!({"email": EMAIL, "phone": PHONE})).await.body;
    assert_eq!(receipt["phase"], "done", "{receipt:#}");
    let left = holding(gateway.folder(), &traces());
    assert!(left.is_empty(), "{left:#?}\n{receipt:#}");
    assert!(!receipt.to_string().contains("ada.lovelace"), "{receipt:#}");
    assert_eq!(receipt["crm"]["status"], "done", "{receipt:#}");
    let people = gateway.account().contacts().len() + gateway.account().leads().len();
    assert_eq!(people, 1, "the other is there still");
    let found = holding(gateway.folder(), &[OTHER.to_owned()]);
    assert!(found.iter().any(|found| found.contains("gateway.db")), "{found:?}");
}

/// Nor is what can be computed of the person alone, which would tell whoever asks for somebody that they were there.
fn traces_in_a_dump() -> Vec<String> {
    let keys = [
        IdentityKey::of_email(&Email::parse(EMAIL).unwrap()),
        IdentityKey::of_phone(&Phone::parse(PHONE, None)).unwrap(),
    ];
    let digests = keys.iter().map(|key| key.as_str().split_once(':').unwrap().1.to_owned());
    let names = ["\"king\"", "ada king"].map(str::to_owned);
    traces().into_iter().chain(digests).chain(names).collect()
}

fn among(dump: &str, texts: &[String]) -> Vec<String> {
    let dump = dump.to_lowercase();
    texts.iter().filter(|text| dump.contains(&text.to_lowercase())).cloned().collect()
}

/// Tables in which rows are dead that no vacuum has let go of, of those in which something of a person may be.
fn tables_with_dead_rows(database: &Database) -> String {
    database.ask("CREATE EXTENSION IF NOT EXISTS pgstattuple");
    database.ask(
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE nspname = 'leadgate' AND relkind = 'r' AND relname <> ALL ('{budget,catalog,routing,duties,watches}')
           AND (pgstattuple(pg_class.oid)).dead_tuple_count > 0",
    )
}

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test]
async fn no_row_of_a_database_has_a_forgotten_person(#[case] generation: Generation) {
    let receiver = TestReceiver::start().await;
    receiver.next([Behaviour::Answer(400)]);
    let gateway = TestGateway::builder().generation(generation).rules(&rules(&receiver)).in_database().open().await;
    let database = gateway.database().unwrap();
    hand_in(&gateway).await;
    let settings = settings(&gateway);
    sync(&gateway, &settings).await;
    let before = among(&database.dump(), &traces_in_a_dump());
    assert!(before.len() > 7, "{before:?}");
    let receipt = forget(&gateway, &settings, json!({"email": EMAIL, "phone": PHONE})).await.body;
    assert_eq!(receipt["phase"], "done", "{receipt:#}");
    let dump = database.dump();
    assert_eq!(among(&dump, &traces_in_a_dump()), Vec::<String>::new(), "{receipt:#}");
    assert_eq!(among(&dump, &[OTHER.to_owned()]), [OTHER], "the other is there still");
    assert_eq!(tables_with_dead_rows(database), "");
}

#[tokio::test]
async fn who_was_forgotten_and_comes_again_is_new() {
    let gateway = TestGateway::open().await;
    let lead = json!({"email": EMAIL, "last_name": "King"});
    gateway.land("/v1/leads", &lead).await;
    let receipt = forget(&gateway, &settings(&gateway), json!({"email": EMAIL})).await.body;
    assert_eq!(receipt["receipt"]["crm"]["records_forgotten"], 1, "{receipt:#}");
    assert!(gateway.account().contacts().is_empty());
    let again = json!({"email": EMAIL, "last_name": "King", "note": "again"});
    let landed = gateway.land("/v1/leads", &again).await;
    assert_eq!((landed.status, gateway.account().contacts().len()), (201, 1));
}

#[tokio::test]
async fn the_crm_is_left_alone_where_that_is_asked_for() {
    let gateway = TestGateway::open().await;
    gateway.land("/v1/leads", &json!({"email": EMAIL, "last_name": "King"})).await;
    let count = gateway.post("/v1/forget", &json!({"email": EMAIL, "dry_run": true})).await;
    assert_eq!((count.status, count.body["would_erase"]["submissions"].clone()), (200, json!(1)));
    let receipt = forget(&gateway, &settings(&gateway), json!({"email": EMAIL, "keep_in_crm": true})).await.body;
    assert_eq!((receipt["phase"].as_str(), receipt["crm"]["status"].as_str()), (Some("done"), Some("left_alone")));
    assert_eq!(gateway.account().contacts().len(), 1);
}

#[rstest]
#[case::nobody(json!({}), 422)]
#[case::no_address(json!({"email": "ada"}), 422)]
#[case::no_number(json!({"phone": "030 12"}), 422)]
#[case::no_person(json!({"record": "deal:7"}), 422)]
#[case::another_word(json!({"mail": "a@b.co"}), 400)]
#[tokio::test]
async fn a_demand_that_names_nobody_is_refused(#[case] body: Value, #[case] status: u16) {
    let gateway = TestGateway::open().await;
    let answer = gateway.post("/v1/forget", &body).await;
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(gateway.get("/v1/forget/0197").await.status, 404);
}
