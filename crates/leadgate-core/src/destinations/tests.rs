//! What is taken as a destination and what is not: among the latter, every spelling of an address that is not of the public internet.

use rstest::rstest;

use super::*;
use crate::rules::Rules;

fn parse(text: &str) -> Result<Rules, String> {
    let variable = |name: &str| match name {
        "HOOK_SECRET" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
        "SMTP_PASSWORD" => Some("p@ss/w%41&d".to_owned()),
        _ => None,
    };
    Rules::parse(text, &variable).map_err(|error| error.to_string())
}

fn webhook(url: &str, more: &str) -> Result<Rules, String> {
    parse(&format!("[destinations.w]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"$HOOK_SECRET\"]\n{more}"))
}

/// Spellings of hosts that are not of the public internet.
const FORBIDDEN_HOSTS: &str = include_str!("../../tests/data/forbidden_hosts.txt");

#[test]
fn no_spelling_of_an_address_inside_is_taken() {
    let hosts: Vec<&str> = FORBIDDEN_HOSTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(hosts.len() >= 40, "{} spellings", hosts.len());
    for host in hosts {
        let refused = webhook(&format!("https://{host}/hook"), "").err();
        assert!(refused.is_some(), "{host} was taken");
        assert!(webhook(&format!("https://{host}:8443"), "").is_err(), "{host} with a port was taken");
    }
}

fn mailbox(host: &str, more: &str) -> Result<Rules, String> {
    let server = format!("smtp = \"smtps://me:$SMTP_PASSWORD@{host}\"");
    parse(&format!(
        "[destinations.m]\nkind = \"email\"\n{server}\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]\n{more}"
    ))
}

#[test]
fn no_spelling_of_a_mail_server_inside_is_taken() {
    for host in FORBIDDEN_HOSTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert!(mailbox(host, "").is_err(), "{host} was taken");
        assert!(mailbox(&format!("{host}:2525"), "").is_err(), "{host} with a port was taken");
    }
    mailbox("smtp.example.com", "").unwrap();
    mailbox("93.184.216.34:2525", "").unwrap();
    mailbox("127.0.0.1:2525", "allow = [\"127.0.0.1\"]").unwrap();
    let problem = mailbox("127.0.0.1", "").unwrap_err();
    assert!(
        problem.starts_with("destinations.m.smtp: 127.0.0.1 is not an address of the public internet"),
        "{problem}"
    );
}

#[rstest]
#[case::name("https://hooks.example.com/leadgate", "")]
#[case::address("https://93.184.216.34/x", "")]
#[case::port("https://hooks.example.com:8443/x?team=1", "")]
#[case::v6("https://[2606:4700:4700::1111]/", "")]
#[case::allowed("http://127.0.0.1:9000/x", "allow = [\"127.0.0.1\"]")]
#[case::allowed_block("http://10.1.2.3/", "allow = [\"10.1.0.0/16\"]")]
#[case::allowed_name("https://hooks.internal/", "allow = [\"10.1.0.0/16\"]")]
#[case::plain_by_name("http://hooks.example.com/", "plain_http = true")]
fn what_is_taken(#[case] url: &str, #[case] more: &str) {
    webhook(url, more).unwrap();
}

