//! A new lead goes to whom the rules say; what belongs to somebody stays with them.

use std::time::Duration;

use freshsales_sandbox::{Generation, Kind};
use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::{Value, json};

const OWNERS: [&str; 2] = ["Mara Olsen", "Kim Park"];

async fn gateway(generation: Generation, rules: &str) -> TestGateway {
    let gateway = TestGateway::builder().generation(generation).rules(rules).open().await;
    for name in OWNERS {
        let email = format!("{}@example.com", name.to_lowercase().replace(' ', "."));
        gateway.account().add_owner(name, &email, true);
    }
    gateway.account().add_owner("Gone Girl", "gone@example.com", false);
    gateway
}

fn id_of(gateway: &TestGateway, name: &str) -> Value {
    json!(gateway.account().selector_id("owners", name).unwrap())
}

async fn decisions(gateway: &TestGateway, submission: &str) -> String {
    gateway.get(&format!("/v1/submissions/{submission}")).await.body["decisions"].to_string()
}

const TURNS: &str = r#"
[routing.groups.team]
members = ["Mara Olsen", "Kim Park"]
[[routing.rules]]
name = "Nordics"
when = { country = ["NO", "SE"] }
group = "team"
"#;

#[rstest]
#[case::suite(Generation::Suite)]
#[case::classic(Generation::Classic)]
#[tokio::test]
async fn a_group_takes_turns_and_says_why(#[case] generation: Generation) {
    let gateway = gateway(generation, TURNS).await;
    let mut owners = Vec::new();
    for name in ["a", "b", "c"] {
        let lead = json!({ "email": format!("{name}@firm.example"), "country": "Norway" });
        let answer = gateway.land("/v1/leads", &lead).await;
        let people = [gateway.account().leads(), gateway.account().contacts()].concat();
        let person = people.iter().find(|person| person["id"] == answer.body["outcome"]["person"]["id"]).unwrap();
        owners.push(person["owner_id"].clone());
        let told = decisions(&gateway, answer.submission()).await;
        assert!(told.contains("Nordics") && told.contains("is next") && told.contains("owner: "), "{told}");
    }
    let [mara, kim] = OWNERS.map(|name| id_of(&gateway, name));
    assert_eq!(owners, [mara.clone(), kim, mara]);
}

#[tokio::test]
async fn an_owner_who_left_falls_through_to_the_next() {
    let rules = "[routing]\ndefault = { owner = \"Kim Park\" }\n[[routing.rules]]\nowner = \"Gone Girl\"\n";
    let gateway = gateway(Generation::Suite, rules).await;
    let answer = gateway.land("/v1/leads", &json!({ "email": "a@firm.example" })).await;
    assert_eq!(gateway.account().contacts()[0]["owner_id"], id_of(&gateway, "Kim Park"));
    let told = decisions(&gateway, answer.submission()).await;
    assert!(told.contains("falls through"), "{told}");
}

#[tokio::test]
async fn a_contact_keeps_its_owner_even_when_overwriting() {
    let gateway = gateway(Generation::Suite, "[routing]\ndefault = { owner = \"Kim Park\" }\n").await;
    let mara = id_of(&gateway, "Mara Olsen");
    gateway.account().seed_contact(&json!({ "email": "a@firm.example", "last_name": "A", "owner_id": mara }));
    let lead = json!({ "email": "a@firm.example", "first_name": "Ada", "overwrite": true });
    let answer = gateway.land("/v1/leads", &lead).await;
    assert_eq!(gateway.account().contacts()[0]["owner_id"], mara);
    assert!(decisions(&gateway, answer.submission()).await.contains("keeps its owner"));
}

#[tokio::test]
async fn without_stickiness_a_contact_is_given_anew() {
    let rules = "[routing]\nsticky = []\ndefault = { owner = \"Kim Park\" }\n";
    let gateway = gateway(Generation::Suite, rules).await;
    let mara = id_of(&gateway, "Mara Olsen");
    gateway.account().seed_contact(&json!({ "email": "a@firm.example", "last_name": "A", "owner_id": mara }));
    gateway.land("/v1/leads", &json!({ "email": "a@firm.example" })).await;
    assert_eq!(gateway.account().contacts()[0]["owner_id"], id_of(&gateway, "Kim Park"));
}

