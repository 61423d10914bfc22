//! Whole HTTP requests, one after the other, to a seeded account: every route of the API, the pages and the control paths.
#![no_main]

use leadgate_fuzz::{exchange, pieces, sandbox};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let account = sandbox::seeded();
    let mut writes = false;
    for request in pieces(input, 6).filter_map(exchange::request).map(exchange::signed) {
        if !sandbox::is_costly(&request) {
            writes |= request.method() != http::Method::GET;
            sandbox::answer(&account, request);
        }
    }
    // The check takes longer than the requests, so one of three inputs has it.
    if writes && input.len() % 3 == 0 {
        sandbox::assert_consistent(&account.account());
    }
});
