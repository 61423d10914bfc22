//! An import whose people are counted, in front of a CRM that fails a fifth of its requests, with a gateway that is killed while it writes and counts;
//! and imports that are undone as soon as it is there again.

use std::collections::BTreeSet;

use super::*;

const PEOPLE: usize = 1_000;
/// Long enough for a count now and then.
const LIFE: std::ops::Range<u64> = 500..6_000;
const LEAST_KILLS: usize = 12;
/// Imports that are undone, and the rows of each.
const UNDONE: usize = 8;
const ROWS: usize = 60;
const BULK_UPSERT: &str = "/crm/sales/api/contacts/bulk_upsert";
/// Counts wait for each other, and what a lost one leaves is counted again in smaller parts.
const IMPORTED_WITHIN: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_of_an_import_takes_nobody_for_landed_who_is_not() {
    let (seed, sandbox) = (seed(), account(seed()).await);
    sandbox.account().set_faults(faults::mix(Generation::Suite));
    let mut lives = Lives::begin(&sandbox.url(Generation::Suite), SmallRng::seed_from_u64(seed));
    let client = lives.client();
    let import = hand_over(&client, 1..PEOPLE + 1).await;
    while lives.kills() < LEAST_KILLS {
        lives.kill_at_a_random_moment(LIFE).await;
    }
    client.until_drained(IMPORTED_WITHIN).await;

    let account = sandbox.account();
    let people = account.contacts();
    let addresses: BTreeSet<String> = people.iter().map(|person| person["email"].to_string()).collect();
    let told = client.get(&format!("/v1/imports/{import}")).await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    eprintln!("seed {seed}: {} kills, {} requests, {}", lives.kills(), account.request_count(), told["counts"]);
    let ended =
        told["counts"]["created"].as_u64().zip(told["counts"]["updated"].as_u64()).map(|(made, filled)| made + filled);
    assert_eq!((people.len(), addresses.len(), ended), (PEOPLE, PEOPLE, Some(PEOPLE as u64)), "{told}");
    let counts = account.requests().into_iter().filter(|request| request.query.ends_with("per_page=1"));
    assert!(counts.count() > 0, "nobody was counted");
}

/// Killed while the account takes the people, or does not, but never answers; and undone as soon as there is somebody to ask. Nobody whose row is told as
/// withdrawn is there in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_of_imports_that_are_undone_withdraws_nobody_who_was_made() {
    let (seed, sandbox) = (seed(), account(seed()).await);
    let account = sandbox.account();
    let mut lives = Lives::begin(&sandbox.url(Generation::Suite), SmallRng::seed_from_u64(seed));
    let (client, mut imports) = (lives.client(), Vec::new());
    for number in 0..UNDONE {
        let unanswered = FaultKind::Hang { then_commit: number % 4 > 0 };
        account.set_faults(vec![Fault::new(unanswered).on("POST", BULK_UPSERT).times(1)]);
        imports.push(hand_over(&client, number * ROWS + 1..(number + 1) * ROWS + 1).await);
        until(|| account.faults().iter().all(|fault| fault.remaining == Some(0))).await;
        tokio::task::block_in_place(|| lives.kill_and_start());
        client.post_json(&format!("/v1/imports/{}/undo", imports[number]), &serde_json::json!({})).await;
    }
    for id in &imports {
        until_undone(&client, id).await;
    }
    client.until_drained(IMPORTED_WITHIN).await;
    let mut sums = [0; 4];
    for id in &imports {
        let counts = counts_of(&client, id).await;
        let names = ["received", "withdrawn", "removed", "left_alone"];
        sums.iter_mut().zip(names).for_each(|(sum, name)| *sum += counts[name].as_u64().unwrap());
    }
    let [received, withdrawn, removed, left_alone] = sums;
    eprintln!("seed {seed}: {withdrawn} withdrawn, {removed} removed, {left_alone} left alone");
    assert_eq!((account.contacts().len() as u64, withdrawn + removed + left_alone), (left_alone, received));
    assert!(removed > 0, "nobody was ever made");
}

async fn counts_of(client: &Client, import: &str) -> serde_json::Value {
    let told: serde_json::Value = serde_json::from_str(&client.get(&format!("/v1/imports/{import}")).await).unwrap();
    told["counts"].clone()
}

async fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + IMPORTED_WITHIN;
    while !is_so() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Asks again until every row has ended.
async fn until_undone(client: &Client, import: &str) {
    let deadline = Instant::now() + IMPORTED_WITHIN;
    loop {
        let told = client.post_json(&format!("/v1/imports/{import}/undo"), &serde_json::json!({})).await;
        if told["counts"]["waiting"] == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "{told}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Hands over an import of these people.
async fn hand_over(client: &Client, people: std::ops::Range<usize>) -> String {
    let import =
        serde_json::json!({ "name": "leads.csv", "digest": format!("{:032x}", people.start), "rows": people.len() });
    let begun = client.post_json("/v1/imports", &import).await;
    let id = begun["id"].as_str().unwrap().to_owned();
    let row = |row: usize| {
        let (email, name) = (format!("p{row}@example.com"), format!("P{row}"));
        let lead = serde_json::json!({ "email": email, "last_name": name, "wants_id": false });
        serde_json::json!({ "row": row, "lead": lead })
    };
    let rows: Vec<usize> = people.collect();
    for some in rows.chunks(500) {
        let rows: Vec<_> = some.iter().map(|number| row(*number)).collect();
        client.post_json(&format!("/v1/imports/{id}/rows"), &serde_json::json!({ "rows": rows })).await;
    }
    id
}