#[rstest]
#[case::by_name("", json!("Acme Corp"))]
#[case::by_domain("match_company = [\"domain\", \"name\"]\n", Value::Null)]
#[case::by_website("match_company = [\"website\"]\n", json!({ "name": "Acme Labs", "website": "http://acme.example/labs" }))]
#[case::by_similar_name("match_company = [\"similar_name\"]\n", json!("ACME Corporation"))]
#[tokio::test]
async fn new_people_go_to_who_owns_their_company(#[case] matching: &str, #[case] company: Value) {
    let rules = format!("[routing]\ndefault = {{ owner = \"Kim Park\" }}\n{matching}");
    let gateway = gateway(Generation::Suite, &rules).await;
    let mara = id_of(&gateway, "Mara Olsen");
    let held = json!({ "name": "Acme Corp", "website": "https://www.acme.example", "owner_id": mara });
    let id = gateway.account().seed(Kind::SalesAccount, &held);
    // Until searches see it.
    gateway.account().advance(Duration::from_secs(10));
    let answer = gateway.land("/v1/leads", &json!({ "email": "a@acme.example", "company": company })).await;
    let told = decisions(&gateway, answer.submission()).await;
    let contact = &gateway.account().contacts()[0];
    assert_eq!((&contact["owner_id"], &contact["sales_accounts"][0]["id"]), (&mara, &json!(id)), "{told}");
    assert!(told.contains("who owns the company"), "{told}");
}

#[tokio::test]
async fn a_company_that_is_made_belongs_to_the_lead_s_owner_and_so_do_its_next_people() {
    let gateway = gateway(Generation::Suite, TURNS).await;
    for name in ["a", "b"] {
        let lead = json!({ "email": format!("{name}@new.example"), "country": "NO", "company": "Newcomer" });
        gateway.land("/v1/leads", &lead).await;
    }
    let mara = id_of(&gateway, "Mara Olsen");
    let owners: Vec<Value> = gateway.account().contacts().iter().map(|contact| contact["owner_id"].clone()).collect();
    assert_eq!(owners, [mara.clone(), mara]);
}

const SIGNED_UP: &str = r#"
[[playbook.rules]]
name = "signed up"
event = "Signed Up"
steps = [{ do = "person", create = true OWNER }, { do = "task", title = "Call" }]
"#;

/// The owner of the only contact, and the decisions, after somebody signed up.
async fn signed_up(gateway: &TestGateway, email: &str) -> (Value, String) {
    let traits = json!({ "address": { "country": "Norway" }, "company": { "name": "Acme Corp" } });
    let campaign = json!({ "campaign": { "name": "Spring", "source": "ad" } });
    let event = json!({ "event": "Signed Up", "email": email, "traits": traits, "context": campaign });
    let answer = gateway.land("/v1/events", &event).await;
    let person = &answer.body["outcome"]["person"]["id"];
    let contacts = gateway.account().contacts();
    let owner = contacts.iter().find(|contact| contact["id"] == *person).unwrap()["owner_id"].clone();
    (owner, decisions(gateway, answer.submission()).await)
}

#[rstest]
#[case::by_country("when = { country = [\"NO\"] }", "", "Mara Olsen", "rule \\\"r\\\" matches")]
#[case::by_company("when = { company = [\"acme\"] }", "", "Mara Olsen", "owner: Mara Olsen by")]
#[case::by_link(
    "when = { utm = { campaign = \"spring\", source = \"ad\" } }",
    "",
    "Mara Olsen",
    "owner: Mara Olsen by"
)]
#[case::otherwise("when = { country = [\"SE\"] }", "", "Kim Park", "the default applies")]
#[case::the_rule_says("", ", owner = \"Kim Park\"", "Kim Park", "routing was not asked")]
#[tokio::test]
async fn somebody_whom_an_event_makes_is_given_to_whom_the_rules_say(
    #[case] when: &str,
    #[case] named: &str,
    #[case] owner: &str,
    #[case] said: &str,
) {
    let routing = format!(
        "[routing]\ndefault = {{ owner = \"Kim Park\" }}\n[[routing.rules]]\nname = \"r\"\n{when}\nowner = \"Mara Olsen\"\n"
    );
    let gateway = gateway(Generation::Suite, &format!("{routing}{}", SIGNED_UP.replace("OWNER", named))).await;
    let (owned, told) = signed_up(&gateway, "ada@acme.example").await;
    assert_eq!(owned, id_of(&gateway, owner), "{told}");
    assert!(told.contains(said), "{told}");
}

