//! Imports: the real command over real HTTP to a whole gateway, a sandbox account behind it, on a stepped clock with the account's quota on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use freshsales_sandbox::{Fault, FaultKind, Generation, Plan, Switches};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::{Value, json};

use crate::process::{Ended, leadgate};

/// No call is given up because the machine is busy.
const PATIENT: Duration = Duration::from_secs(60);

/// A thousand rows, or as many as `LEADGATE_IMPORT_ROWS` says.
#[expect(clippy::disallowed_methods, reason = "the size of a test is no setting of the gateway")]
fn rows() -> usize {
    std::env::var("LEADGATE_IMPORT_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000)
}

async fn gateway(generation: Generation) -> TestGateway {
    TestGateway::builder().generation(generation).plan(Plan::Growth).crm_timeout(PATIENT).open().await
}

/// Runs the command while the gateway works.
async fn run(gateway: &TestGateway, folder: &Path, arguments: &[&str]) -> Ended {
    let url = gateway.url().to_owned();
    let mut command = leadgate(folder, arguments, &[("LEADGATE_URL", &url)]);
    let running = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = gateway.pumped(running).await.unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Of each hundred rows five repeat an earlier one in other letters and two have no address; the others are people.
fn file(rows: usize) -> String {
    let mut text = String::from("Vorname;Nachname;E-Mail-Adresse;Ort\n");
    for row in 0..rows {
        let email = match row % 100 {
            10 | 30 | 50 | 70 | 90 => format!("Person{}@Example.COM", row - 1),
            20 | 40 => "nobody".to_owned(),
            _ => format!("person{row}@example.com"),
        };
        writeln!(text, "Ada{row};Person;{email};\"Oslo\"").unwrap();
    }
    text
}

fn people(gateway: &TestGateway) -> usize {
    gateway.account().leads().len() + gateway.account().contacts().len()
}

/// How many of the latest requests went where.
fn kinds(gateway: &TestGateway) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for request in gateway.account().requests() {
        let path = request.path.split(|sign: char| sign.is_ascii_digit()).next().unwrap_or_default().to_owned();
        *kinds.entry(format!("{} {path}", request.method)).or_default() += 1;
    }
    kinds
}

/// The outcomes of a result file, whose rows are checked to be those of the file, each once and in order, with the ids that were asked for.
fn outcomes(path: &Path, rows: usize, with_ids: bool) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let numbers: Vec<usize> = lines.iter().map(|cells| cells[0].parse().unwrap()).collect();
    assert_eq!(numbers, (2..rows + 2).collect::<Vec<_>>());
    let may_lack_it = |cells: &Vec<&str>| cells[1] == "refused" || (cells[1] != "updated" && !with_ids);
    let has_id = |cells: &Vec<&str>| cells[3].parse::<i64>().is_ok() || may_lack_it(cells);
    assert!(lines.iter().all(has_id), "a person without an id");
    lines.iter().map(|cells| cells[1].to_owned()).collect()
}

