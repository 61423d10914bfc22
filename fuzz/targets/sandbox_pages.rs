//! Forms and addresses of the page: pieces are `GET path` or `POST path`, a line end, and the form.
#![no_main]

use leadgate_fuzz::{exchange, first_line, pieces, sandbox};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let account = sandbox::seeded();
    for piece in pieces(input, 5) {
        let (line, form) = first_line(piece);
        let Some((method, path)) = line.split_once(' ') else { continue };
        let form = format!("{}&token={}", String::from_utf8_lossy(form), account.token());
        let Some(mut request) = exchange::simple(method, &format!("/-/{path}"), form) else { continue };
        let headers = request.headers_mut();
        headers.insert("accept", http::HeaderValue::from_static("text/html"));
        headers.insert("sec-fetch-site", http::HeaderValue::from_static("same-origin"));
        sandbox::answer(&account, request);
    }
    let _made = account.deliver(8);
    sandbox::assert_consistent(&account.account());
});
