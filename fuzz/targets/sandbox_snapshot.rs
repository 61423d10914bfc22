//! The loader of snapshots: whole files, and what stands behind a sound snapshot as its journal.
//!
//! The first line chooses: `tail` puts the rest behind a sound snapshot, `before` puts it before its last line, anything else is the file itself.
#![no_main]

use std::sync::OnceLock;

use leadgate_fuzz::{exchange, first_line, sandbox};
use libfuzzer_sys::fuzz_target;

static SOUND: OnceLock<Vec<u8>> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let sound = SOUND.get_or_init(|| sandbox::saved(&sandbox::seeded().account()));
    let (choice, rest) = first_line(input);
    let end = sound.windows(7).rposition(|window| window == b"{\"end\":").unwrap_or(0);
    let file = match choice.as_str() {
        "tail" => [sound, rest].concat(),
        "before" => [&sound[..end], rest, b"\n", &sound[end..]].concat(),
        _ => input.to_vec(),
    };
    let sandbox = sandbox::empty();
    let account = sandbox.account();
    if account.restore(file.as_slice()).is_err() {
        return;
    }
    for (method, target, body) in [
        ("GET", "/crm/sales/api/contacts/71000000001?include=owner,sales_accounts,deals,notes", ""),
        ("PUT", "/crm/sales/api/contacts/71000000001", r#"{"contact":{"city":"Oslo","emails":"x@example.com"}}"#),
        ("GET", "/crm/sales/api/deals/73000000001/activities.json", ""),
        ("POST", "/crm/sales/api/contacts", r#"{"contact":{"last_name":"Okafor"}}"#),
        ("DELETE", "/crm/sales/api/contacts/71000000002", ""),
    ] {
        exchange::simple(method, target, body).and_then(|request| sandbox::answer(&sandbox, request));
    }
    let _whole = sandbox::saved(&account);
});
