//! Uploads: the first line is the `Content-Type`, the rest the body.
#![no_main]

use bytes::Bytes;
use freshsales_sandbox::fuzzing::parts_of_form;
use http::HeaderValue;
use leadgate_fuzz::{exchange, first_line, sandbox};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (content_type, body) = first_line(input);
    let body = Bytes::copy_from_slice(body);
    if parts_of_form(&content_type, &body).is_none_or(|parts| parts == 0) {
        return;
    }
    let account = sandbox::seeded();
    let Some(mut request) = exchange::simple("POST", "/crm/sales/api/documents", body) else { return };
    let Ok(value) = HeaderValue::from_str(&content_type) else { return };
    request.headers_mut().insert("content-type", value);
    let made = sandbox::answer(&account, request).is_some_and(|answer| answer.status().is_success());
    if made {
        let read =
            |path: &str| exchange::simple("GET", path, "").and_then(|request| sandbox::answer(&account, request));
        read("/crm/sales/api/contacts/71000000001/document_associations");
        read("/crm/sales/api/documents/70400000001");
        sandbox::assert_consistent(&account.account());
    }
});