#[rstest]
#[case::suite(Generation::Suite, false, 1, 2)]
#[case::suite_with_ids(Generation::Suite, true, 2, 1)]
#[case::classic(Generation::Classic, true, 109, 0)]
#[tokio::test]
async fn an_import_is_exact(
    #[case] generation: Generation,
    #[case] with_ids: bool,
    #[case] for_each_hundred: usize,
    #[case] for_each_load: usize,
) {
    let (rows, folder) = (rows(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("leads.csv"), file(rows)).unwrap();
    let gateway = gateway(generation).await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    gateway.account().seed_contact(&json!({ "email": "person3@example.com", "first_name": "Old", "last_name": "N" }));
    gateway.account().advance(Duration::from_secs(3_600));
    let before = gateway.account().request_count();
    let arguments: &[&str] = &["import", "leads.csv", "--results", "out.csv", "--json", "--ids"];
    let asked_for = if with_ids { arguments } else { &arguments[..5] };
    let ended = run(&gateway, folder.path(), asked_for).await;
    let requests = usize::try_from(gateway.account().request_count() - before).unwrap();
    assert_eq!((ended.code, ended.err.as_str()), (4, ""), "{}", ended.out);
    let found = outcomes(&folder.path().join("out.csv"), rows, with_ids);
    let count = |name: &str| found.iter().filter(|outcome| *outcome == name).count();
    let good = rows * 93 / 100;
    println!("{generation:?}: {requests} requests for {good} people of {rows} rows, {:?}", kinds(&gateway));
    assert_eq!([count("duplicate"), count("refused")], [rows / 20, rows / 50]);
    assert_eq!(count("created"), good - 1, "{}", ended.out);
    assert_eq!((people(&gateway), gateway.account().refused_429()), (good + 1, 0));
    let everybody = [gateway.account().leads(), gateway.account().contacts()].concat();
    let addresses: BTreeSet<String> =
        everybody.iter().map(|person| person["email"].to_string().to_lowercase()).collect();
    assert_eq!(addresses.len(), everybody.len(), "somebody is there twice");
    let old = gateway.account().contacts().iter().filter(|contact| contact["first_name"] == "Old").count();
    assert_eq!(old, 1);
    // One person was there and is updated; the account's names may be read again. A busy machine hands the rows over so slowly that the first load is
    // begun before it is full.
    let most = good.div_ceil(100) * for_each_hundred + (good.div_ceil(2_500) + 1) * for_each_load + 2;
    assert!(requests <= most, "{requests} requests, {most} at most");
}

/// Nobody is lost and nobody asked for twice where the account takes no long lists, or where so many are there that their rows fill pages.
#[rstest]
#[case::long_lists_are_refused(Some(150), 0, 22)]
#[case::most_are_there(None, 900, 11)]
#[tokio::test]
async fn a_search_that_was_for_too_many_is_made_in_pieces(
    #[case] values: Option<usize>,
    #[case] there: usize,
    #[case] searches: usize,
) {
    let gateway = gateway(Generation::Suite).await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    gateway.account().set_switches(Switches { search_values_maximum: values, ..Switches::default() });
    for row in 1..=there {
        gateway.account().seed_contact(&json!({ "email": format!("p{row}@example.com"), "last_name": "Old" }));
    }
    gateway.account().advance(Duration::from_secs(3_600));
    let id = begin_many(&gateway, 1_000).await;
    gateway.account().clear_requests();
    gateway.settle().await;
    let of_searches = |path: &str| path.contains("filtered_search/contact");
    let made = gateway.account().requests().iter().filter(|request| of_searches(&request.path)).count();
    let counts = counts(&gateway, &id).await;
    assert_eq!([&counts["unchanged"], &counts["created"]], [there, 1_000 - there], "{counts}");
    assert_eq!((people(&gateway), made), (1_001, searches));
}

#[tokio::test]
async fn the_same_file_is_imported_once_and_resumed_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leads.csv"), file(200)).unwrap();
    let gateway = gateway(Generation::Suite).await;
    let arguments = ["import", "leads.csv", "--results", "out.csv", "--json"];
    assert_eq!(run(&gateway, folder.path(), &arguments).await.code, 4);
    let onto_itself = run(&gateway, folder.path(), &["import", "leads.csv", "--results", "leads.csv"]).await;
    assert!(onto_itself.err.contains("is the file that is imported"), "{}", onto_itself.err);
    let again = run(&gateway, folder.path(), &arguments).await;
    assert!(again.code == 4 && again.err.contains("--resume goes on with it"), "{}", again.err);
    // As if the command had been killed within a line.
    let results = folder.path().join("out.csv");
    let whole = std::fs::read_to_string(&results).unwrap();
    let resumed: Vec<&str> = arguments.into_iter().chain(["--resume"]).collect();
    std::fs::write(&results, &whole[..whole.len() / 2]).unwrap();
    run(&gateway, folder.path(), &resumed).await;
    assert_eq!(std::fs::read_to_string(&results).unwrap(), whole);
    assert_eq!(people(&gateway), 186);
}

async fn begin(gateway: &TestGateway, people: usize) -> String {
    let id = begin_many(gateway, people).await;
    let kept = gateway.post(&format!("/v1/imports/{id}/rows"), &rows_of(1..=people)).await;
    assert_eq!(kept.body["new"], 0, "{}", kept.body);
    id
}

fn rows_of(rows: std::ops::RangeInclusive<usize>) -> Value {
    rows_with(rows, &json!({ "last_name": "P" }))
}

fn rows_with(rows: std::ops::RangeInclusive<usize>, lead: &Value) -> Value {
    let row = |row: usize| {
        let mut lead = lead.clone();
        lead["email"] = json!(format!("p{row}@example.com"));
        json!({ "row": row, "lead": lead })
    };
    json!({ "rows": rows.map(row).collect::<Vec<_>>() })
}

/// Five hundred rows are handed over at a time.
async fn begin_many(gateway: &TestGateway, people: usize) -> String {
    let body = json!({ "name": "leads.csv", "digest": "0".repeat(32), "rows": people });
    let import = gateway.post("/v1/imports", &body).await;
    assert_eq!(import.status, 201, "{}", import.body);
    let id = import.body["id"].as_str().unwrap().to_owned();
    for first in (1..=people).step_by(500) {
        let last = people.min(first + 499);
        let kept = gateway.post(&format!("/v1/imports/{id}/rows"), &rows_of(first..=last)).await;
        assert_eq!(kept.body["new"], last + 1 - first, "{}", kept.body);
    }
    id
}