#[rstest]
#[case::plain("http://hooks.example.com/", "", "use https")]
#[case::other_scheme("ftp://hooks.example.com/", "", "scheme ftp")]
#[case::file("file:///etc/passwd", "", "no host")]
#[case::credentials("https://user:pass@hooks.example.com/", "", "user name or password")]
#[case::no_url("hooks.example.com", "", "no URL")]
#[case::not_in_the_block("https://10.2.0.1/", "allow = [\"10.1.0.0/16\"]", "public internet")]
#[case::no_block("https://hooks.example.com/", "allow = [\"10.1\"]", "no block of addresses")]
#[case::reserved_header("https://hooks.example.com/", "headers = { \"Webhook-Id\" = \"1\" }", "set by the gateway")]
#[case::header_name("https://hooks.example.com/", "headers = { \"a b\" = \"1\" }", "no name of a header")]
#[case::split_header("https://hooks.example.com/", "headers = { a = \"1\\r\\nb: 2\" }", "control character")]
#[case::no_slots("https://hooks.example.com/", "concurrency = 0", "1 is the least")]
#[case::no_duration("https://hooks.example.com/", "retries = [\"soon\"]", "not a duration")]
#[case::mail_key("https://hooks.example.com/", "from = \"a@example.com\"", "no such key")]
fn what_is_not(#[case] url: &str, #[case] more: &str, #[case] said: &str) {
    let error = webhook(url, more).unwrap_err();
    assert!(error.contains(said) && error.starts_with("destinations.w"), "{error}");
}

#[rstest]
#[case::prefix("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
#[case::short("whsec_c2hvcnQ=")]
#[case::not_base64("whsec_!!!!")]
#[case::public("whpk_V0VCSE9PS0FTWU1NRVRSSUNURVNUUFJJVkFURUtFWTE=")]
#[case::short_seed("whsk_c2hvcnQ=")]
fn a_secret_that_is_none_is_refused_and_not_repeated(#[case] secret: &str) {
    let text =
        format!("[destinations.w]\nkind = \"webhook\"\nurl = \"https://a.example.com\"\nsecrets = [\"{secret}\"]");
    let error = parse(&text).unwrap_err();
    assert!(error.starts_with("destinations.w.secrets") && !error.contains(secret), "{error}");
}

#[test]
fn both_kinds_of_secrets_sign() {
    let more = "whsk_V0VCSE9PS0FTWU1NRVRSSUNURVNUUFJJVkFURUtFWTE=";
    let text = format!(
        "[destinations.w]\nkind = \"webhook\"\nurl = \"https://a.example.com\"\nsecrets = [\"$HOOK_SECRET\", \"{more}\"]"
    );
    let rules = parse(&text).unwrap();
    let Receiver::Webhook(receiver) = &rules.destinations.get("w").unwrap().receiver else { panic!("no webhook") };
    assert!(matches!(receiver.keys[..], [SigningKey::Shared(_), SigningKey::Private(_)]));
}

#[test]
fn no_secret_is_ever_printed() {
    let text = "[destinations.s]\nkind = \"slack\"\nurl = \"https://hooks.example.com/T0/B0/sesame\"\n
        [destinations.w]\nkind = \"webhook\"\nurl = \"https://a.example.com/sesame\"\nsecrets = [\"$HOOK_SECRET\"]
        headers = { Authorization = \"sesame\" }\n
        [destinations.m]\nkind = \"email\"\nsmtp = \"smtps://me:$SMTP_PASSWORD@smtp.example.com\"\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]";
    let shown = format!("{:?}", parse(text).unwrap());
    for secret in ["sesame", "MfKQ", "p@ss", "p%40ss"] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
}

#[test]
fn the_password_of_a_mail_server_is_escaped() {
    use secrecy::ExposeSecret as _;
    let text = "[destinations.m]\nkind = \"email\"\nsmtp = \"smtps://me:$SMTP_PASSWORD@smtp.example.com\"\nfrom = \"Sales <a@example.com>\"\nto = [\"b@example.com\"]";
    let rules = parse(text).unwrap();
    let Receiver::Email(receiver) = &rules.destinations.get("m").unwrap().receiver else { panic!("no mailbox") };
    assert_eq!(receiver.server.expose_secret(), "smtps://me:p%40ss%2Fw%2541&d@smtp.example.com");
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let error = parse("[destinations.m]\nkind = \"email\"\n[destinations.s]\nkind = \"slack\"").unwrap_err();
    let places: Vec<&str> = error.lines().filter_map(|line| line.split_once(": ").map(|(place, _)| place)).collect();
    assert_eq!(places, ["destinations.m.smtp", "destinations.m.from", "destinations.m.to", "destinations.s.url"]);
}
