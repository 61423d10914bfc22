//! Rules of filtered searches: the first line is the kind, the rest the body; and the query of the other searches.
#![no_main]

use leadgate_fuzz::{exchange, first_line, sandbox};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    thread_local! {
        // Nothing is written, so one account serves all inputs.
        static ACCOUNT: freshsales_sandbox::fuzzing::InProcess = sandbox::seeded();
    }
    let (kind, body) = first_line(input);
    ACCOUNT.with(|account| {
        let ask = |method, target: &str, body: &[u8]| {
            exchange::simple(method, target, body.to_vec()).and_then(|request| sandbox::answer(account, request))
        };
        if kind.starts_with('?') {
            for path in ["search", "lookup", "contacts/view/79000010001", "settings/contacts/fields", "tasks"] {
                ask("GET", &format!("/crm/sales/api/{path}{kind}"), b"");
            }
            return;
        }
        ask("POST", &format!("/crm/sales/api/filtered_search/{kind}"), body);
        ask("POST", "/api/filtered_search/lead", body);
    });
});
