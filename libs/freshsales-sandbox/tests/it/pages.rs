//! The page for people: what each page shows, and that nothing in it is taken for markup.

use freshsales_sandbox::{Content, Fault, FaultKind, Kind, Plan, Profile, SandboxConfig, Webhook, Workflow};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use crate::browser::Browser;
use crate::client::{App, config};
use crate::receiver::Receiver;

const EVERY_PAGE: &[&str] = &[
    "/",
    "/-/leads",
    "/-/contacts",
    "/-/sales_accounts",
    "/-/deals",
    "/-/tasks",
    "/-/notes",
    "/-/requests",
    "/-/faults",
    "/-/webhooks",
    "/-/search?q=haddad",
    "/-/search",
];

#[tokio::test]
async fn a_program_does_not_meet_the_page() {
    let browser = Browser::open().await;
    let app = &browser.app;
    assert_eq!(App::send(app.request(Method::GET, "/")).await.status, 404);
    assert_eq!(App::send(app.request(Method::GET, "/").header("accept", "*/*")).await.status, 404);
    let html = App::send(browser.request(Method::GET, "/crm/sales/api/selector/owners")).await;
    assert_eq!((html.status, html.header("location").is_some()), (302, true));
    browser.page("/").await;
    assert_eq!(app.account.request_count(), 3);
}

#[rstest]
#[case("/")]
#[case("/-/contacts")]
#[case("/-/page.css")]
#[case("/-/nowhere")]
#[tokio::test]
async fn every_answer_carries_a_strict_policy(#[case] path: &str) {
    let got = Browser::open().await.get(path).await;
    let policy = got.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script-src") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(
        (got.header("x-content-type-options"), got.header("referrer-policy")),
        (Some("nosniff"), Some("same-origin"))
    );
}

