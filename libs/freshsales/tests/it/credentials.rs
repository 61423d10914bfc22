//! Keys and addresses as people paste them.

use freshsales::{AccountAddress, ApiKey, Credentials, CredentialsError, Generation};
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case("EXAMPLE_KEY_NOT_REAL_00")]
#[case("  EXAMPLE_KEY_NOT_REAL_00\n")]
#[case("\"EXAMPLE_KEY_NOT_REAL_00\"")]
#[case("'EXAMPLE_KEY_NOT_REAL_00 '")]
#[case("“EXAMPLE_KEY_NOT_REAL_00”")]
#[case("Token token=EXAMPLE_KEY_NOT_REAL_00")]
#[case("token=\"EXAMPLE_KEY_NOT_REAL_00\"")]
#[case("Authorization: Token token=EXAMPLE_KEY_NOT_REAL_00")]
fn a_key_is_understood(#[case] text: &str) {
    assert_eq!(ApiKey::parse(text).unwrap().expose(), "EXAMPLE_KEY_NOT_REAL_00");
}

#[rstest]
#[case("", CredentialsError::EmptyKey)]
#[case(" '' ", CredentialsError::EmptyKey)]
#[case("Token token=", CredentialsError::EmptyKey)]
#[case("EXAMPLE KEY", CredentialsError::KeyHasWhiteSpace)]
#[case("EXAMPLE\u{a0}KEY", CredentialsError::KeyHasWhiteSpace)]
#[case("EXAMPLÉ", CredentialsError::KeyHasForeignCharacter)]
#[case("<API_KEY>", CredentialsError::KeyHasForeignCharacter)]
#[case("ab\"cd", CredentialsError::KeyHasForeignCharacter)]
#[case("https://acme.freshsales.io", CredentialsError::KeyLooksLikeAddress)]
#[case("acme.myfreshworks.com", CredentialsError::KeyLooksLikeAddress)]
fn a_key_is_refused(#[case] text: &str, #[case] expected: CredentialsError) {
    assert_eq!(ApiKey::parse(text).unwrap_err(), expected);
}

const CLASSIC: Option<Generation> = Some(Generation::Classic);
const SUITE: Option<Generation> = Some(Generation::Suite);

#[rstest]
#[case("acme", None, "acme")]
#[case(" 'Acme-Demo/' ", None, "acme-demo")]
#[case("acme.freshsales.io", CLASSIC, "https://acme.freshsales.io/api")]
#[case("https://acme.freshsales.io/", CLASSIC, "https://acme.freshsales.io/api")]
#[case("HTTPS://Acme.Freshsales.IO/leads/1?x=1#top", CLASSIC, "https://acme.freshsales.io/api")]
#[case("acme.myfreshworks.com/crm/sales", SUITE, "https://acme.myfreshworks.com/crm/sales/api")]
#[case("https://acme.myfreshworks.com/crm/sales/contacts/123", SUITE, "https://acme.myfreshworks.com/crm/sales/api")]
#[case("acme.freshworks.com", SUITE, "https://acme.freshworks.com/crm/sales/api")]
#[case("http://127.0.0.1:4000", None, "http://127.0.0.1:4000")]
#[case("http://127.0.0.1:4000/api", CLASSIC, "http://127.0.0.1:4000/api")]
#[case("http://127.0.0.1:4000/crm/sales/api/", SUITE, "http://127.0.0.1:4000/crm/sales/api")]
#[case("http://localhost:4000/crm/sales", SUITE, "http://localhost:4000/crm/sales/api")]
#[case("http://[::1]:4000/one/crm/sales/api", SUITE, "http://[::1]:4000/one/crm/sales/api")]
#[case("https://proxy.example.com/one", None, "https://proxy.example.com/one")]
#[case("https://proxy.example.com/one'/", None, "https://proxy.example.com/one")]
#[case("'https://proxy.example.com/api'/", CLASSIC, "https://proxy.example.com/api")]
fn an_address_is_understood(#[case] text: &str, #[case] generation: Option<Generation>, #[case] canonical: &str) {
    let address = AccountAddress::parse(text).unwrap();
    assert_eq!(Generation::from_address(&address), generation);
    assert_eq!(address.to_string(), canonical);
}

