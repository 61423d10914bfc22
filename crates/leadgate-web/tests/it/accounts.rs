//! Many accounts behind one port: who reaches which.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use leadgate_store::Store;
use leadgate_store::accounts::{AccountName, AccountState};
use leadgate_store::model::AppKey;
use leadgate_store::scopes::{Scope, Scopes};
use leadgate_web::accounts::desk::AccountWish;
use leadgate_web::accounts::operator::{OPERATOR_ROUTES, operator_router};
use leadgate_web::accounts::{AccountDesk, AccountRouters, AccountView, DeskError, router};
use leadgate_web::auth::key_digest;
use leadgate_web::routes::{ROUTES, RouteAccess, RouteEntry};
use leadgate_web::state::Shut;
use leadgate_web::{Access, Gateway, WebSettings};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::json;
use tower::ServiceExt as _;

use crate::test_gateway::{Answer, JsonBody, TestGateway, app_key, guide_lead, rules};

const OPERATOR: &str = "lg_operator";
/// Rules with everything that has a door of its own.
const RULES: &str = "[forms.seven]\nkey = \"pk_seven_7777\"\norigins = [\"*\"]\nfields = { email = \"email\" }\n\
                     [notifications]\nsecrets = [\"a-secret-of-some-length\"]\n";

/// Accounts `acme` and `other`, each with a key of its own, the default one, and an operator.
struct Estate {
    acme: TestGateway,
    other: TestGateway,
    default: TestGateway,
    routers: AccountRouters,
    router: Router,
}

fn account(key: &str) -> TestGateway {
    TestGateway::with(|settings| {
        settings.access = Access::Keys(vec![app_key("shop", key)]);
        settings.patience = std::time::Duration::ZERO;
        settings.reading.rules = rules(RULES);
    })
}

