//! Settings: which source holds, what is a mistake, what is never shown.

use rstest::rstest;
use serde_json::Value;

use crate::process::{Ended, run};

fn config(file: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    if !file.is_empty() {
        std::fs::write(folder.path().join("leadgate.toml"), file).unwrap();
    }
    let arguments: Vec<&str> = ["config"].iter().chain(arguments).copied().collect();
    run(folder.path(), &arguments, variables)
}

const FILE: &str = "[server]\nport = 4000\n";

#[rstest]
#[case::default("", &[], &[], ("server.port", "3000", "default"))]
#[case::file(FILE, &[], &[], ("server.port", "4000", "file leadgate.toml"))]
#[case::short_variable(FILE, &[], &[("PORT", "5000")], ("server.port", "5000", "variable PORT"))]
#[case::full_variable(FILE, &[], &[("PORT", "5000"), ("LEADGATE__SERVER__PORT", "6000")], ("server.port", "6000", "variable LEADGATE__SERVER__PORT"))]
#[case::empty_variable(FILE, &[], &[("PORT", "")], ("server.port", "4000", "file leadgate.toml"))]
#[case::flag("[store]\ndata = \"a\"", &["--data", "c"], &[("LEADGATE_DATA", "b")], ("store.data", "\"c\"", "flag --data"))]
#[case::number_as_text("", &[], &[("FRESHSALES_SUBDOMAIN", "4711")], ("crm.subdomain", "\"4711\"", "variable FRESHSALES_SUBDOMAIN"))]
#[case::fraction("", &[], &[("LEADGATE__BUDGET__RESERVE_BULK", "0.2")], ("budget.reserve_bulk", "0.2", "variable LEADGATE__BUDGET__RESERVE_BULK"))]
#[case::whole_fraction("[budget]\nreserve_bulk = 0", &[], &[], ("budget.reserve_bulk", "0", "file leadgate.toml"))]
#[case::list("[names]\nstages = [\"Won\", \"Demo\"]", &[], &[], ("names.stages", "[\"Won\",\"Demo\"]", "file leadgate.toml"))]
#[case::list_in_variable("", &[], &[("LEADGATE__NAMES__OWNERS", "Ada, Bo")], ("names.owners", "\"Ada, Bo\"", "variable LEADGATE__NAMES__OWNERS"))]
#[case::flag_in_variable("", &[], &[("LEADGATE__ACCESS__OPEN_TO_ANYONE", "true")], ("access.open_to_anyone", "true", "variable LEADGATE__ACCESS__OPEN_TO_ANYONE"))]
fn the_last_source_holds_and_is_named(
    #[case] file: &str,
    #[case] arguments: &[&str],
    #[case] variables: &[(&str, &str)],
    #[case] (path, value, origin): (&str, &str, &str),
) {
    let arguments: Vec<&str> = arguments.iter().chain(&["--json"]).copied().collect();
    let ended = config(file, &arguments, variables);
    let shown: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!((shown[path]["value"].to_string().as_str(), shown[path]["from"].as_str().unwrap()), (value, origin));
}

