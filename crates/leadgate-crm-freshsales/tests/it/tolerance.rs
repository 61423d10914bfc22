//! Whatever the real account does where nobody could see, and whatever language it speaks, the client does the same thing: one scenario, run under
//! every value of every switch.

use std::time::Duration;

use freshsales::contacts::{Contact, ContactAttributes};
use freshsales::filtered_search::{Rule, by_rules};
use freshsales::follow::{Patience, upsert_all};
use freshsales::jobs::{BulkItem, ItemResult};
use freshsales::leads::LeadAttributes;
use freshsales::lookup::Entity;
use freshsales::verbs::UniqueKey;
use freshsales::{Client, Credentials, ErrorClass, contacts, leads, lookup, search, views};
use freshsales_sandbox::{Account, Clock, Language, Plan, Sandbox, SandboxConfig, Switches};
use rstest::rstest;
use serde_json::{Value, json};

use crate::port::start_of_time;

/// Every value of every switch that is an open question; numbers and words stand for all others.
const VALUES: &[(&str, &[&str])] = &[
    ("create_status", &["by_generation", "ok", "created"]),
    ("quota_body", &["empty", "json"]),
    ("convert_reply", &["contact_only", "side_loads", "nested"]),
    ("convert_again", &["not_found", "refuse"]),
    ("deleted_record", &["not_found", "shown"]),
    ("custom_field_update", &["replace", "merge"]),
    ("upsert_resets_owner", &["false", "true"]),
    ("per_page_maximum", &["2", "100"]),
    ("page_above_maximum", &["clamp", "honour", "ignore"]),
    ("index_lag_milliseconds", &["0", "9000"]),
    ("lookup_freshness", &["immediate", "lagging"]),
    ("lookup_missing_field", &["refuse", "empty"]),
    ("job_of_failures_fails", &["true", "false"]),
    ("job_failed_status", &["FAILED", "ERROR"]),
    ("job_failure_item", &["errors", "message", "field_map", "envelope"]),
    ("running_jobs_maximum", &["null", "1"]),
    ("error_shape", &["list", "plain_text", "field_map"]),
    ("unrecorded_texts", &["usual", "other", "missing"]),
    ("page_beyond_end_is_zero", &["true", "false"]),
    ("search_minimum_characters", &["1", "3"]),
    ("search_values_maximum", &["null", "100"]),
    ("unknown_custom_field_refused", &["true", "false"]),
    ("updates_show_related", &["false", "true"]),
    ("products_set_amount", &["false", "true"]),
    ("restore_empties_custom_fields", &["true", "false"]),
    ("search_gives_whole_rows", &["true", "false"]),
    ("activities_heed_sort", &["false", "true"]),
];

/// Switches under which the same requests rightly end otherwise, being choices of an admin, a proxy that takes headers away or no account at all, and those that no
/// request meets: how webhooks are sent. An account that keeps rows back has its own tests, of rows.
const CHOICES: [&str; 14] = [
    "contact_email_unique",
    "account_name_unique",
    "mobile_unique",
    "required_contact_fields",
    "accept_header_is_lost",
    "account_is_unknown",
    "webhook_tries",
    "webhook_retry_after_seconds",
    "webhook_timeout_seconds",
    "webhook_on_unchanged_update",
    "webhook_placeholders_escaped",
    "hidden_one_in",
    "deepest_page",
    "total_off_by",
];

/// An account and a client of each generation.
struct Scene {
    sandbox: Sandbox,
    suite: Client,
    classic: Client,
}

impl Scene {
    async fn open(switches: Switches, language: Language) -> Scene {
        let clock = Clock::Stepped(start_of_time());
        let config =
            SandboxConfig { switches, language, clock, job_duration: Duration::ZERO, ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let client = |ours, theirs| {
            let credentials = Credentials::parse("sandbox-key", &sandbox.url(theirs)).unwrap();
            Client::builder(credentials).generation(ours).build().unwrap()
        };
        let suite = client(freshsales::Generation::Suite, freshsales_sandbox::Generation::Suite);
        let classic = client(freshsales::Generation::Classic, freshsales_sandbox::Generation::Classic);
        Scene { sandbox, suite, classic }
    }

    fn account(&self) -> Account {
        self.sandbox.account()
    }

    async fn class<R: freshsales::Request>(&self, request: R) -> &'static str {
        self.suite.send(&request).await.err().map_or("done", |error| error.class().name())
    }

    /// The whole of a contact, with what only an include shows.
    async fn read(&self, id: i64) -> Contact {
        self.suite.send(&contacts::view(id).include(["owner", "sales_accounts"])).await.unwrap().output.record
    }

    /// Whether a record cannot be used any more: the account may hide or show what it has deleted.
    async fn is_gone(&self, id: i64) -> bool {
        match self.suite.send(&contacts::view(id)).await {
            Ok(reply) => reply.output.record.is_deleted == Some(true),
            Err(error) => *error.class() == ErrorClass::NotFound,
        }
    }

