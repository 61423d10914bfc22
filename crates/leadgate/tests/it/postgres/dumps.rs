//! What whoever gets hold of a dump of the database can read in it: what came in, and no secret.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use leadgate_postgres_server::Database;
use serde_json::json;

use crate::accounts::{API_KEY, Estate, MASTER, OPERATOR, add, operate, send};
use crate::process::request;
use crate::serve::until;

const PASSWORD: &str = "a-password-of-a-mail-server";
const HOOK: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw";

/// A webhook that nobody answers, and mail.
const RULES: &str = r#"
[destinations.hook]
kind = "webhook"
url = "http://127.0.0.1:1/"
secrets = ["$HOOK"]
allow = ["127.0.0.1"]

[destinations.mail]
kind = "email"
smtp = "smtps://user:$PASSWORD@smtp.example.com"
from = "Leadgate <leadgate@example.com>"
to = ["sales@example.com"]

[[playbook.rules]]
name = "trial"
event = "Trial Started"
steps = [{ do = "person", create = true }, { do = "send", to = "hook" }]
"#;

/// A text as it is, in hexadecimal, and in base64 wherever in what is encoded it stands: without the letters that its neighbours have a part in.
fn forms(bytes: &[u8]) -> Vec<String> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let in_base64 = |before: usize| {
        let encoded = BASE64_STANDARD_NO_PAD.encode([&vec![0; before], bytes].concat());
        encoded[(before * 8).div_ceil(6)..(before + bytes.len()) * 8 / 6].to_owned()
    };
    let plain = std::str::from_utf8(bytes).ok().map(str::to_owned);
    plain.into_iter().chain([hex]).chain((0..3).map(in_base64)).collect()
}

fn found(dump: &str, bytes: &[u8]) -> Vec<String> {
    forms(bytes).into_iter().filter(|form| dump.contains(form)).collect()
}

#[test]
fn no_secret_of_an_account_can_be_read_in_a_dump() {
    let (estate, database) = (Estate::of(1), Database::fresh());
    let gateway = estate.serve_with(&[("LEADGATE_MASTER_KEY", MASTER), ("DATABASE_URL", &database.url())]);
    let key = add(&gateway, "acme", &estate, 0);
    let variables = json!({"HOOK": format!("whsec_{HOOK}"), "PASSWORD": PASSWORD});
    let change = json!({"variables": variables, "settings": {"rules": RULES}});
    let (status, changed) = operate(&gateway, "PATCH", "/accounts/acme", Some(change));
    assert_eq!(status, 200, "{changed}");
    assert_eq!(send(&gateway, "acme", &key, "ada@example.com").0, 201);
    let event = json!({"event": "Trial Started", "user_id": "u-1", "email": "ada@example.com"});
    let url = format!("{}/accounts/acme/v1/events", gateway.text("url"));
    assert!(request("POST", &url, Some(&key), Some(event)).0 < 300);
    until(|| database.ask("SELECT count(*) FROM leadgate.delivery_attempts") != "0");
    let dump = database.dump();
    let opened = [HOOK, MASTER].map(|sealed| BASE64_STANDARD.decode(sealed).unwrap());
    let secrets = [API_KEY, PASSWORD, HOOK, MASTER, OPERATOR, &key].map(str::as_bytes);
    for secret in secrets.into_iter().chain(opened.iter().map(Vec::as_slice)) {
        assert_eq!(found(&dump, secret), Vec::<String>::new(), "{}", String::from_utf8_lossy(secret));
    }
    let in_the_open = found(&dump, b"ada@example.com");
    assert_eq!(in_the_open, forms(b"ada@example.com")[..2], "plain and in hexadecimal");
    assert!(dump.contains(&estate.domain(0)), "the account itself");
}
