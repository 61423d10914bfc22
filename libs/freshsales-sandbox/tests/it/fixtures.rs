//! Every recorded or documented example is replayed against a prepared account: the reply must have the same status,
//! the same keys and the same JSON types. Values differ; a null stands for any type. `cargo xtask fixtures` counts the outcomes.

use std::collections::BTreeSet;

use freshsales_sandbox::{CustomField, CustomFieldType, Kind};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, Got};

pub(crate) fn fixture(file: &str) -> Vec<Value> {
    document(file)["examples"].as_array().unwrap().clone()
}

pub(crate) fn document(file: &str) -> Value {
    let path = format!("{}/../../fixtures/freshsales/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Ids of the examples and what they are in the account of the test.
struct Ids(Vec<(String, String)>);

impl Ids {
    fn add(&mut self, example: i64, actual: i64) {
        self.0.push((example.to_string(), actual.to_string()));
    }

    fn actual(&self, example: i64) -> i64 {
        let example = example.to_string();
        self.0.iter().find(|(known, _)| *known == example).unwrap().1.parse().unwrap()
    }

    fn replace(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (example, actual)| text.replace(example, actual))
    }
}

/// Pairs of ids of two lists of the same things.
fn pairs<'a>(example: &'a Value, actual: &'a Value) -> impl Iterator<Item = (i64, i64)> + 'a {
    let ids = |list: &'a Value| list.as_array().into_iter().flatten().filter_map(|item| item["id"].as_i64());
    ids(example).zip(ids(actual))
}

/// Picklists and views have the same names in the same order as the examples, and the same ids in every fresh account.
async fn catalog_ids(app: &App) -> Vec<(String, String)> {
    let mut ids = Ids(Vec::new());
    for example in fixture("selectors").iter().chain(&fixture("filters_and_views")) {
        let url = example["request"]["url"].as_str().unwrap();
        let is_list = (url.contains("/selector/") && url.matches('/').count() <= 7) || url.ends_with("/filters");
        let Some(body) = example["response"]["body"].as_object().filter(|_| is_list) else { continue };
        let got = send(app, example, &ids).await;
        if got.status == 200 {
            let key = body.keys().next().unwrap();
            for (example, actual) in pairs(&body[key], &got.json()[key]) {
                ids.add(example, actual);
            }
        }
    }
    let leads = app.classic_get("/leads/filters").await.json();
    let all_leads = leads["filters"].as_array().unwrap().iter().find(|view| view["name"] == "All Leads").unwrap();
    ids.add(5_000_000_801, all_leads["id"].as_i64().unwrap());
    ids.0
}

static CATALOG_IDS: tokio::sync::OnceCell<Vec<(String, String)>> = tokio::sync::OnceCell::const_new();

async fn prepare(app: &App, file: &str, name: &str) -> Ids {
    let mut ids = Ids(CATALOG_IDS.get_or_init(|| catalog_ids(app)).await.clone());
    seed_records(app, &mut ids, name, file).await;
    if matches!(file, "contact" | "deal" | "lists" | "cpq" | "custom_module" | "documented") {
        seed_commerce(app, &mut ids, name).await;
    }
    if file == "documented" {
        documented_ids(app, &mut ids).await;
    }
    ids
}

/// What the documented examples name otherwise than the recorded ones: views, the form of contacts, a Classic account's people.
async fn documented_ids(app: &App, ids: &mut Ids) {
    let form = app.get("/settings/contacts/forms").await.ok(200)["forms"][0]["id"].as_i64().unwrap();
    ids.add(40_206_001_001, form);
    let views: [(i64, i64); 3] =
        [(40_205_000_002, 40_208_000_004), (40_205_000_102, 40_208_000_102), (40_205_000_201, 40_208_000_201)];
    for (documented, recorded) in views {
        // Before the statuses, which have the same ids in other examples.
        ids.0.insert(0, (documented.to_string(), ids.actual(recorded).to_string()));
    }
    ids.add(5_000_000_501, ids.actual(40_201_000_001));
    ids.add(5_000_000_010, app.account.selector_id("owners", "Nadia Rahman").unwrap());
    let note = |kind: &str, id: i64| json!({"description": "x", "targetable_type": kind, "targetable_id": id});
    app.account.seed(Kind::Note, &note("SalesAccount", ids.actual(40_202_000_001)));
    app.account.seed(Kind::Note, &note("Deal", ids.actual(40_203_000_001)));
    app.account.seed(Kind::Note, &note("Lead", ids.actual(5_000_000_100)));
}

async fn seed_records(app: &App, ids: &mut Ids, name: &str, file: &str) {
    let selector = |list: &str, name: &str| app.account.selector_id(list, name).unwrap();
    let source = selector("lead_sources", "Web");
    let account_name = if name == "create" && file == "sales_account" { "Other" } else { "Fjordline Logistics" };
    let account = app.account.seed(
        Kind::SalesAccount,
        &json!({"name": account_name, "website": "https://f.example.com",
        "industry_type_id": selector("industry_types", "Cargo Handling")}),
    );
    let other = app.account.seed(Kind::SalesAccount, &json!({"name": "Okafor Foods"}));
    let ingrid = app.account.seed_contact(&json!({"first_name": "Ingrid", "last_name": "Halvorsen",
        "email": "ingrid.halvorsen@example.com", "custom_field": {"cf_license_key": "LIC-0001"}, "tags": ["VIP"], "lead_source_id": source,
        "sales_accounts": [{"id": account, "is_primary": true}]}));
    let second =
        app.account.seed_contact(&json!({"last_name": "Second", "email": "second@example.com", "tags": ["VIP"]}));
    let deal = |name: &str| json!({"name": name, "amount": 5600, "sales_account_id": account, "contacts_added_list": [ingrid]});
    let fjordline = app.account.seed_deal(&deal("Halvorsen - 70 seats"));
    let pilot = app.account.seed_deal(&deal("Okafor Foods - pilot"));
    let lead = app.account.seed_lead(&json!({"last_name": "Haddad", "email": "amir.haddad@example.com",
        "company": {"name": "Desert Rose Trading"}, "tags": ["Fair"], "lead_source_id": source, "deal": {"name": "Starter", "amount": 1200}}));
    let about = json!({"targetable_type": "Contact", "targetable_id": ingrid, "description": "x",
        "title": "Send the pricing quote", "due_date": "2026-06-19"});
    let note = app.account.seed(Kind::Note, &about);
    let tasks = match (file, name) {
        // The example shows a record without tasks.
        (_, name) if name.starts_with("tasks of a record") => vec![("Contact", second)],
        ("task", "list") => vec![("SalesAccount", account), ("Deal", fjordline), ("Contact", ingrid)],
        _ => vec![("Contact", ingrid)],
    };
    let task = tasks.into_iter().fold(0, |_, (kind, id)| seed_task(app, about.clone(), kind, id));
    for (example, actual) in [
        (40_202_000_001, account),
        (40_202_000_002, other),
        (40_201_000_001, ingrid),
        (40_201_000_002, second),
        (40_203_000_001, fjordline),
        (40_203_000_002, pilot),
        (5_000_000_100, lead),
        (40_210_000_001, note),
        (40_212_000_001, task),
    ] {
        ids.add(example, actual);
    }
    seed_activities(app, ids, ingrid);
    if file == "documents" && name.starts_with("files and links") {
        for attached in &fixture(file)[..2] {
            send(app, attached, ids).await.ok(200);
        }
    }
    if file == "bulk_and_jobs" {
        let body = json!({"contacts": [
            {"emails": "new@example.com", "data": {"last_name": "New"}},
            {"id": second.to_string(), "data": {"emails": "ingrid.halvorsen@example.com"}}]});
        let job = app.post("/contacts/bulk_upsert", &body).await.ok(200);
        let url = job["job_status_url"].as_str().unwrap().to_owned();
        ids.add(40_218_000_001, url.rsplit('/').next().unwrap().parse().unwrap());
        app.account.advance(std::time::Duration::from_millis(400));
    }
}

fn seed_task(app: &App, mut task: Value, kind: &str, about: i64) -> i64 {
    (task["targetable_type"], task["targetable_id"]) = (json!(kind), json!(about));
    app.account.seed(Kind::Task, &task)
}

/// A meeting, a visit and an e-mail with a contact.
fn seed_activities(app: &App, ids: &mut Ids, contact: i64) {
    let meeting = app.account.selector_id("sales_activity_types", "Meeting").unwrap();
    let about = |mut record: Value| {
        record["targetable_type"] = json!("Contact");
        record["targetable_id"] = json!(contact);
        record
    };
    let appointment =
        about(json!({"title": "Product demo", "time_zone": "Copenhagen", "description": "Show forecasting.",
        "from_date": "2026-06-20T08:00:00Z", "end_date": "2026-06-20T09:00:00Z", "location": "Video call"}));
    let visit = about(json!({"title": "Site visit", "start_date": "2026-06-10T10:30:00Z",
        "end_date": "2026-06-10T11:00:00Z", "sales_activity_type_id": meeting, "notes": "Toured the warehouse."}));
    let mail = about(json!({"subject": "Quote", "direction": "Outgoing", "html_content": "<p>Dear Ingrid</p>"}));
    ids.add(40_207_000_020, meeting);
    ids.add(40_213_000_001, app.account.seed(Kind::Appointment, &appointment));
    ids.add(40_214_000_001, app.account.seed(Kind::SalesActivity, &visit));
    app.account.seed(Kind::EmailConversation, &mail);
}

/// The body of an example that uploads a file, and its content type.
fn form(fields: &serde_json::Map<String, Value>) -> (String, &'static str) {
    let mut body = String::new();
    for (name, value) in fields {
        let file = if name == "file" { "; filename=\"upload.pdf\"\r\ncontent-type: application/pdf" } else { "" };
        let value = value.as_str().unwrap();
        body += &format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n");
    }
    (body + "--edge--\r\n", "multipart/form-data; boundary=edge")
}

/// Lists, products, a document and a custom module with a record, by the requests that make them.
async fn seed_commerce(app: &App, ids: &mut Ids, name: &str) {
    let designation = app.account.selector_id("designations", "Account manager").unwrap();
    let product = app.account.seed(Kind::Product, &json!({"name": "Seat licence", "unit_price": 80}));
    let quote = json!({"deal_id": ids.actual(40_203_000_001), "document_type": "Quote", "products": [{"id": product}]});
    let document = app.account.seed(Kind::CpqDocument, &quote);
    for (example, actual) in [(40_206_000_901, designation), (40_211_000_001, product), (40_221_000_001, document)] {
        ids.add(example, actual);
    }
    for (example, list) in [(40_217_000_001, "Newsletter June"), (40_217_000_002, "Trade fair")] {
        ids.add(example, app.post("/lists", &json!({"name": list})).await.ok(200)["list"]["id"].as_i64().unwrap());
    }
    let members = json!({"ids": [ids.actual(40_201_000_001)]});
    app.put(&format!("/lists/{}/add_contacts", ids.actual(40_217_000_001)), &members).await.ok(200);
    if name != "create module" {
        let module =
            json!({"entity_name": "cm_project", "singular_name": "Project", "plural_name": "Projects", "icon": "i"});
        let made = app.post("/settings/module_customizations", &module).await.ok(200);
        ids.add(40_223_000_001, made["module_customization"]["id"].as_i64().unwrap());
        let form = app.get("/settings/cm_project/forms").await.ok(200)["forms"][0]["id"].clone();
        let budget = json!({"label": "Budget", "field_type": 2});
        app.post(&format!("/settings/cm_project/forms/{form}/fields"), &budget).await.ok(200);
        let record =
            app.post("/custom_module/cm_project", &json!({"cm_project": {"name": "Warehouse roll-out"}})).await.ok(200);
        ids.add(40_223_000_101, record["cm_project"]["id"].as_i64().unwrap());
    }
    if name == "restore product" {
        app.account.delete(Kind::Product, product);
    }
}

/// Sends the example's request with the account's ids, host and key.
async fn send(app: &App, example: &Value, ids: &Ids) -> Got {
    let request = &example["request"];
    let url = ids.replace(request["url"].as_str().unwrap());
    let path = url.splitn(4, '/').nth(3).unwrap();
    let method = Method::from_bytes(request["method"].as_str().unwrap().as_bytes()).unwrap();
    let mut sent = app.request(method, &format!("/{path}"));
    if let Some(fields) = request["body"]["_multipart"].as_object() {
        let (body, content_type) = form(fields);
        sent = sent.header("content-type", content_type).body(ids.replace(&body));
    } else if let Some(body) = request.get("body") {
        sent = sent.header("content-type", "application/json").body(ids.replace(&body.to_string()));
    }
    App::send(sent).await
}

/// Examples whose replies differ, with the reason. One that no longer differs fails the test.
fn reason_to_leave_out(file: &str, name: &str) -> Option<&'static str> {
    let reason = match (file, name) {
        ("deal", "unlink a contact") => "recorded with and without `users`; the sandbox leaves them out of updates",
        ("filters_and_views", "scroll") => "a Suite record under a Classic address",
        ("lead_classic", "note on a lead") => "only the request is recorded; the reply is cut short",
        ("auth", "classic password sign-in") => "has no password; signing in has a test of its own",
        ("documented", "view document" | "restore document") => "documented with the page's HTML, recorded without",
        ("documented", name) if name.starts_with("activities of ") => "documented with a total, recorded with has_next",
        ("documented", "timeline of a contact") => "what happened differs, and with it its data",
        ("documented", "view appointment") => "documented without attendees' side loads, recorded with them",
        ("documented", "accounts by rules" | "leads by rules") => {
            "documented with whole rows, recorded with few columns"
        }
        ("documented", "contacts of an account") => {
            "documented with the companies of each contact, which the sandbox includes on request"
        }
        ("documented", "duplicates of a contact (no /api)" | "notes of a lead") => "documented without the page's meta",
        ("documented", "page of an account view" | "scroll contacts") => {
            "documented with columns that are there when included"
        }
        ("documented", "create custom field") => {
            "documented with `original_label`; the sandbox has `allow_clearing_default_value` in its place"
        }
        ("documented", "records of a module by rules") => {
            "documented with custom fields, which searches by rules were seen to leave out"
        }
        ("documented", "designations") => "documented with `partial`, recorded without",
        _ => return None,
    };
    Some(reason)
}

