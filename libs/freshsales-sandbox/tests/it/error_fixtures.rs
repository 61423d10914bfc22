//! The recorded refusals are replayed, each in the situation that brings it about: same status, headers and body keys.

use freshsales_sandbox::{Fault, FaultKind, Plan, Switches};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{App, Got};
use crate::fixtures::{compare, fixture, write_down};

/// Brings the account into the example's situation; returns the id that stands for the example's contact.
fn arrange(app: &App, name: &str) -> i64 {
    let switches = Switches::default();
    let require = |names: &[&str]| {
        let required_contact_fields = names.iter().map(|&name| name.to_owned()).collect();
        app.account.set_switches(Switches { required_contact_fields, ..switches.clone() });
    };
    let fault = |kind| app.account.set_faults(vec![Fault::new(kind)]);
    let contact = app.account.seed_contact(&json!({"last_name": "Halvorsen", "mobile_number": "+4790000011"}));
    match name {
        "admin-made mandatory fields missing" => require(&["lead_source_id", "lifecycle_stage_id"]),
        "required-field rule, label interpolated" => require(&["mobile_number"]),
        "bulk_upsert refused for the moment" => fault(FaultKind::BulkBusy405),
        "account quota spent" => app.account.set_plan(Plan::Custom { hour: 0, minute: 0 }),
        "edge throttle by IP" => fault(FaultKind::EdgeThrottle { retry_after: 240 }),
        "duplicate on a unique field" => {
            let field = freshsales_sandbox::CustomField::new;
            let kind = freshsales_sandbox::Kind::Contact;
            let field = field(kind, "cf_license_key", freshsales_sandbox::CustomFieldType::Text).unique();
            app.account.add_custom_field(field);
            app.account.seed_contact(&json!({"last_name": "B", "custom_field": {"cf_license_key": "L"}}));
        }
        _ => {}
    }
    contact
}

async fn replay(app: &App, example: &Value, contact: i64) -> Got {
    let request = &example["request"];
    let churned = app.account.selector_id("contact_statuses", "Churned").unwrap();
    let text = request.to_string().replace("40201000001", &contact.to_string());
    let text = text.replace("40205000108", &churned.to_string()).replace("acme-demo.", "acme.");
    // The number that is taken, in the field that is unique here.
    let text = text.replace(r#""mobile_number":"+4790000011""#, r#""custom_field":{"cf_license_key":"L"}"#);
    let request: Value = serde_json::from_str(&text).unwrap();
    let url = request["url"].as_str().unwrap();
    let (host, path) = url.trim_start_matches("https://").split_once('/').unwrap();
    let method = Method::from_bytes(request["method"].as_str().unwrap().as_bytes()).unwrap();
    let mut sent = app.http.request(method, format!("{}/{path}", app.sandbox.root_url())).header("host", host);
    for (name, value) in request["headers"].as_object().unwrap() {
        let right_key = !example["name"].as_str().unwrap().starts_with("wrong key");
        let value = value.as_str().unwrap();
        let value = if right_key { value.replace("EXAMPLE_KEY_NOT_REAL_00", "sandbox-key") } else { value.to_owned() };
        sent = sent.header(name, value);
    }
    if let Some(body) = request.get("body") {
        sent = sent.body(body.to_string());
    }
    App::send(sent).await
}

#[tokio::test]
async fn refusals_have_the_recorded_status_headers_and_keys() {
    let (mut faults, mut outcomes) = (Vec::new(), Vec::new());
    for example in fixture("errors") {
        let name = example["name"].as_str().unwrap();
        let app = App::start().await;
        let contact = arrange(&app, name);
        let got = replay(&app, &example, contact).await;
        compare(&example["response"], &got, name, &mut faults);
        outcomes.push((name.to_owned(), "same"));
        let headers = example["response"]["headers"].as_object();
        for (header, value) in headers.into_iter().flatten().filter(|(name, _)| name.as_str() != "x-ratelimit-limit") {
            let found = got.header(&header.to_lowercase()).unwrap_or_default();
            let varies = header == "Location" || header.ends_with("reset");
            let same = if varies { !found.is_empty() } else { found.starts_with(value.as_str().unwrap()) };
            if !same {
                faults.push(format!("{name}: {header} is {found:?} instead of {value}"));
            }
        }
        let sentence = example["response"]["body"]["errors"]["message"][0].as_str();
        if sentence.is_some_and(|sentence| sentence != got.message()) {
            faults.push(format!("{name}: says {}", got.message()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    write_down("errors", &outcomes);
}
