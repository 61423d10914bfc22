//! What a person does on the page, and what another site cannot do through a person's browser.

use freshsales_sandbox::{Content, Kind, Plan, Sandbox, SandboxConfig, Trigger, Webhook, WebhookFaultKind, Workflow};
use reqwest::{Method, RequestBuilder};
use rstest::rstest;
use serde_json::json;

use crate::browser::{Browser, value_of};
use crate::client::{App, config};
use crate::receiver::Receiver;

#[tokio::test]
async fn an_edit_saves_what_was_changed_and_fires_webhooks() {
    let (browser, receiver) = (Browser::open().await, Receiver::start().await);
    let account = &browser.app.account;
    let contact = account.seed_contact(&json!({"first_name": "Ingrid", "last_name": "Halvorsen", "city": "Bergen",
        "email": "i@example.com", "custom_field": {"cf_seats": 70, "cf_region": "Nordics"}}));
    let webhook = Webhook::post(&receiver.url, Content::simple(&["id", "city"]));
    account.add_workflow(Workflow::new("moved", Kind::Contact, webhook).on(Trigger::Updated)).unwrap();
    let path = format!("/-/contacts/{contact}");
    let done = browser.edit(&path, &[("city", "Oslo"), ("email", "i@example.org"), ("cf_seats", "71")]).await;
    assert_eq!((done.status, done.header("location")), (303, Some(format!("{path}?done=saved").as_str())));
    let stored = account.contacts().remove(0);
    assert_eq!(
        (&stored["city"], &stored["email"], &stored["first_name"]),
        (&json!("Oslo"), &json!("i@example.org"), &json!("Ingrid"))
    );
    assert_eq!(
        (&stored["custom_field"]["cf_seats"], &stored["custom_field"]["cf_region"]),
        (&json!(71), &json!("Nordics"))
    );
    account.webhooks_settled().await;
    assert_eq!(receiver.hits()[0].json(), json!({"contact_id": contact, "contact_city": "Oslo"}));
    assert!(browser.page(&format!("{path}?done=saved")).await.contains("Saved."));
    assert_eq!(account.request_count(), 0);
}

#[tokio::test]
async fn an_edit_that_changes_nothing_writes_nothing() {
    let browser = Browser::open().await;
    let contact = browser.app.account.seed_contact(&json!({"last_name": "A", "city": "Oslo"}));
    browser.app.account.advance(std::time::Duration::from_secs(60));
    let path = format!("/-/contacts/{contact}");
    let done = browser.edit(&path, &[("city", "Oslo"), ("last_name", "A")]).await;
    assert_eq!(done.header("location"), Some(format!("{path}?done=same").as_str()));
    let stored = browser.app.account.contacts().remove(0);
    assert_eq!(stored["updated_at"], stored["created_at"]);
}

#[tokio::test]
async fn an_edit_of_an_older_state_is_not_saved() {
    let browser = Browser::open().await;
    let contact = browser.app.account.seed_contact(&json!({"last_name": "A", "city": "Oslo"}));
    let path = format!("/-/contacts/{contact}");
    let version = value_of(&browser.page(&path).await, "version").unwrap();
    browser.app.put(&format!("/contacts/{contact}"), &json!({"city": "Bergen"})).await.ok(200);
    let refused = browser.submit(&path, &[("version", &version), ("city", "Tromso")]).await;
    assert_eq!((refused.status, refused.text.contains("changed meanwhile")), (409, true));
    assert_eq!(browser.app.account.contacts()[0]["city"], "Bergen");
}

#[tokio::test]
async fn a_deal_moves_and_a_stage_of_contacts_follows_its_status() {
    let browser = Browser::open().await;
    let account = &browser.app.account;
    let deal = account.seed_deal(&json!({"name": "A", "amount": 10}));
    let won = account.stage_id("Won").unwrap().to_string();
    assert_eq!(
        browser.edit(&format!("/-/deals/{deal}"), &[("deal_stage_id", &won), ("amount", "12.50")]).await.status,
        303
    );
    assert_eq!(
        (&account.deals()[0]["deal_stage_id"].to_string(), &account.deals()[0]["amount"]),
        (&won, &json!("12.5"))
    );
    let contact = account.seed_contact(&json!({"last_name": "A"}));
    let page = browser.page(&format!("/-/contacts/{contact}")).await;
    let (_, option) = page.split_once("name=\"contact_status_id\"").unwrap();
    let (before, _) = option.split_once(">Customer: ").unwrap();
    let status = before.rsplit_once("value=\"").unwrap().1.split('"').next().unwrap();
    assert_eq!(browser.edit(&format!("/-/contacts/{contact}"), &[("contact_status_id", status)]).await.status, 303);
    let stored = account.contacts().remove(0);
    assert_eq!(stored["lifecycle_stage_id"].as_i64(), account.selector_id("lifecycle_stages", "Customer"));
}