#[rstest]
#[case::of_their_company("match_company = [\"domain\"]\nsticky = [\"company\"]\n", false)]
#[case::of_themselves("sticky = []\n", true)]
#[tokio::test]
async fn who_owns_somebody_or_their_company_goes_before_the_rules_for_events_too(
    #[case] matching: &str,
    #[case] is_there: bool,
) {
    let rules =
        format!("[routing]\n{matching}default = {{ owner = \"Kim Park\" }}\n{}", SIGNED_UP.replace("OWNER", ""));
    let gateway = gateway(Generation::Suite, &rules).await;
    let mara = id_of(&gateway, "Mara Olsen");
    let company = json!({ "name": "Acme Corp", "website": "https://www.acme.example", "owner_id": mara });
    gateway.account().seed(Kind::SalesAccount, &company);
    if is_there {
        let ada = json!({ "email": "ada@acme.example", "last_name": "King", "owner_id": mara });
        gateway.account().seed_contact(&ada);
    }
    gateway.account().advance(Duration::from_secs(10));
    let (owned, told) = signed_up(&gateway, "ada@acme.example").await;
    assert_eq!(owned, mara, "{told}");
}

#[tokio::test]
async fn a_territory_is_written_by_name() {
    let rules = "[routing]\ndefault = { territory = \"Nordics\" }\n";
    let gateway = gateway(Generation::Suite, rules).await;
    gateway.land("/v1/leads", &json!({ "email": "a@firm.example" })).await;
    let territory = gateway.account().selector_id("territories", "Nordics").unwrap();
    assert_eq!(gateway.account().contacts()[0]["territory_id"], json!(territory));
}

#[tokio::test]
async fn a_territory_the_account_does_not_have_is_left_out_and_told() {
    let gateway = gateway(Generation::Suite, "[routing]\ndefault = { territory = \"Moon\" }\n").await;
    let answer = gateway.land("/v1/leads", &json!({ "email": "a@firm.example" })).await;
    let told = decisions(&gateway, answer.submission()).await;
    assert!(told.contains("Moon") && told.contains("none of the account's territories"), "{told}");
}

#[tokio::test]
async fn leads_are_listed_with_what_was_decided_and_without_their_addresses() {
    let gateway = gateway(Generation::Suite, TURNS).await;
    gateway.land("/v1/leads", &json!({ "email": "ada@firm.example", "first_name": "Ada", "country": "NO" })).await;
    gateway.land("/v1/leads", &json!({ "email": "bob@firm.example", "owner": "Kim Park" })).await;
    let page = gateway.get("/v1/submissions?kind=leads&since=2026-06-15T00:00:00Z").await.body;
    let leads = page["submissions"].as_array().unwrap();
    assert_eq!(leads[0]["routing"], json!({ "owner": "Mara Olsen", "territory": null, "rule": "Nordics" }));
    assert_eq!((&leads[0]["facts"]["country"], &leads[1]["owner_named"]), (&json!("NO"), &json!(true)));
    assert!(!page.to_string().contains("ada@") && !page.to_string().contains("Ada"), "{page}");
    let next = gateway.get(&format!("/v1/submissions?after={}", leads[1]["id"].as_str().unwrap())).await.body;
    assert_eq!((next["submissions"].clone(), gateway.get("/v1/submissions?since=soon").await.status), (json!([]), 400));
}
