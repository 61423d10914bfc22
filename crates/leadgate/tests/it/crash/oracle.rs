//! Compares the account with what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use freshsales_sandbox::{Account, Generation, Kind};
use serde_json::Value;

use super::clients::Client;
use super::workload::{Person, Workload};

pub(super) async fn nothing_is_parked(client: &Client) {
    let listed = client.get_json("/v1/jobs?status=parked&limit=1000").await;
    let parked = listed["jobs"].as_array().unwrap();
    if let Some(first) = parked.first() {
        let story = client.get_json(&format!("/v1/submissions/{}", first["submission"].as_str().unwrap())).await;
        panic!("{} jobs are parked: {listed:#}\nthe story of one: {story:#}", parked.len());
    }
}

pub(super) async fn every_submission_is_done(client: &Client, acknowledged: &BTreeSet<String>) {
    for id in acknowledged {
        let story = client.get_json(&format!("/v1/submissions/{id}")).await;
        assert_eq!(story["status"], "done", "{story:#}");
    }
}

/// Returns the record of each person.
pub(super) fn account_holds_exactly(
    account: &Account,
    generation: Generation,
    workload: &Workload,
) -> BTreeMap<String, (Kind, Value)> {
    let mut found = BTreeMap::<String, Vec<(Kind, Value)>>::new();
    for (kind, records) in [(Kind::Lead, account.leads()), (Kind::Contact, account.contacts())] {
        for record in records {
            found.entry(identity(&record)).or_default().push((kind, record));
        }
    }
    let doubled: Vec<_> = found.iter().filter(|(_, records)| records.len() > 1).collect();
    assert!(doubled.is_empty(), "{} people are there more than once: {doubled:#?}", doubled.len());
    let strangers: Vec<_> = found.keys().filter(|who| !workload.people.contains_key(*who)).collect();
    assert!(strangers.is_empty(), "nobody sent {strangers:?}");
    for (who, person) in &workload.people {
        let records = found.get(who).unwrap_or_else(|| panic!("{who} is lost"));
        holds_person(account, who, person, &records[0]);
    }
    let notes: usize = workload.people.values().map(|person| person.notes.len()).sum();
    assert_eq!(account.notes().len(), notes, "notes of nobody");
    holds_companies(account, generation, workload);
    found.into_iter().map(|(who, mut records)| (who, records.remove(0))).collect()
}

/// Lower-case e-mail, else phone: what the person was made with.
fn identity(record: &Value) -> String {
    let text = |name: &str| record[name].as_str().map(str::to_lowercase).filter(|text| !text.is_empty());
    text("email").or_else(|| text("mobile_number")).unwrap_or_else(|| panic!("a person without identity: {record:#}"))
}

fn holds_person(account: &Account, who: &str, person: &Person, (kind, record): &(Kind, Value)) {
    let mut notes: Vec<String> = account
        .notes_of(*kind, record["id"].as_i64().unwrap())
        .iter()
        .map(|note| note["description"].as_str().unwrap().to_owned())
        .collect();
    notes.sort_unstable();
    let mut expected: Vec<&String> = person.notes.iter().collect();
    expected.sort_unstable();
    assert_eq!(notes.iter().collect::<Vec<_>>(), expected, "notes of {who}");
    assert_eq!(record["job_title"].is_string(), person.job_title.is_some(), "job title of {who}: {record:#}");
    let company = match kind {
        Kind::Lead => &record["company"]["name"],
        _ => &record["sales_accounts"][0]["name"],
    };
    assert_eq!(company.as_str(), person.company.as_deref(), "company of {who}: {record:#}");
}

/// On Classic a lead carries its company inside, and there is no other record of it.
fn holds_companies(account: &Account, generation: Generation, workload: &Workload) {
    let mut names: Vec<String> =
        account.sales_accounts().iter().map(|company| company["name"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    let expected =
        if generation == Generation::Suite { workload.companies.iter().cloned().collect() } else { Vec::new() };
    assert_eq!(names, expected, "companies");
}
