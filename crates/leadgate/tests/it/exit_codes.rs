//! Exit codes: scripts decide by them.

use rstest::rstest;

use crate::process::{Running, run};

const CREDENTIALS: [(&str, &str); 2] = [("FRESHSALES_API_KEY", "a-key"), ("FRESHSALES_SUBDOMAIN", "acme")];

#[rstest]
#[case::unknown_command(&["fly"], &[], 2, "unrecognized subcommand")]
#[case::lead_without_identity(&["leads", "add"], &[], 2, "--email")]
#[case::no_key_of_the_crm(&["serve", "--port", "0"], &[], 3, "FRESHSALES_API_KEY is not set")]
#[case::no_account(&["serve", "--port", "0"], &[], 3, "FRESHSALES_SUBDOMAIN is not set")]
#[case::swapped(&["serve", "--port", "0"], &[("FRESHSALES_API_KEY", "https://acme.freshsales.io"), ("FRESHSALES_SUBDOMAIN", "k")], 3, "the API key looks like a web address")]
#[case::no_app_key(&["serve", "--port", "0"], &CREDENTIALS, 3, "set LEADGATE_APP_KEY")]
#[case::nobody_there(&["leads", "add", "--email", "a@example.com", "--url", "http://127.0.0.1:1"], &[], 5, "no gateway answers at http://127.0.0.1:1")]
#[case::no_gateway_and_no_store(&["jobs", "list"], &[("PORT", "1")], 5, "there is no store in leadgate-data")]
fn a_command_that_cannot_work(
    #[case] arguments: &[&str],
    #[case] variables: &[(&str, &str)],
    #[case] code: i32,
    #[case] message: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), arguments, variables);
    assert_eq!(ended.code, code, "{ended:?}");
    assert!(ended.err.contains(message), "{}", ended.err);
}

#[rstest]
#[case::landed(&["leads", "add", "--email", "ingrid@example.com", "--deal", "Big", "--deal-stage", "Demo"], 0, "created contact")]
#[case::noted(&["notes", "add", "called", "--email", "ingrid@example.com"], 6, "is kept and parked")]
#[case::refused(&["leads", "add", "--email", "no address"], 4, "the gateway answered 422")]
#[case::parked(&["deals", "move", "7", "Demo"], 6, "moving deal 7 failed")]
#[case::no_such_job(&["jobs", "show", "99"], 4, "there is no job of this number")]
fn a_command_sent_to_a_gateway(#[case] arguments: &[&str], #[case] code: i32, #[case] message: &str) {
    let folder = tempfile::tempdir().unwrap();
    let dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    let ended = run(folder.path(), arguments, &[("LEADGATE_URL", &dev.text("url"))]);
    assert_eq!(ended.code, code, "{ended:?}");
    assert!(ended.out.contains(message) || ended.err.contains(message), "{ended:?}");
}

#[test]
fn stages_that_could_not_be_read_are_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = [
        ("FRESHSALES_API_KEY", "a-key"),
        ("FRESHSALES_SUBDOMAIN", "http://127.0.0.1:1"),
        ("LEADGATE_APP_KEY", "an-app-key-of-a-test"),
    ];
    let serve = Running::start(folder.path(), &["serve", "--port", "0", "--host", "127.0.0.1"], &nobody);
    let variables = [("LEADGATE_URL", &*serve.text("url")), ("LEADGATE_APP_KEY", "an-app-key-of-a-test")];
    let ended = run(folder.path(), &["stages"], &variables);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("were not read yet") || ended.err.contains("were not read yet"), "{ended:?}");
}

#[test]
fn a_wrong_key_is_a_refusal_that_says_which_key() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Running::start(folder.path(), &["dev", "--port", "0"], &[]);
    let variables = [("LEADGATE_URL", &*dev.text("url")), ("LEADGATE_APP_KEY", "another-key-altogether")];
    let ended = run(folder.path(), &["jobs", "list"], &variables);
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.err.contains("set LEADGATE_APP_KEY to a key that this gateway knows"), "{}", ended.err);
}