    /// Created, upserted and updated: one contact that keeps its owner, tags and custom fields.
    async fn one_contact(&self) -> (i64, Value) {
        let tomas = self.account().selector_id("owners", "Tomas Ferreira").unwrap();
        let first =
            ContactAttributes::new().last_name("Okafor").email("paul@example.com").tags(["Web"]).owner_id(tomas);
        let made =
            self.suite.send(&contacts::create(first.custom_field("cf_region", "Nordics"))).await.unwrap().output.record;
        let upsert = ContactAttributes::new().city("Oslo").owner_id(tomas);
        let again = self.suite.send(&contacts::upsert(UniqueKey::emails("paul@example.com"), upsert)).await.unwrap();
        assert_eq!(again.output.record.id, made.id);
        let added = ContactAttributes::new().tags(["VIP"]).custom_field("cf_seats", 25);
        self.suite.update(&contacts::update(made.id, added)).await.unwrap();
        let after = self.read(made.id).await;
        let custom = after.custom_field.unwrap();
        let shown = json!({"city": after.city, "tags": after.tags, "owner": after.owner_id == Some(tomas),
            "region": custom["cf_region"], "seats": custom["cf_seats"]});
        (made.id, shown)
    }

    /// A conversion, its account read back, and a second conversion that changes nothing.
    async fn conversion(&self) -> Value {
        let lead = LeadAttributes::new().last_name("Haddad").company_name("Desert Rose");
        let lead = self.classic.send(&leads::create(lead)).await.unwrap().output.record;
        let body = || leads::convert(lead.id, LeadAttributes::new().last_name("Haddad"));
        let contact = self.classic.send(&body()).await.unwrap().output.record;
        let accounts = self.read(contact.id).await.sales_accounts.unwrap();
        let again = self.classic.send(&body()).await.unwrap_err();
        let refused = matches!(again.class(), ErrorClass::NotFound | ErrorClass::Validation { .. });
        json!({"account": accounts[0].name, "again_refused": refused, "contacts": self.account().contacts().len()})
    }

    /// Every contact of the largest view, page by page: view names differ by language.
    async fn listed(&self) -> usize {
        let (mut largest, mut most) = (0, -1);
        for view in self.suite.send(&views::saved::<Contact>()).await.unwrap().output {
            let total = self.suite.send(&views::rows::<Contact>(view.id)).await.unwrap().output.total.unwrap();
            (largest, most) = if total > most { (view.id, total) } else { (largest, most) };
        }
        let (mut page, mut ids) = (1, std::collections::BTreeSet::new());
        loop {
            let rows = self.suite.send(&views::rows::<Contact>(largest).page(page, 100)).await.unwrap().output;
            ids.extend(rows.records.iter().map(|row| row.id));
            if !rows.has_next(page) {
                break;
            }
            page += 1;
        }
        let beyond = self.suite.send(&views::rows::<Contact>(largest).page(99, 100)).await.unwrap().output;
        assert!(beyond.records.is_empty() && !beyond.has_next(99));
        ids.len()
    }