#[rstest]
#[case("contact")]
#[case("lead_classic")]
#[case("sales_account")]
#[case("deal")]
#[case("note")]
#[case("task")]
#[case("search")]
#[case("filters_and_views")]
#[case("selectors")]
#[case("bulk_and_jobs")]
#[case("fields_metadata")]
#[case("activities_timeline")]
#[case("appointment")]
#[case("sales_activity")]
#[case("phone_call")]
#[case("documents")]
#[case("auth")]
#[case("lists")]
#[case("cpq")]
#[case("custom_module")]
#[case("documented")]
#[tokio::test]
async fn replies_have_the_shape_of_the_examples(#[case] file: &str) {
    let (mut faults, mut outcomes) = (Vec::new(), Vec::new());
    for example in fixture(file) {
        let name = example["name"].as_str().unwrap();
        if example["request"]["method"].is_null() {
            continue;
        }
        let app = App::start().await;
        app.account.set_index_lag(std::time::Duration::ZERO);
        app.account.add_custom_field(CustomField::new(Kind::Contact, "cf_license_key", CustomFieldType::Text));
        let ids = prepare(&app, file, name).await;
        if name.starts_with("job finished") {
            app.account.advance(std::time::Duration::from_secs(1));
        }
        if name == "convert again / unknown" {
            send(&app, &example, &ids).await;
        }
        let got = send(&app, &example, &ids).await;
        let mut found = Vec::new();
        compare(&example["response"], &got, &format!("{file}: {name}"), &mut found);
        let reason = reason_to_leave_out(file, name);
        outcomes.push((name.to_owned(), reason.unwrap_or("same")));
        match reason {
            None => faults.append(&mut found),
            Some(reason) if found.is_empty() => faults.push(format!("{file}: {name} is the same, though {reason}")),
            Some(_) => {}
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    write_down(file, &outcomes);
}

/// Hands the outcomes to `cargo xtask fixtures`, where it asked for them.
#[expect(clippy::disallowed_methods, reason = "a switch of these tests, not a setting")]
pub(crate) fn write_down(file: &str, outcomes: &[(String, &str)]) {
    let Some(folder) = std::env::var_os("FIXTURES_COUNT") else { return };
    let lines: String = outcomes.iter().map(|(name, outcome)| format!("{file}\t{name}\t{outcome}\n")).collect();
    std::fs::write(std::path::Path::new(&folder).join(format!("sandbox-{file}")), lines).unwrap();
}

pub(crate) fn compare(expected: &Value, got: &Got, at: &str, faults: &mut Vec<String>) {
    if expected["status"].as_u64() != Some(u64::from(got.status)) {
        return faults.push(format!("{at}: status {} instead of {}: {}", got.status, expected["status"], got.text));
    }
    if let Some(body) = expected.get("body") {
        same_shape(body, &got.json(), at, faults);
    } else if let Some(raw) = expected["body_raw"].as_str().filter(|raw| !raw.is_empty() && *raw != got.text) {
        faults.push(format!("{at}: body {} instead of {raw}", got.text));
    }
}

/// Keys that exist on some accounts only, or whose contents are named by data.
const OPTIONAL: &[&str] = &["record_type_id", "avatar_data", "last_contacted"];
const OPAQUE: &[&str] = &["custom_field", "avatar_data", "field_options"];

pub(crate) fn same_shape(expected: &Value, actual: &Value, at: &str, faults: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(expected), Value::Object(actual)) => {
            let keys = |object: &serde_json::Map<String, Value>| -> BTreeSet<String> {
                object.keys().filter(|key| !OPTIONAL.contains(&key.as_str())).cloned().collect()
            };
            let (wanted, found) = (keys(expected), keys(actual));
            let (missing, extra): (Vec<_>, Vec<_>) =
                (wanted.difference(&found).collect(), found.difference(&wanted).collect());
            if !missing.is_empty() || !extra.is_empty() {
                faults.push(format!("{at}: missing {missing:?}, extra {extra:?}"));
            }
            for (key, value) in expected.iter().filter(|(key, _)| !OPAQUE.contains(&key.as_str())) {
                same_shape(value, actual.get(key).unwrap_or(&Value::Null), &format!("{at}.{key}"), faults);
            }
        }
        (Value::Array(expected), Value::Array(actual)) => {
            if let (Some(expected), Some(actual)) = (expected.first(), actual.first()) {
                same_shape(expected, actual, &format!("{at}[0]"), faults);
            } else if actual.is_empty() && !expected.is_empty() && !at.ends_with(".choices") {
                faults.push(format!("{at}: empty list"));
            }
        }
        _ if std::mem::discriminant(expected) == std::mem::discriminant(actual) => {}
        _ => faults.push(format!("{at}: {actual} instead of {expected}")),
    }
}