#[tokio::test]
async fn a_lead_a_company_and_a_task_can_be_changed() {
    let browser = Browser::open().await;
    let account = &browser.app.account;
    let lead = account.seed_lead(&json!({"last_name": "A"}));
    let company = account.seed(Kind::SalesAccount, &json!({"name": "A"}));
    let task = account.seed(
        Kind::Task,
        &json!({"title": "Call", "due_date": "2026-06-16T09:00:00Z",
        "targetable_type": "Lead", "targetable_id": lead}),
    );
    assert_eq!(browser.edit(&format!("/-/leads/{lead}"), &[("city", "Oslo")]).await.status, 303);
    assert_eq!(browser.edit(&format!("/-/sales_accounts/{company}"), &[("phone", "+47")]).await.status, 303);
    assert_eq!(browser.edit(&format!("/-/tasks/{task}"), &[("status", "1")]).await.status, 303);
    assert_eq!((&account.leads()[0]["city"], &account.sales_accounts()[0]["phone"]), (&json!("Oslo"), &json!("+47")));
    assert_eq!(
        (&account.tasks()[0]["status"], &account.tasks()[0]["completed_date"]),
        (&json!(1), &json!(crate::client::START))
    );
}

#[tokio::test]
async fn a_note_is_added_to_a_record() {
    let browser = Browser::open().await;
    let contact = browser.app.account.seed_contact(&json!({"last_name": "A"}));
    let path = format!("/-/contacts/{contact}");
    assert_eq!(browser.submit(&format!("{path}/notes"), &[("description", "one\r\ntwo")]).await.status, 303);
    assert_eq!(browser.app.account.notes_of(Kind::Contact, contact)[0]["description"], "one\ntwo");
    assert_eq!(browser.submit(&format!("{path}/notes"), &[("description", " ")]).await.status, 400);
}

#[tokio::test]
async fn faults_are_switched_on_and_off() {
    let browser = Browser::open().await;
    let fields = [("choice", "quota_429"), ("method", "GET"), ("path", "/selector"), ("chance", "100"), ("times", "2")];
    assert_eq!(browser.submit("/-/faults", &fields).await.header("location"), Some("/-/faults?done=fault-on"));
    assert_eq!(browser.app.get("/selector/owners").await.status, 429);
    let page = browser.page("/-/faults").await;
    assert!(page.contains("GET, paths from /selector, 1 left"), "{page}");
    assert!(browser.page("/").await.contains("quota_429"));
    let stale = browser.submit("/-/faults/off", &[("at", "0"), ("kind", "hang")]).await;
    assert_eq!((stale.status, browser.app.account.faults().len()), (400, 1));
    assert_eq!(browser.submit("/-/faults/off", &[("at", "0"), ("kind", "quota_429")]).await.status, 303);
    assert!(browser.app.account.faults().is_empty());
}

#[rstest]
#[case(&[("choice", "nonsense")], "Choose what goes wrong")]
#[case(&[("choice", "hang"), ("chance", "101")], "from 0 to 100")]
#[case(&[("choice", "hang"), ("times", "0")], "from 1")]
#[tokio::test]
async fn a_fault_that_makes_no_sense_is_refused(#[case] fields: &[(&str, &str)], #[case] reason: &str) {
    let browser = Browser::open().await;
    let refused = browser.submit("/-/faults", fields).await;
    assert!(refused.status == 400 && refused.text.contains(reason), "{}", refused.text);
    assert!(browser.app.account.faults().is_empty());
}

