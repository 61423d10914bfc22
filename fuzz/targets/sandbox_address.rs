//! Whom a request is for: the first line is the host, the second the path; and descriptions of accounts and clocks.
#![no_main]

use freshsales_sandbox::{AccountSpec, Clock};
use leadgate_fuzz::{first_line, sandbox};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    thread_local! {
        static SANDBOX: freshsales_sandbox::fuzzing::InProcess = sandbox::empty();
    }
    let (host, rest) = first_line(input);
    let (path, rest) = first_line(rest);
    SANDBOX.with(|sandbox| {
        let (name, exists, left) = sandbox.addressee(&host, &path);
        assert!(path.ends_with(left), "the path is only cut at its front");
        assert!(!exists || name.eq_ignore_ascii_case("acme"), "no account of another name");
    });
    let text = String::from_utf8_lossy(rest);
    if let Ok(spec) = text.parse::<AccountSpec>() {
        let _config = spec.config();
    }
    if let Ok(spec) = serde_json::from_str::<AccountSpec>(&text) {
        let _config = spec.config();
    }
    let _clock = text.parse::<Clock>();
});
