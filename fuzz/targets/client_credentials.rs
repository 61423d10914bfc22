//! Keys and addresses as people paste them: one a line.
#![no_main]

use freshsales::{AccountAddress, ApiKey, Credentials, Generation};
use http::HeaderValue;
use leadgate_fuzz::first_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (key, address) = first_line(input);
    let address = String::from_utf8_lossy(address);
    if let Ok(read) = AccountAddress::parse(&address) {
        let again = AccountAddress::parse(&read.to_string());
        assert_eq!(again.as_ref(), Ok(&read), "an address changed by being printed");
        for generation in [Generation::Classic, Generation::Suite] {
            assert!(
                read.api_root(generation).is_none_or(|root| root.host_str().is_some()),
                "an address without a host"
            );
        }
        let (_, _) = (read.generation(), read.is_loopback());
    }
    if let Ok(read) = ApiKey::parse(&key) {
        assert!(HeaderValue::from_str(&format!("Token token={}", read.expose())).is_ok(), "a key no header can carry");
        // A short key may be a part of the words that stand in its place.
        assert!(read.expose().len() < 20 || !format!("{read:?}").contains(read.expose()), "a key that is printed");
    }
    if let Err(error) = Credentials::parse(&key, &address) {
        assert!(!error.to_string().is_empty());
    }
});