/// Every choice of the form is a fault the account can hold.
#[tokio::test]
async fn every_fault_of_the_form_can_be_switched_on() {
    let browser = Browser::open().await;
    let page = browser.page("/-/faults").await;
    let (_, options) = page.split_once("name=\"choice\"").unwrap();
    let options = options.split_once("</select>").unwrap().0;
    let names: Vec<&str> = options.split("value=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for name in &names {
        assert_eq!(browser.submit("/-/faults", &[("choice", name)]).await.status, 303, "{name}");
    }
    assert_eq!((names.len(), browser.app.account.faults().len()), (13, 13));
}

#[tokio::test]
async fn the_clock_is_stepped_and_the_quota_filled() {
    let browser = Browser::with(SandboxConfig { plan: Plan::Free, ..config() }).await;
    let account = &browser.app.account;
    account.drain_quota(300);
    assert_eq!(browser.submit("/-/quota", &[]).await.status, 303);
    assert_eq!(account.quota().hour_used, 0);
    assert_eq!(browser.submit("/-/clock", &[("seconds", "3600")]).await.header("location"), Some("/?done=clock"));
    assert_eq!(account.now().to_string(), "2026-06-15T13:30:30Z");
    assert_eq!(browser.submit("/-/clock", &[("seconds", "-5")]).await.status, 404);
    let real = Browser::with(SandboxConfig::default()).await;
    assert!(!real.page("/").await.contains("/-/clock"));
    assert_eq!(real.submit("/-/clock", &[("seconds", "60")]).await.status, 404);
}

#[tokio::test]
async fn a_webhook_is_set_up_tested_switched_and_removed() {
    let (browser, receiver) = (Browser::open().await, Receiver::start().await);
    let account = &browser.app.account;
    let fields = [
        ("name", "new"),
        ("kind", "contact"),
        ("trigger", "created"),
        ("url", receiver.url.as_str()),
        ("fields", "last_name, owner_name"),
        ("webhook-token", "t0p"),
    ];
    assert_eq!(browser.submit("/-/webhooks", &fields).await.status, 303);
    assert_eq!(browser.submit("/-/webhooks/1/test", &[]).await.status, 400);
    account.seed_contact(&json!({"last_name": "Haddad"}));
    assert_eq!(browser.submit("/-/webhooks/1/test", &[]).await.status, 303);
    account.webhooks_settled().await;
    assert_eq!((receiver.hits().len(), receiver.hits()[0].header("authorization")), (2, "Token t0p"));
    let page = browser.page("/-/webhooks").await;
    assert!(
        page.contains("{&quot;contact_last_name&quot;:&quot;Haddad&quot;")
            && page.contains(">test<")
            && !page.contains("t0p")
    );
    assert_eq!(browser.submit("/-/webhooks/1/off", &[]).await.status, 303);
    assert!(!account.workflows()[0].1.enabled);
    assert_eq!(browser.submit("/-/webhooks/1/remove", &[]).await.status, 303);
    assert_eq!((account.workflows().len(), browser.submit("/-/webhooks/1/on", &[]).await.status), (0, 404));
    let broken = [("name", "x"), ("kind", "contact"), ("url", "file:///x"), ("fields", "id")];
    let refused = browser.submit("/-/webhooks", &broken).await;
    assert!(refused.status == 400 && refused.text.contains("only http and https"), "{}", refused.text);
}

#[tokio::test]
async fn faults_of_deliveries_are_set_and_cleared() {
    let browser = Browser::open().await;
    let fault = [("kind", "deliver_twice"), ("chance", "25"), ("times", "")];
    assert_eq!(browser.submit("/-/webhooks/faults", &fault).await.status, 303);
    let faults = browser.app.account.webhook_faults();
    assert_eq!((faults[0].kind, faults[0].probability), (WebhookFaultKind::DeliverTwice, 0.25));
    assert_eq!(browser.submit("/-/webhooks/faults", &[("kind", "")]).await.status, 303);
    assert!(browser.app.account.webhook_faults().is_empty());
}

#[rstest]
#[case::a_browser_that_says_nothing_of_the_site(None, 303)]
#[case::the_page_itself(Some("same-origin"), 303)]
#[case::another_site(Some("cross-site"), 403)]
#[case::another_port_of_the_same_host(Some("same-site"), 403)]
#[tokio::test]
async fn forms_count_only_from_this_page(#[case] site: Option<&str>, #[case] status: u16) {
    let browser = Browser::open().await;
    let mut form = browser.form("/-/quota", &[("token", browser.token())]);
    if let Some(site) = site {
        form = form.header("sec-fetch-site", site);
    }
    assert_eq!(App::send(form).await.status, status);
}

