//! The keys are swapped, and neither is seen on the wrong side.

use freshsales_sandbox::Generation;
use leadgate_store::model::AppKey;
use leadgate_store::scopes::Scopes;
use leadgate_testkit::TestGateway;
use leadgate_web::Access;
use leadgate_web::auth::key_digest;
use leadgate_web::broker::{BrokerDoor, BrokerKeys};
use rstest::rstest;
use serde_json::json;

const APP_KEY: &str = "lg_of_the_reports";

async fn gateway(generation: Generation) -> TestGateway {
    let key = |name: &str, key| AppKey { name: name.to_owned(), digest: key_digest(key), may: Scopes::ALL };
    let keys = vec![key("reports", APP_KEY), key("shop", "lg_of_the_shop")];
    TestGateway::builder()
        .generation(generation)
        .web(move |web| {
            web.access = Access::Keys(keys);
            web.broker.keys = BrokerKeys::new(vec!["reports".to_owned()]);
        })
        .open()
        .await
}

#[rstest]
#[case::as_freshsales_has_it("authorization", "Token token=lg_of_the_reports")]
#[case::quoted("authorization", "Token token=\"lg_of_the_reports\"")]
#[case::bearer("authorization", "Bearer lg_of_the_reports")]
#[case::own_header("x-leadgate-key", APP_KEY)]
#[tokio::test]
async fn the_account_sees_its_own_key_and_nothing_of_the_caller(#[case] name: &str, #[case] value: &str) {
    let gateway = gateway(Generation::Suite).await;
    let headers = [(name, value), ("cookie", "a=b"), ("x-sandbox-caller", "the caller"), ("user-agent", "script/1")];
    let answer = gateway.read_through("/api/selector/owners?page=2", &headers).await;
    assert_eq!((answer.status, answer.headers["leadgate-answer"].to_str().unwrap()), (200, "account"));
    let seen = gateway.account().requests().pop().unwrap();
    assert_eq!((seen.path.as_str(), seen.query.as_str()), ("/crm/sales/api/selector/owners", "page=2"));
    assert!(seen.caller.starts_with("freshsales-rust/"), "{}", seen.caller);
    assert!(!format!("{seen:?}").contains(APP_KEY));
}

#[rstest]
#[case::missing("x-nothing", "", 401)]
#[case::wrong("authorization", "Token token=lg_of_nobody", 401)]
#[case::the_account_s_own("authorization", "Token token=sandbox-key", 401)]
#[case::not_a_token("authorization", "Token lg_of_the_reports", 401)]
#[case::of_another_app("authorization", "Token token=lg_of_the_shop", 403)]
#[tokio::test]
async fn another_key_is_refused_and_costs_nothing(#[case] name: &str, #[case] value: &str, #[case] status: u16) {
    let gateway = gateway(Generation::Suite).await;
    let answer = gateway.through("POST", "/api/contacts", &json!({}), &[(name, value)]).await;
    assert_eq!((answer.status, gateway.account().request_count()), (status, 0));
    assert_eq!(gateway.engine().standing().hour_ours, 0);
}

#[tokio::test]
async fn a_reply_that_holds_the_account_s_key_is_kept_back() {
    let gateway = gateway(Generation::Classic).await;
    let user = json!({ "user": { "email": "mara.lindqvist@example.com", "password": "sandbox-password" } });
    let answer = gateway.through("POST", "/api/sign_in", &user, &[("x-leadgate-key", APP_KEY)]).await;
    assert_eq!((answer.status, answer.body["reason"].as_str()), (502, Some("holds_key")));
    assert!(!format!("{answer:?}").contains("sandbox-key"));
}

#[tokio::test]
async fn an_account_of_another_name_is_not_there() {
    let gateway = gateway(Generation::Suite).await;
    let answer = gateway.read_through("/../other/api/selector/owners", &[("x-leadgate-key", APP_KEY)]).await;
    assert_eq!((answer.status, gateway.account().request_count()), (404, 0));
}

#[tokio::test]
async fn who_may_is_nobody_unless_named() {
    let key = AppKey { name: "reports".to_owned(), digest: key_digest(APP_KEY), may: Scopes::ALL };
    let gateway = TestGateway::builder()
        .web(|web| {
            web.access = Access::Keys(vec![key]);
            web.broker = BrokerDoor::default();
        })
        .open()
        .await;
    let answer = gateway.read_through("/api/selector/owners", &[("x-leadgate-key", APP_KEY)]).await;
    assert_eq!((answer.status, gateway.account().request_count()), (403, 0));
}