async fn counts(gateway: &TestGateway, id: &str) -> Value {
    gateway.get(&format!("/v1/imports/{id}")).await.body["counts"].clone()
}

#[tokio::test]
async fn a_paused_import_waits_and_lets_others_of_its_people_go() {
    let gateway = TestGateway::open().await;
    let id = begin(&gateway, 30).await;
    gateway.engine().run_once().await.unwrap();
    gateway.post(&format!("/v1/imports/{id}/pause"), &json!({})).await;
    gateway.settle().await;
    let there = people(&gateway);
    let now = gateway.land("/v1/leads", &json!({ "email": "p30@example.com", "last_name": "Now" })).await;
    assert_eq!((now.status, people(&gateway)), (201, there + 1));
    gateway.post(&format!("/v1/imports/{id}/resume"), &json!({})).await;
    gateway.settle().await;
    assert_eq!((people(&gateway), counts(&gateway, &id).await["waiting"].as_u64()), (30, Some(0)));
}

#[tokio::test]
async fn somebody_made_while_rows_wait_is_neither_overwritten_nor_taken_back() {
    let gateway = TestGateway::open().await;
    let held = Fault::new(FaultKind::Quota429 { reset_after_seconds: Some(600) });
    gateway.account().set_faults(vec![held.on("POST", "/contacts/bulk_upsert").times(1)]);
    let id = begin(&gateway, 200).await;
    for _ in 0..6 {
        gateway.engine().run_once().await.unwrap();
    }
    assert_eq!(people(&gateway), 0, "the fault did not hold the rows up");
    let typed = gateway.account().seed_contact(&json!({ "email": "p7@example.com", "last_name": "Typed" }));
    gateway.settle().await;
    let contact = gateway.account().contacts().into_iter().find(|contact| contact["email"] == "p7@example.com");
    assert_eq!((&contact.unwrap()["last_name"], people(&gateway)), (&json!("Typed"), 200));
    gateway.post(&format!("/v1/imports/{id}/undo"), &json!({})).await;
    gateway.settle().await;
    let left: Vec<i64> = gateway.account().contacts().iter().map(|contact| contact["id"].as_i64().unwrap()).collect();
    assert_eq!(left, [typed]);
}

#[tokio::test]
async fn whom_undoing_removed_is_made_again_by_the_corrected_file() {
    let gateway = TestGateway::open().await;
    let id = begin(&gateway, 3).await;
    gateway.settle().await;
    gateway.account().advance(Duration::from_secs(5));
    gateway.post(&format!("/v1/imports/{id}/undo"), &json!({})).await;
    gateway.settle().await;
    assert_eq!(people(&gateway), 0);
    let corrected = json!({ "name": "corrected.csv", "digest": "1".repeat(32), "rows": 3 });
    let id = gateway.post("/v1/imports", &corrected).await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(gateway.post(&format!("/v1/imports/{id}/rows"), &rows_of(1..=3)).await.body["new"], 3);
    gateway.settle().await;
    assert_eq!(people(&gateway), 3);
}

#[tokio::test]
async fn undoing_removes_what_was_created_and_nobody_has_changed() {
    let gateway = TestGateway::open().await;
    gateway.account().seed_contact(&json!({ "email": "p1@example.com", "last_name": "Old" }));
    gateway.account().advance(Duration::from_secs(3_600));
    let id = begin(&gateway, 10).await;
    gateway.settle().await;
    let contacts = gateway.account().contacts();
    let changed = contacts.iter().find(|contact| contact["email"] == "p2@example.com").unwrap()["id"].as_i64().unwrap();
    gateway.account().advance(Duration::from_secs(5));
    gateway.change("contacts", changed, &json!({ "contact": { "city": "Oslo" } })).await;
    let undone = gateway.post(&format!("/v1/imports/{id}/undo"), &json!({})).await;
    assert_eq!(undone.status, 202, "{}", undone.body);
    gateway.settle().await;
    let counts = counts(&gateway, &id).await;
    assert_eq!([&counts["removed"], &counts["left_alone"], &counts["unchanged"]], [8, 1, 1], "{counts}");
    assert_eq!(people(&gateway), 2);
    let row = gateway.get(&format!("/v1/imports/{id}/results?after=1&limit=1")).await.body;
    assert_eq!((&row["outcome"], &row["id"]), (&"left_alone".into(), &changed.into()), "{row}");
    assert!(row["reason"].as_str().unwrap().contains("was left alone: it was changed at"), "{row}");
    let rows = json!({ "rows": [{ "row": 11, "lead": { "email": "late@example.com" } }] });
    assert_eq!(gateway.post(&format!("/v1/imports/{id}/rows"), &rows).await.status, 409);
}