#[tokio::test]
async fn no_page_has_script_or_style_in_it() {
    let browser = Browser::open().await;
    for path in EVERY_PAGE {
        let page = browser.page(path).await;
        for forbidden in ["<script", "<style", " style=", " onclick=", "javascript:"] {
            assert!(!page.contains(forbidden), "{path} has {forbidden}");
        }
    }
    assert_eq!(browser.get("/-/page.css").await.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(browser.get("/-/icon.svg").await.header("content-type"), Some("image/svg+xml"));
}

/// What every text in this test contains; were it markup, the page would have an element `x-evil`.
const HOSTILE: &str = "\"'><x-evil onload=alert(1)></textarea></title><x-evil>";

#[tokio::test]
async fn hostile_texts_stay_text_everywhere() {
    let browser = Browser::open().await;
    let (app, account) = (&browser.app, browser.app.account.clone());
    let company = account.seed(Kind::SalesAccount, &json!({"name": HOSTILE, "website": "javascript:alert(1)"}));
    let contact = account
        .seed_contact(&json!({"first_name": HOSTILE, "last_name": "Haddad", "sales_account_id": company,
        "custom_field": {"cf_license_key": HOSTILE}, "tags": [HOSTILE]}));
    let deal = account.seed_deal(&json!({"name": HOSTILE, "amount": 1, "contacts_added_list": [contact]}));
    let lead = account.seed_lead(&json!({"last_name": HOSTILE, "company": {"name": HOSTILE}}));
    account.seed(Kind::Note, &json!({"description": HOSTILE, "targetable_type": "Contact", "targetable_id": contact}));
    account.add_stage(HOSTILE);
    account.set_faults(vec![Fault::new(FaultKind::FailBeforeCommit).on("GET", HOSTILE)]);
    let receiver = Receiver::start().await;
    let mut workflow =
        Workflow::new(HOSTILE, Kind::Contact, Webhook::post(&receiver.url, Content::Advanced(HOSTILE.into())));
    workflow.webhook.url = format!("{}/%22%3E<x-evil>", receiver.url);
    account.add_workflow(workflow).unwrap();
    account.test_workflow(1, None).unwrap();
    account.webhooks_settled().await;
    let caller = "\"><x-evil>";
    let body =
        App::send(app.request(Method::POST, "/api/contacts?<x-evil>").header("x-sandbox-caller", caller).body(HOSTILE));
    assert_eq!(body.await.status, 400);
    let records = [
        format!("/-/contacts/{contact}"),
        format!("/-/deals/{deal}"),
        format!("/-/leads/{lead}"),
        format!("/-/sales_accounts/{company}"),
        "/-/search?q=%22%3E%3Cx-evil%3E".to_owned(),
    ];
    for path in EVERY_PAGE.iter().copied().chain(records.iter().map(String::as_str)) {
        let page = browser.page(path).await;
        assert!(!page.contains("<x-evil"), "{path}");
        assert!(!page.contains("href=\"javascript"), "{path}");
    }
    assert!(browser.page("/-/contacts").await.contains("&lt;x-evil onload=alert(1)&gt;"));
    let refused = browser.edit(&format!("/-/contacts/{contact}"), &[("email", HOSTILE), ("city", HOSTILE)]).await;
    assert!(refused.status == 400 && refused.text.contains("Email is invalid") && !refused.text.contains("<x-evil"));
}

#[tokio::test]
async fn lists_show_newest_first_and_turn_pages() {
    let browser = Browser::open().await;
    for number in 0..120 {
        browser.app.account.advance(std::time::Duration::from_secs(1));
        browser
            .app
            .account
            .seed_contact(&json!({"last_name": format!("Person-{number}"), "email": format!("p{number}@example.com")}));
    }
    let first = browser.page("/-/contacts").await;
    assert!(first.contains("Person-119") && first.contains("Person-70") && !first.contains("Person-69"));
    assert!(first.contains("Page 1 of 3") && first.contains("/-/contacts?page=2"));
    let last = browser.page("/-/contacts?page=3").await;
    assert!(last.contains("p0@example.com") && !last.contains("Person-20<"));
    assert!(browser.page("/-/contacts?page=99999999999999999999").await.contains("Page 1 of 3"));
    assert!(browser.page("/-/contacts?page=4").await.contains("None here"));
}

#[tokio::test]
async fn a_record_shows_its_attributes_relations_and_notes() {
    let browser = Browser::open().await;
    let account = &browser.app.account;
    let contact = account.seed_contact(&json!({"first_name": "Ingrid", "last_name": "Halvorsen", "city": "Bergen",
        "sales_account": {"name": "Fjordline"}, "custom_field": {"cf_seats": 70}}));
    account.seed_deal(&json!({"name": "70 seats", "amount": 5600, "contacts_added_list": [contact]}));
    account.seed(
        Kind::Note,
        &json!({"description": "Called twice", "targetable_type": "Contact", "targetable_id": contact}),
    );
    let page = browser.page(&format!("/-/contacts/{contact}")).await;
    for text in ["Ingrid Halvorsen", "Bergen", "Fjordline", "70 seats", "Called twice", "cf_seats", "Mara Lindqvist"] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(browser.get("/-/contacts/999").await.status, 404);
    assert_eq!(browser.get("/-/contacts/abc").await.status, 404);
}

#[tokio::test]
async fn deals_stand_in_their_stages() {
    let browser = Browser::open().await;
    let account = &browser.app.account;
    let stage = account.add_stage("Trial Active");
    for number in 0..30 {
        account.seed_deal(&json!({"name": format!("Deal-{number}"), "amount": "10.5", "deal_stage_id": stage}));
    }
    let gone = account.add_stage("Gone");
    account.seed_deal(&json!({"name": "Stale", "amount": 1, "deal_stage_id": gone}));
    account.remove_stage(gone);
    let board = browser.page("/-/deals").await;
    assert!(
        board.contains("Trial Active") && board.contains("30 · 315.0") && board.contains("A stage that was removed")
    );
    assert_eq!(board.matches("class=\"card\"").count(), 25 + 1);
    let list = browser.page(&format!("/-/deals?stage={stage}")).await;
    assert!(list.contains("Deals in Trial Active") && list.contains("Deal-0<") && !list.contains("Stale"));
}

#[tokio::test]
async fn search_finds_at_once_by_whole_values_and_later_by_parts() {
    let browser = Browser::open().await;
    browser
        .app
        .account
        .seed_contact(&json!({"first_name": "Ingrid", "last_name": "Halvorsen", "email": "i@example.com"}));
    assert!(browser.page("/-/search?q=I%40example.com").await.contains("Ingrid Halvorsen"));
    assert!(browser.page("/-/search?q=ingrid+halvorsen").await.contains("Ingrid Halvorsen"));
    let early = browser.page("/-/search?q=halv").await;
    assert!(early.contains("Nothing found") && early.contains("have not reached the search index"));
    browser.app.account.advance(std::time::Duration::from_secs(3));
    assert!(browser.page("/-/search?q=halv").await.contains("Ingrid Halvorsen"));
}

#[tokio::test]
async fn requests_show_method_path_status_fault_and_caller() {
    let browser = Browser::open().await;
    let app = &browser.app;
    app.account.set_faults(vec![Fault::new(FaultKind::CommitThenFail).on("POST", "/contacts").times(1)]);
    App::send(
        app.request(Method::POST, "/api/contacts?x=1")
            .header("x-sandbox-caller", "importer")
            .json(&json!({"last_name": "A"})),
    )
    .await;
    for path in ["/", "/-/requests"] {
        let page = browser.page(path).await;
        for text in ["<b>POST</b> /api/contacts?x=1", ">500<", "commit_then_fail", "importer"] {
            assert!(page.contains(text), "{path}: {text}");
        }
    }
    assert!(browser.page("/-/requests").await.contains("{&quot;last_name&quot;:&quot;A&quot;}"));
}

#[tokio::test]
async fn the_overview_tells_what_is_left_of_the_quota() {
    let browser = Browser::with(SandboxConfig { plan: Plan::Growth, ..config() }).await;
    browser.app.account.drain_quota(250);
    let page = browser.page("/").await;
    assert!(page.contains("<b>750</b>") && page.contains("<b>150</b>") && page.contains("2026-06-15 13:00:00"));
}

#[tokio::test]
async fn an_account_without_leads_has_no_entry_for_them() {
    let browser = Browser::with(SandboxConfig { profile: Profile::Suite, ..config() }).await;
    assert!(!browser.page("/").await.contains("/-/leads"));
}

/// Some people's account: the page of a list must not get slower with it.
#[tokio::test]
async fn pages_are_quick_with_many_contacts() {
    let browser = Browser::open().await;
    for number in 0..20_000 {
        browser
            .app
            .account
            .seed_contact(&json!({"last_name": format!("P{number}"), "mobile_number": number.to_string()}));
    }
    let pages = ["/", "/-/contacts", "/-/contacts?page=400", "/-/search?q=P19999"];
    for path in pages {
        assert!(browser.page(path).await.len() < 100_000, "{path} is long");
    }
}