impl Estate {
    fn new() -> Estate {
        let (acme, other, default) = (account("lg_acme"), account("lg_other"), account("lg_default"));
        let routers = AccountRouters::new(&default.gateway);
        routers.put(&name("acme"), acme.gateway.clone());
        routers.put(&name("other"), other.gateway.clone());
        let access = WebSettings::new(Access::Keys(vec![app_key("operator", OPERATOR)]));
        let any = &default.gateway;
        let operator = Gateway::new(Arc::clone(&any.store), Arc::clone(&any.clock), access);
        let operator = operator_router(operator, Arc::new(NoDesk));
        let router = router(default.gateway.clone(), routers.clone(), Some(operator));
        Estate { acme, other, default, routers, router }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    async fn ask(&self, method: &str, path: &str, key: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("x-request-id", "7");
        if let Some(key) = key {
            request = request.header("x-leadgate-key", key);
        }
        self.send(request.json(guide_lead())).await
    }

    fn kept(&self) -> [usize; 3] {
        [&self.acme, &self.other, &self.default].map(|account| account.store.kept())
    }
}

fn name(text: &str) -> AccountName {
    text.parse().unwrap()
}

fn path(route: &RouteEntry) -> String {
    let path = route.path.replace("{id}", "7").replace("{nonce}", "7").replace("{form}", "seven");
    path.replace("{name}", "acme").replace("{source}", "seven")
}

/// What no account's key opens, of whatever account.
async fn assert_shut(estate: &Estate, route: &RouteEntry, path: &str, key: Option<&str>) {
    let answer = estate.ask(route.method, path, key).await;
    let expected = if route.access == RouteAccess::Form { 403 } else { 401 };
    assert_eq!(answer.status, expected, "{} {path} with {key:?}: {answer:?}", route.method);
}

#[tokio::test]
async fn a_key_of_one_account_opens_nothing_of_another() {
    let estate = Estate::new();
    for route in ROUTES {
        for key in [None, Some("lg_other"), Some("lg_default"), Some(OPERATOR), Some("")] {
            assert_shut(&estate, route, &format!("/accounts/acme{}", path(route)), key).await;
        }
        if route.access != RouteAccess::Anyone {
            for key in [None, Some("lg_acme"), Some("lg_other"), Some(OPERATOR)] {
                assert_shut(&estate, route, &path(route), key).await;
                assert_shut(&estate, route, &format!("/accounts/default{}", path(route)), key).await;
            }
        }
    }
    assert_eq!(estate.kept(), [0, 0, 0]);
}

/// The account in the path is the one whose keys are asked for, wherever it stands.
#[rstest]
#[case::own("acme", "lg_acme", false)]
#[case::another("acme", "lg_other", true)]
#[case::the_other_way_round("other", "lg_acme", true)]
#[case::default("default", "lg_default", false)]
#[case::key_of_default("acme", "lg_default", true)]
#[case::not_there("nobody", "lg_acme", true)]
#[tokio::test]
async fn requests_go_through_to_the_account_in_their_path(
    #[case] account: &str,
    #[case] key: &str,
    #[case] is_shut: bool,
    #[values("api", "crm/sales/api")] root: &str,
) {
    let estate = Estate::new();
    for path in [format!("/crm/{account}/{root}/contacts/7"), format!("/accounts/{account}/crm/{account}/{root}/leads")]
    {
        assert_eq!(estate.ask("GET", &path, Some(key)).await.status == 401, is_shut, "{path}");
    }
}

#[tokio::test]
async fn no_key_of_an_account_opens_what_is_the_operators() {
    let estate = Estate::new();
    for route in OPERATOR_ROUTES {
        for key in [None, Some("lg_acme"), Some("lg_other"), Some("lg_default")] {
            for method in [route.method, "GET", "DELETE", "PATCH", "POST"] {
                let answer = estate.ask(method, &path(route), key).await;
                assert_eq!(answer.status, 401, "{method} {} with {key:?}", route.path);
                let hidden = estate.ask(method, &format!("/accounts/acme{}", path(route)), key).await;
                assert!(matches!(hidden.status.as_u16(), 401 | 404), "{hidden:?}");
            }
        }
    }
}

/// Body and headers alike, so that names cannot be tried out.
#[tokio::test]
async fn an_account_that_is_not_there_answers_as_a_wrong_key_does() {
    let estate = Estate::new();
    let paths =
        ROUTES.iter().filter(|route| route.access != RouteAccess::Form).map(|route| (route.method, path(route)));
    let nowhere = [("GET", String::new()), ("GET", "/".to_owned()), ("POST", "/nothing".to_owned())];
    for (method, path) in paths.chain(nowhere) {
        for key in [None, Some("lg_other"), Some("lg_wrong")] {
            let there = estate.ask(method, &format!("/accounts/acme{path}"), key).await;
            let not_there = estate.ask(method, &format!("/accounts/nobody{path}"), key).await;
            assert_eq!(there.status, 401, "{method} {path}: {there:?}");
            assert_eq!(format!("{there:?}"), format!("{not_there:?}"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_submission_reaches_the_account_that_it_names() {
    let estate = Estate::new();
    let accepted = estate.ask("POST", "/accounts/acme/leads?a=b", Some("lg_acme")).await;
    assert_eq!((accepted.status.as_u16(), estate.kept()), (202, [1, 0, 0]));
    let status_url = accepted.json()["statusUrl"].as_str().unwrap().to_owned();
    assert!(status_url.starts_with("/accounts/acme/v1/submissions/"), "{status_url}");
    assert_eq!(accepted.header("location"), status_url);
    assert_eq!(estate.ask("GET", &status_url, Some("lg_acme")).await.status, 200);
    let elsewhere = estate.ask("POST", "/leads", Some("lg_default")).await;
    assert_eq!((elsewhere.status.as_u16(), estate.kept()), (202, [1, 0, 1]));
    assert!(elsewhere.header("location").starts_with("/v1/submissions/"));
}

#[tokio::test]
async fn an_account_that_is_taken_away_is_not_there() {
    let estate = Estate::new();
    estate.routers.take_away(&name("acme"));
    assert_eq!(estate.ask("POST", "/accounts/acme/leads", Some("lg_acme")).await.status, 401);
    assert_eq!(estate.ask("POST", "/accounts/other/leads", Some("lg_other")).await.status, 202);
}

#[rstest]
#[case::removed(Shut::Removed, Some("lg_acme"), 410)]
#[case::removed_for_strangers(Shut::Removed, Some("lg_other"), 401)]
#[case::removed_without_a_key(Shut::Removed, None, 401)]
#[case::out_of_order(Shut::OutOfOrder, Some("lg_acme"), 503)]
#[tokio::test]
async fn an_account_that_is_shut_takes_nothing(#[case] why: Shut, #[case] key: Option<&str>, #[case] status: u16) {
    let estate = Estate::new();
    estate.routers.put(&name("acme"), estate.acme.gateway.clone().shut(why));
    for route in ROUTES.iter().filter(|route| matches!(route.access, RouteAccess::Key(_) | RouteAccess::WriteKey)) {
        let answer = estate.ask(route.method, &format!("/accounts/acme{}", path(route)), key).await;
        assert_eq!(answer.status, status, "{}", route.path);
    }
    assert_eq!(estate.kept(), [0, 0, 0]);
}

/// A key with one scope, on every route: it gets past the door exactly where the table says so.
#[rstest]
#[case(Scope::Submit)]
#[case(Scope::Read)]
#[case(Scope::Operate)]
#[tokio::test]
async fn a_key_may_do_what_its_scopes_say(#[case] scope: Scope) {
    let key = AppKey { name: "shop".to_owned(), digest: key_digest("lg_scoped"), may: Scopes::from(scope) };
    let gateway = TestGateway::with(|settings| {
        settings.access = Access::Keys(vec![key]);
        settings.patience = std::time::Duration::ZERO;
    });
    for route in ROUTES {
        let method: Method = route.method.parse().unwrap();
        let Some(needed) = route.needs(&method) else { continue };
        let request = Request::builder().method(method).uri(path(route)).header("x-leadgate-key", "lg_scoped");
        let answer = gateway.send(request.json(guide_lead())).await;
        assert_eq!(answer.status == 403, needed != scope, "{} {}", route.method, route.path);
        let problem = answer.json()["type"] == "urn:leadgate:problem:key-may-not";
        assert!(answer.status != 403 || problem || answer.json()["error"].is_string(), "{answer:?}");
    }
}

/// To look at what only an operating key may do, a reading one is enough.
#[rstest]
#[case("GET", "read", true)]
#[case("HEAD", "read", true)]
#[case("POST", "read", false)]
#[case("POST", "operate", true)]
#[case("GET", "submit", false)]
#[tokio::test]
async fn looking_at_imports_is_reading(#[case] method: &str, #[case] may: &str, #[case] passes: bool) {
    let key = AppKey { name: "shop".to_owned(), digest: key_digest("lg_scoped"), may: may.parse().unwrap() };
    let gateway = TestGateway::with(|settings| settings.access = Access::Keys(vec![key]));
    let request = Request::builder().method(method).uri("/v1/imports").header("x-leadgate-key", "lg_scoped");
    assert_eq!(gateway.send(request.json(json!({}))).await.status != 403, passes);
}

#[tokio::test]
async fn what_is_wrong_with_an_operators_body_is_not_repeated() {
    let estate = Estate::new();
    for body in
        ["{\"api_key\": 12345678901234567890}", "{\"api_key\": [\"hidden-secret\"]}", "{\"hidden-secret\": 1}", "["]
    {
        let request = Request::builder().method("POST").uri("/operator/accounts").header("x-leadgate-key", OPERATOR);
        let answer = estate.send(request.text(body)).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(!text.contains("hidden-secret") && !text.contains("1234567890"), "{text}");
    }
    let large = format!("{{\"settings\": {{\"rules\": \"{}\"}}}}", "x".repeat(1_100_000));
    let request = Request::builder().method("POST").uri("/operator/accounts").header("x-leadgate-key", OPERATOR);
    assert_eq!(estate.send(request.text(&large)).await.status, 413);
}

/// A desk that nobody gets to.
struct NoDesk;

#[async_trait]
impl AccountDesk for NoDesk {
    async fn accounts(&self) -> Result<Vec<AccountView>, DeskError> {
        unreachable!("nobody was let in")
    }

    async fn account(&self, _: &AccountName) -> Result<AccountView, DeskError> {
        unreachable!("nobody was let in")
    }

    async fn add(&self, _: AccountWish) -> Result<AccountView, DeskError> {
        unreachable!("nobody was let in")
    }

    async fn change(&self, _: &AccountName, _: AccountWish) -> Result<AccountView, DeskError> {
        unreachable!("nobody was let in")
    }

    async fn set_state(&self, _: &AccountName, _: AccountState) -> Result<AccountView, DeskError> {
        unreachable!("nobody was let in")
    }

    async fn add_key(&self, _: &AccountName, _: &str, _: Scopes) -> Result<SecretString, DeskError> {
        unreachable!("nobody was let in")
    }

    async fn keys(&self, _: &AccountName) -> Result<Vec<AppKey>, DeskError> {
        unreachable!("nobody was let in")
    }

    async fn rotate_keys(&self) -> Result<u64, DeskError> {
        unreachable!("nobody was let in")
    }

    async fn store(&self, _: &AccountName) -> Result<Arc<dyn Store>, DeskError> {
        unreachable!("nobody was let in")
    }
}
