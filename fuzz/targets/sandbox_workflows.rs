//! Workflows: conditions, templates and placeholders, against writes that fire them. Pieces are workflows as JSON.
#![no_main]

use leadgate_fuzz::{exchange, pieces, sandbox};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let account = sandbox::seeded();
    let ask = |method, target: &str, body: &[u8]| {
        let answer =
            exchange::simple(method, target, body.to_vec()).and_then(|request| sandbox::answer(&account, request));
        answer.is_some_and(|answer| answer.status().is_success())
    };
    let mut added = 0;
    for workflow in pieces(input, 3) {
        added += i32::from(ask("POST", "/__sandbox/workflows", workflow));
    }
    if added == 0 {
        return;
    }
    for id in 1..=added {
        ask("POST", &format!("/__sandbox/workflows/{id}/test"), b"");
    }
    let tags = br#"{"contact":{"last_name":"Okafor & <Sons>","emails":"paul@example.com","tags":["a","b"],"lead_score":"12"}}"#;
    ask("POST", "/crm/sales/api/contacts", tags);
    ask("PUT", "/crm/sales/api/contacts/71000000001", br#"{"contact":{"city":"Oslo","custom_field":{"cf_seats":80}}}"#);
    ask(
        "PUT",
        "/crm/sales/api/deals/73000000001",
        br#"{"deal":{"amount":"1e3","deal_stage_id":79000002003,"expected_close":"2026-02-28"}}"#,
    );
    ask("PUT", "/api/leads/5000000101", br#"{"lead":{"job_title":"\u0001\"\\","country":"Norway"}}"#);
    ask("PUT", "/crm/sales/api/sales_accounts/72000000001", br#"{"sales_account":{"annual_revenue":"12.5"}}"#);
    let _made = account.deliver(32);
    ask("GET", "/__sandbox/workflows", b"");
    sandbox::assert_consistent(&account.account());
});