#[rstest]
#[case::typo("[budget]\nper_huor = 5", &[], "file leadgate.toml: there is no setting budget.per_huor; did you mean budget.per_hour?")]
#[case::wrong_section("[server]\nmax_failures = 5", &[], "there is no setting server.max_failures; did you mean retry.max_failures?")]
#[case::no_section("per_hour = 5", &[], "there is no setting per_hour; did you mean budget.per_hour?")]
#[case::far_off("[zebra]\nquux = 5", &[], "there is no setting zebra.quux; `leadgate config example` lists them all")]
#[case::variable("", &[("LEADGATE__BUDGET__PERHOUR", "5")], "variable LEADGATE__BUDGET__PERHOUR: there is no setting budget.perhour; did you mean budget.per_hour?")]
#[case::no_number("", &[("PORT", "http")], "variable PORT: it is not a whole number")]
#[case::too_large("", &[("PORT", "70000")], "server.port")]
#[case::wrong_type("[budget]\nper_hour = \"many\"", &[], "file leadgate.toml: budget.per_hour cannot be used")]
#[case::no_duration("[retry]\nbase = \"soon\"", &[], "`soon` is not a duration; write it as \"300ms\", \"10s\", \"5m\" or \"24h\"")]
#[case::no_share("[budget]\nreserve_event = 1.5", &[], "budget.reserve_event is 1.5, but it is a share: from 0 to 1")]
#[case::no_days("[retention]\ndone = \"soon\"", &[], "`soon` is no time to keep something; write it as \"90 days\" or \"12h\"")]
#[case::short_retention("[retention]\ndone = \"12h\"\nchanges = \"12h\"", &[], "retention.done is not longer than intake.key_window")]
#[case::wide_window("[intake]\ncontent_window = \"7 hours\"", &[], "intake.content_window is longer than 6 hours")]
#[case::long_changes("[retention]\ndone = \"30 days\"", &[], "retention.changes is longer than retention.done; make it at most as long")]
#[case::no_region("[intake]\nphone_region = \"Germany\"", &[], "a country's two capital letters, such as DE")]
#[case::no_public_url("[server]\npublic_url = \"leads.example.com\"", &[], "server.public_url is no web address")]
#[case::no_level("[log]\nlevel = \"info,=\"", &[], "log.level is `info,=`")]
#[case::no_toml("[server\n", &[], "file leadgate.toml is not valid TOML")]
fn a_mistake_is_named_with_its_mend(#[case] file: &str, #[case] variables: &[(&str, &str)], #[case] expected: &str) {
    let ended = config(file, &[], variables);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.err.contains(expected), "{}", ended.err);
}

#[test]
fn every_problem_is_told_at_once() {
    let ended = config("[retry]\nmax_failures = 0\n[engine]\nconcurrency = 0\n", &[], &[]);
    insta::assert_snapshot!(ended.err, @r"
    error: engine.concurrency is 0, so nothing would ever be sent; 1 is the least
           retry.max_failures is 0; 1 is the least
    ");
}

#[rstest]
#[case::text(&[])]
#[case::json(&["--json"])]
fn secrets_are_masked_wherever_they_are_from(#[case] arguments: &[&str]) {
    let file = "[crm]\napi_key = \"secret-of-the-file\"\nsubdomain = \"acme\"\n";
    let ended = config(file, arguments, &[("LEADGATE_APP_KEY", "secret-of-the-app")]);
    assert_eq!(ended.code, 0);
    assert!(!ended.out.contains("secret-of") && ended.out.contains("********"), "{}", ended.out);
}

#[rstest]
#[case("https://ann:s3cret@acme.freshsales.io/x", "https://********@acme.freshsales.io/x")]
#[case("ann:s3:/@cret@acme.freshsales.io", "********@acme.freshsales.io")]
fn a_password_in_an_address_is_masked(#[case] address: &str, #[case] shown: &str) {
    let ended = config("", &[], &[("FRESHSALES_SUBDOMAIN", address)]);
    assert_eq!(ended.code, 0);
    assert!(ended.out.contains(&format!("subdomain = {shown:?}")), "{}", ended.out);
}

#[test]
fn a_secret_of_the_wrong_type_is_not_repeated() {
    let ended = config("[crm]\napi_key = 4711\n", &[], &[]);
    assert_eq!(ended.code, 3);
    assert!(!ended.err.contains("4711") && ended.err.contains("crm.api_key"), "{}", ended.err);
}

#[test]
fn the_example_is_a_configuration_that_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let example = run(folder.path(), &["config", "example"], &[]).out;
    let values = |ended: Ended| {
        let shown: Value = serde_json::from_str(&ended.out).unwrap();
        let pairs = shown.as_object().unwrap().iter();
        pairs.map(|(path, setting)| (path.clone(), setting["value"].clone())).collect::<Vec<_>>()
    };
    let (with, without) = (values(config(&example, &["--json"], &[])), values(config("", &["--json"], &[])));
    assert_eq!(with, without);
    assert!(with.len() > 30);
}

#[test]
fn a_named_file_must_exist() {
    let ended = config("", &["--config", "elsewhere.toml"], &[]);
    assert_eq!(ended.code, 3);
    assert!(ended.err.contains("elsewhere.toml could not be read"), "{}", ended.err);
}
