//! Bodies of the control API, one after the other: each piece is `METHOD path`, a line end and the body.
#![no_main]

use leadgate_fuzz::{exchange, first_line, pieces, sandbox};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let account = sandbox::seeded();
    for piece in pieces(input, 5) {
        let (line, body) = first_line(piece);
        let Some((method, path)) = line.split_once(' ') else { continue };
        let target = format!("/__sandbox/{path}");
        let Some(request) = exchange::simple(method, &target, body.to_vec()) else { continue };
        if !sandbox::is_costly(&request) {
            sandbox::answer(&account, request);
        }
        // The account goes on with whatever was set up.
        let lead = r#"{"contact":{"last_name":"Okafor","emails":"paul@example.com","custom_field":{"cf_plan":"x"}}}"#;
        for (method, target, body) in [
            ("POST", "/crm/sales/api/contacts", lead),
            ("PUT", "/crm/sales/api/deals/73000000001", r#"{"deal":{"amount":"7.5","deal_stage_id":79000002003}}"#),
            ("GET", "/crm/sales/api/contacts/71000000001?include=owner,sales_accounts", ""),
        ] {
            exchange::simple(method, target, body).and_then(|request| sandbox::answer(&account, request));
        }
        let _made = account.deliver(8);
    }
    sandbox::assert_consistent(&account.account());
});