    /// Two items that work and one that does not, then one batch that fails as a whole.
    async fn bulk(&self, known: i64) -> Vec<&'static str> {
        let item = |key, attributes| BulkItem::new(key, attributes);
        let bad = ContactAttributes::new().mobile_number("abc");
        let mixed = [
            item(UniqueKey::emails("new@example.com"), ContactAttributes::new().last_name("New")),
            item(UniqueKey::id(known), bad.clone()),
            item(UniqueKey::emails("paul@example.com"), ContactAttributes::new().job_title("CTO")),
        ];
        let patience = Patience::default().waiting(Duration::ZERO, Duration::ZERO);
        let mut results = upsert_all::<Contact>(&self.suite, &mixed, patience).await.results;
        results.extend(upsert_all::<Contact>(&self.suite, &[item(UniqueKey::id(known), bad)], patience).await.results);
        let name = |result: &ItemResult| match result {
            ItemResult::Written => "written",
            ItemResult::Refused(failure) if failure.sentences().is_empty() => "refused without a reason",
            ItemResult::Refused(_) => "refused",
            _ => "unknown",
        };
        results.iter().map(name).collect()
    }

    async fn found(&self) -> Value {
        self.account().advance(Duration::from_secs(10));
        let hits = self.suite.send(&search::query("okafor", ["contact"])).await.unwrap().output;
        let found = lookup::by("email", "paul@example.com", [Entity::Contact]);
        let found = self.suite.send(&found).await.unwrap().output.contacts;
        let rules = vec![Rule::email::<Contact>("paul@example.com")];
        let filtered = self.suite.send(&by_rules::<Contact>(rules).full_rows()).await.unwrap().output.records;
        // Companies have no address: the account may refuse that or find the contact all the same.
        let mixed = lookup::by("email", "paul@example.com", [Entity::Contact, Entity::SalesAccount]);
        let mixed = match self.suite.send(&mixed).await {
            Ok(reply) => reply.output.contacts.len() == 1,
            Err(error) => matches!(error.class(), ErrorClass::Validation { .. }),
        };
        json!({"search": hits.len(), "lookup": found.len(), "filtered": filtered.len(), "mixed": mixed})
    }

    async fn refusals(&self) -> Value {
        let one = |attributes: ContactAttributes| self.class(contacts::create(attributes.last_name("B")));
        json!({
            "taken": one(ContactAttributes::new().email("paul@example.com")).await,
            "wrong": one(ContactAttributes::new().mobile_number("abc")).await,
            "stale": one(ContactAttributes::new().lead_source_id(1)).await,
            "unknown": self.class(contacts::view(71_999_999_999)).await,
            "unnamed": self.class(contacts::create(ContactAttributes::new())).await,
        })
    }

    async fn quota(&self) -> [&'static str; 2] {
        self.account().set_plan(Plan::Custom { hour: 0, minute: 0 });
        let spent = self.class(views::saved::<Contact>()).await;
        self.account().set_plan(Plan::Off);
        [spent, self.class(views::saved::<Contact>()).await]
    }

    /// Handed over, deleted one by one and together.
    async fn ended(&self, id: i64) -> Value {
        let nadia = self.account().selector_id("owners", "Nadia Rahman").unwrap();
        self.suite.send(&contacts::bulk_assign_owner([id], nadia)).await.unwrap();
        let owner = self.read(id).await.owner_id == Some(nadia);
        let copy = contacts::clone(id, ContactAttributes::new().last_name("Copy"));
        let copy = self.suite.send(&copy).await.unwrap().output.record.id;
        self.suite.send(&contacts::delete(id)).await.unwrap();
        self.suite.send(&contacts::bulk_destroy([copy])).await.unwrap();
        let gone = [self.is_gone(id).await, self.is_gone(copy).await];
        self.suite.send(&contacts::forget(copy)).await.unwrap();
        json!({"owner": owner, "gone": gone, "forgotten": self.class(contacts::forget(copy)).await})
    }
}

async fn scenario(switches: Switches, language: Language) -> Value {
    let scene = Scene::open(switches, language).await;
    let (id, contact) = scene.one_contact().await;
    json!({
        "contact": contact,
        "conversion": scene.conversion().await,
        "bulk": scene.bulk(id).await,
        "listed": scene.listed().await,
        "found": scene.found().await,
        "refusals": scene.refusals().await,
        "quota": scene.quota().await,
        "ended": scene.ended(id).await,
    })
}

fn expected() -> Value {
    json!({
        "contact": {"city": "Oslo", "tags": ["Web", "VIP"], "owner": true, "region": "Nordics", "seats": 25},
        "conversion": {"account": "Desert Rose", "again_refused": true, "contacts": 2},
        "bulk": ["written", "refused", "written", "refused"],
        "listed": 3,
        "found": {"search": 1, "lookup": 1, "filtered": 1, "mixed": true},
        "refusals": {"taken": "not_unique", "wrong": "validation", "stale": "stale_id", "unknown": "not_found",
            "unnamed": "validation"},
        "quota": ["quota_exceeded", "done"],
        "ended": {"owner": true, "gone": [true, true], "forgotten": "not_found"},
    })
}

#[tokio::test]
async fn every_value_of_every_switch_ends_the_same() {
    let mut faults = Vec::new();
    for (name, values) in VALUES {
        for value in *values {
            let mut switches = Switches::default();
            if *name == "page_above_maximum" {
                // A page that the scenario exceeds.
                switches.per_page_maximum = 2;
            }
            switches.set(name, value).unwrap();
            let outcome = scenario(switches, Language::English).await;
            if outcome != expected() {
                faults.push(format!("{name}={value}: {outcome}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_switch_is_left_out() {
    let named = VALUES.iter().map(|(name, _)| *name).chain(CHOICES).collect::<std::collections::BTreeSet<_>>();
    let switches = json!(Switches::default());
    let all = switches.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(named, all);
}

#[rstest]
#[case(Language::Dutch, "stale_id")]
#[case(Language::Spanish, "stale_id")]
#[case(Language::German, "stale_id")]
// No code tells a stale id from other mistakes. In a language that the client does not know it is a refusal like any other.
#[case(Language::Pseudo, "validation")]
#[tokio::test]
async fn every_language_ends_the_same(#[case] language: Language, #[case] stale: &str) {
    let mut wanted = expected();
    wanted["refusals"]["stale"] = json!(stale);
    assert_eq!(scenario(Switches::default(), language).await, wanted);
}

#[rstest]
#[case("error_shape", "field_map", Language::Pseudo)]
#[case("error_shape", "field_map", Language::Dutch)]
#[tokio::test]
async fn where_fields_are_named_no_word_is_needed(#[case] name: &str, #[case] value: &str, #[case] language: Language) {
    let mut switches = Switches::default();
    switches.set(name, value).unwrap();
    assert_eq!(scenario(switches, language).await, expected());
}
