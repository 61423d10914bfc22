//! `leadgate webhook`: what to paste into a workflow, and whether its test hit was understood.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Stdio};

use rstest::rstest;
use serde_json::{Value, json};

use crate::process::{Running, leadgate, request, run};

const RULES: &str = "[notifications]\nsecrets = [\"a-webhook-secret-of-some-length\"]\n";
const SECRET: &str = "a-webhook-secret-of-some-length";

fn folder_with_rules() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leadgate-rules.toml"), RULES).unwrap();
    folder
}

#[rstest]
#[case::deal("deal", "Deals", "deal_stage_name")]
#[case::contact("contact", "Contacts", "email")]
#[case::lead("lead", "Leads", "email")]
#[case::company("company", "Accounts", "name")]
fn a_recipe_names_address_header_and_fields(#[case] kind: &str, #[case] module: &str, #[case] field: &str) {
    let folder = folder_with_rules();
    let flags = ["webhook", "recipe", "--kind", kind, "--url", "https://gate.example.com", "--json"];
    let recipe: Value = serde_json::from_str(&run(folder.path(), &flags, &[]).out).unwrap();
    assert!(recipe["module"].as_str().unwrap().contains(module), "{recipe:#}");
    assert_eq!(recipe["url"], "https://gate.example.com/freshsales/webhook");
    assert_eq!(recipe["header"], "X-Leadgate-Secret");
    let fields = recipe["fields"].to_string();
    assert!(fields.contains(field) && fields.contains("updated_at") && fields.contains("id"), "{fields}");
}

#[test]
fn a_recipe_in_words_never_shows_the_secret() {
    let folder = folder_with_rules();
    let told = run(folder.path(), &["webhook", "recipe"], &[]).out;
    assert!(told.contains("https://YOUR-GATEWAY/freshsales/webhook") && !told.contains(SECRET), "{told}");
    assert!(told.contains("the secret that the rules file names"), "{told}");
    let without = run(tempfile::tempdir().unwrap().path(), &["webhook", "recipe"], &[]).out;
    assert!(without.contains("a long random text"), "{without}");
}

/// A gateway, and a `webhook verify` that waits for a test hit on it.
struct Verifying {
    dev: Running,
    verify: Child,
    said: BufReader<ChildStderr>,
    _folder: tempfile::TempDir,
}

impl Verifying {
    fn start() -> Verifying {
        let folder = folder_with_rules();
        let dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
        let url = dev.text("url");
        // What came before is no test hit.
        hit(&dev, &json!({ "deal_id": 1, "deal_name": "Before" }));
        let mut command =
            leadgate(folder.path(), &["webhook", "verify", "--wait", "60", "--json"], &[("LEADGATE_URL", &url)]);
        let mut verify = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(verify.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("waiting for a notification"), "{line}");
        Verifying { dev, verify, said, _folder: folder }
    }

    fn ended(mut self) -> (i32, Value) {
        let mut out = String::new();
        self.verify.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        let code = self.verify.wait().unwrap().code().unwrap();
        let mut err = String::new();
        self.said.read_to_string(&mut err).unwrap();
        (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out} {err}")))
    }
}

fn hit(dev: &Running, body: &Value) {
    let url = format!("{}/freshsales/webhook?secret={SECRET}", dev.text("url"));
    let (status, answer) = request("POST", &url, None, Some(body.clone()));
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn a_test_hit_that_is_understood_is_shown() {
    let verifying = Verifying::start();
    hit(&verifying.dev, &json!({ "deal_id": 7, "deal_name": "Engine", "deal_updated_at": "2026-03-03T09:00:00Z" }));
    let (code, told) = verifying.ended();
    assert_eq!(code, 0, "{told:#}");
    assert_eq!(told["understood"]["record"], json!({ "kind": "deal", "id": 7 }));
    assert_eq!(told["understood"]["fields"]["name"], "Engine");
}

#[test]
fn a_test_hit_that_is_not_understood_ends_with_1_and_says_why() {
    let verifying = Verifying::start();
    hit(&verifying.dev, &json!({ "row": { "no": 7 } }));
    let (code, told) = verifying.ended();
    assert_eq!(code, 1, "{told:#}");
    assert!(told["problem"].is_string(), "{told:#}");
}

#[test]
fn no_test_hit_ends_with_6() {
    let folder = folder_with_rules();
    let dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    hit(&dev, &json!({ "deal_id": 1, "deal_name": "Before" }));
    let ended = run(folder.path(), &["webhook", "verify", "--wait", "0"], &[("LEADGATE_URL", &dev.text("url"))]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.err.contains("no notification arrived"), "{}", ended.err);
}