#[rstest]
#[case(Some("http://evil.example"))]
#[case(Some("null"))]
#[case(None)]
#[tokio::test]
async fn forms_of_other_origins_or_of_none_are_refused(#[case] origin: Option<&str>) {
    let browser = Browser::open().await;
    let mut request = browser.request(Method::POST, "/-/quota").body(format!("token={}", browser.token()));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    assert_eq!(App::send(request).await.status, 403);
}

#[tokio::test]
async fn forms_without_the_token_are_refused() {
    let browser = Browser::open().await;
    assert_eq!(App::send(browser.form("/-/quota", &[])).await.status, 403);
    assert_eq!(App::send(browser.form("/-/quota", &[("token", "x")])).await.status, 403);
    assert_ne!(browser.token(), Browser::open().await.token());
}

#[rstest]
#[case("host", "acme.freshsales.io", 401)]
#[case("x-forwarded-for", "203.0.113.9", 401)]
#[case("forwarded", "for=203.0.113.9", 401)]
#[case("host", "evil.example", 404)]
#[case("host", "127.0.0.1.evil.example", 404)]
#[case("host", "localhost", 200)]
#[tokio::test]
async fn only_a_visitor_of_this_machine_needs_no_key(#[case] name: &str, #[case] value: &str, #[case] status: u16) {
    let browser = Browser::open().await;
    browser.app.account.seed_contact(&json!({"last_name": "Halvorsen"}));
    let got = App::send(browser.request(Method::GET, "/-/contacts").header(name, value)).await;
    assert_eq!((got.status, got.text.contains("Halvorsen")), (status, status == 200), "{}", got.text);
}

#[tokio::test]
async fn a_sandbox_that_others_can_reach_asks_for_the_key() {
    let sandbox = Sandbox::start(config(), ([0, 0, 0, 0], 0).into()).await.unwrap();
    let port = sandbox.addr().port();
    let http = App::start().await.http;
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let html = |request: RequestBuilder| request.header("accept", "text/html").header("origin", url(""));
    let asked = App::send(html(http.get(url("/")))).await;
    assert_eq!(asked.status, 401);
    let token = value_of(&asked.text, "token").unwrap();
    let sign_in = |key: &str| html(http.post(url("/-/sign-in")).body(format!("token={token}&key={key}")));
    let wrong = App::send(sign_in("guess")).await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, None));
    let quota = html(http.post(url("/-/quota")).body(format!("token={token}")));
    assert_eq!(App::send(quota).await.status, 401);
    let signed_in = App::send(sign_in("sandbox-key")).await;
    let cookie = signed_in.header("set-cookie").unwrap().to_owned();
    assert!(signed_in.status == 303 && cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(App::send(html(http.get(url("/"))).header("cookie", cookie)).await.status, 200);
    assert_eq!(App::send(html(http.get(url("/"))).header("cookie", format!("sandbox-{port}=00"))).await.status, 401);
}

#[tokio::test]
async fn the_key_of_one_account_does_not_open_the_page_of_another() {
    let app = App::start().await;
    let other = SandboxConfig { subdomain: "globex".into(), key: "k2".into(), ..config() };
    app.sandbox.add_account(other).unwrap();
    let root = app.sandbox.root_url();
    let html = |request: RequestBuilder, host: &'static str| request.header("accept", "text/html").header("host", host);
    let asked = App::send(html(app.http.get(&root), "globex.freshsales.io")).await;
    let token = value_of(&asked.text, "token").unwrap();
    let form = app.http.post(format!("{root}/-/sign-in")).body(format!("token={token}&key=k2"));
    let signed_in = App::send(html(form, "globex.freshsales.io").header("origin", "http://globex.freshsales.io")).await;
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    for (host, status) in [("globex.freshsales.io", 200), ("acme.freshsales.io", 401)] {
        let got = App::send(html(app.http.get(&root), host).header("cookie", &cookie)).await;
        assert_eq!(got.status, status, "{host}");
    }
}