/// Three hundred people, whose ids nobody wants.
async fn begin_counted(gateway: &TestGateway) -> String {
    let body = json!({ "name": "leads.csv", "digest": "0".repeat(32), "rows": 300 });
    let id = gateway.post("/v1/imports", &body).await.body["id"].as_str().unwrap().to_owned();
    let rows = rows_with(1..=300, &json!({ "last_name": "P", "wants_id": false }));
    assert_eq!(gateway.post(&format!("/v1/imports/{id}/rows"), &rows).await.body["new"], 300);
    id
}

/// So many that they are counted rather than looked at.
#[tokio::test]
async fn whom_nobody_looked_at_is_taken_back_unless_somebody_changed_them() {
    let gateway = TestGateway::open().await;
    let id = begin_counted(&gateway).await;
    gateway.settle().await;
    let results = gateway.get(&format!("/v1/imports/{id}/results?limit=1")).await.body;
    assert_eq!((&results["outcome"], &results["id"], people(&gateway)), (&json!("created"), &Value::Null, 300));
    let contacts = gateway.account().contacts();
    let changed = contacts.iter().find(|contact| contact["email"] == "p2@example.com").unwrap()["id"].as_i64().unwrap();
    gateway.account().advance(Duration::from_secs(60));
    gateway.change("contacts", changed, &json!({ "contact": { "city": "Oslo" } })).await;
    gateway.post(&format!("/v1/imports/{id}/undo"), &json!({})).await;
    gateway.settle().await;
    let counts = counts(&gateway, &id).await;
    assert_eq!((&counts["removed"], &counts["left_alone"], people(&gateway)), (&json!(299), &json!(1), 1), "{counts}");
}

/// The account takes all but one of them and says that the request succeeded.
#[tokio::test]
async fn who_was_left_out_is_missed_by_the_count_and_nobody_else_is() {
    let gateway = TestGateway::open().await;
    let id = begin_counted(&gateway).await;
    let lead = json!({ "email": "p301@example.com", "custom_fields": { "cf_nowhere": "1" } });
    let wrong = json!({ "rows": [{ "row": 301, "lead": lead }] });
    gateway.post(&format!("/v1/imports/{id}/rows"), &wrong).await;
    gateway.settle().await;
    let counts = counts(&gateway, &id).await;
    assert_eq!((&counts["created"], &counts["parked"], people(&gateway)), (&json!(300), &json!(1), 300), "{counts}");
}

/// The people whom the account has taken, and who are not counted yet, are taken back as well.
#[tokio::test]
async fn an_import_is_undone_between_the_writing_and_the_count() {
    let gateway = TestGateway::open().await;
    let id = begin_counted(&gateway).await;
    let mut turns = 0..100;
    while people(&gateway) == 0 {
        turns.next().expect("nobody is ever written");
        gateway.engine().run_once().await.unwrap();
        gateway.account().advance(Duration::from_millis(500));
    }
    for _ in 0..2 {
        gateway.post(&format!("/v1/imports/{id}/undo"), &json!({})).await;
        gateway.settle().await;
    }
    let counts = counts(&gateway, &id).await;
    let [withdrawn, removed] = ["withdrawn", "removed"].map(|name| counts[name].as_u64().unwrap());
    assert_eq!((people(&gateway), withdrawn + removed), (0, 300), "{counts}");
}

/// The key may not see one of ten people, whom the totals count: nobody is taken for landed by such a total.
#[tokio::test]
async fn nobody_is_counted_where_totals_count_whom_the_key_may_not_see() {
    let gateway = TestGateway::open().await;
    gateway.land("/v1/leads", &json!({ "email": "warm@example.com" })).await;
    for row in 1..=50 {
        gateway.account().seed_contact(&json!({ "email": format!("p{row}@example.com"), "last_name": "Old" }));
    }
    gateway.account().advance(Duration::from_secs(3_600));
    gateway.account().set_switches(Switches { hidden_one_in: 10, ..Switches::default() });
    begin_counted(&gateway).await;
    gateway.account().clear_requests();
    gateway.settle().await;
    let is_count = |query: &str| query.ends_with("per_page=1");
    assert!(!gateway.account().requests().iter().any(|request| is_count(&request.query)), "somebody was counted");
}