#[rstest]
#[case("", CredentialsError::EmptyAddress)]
#[case("ac me", CredentialsError::AddressHasForeignCharacter)]
#[case("äcme", CredentialsError::AddressHasForeignCharacter)]
#[case("acme_demo", CredentialsError::InvalidSubdomain)]
#[case("-acme", CredentialsError::InvalidSubdomain)]
#[case("acme/crm/sales", CredentialsError::InvalidSubdomain)]
#[case("myfreshworks.com", CredentialsError::NoAccountInHost { domain: "myfreshworks.com" })]
#[case("www.freshworks.com/crm", CredentialsError::NoAccountInHost { domain: "freshworks.com" })]
#[case("a.b.freshsales.io", CredentialsError::NoAccountInHost { domain: "freshsales.io" })]
#[case("crm.example.com", CredentialsError::UnknownHostWithoutScheme)]
#[case("https://crm.example.com\"/one/", CredentialsError::InvalidUrl)]
#[case("127.0.0.1:4000", CredentialsError::UnknownHostWithoutScheme)]
#[case("localhost", CredentialsError::UnknownHostWithoutScheme)]
#[case("acme.notfreshsales.io", CredentialsError::UnknownHostWithoutScheme)]
#[case("http://acme.freshsales.io", CredentialsError::PlainHttp)]
#[case("http://crm.example.com", CredentialsError::PlainHttp)]
#[case("http://127.0.0.1.example.com", CredentialsError::PlainHttp)]
#[case("ftp://acme.freshsales.io", CredentialsError::UnknownScheme)]
#[case("https://me:secret@acme.freshsales.io", CredentialsError::UserInfo)]
#[case("me@acme.freshsales.io", CredentialsError::UserInfo)]
#[case("https://", CredentialsError::InvalidUrl)]
#[case("https://acme.freshsales.io/crm/sales/contacts/1", CredentialsError::SuitePathOnClassicHost)]
fn an_address_is_refused(#[case] text: &str, #[case] expected: CredentialsError) {
    assert_eq!(AccountAddress::parse(text).unwrap_err(), expected);
}

#[test]
fn an_open_address_has_a_root_for_either_generation() {
    let address = AccountAddress::parse("http://127.0.0.1:4000/one").unwrap();
    let root = |generation| address.api_root(generation).unwrap().to_string();
    assert_eq!(root(Generation::Classic), "http://127.0.0.1:4000/one/api");
    assert_eq!(root(Generation::Suite), "http://127.0.0.1:4000/one/crm/sales/api");
    let classic = AccountAddress::parse("acme.freshsales.io").unwrap();
    assert_eq!(classic.api_root(Generation::Suite), None);
}

#[test]
fn credentials_come_from_two_variables_and_name_the_missing_one() {
    let read = |key: Option<&str>, address: Option<&str>| {
        Credentials::from_variables(|name| {
            match name {
                "FRESHSALES_API_KEY" => key,
                "FRESHSALES_SUBDOMAIN" => address,
                other => panic!("{other} is not ours"),
            }
            .map(str::to_owned)
        })
    };
    assert_eq!(read(Some("KEY"), Some("acme")).unwrap().address().to_string(), "acme");
    let missing = |name| CredentialsError::MissingVariable { name };
    assert_eq!(read(None, Some("acme")).unwrap_err(), missing("FRESHSALES_API_KEY"));
    assert_eq!(read(Some("KEY"), None).unwrap_err(), missing("FRESHSALES_SUBDOMAIN"));
}

#[test]
fn a_key_is_never_printed() {
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "acme.freshsales.io").unwrap();
    let client = freshsales::Client::new(credentials.clone()).unwrap();
    for printed in [format!("{credentials:?}"), format!("{:?}", credentials.key()), format!("{client:?}")] {
        assert!(!printed.contains("EXAMPLE_KEY"), "{printed}");
    }
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same(text in "(https?://)?[a-zA-Z0-9.:/_@ -]{0,40}|[a-z0-9-]{1,20}\\.(freshsales\\.io|myfreshworks\\.com)(/[a-z0-9/]*)?") {
        if let Ok(address) = AccountAddress::parse(&text) {
            prop_assert_eq!(AccountAddress::parse(&address.to_string()).unwrap(), address);
        }
    }

    #[test]
    fn a_key_that_is_taken_fits_into_a_header(text in "\\PC{0,40}") {
        if let Ok(key) = ApiKey::parse(&text) {
            prop_assert!(http::HeaderValue::from_str(key.expose()).is_ok());
            prop_assert!(!key.expose().contains(char::is_whitespace));
        }
    }

    #[test]
    fn a_refusal_never_repeats_the_text(text in "[a-zA-Z0-9]{12,20} [a-zA-Z0-9]{12,20}") {
        let error = ApiKey::parse(&text).unwrap_err().to_string();
        prop_assert!(!text.split(' ').any(|word| error.contains(word)));
    }
}
