//! An import whose people are counted, in front of a CRM that fails a fifth of its requests, with a gateway that is killed while it writes and counts.

use std::collections::BTreeSet;

use super::*;

const PEOPLE: usize = 1_000;
/// Long enough for a count now and then.
const LIFE: std::ops::Range<u64> = 500..6_000;
const LEAST_KILLS: usize = 12;
/// Counts wait for each other, and what a lost one leaves is counted again in smaller parts.
const IMPORTED_WITHIN: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_of_an_import_takes_nobody_for_landed_who_is_not() {
    let (seed, sandbox) = (seed(), account(seed()).await);
    sandbox.account().set_faults(faults::mix(Generation::Suite));
    let mut lives = Lives::begin(&sandbox.url(Generation::Suite), SmallRng::seed_from_u64(seed));
    let client = lives.client();
    let import = hand_over(&client).await;
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

async fn hand_over(client: &Client) -> String {
    let import = serde_json::json!({ "name": "leads.csv", "digest": "0".repeat(32), "rows": PEOPLE });
    let begun = client.post_json("/v1/imports", &import).await;
    let id = begun["id"].as_str().unwrap().to_owned();
    let row = |row: usize| {
        let (email, name) = (format!("p{row}@example.com"), format!("P{row}"));
        let lead = serde_json::json!({ "email": email, "last_name": name, "wants_id": false });
        serde_json::json!({ "row": row, "lead": lead })
    };
    for first in [1, 501] {
        let rows: Vec<_> = (first..first + 500).map(row).collect();
        client.post_json(&format!("/v1/imports/{id}/rows"), &serde_json::json!({ "rows": rows })).await;
    }
    id
}
