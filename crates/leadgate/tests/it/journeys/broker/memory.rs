//! Lists that change seldom are remembered for a while.

use std::time::Duration;

use freshsales_sandbox::Generation;
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::json;

use super::header;

const STAGES: &str = "/api/selector/deal_stages";

async fn cache(gateway: &TestGateway, path: &str, headers: &[(&str, &str)]) -> String {
    let answer = gateway.read_through(path, headers).await;
    assert_eq!(answer.status, 200);
    format!("{} {}", header(&answer, "leadgate-cache"), header(&answer, "age"))
}

#[rstest]
#[tokio::test]
async fn a_list_is_remembered_for_ten_minutes_under_both_paths(
    #[values(Generation::Classic, Generation::Suite)] generation: Generation,
) {
    let gateway = TestGateway::of(generation).await;
    assert_eq!(cache(&gateway, STAGES, &[]).await, "miss 0");
    gateway.account().advance(Duration::from_secs(599));
    assert_eq!(cache(&gateway, "/crm/sales/api/selector/deal_stages", &[]).await, "hit 599");
    assert_eq!(gateway.account().request_count(), 1);
    gateway.account().advance(Duration::from_secs(1));
    assert_eq!(cache(&gateway, STAGES, &[]).await, "miss 0");
}

#[tokio::test]
async fn who_wants_none_of_it_is_answered_anew_and_so_are_those_after() {
    let gateway = TestGateway::open().await;
    cache(&gateway, STAGES, &[]).await;
    gateway.account().advance(Duration::from_secs(60));
    assert_eq!(cache(&gateway, STAGES, &[("cache-control", "no-cache")]).await, "miss 0");
    assert_eq!(cache(&gateway, STAGES, &[]).await, "hit 0");
    assert_eq!(cache(&gateway, &format!("{STAGES}?a=b"), &[]).await, "miss 0");
}

#[rstest]
#[case::to_the_settings("/api/settings/deals/fields", "miss 0")]
#[case::to_records("/api/contacts", "hit 0")]
#[tokio::test]
async fn a_write_forgets_what_it_may_change(#[case] path: &str, #[case] then: &str) {
    let gateway = TestGateway::open().await;
    cache(&gateway, STAGES, &[]).await;
    gateway.through("POST", path, &json!({}), &[]).await;
    assert_eq!(cache(&gateway, STAGES, &[]).await, then);
}

#[tokio::test]
async fn records_and_refusals_are_not_remembered() {
    let gateway = TestGateway::open().await;
    let id = gateway.account().seed_contact(&json!({ "last_name": "Halvorsen" }));
    for path in [format!("/api/contacts/{id}"), "/api/selector/nothing".to_owned()] {
        gateway.account().clear_requests();
        let before = gateway.account().request_count();
        for _ in 0..2 {
            assert_eq!(header(&gateway.read_through(&path, &[]).await, "leadgate-cache"), "miss");
        }
        assert_eq!(gateway.account().request_count() - before, 2, "{path}");
    }
}
