//! Updates that merge: right where the account merges custom fields and where it replaces them, and with others writing in between.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use freshsales::contacts::{self, Contact, ContactAttributes, UniqueKey};
use freshsales::custom_modules::{self, ModuleRecordAttributes};
use freshsales::jobs::BulkItem;
use freshsales::merge::Guard;
use freshsales::{Client, Credentials, Error, ErrorClass, Generation};
use http::{Method, Request, Response};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Map, Value, json};

/// One contact at the CRM, and what somebody else does to it after so many requests.
#[derive(Default)]
struct Account {
    replaces_custom_fields: bool,
    version: u64,
    tags: Vec<String>,
    custom: Map<String, Value>,
    /// Ids that a look-up shows.
    found: Vec<i64>,
    requests: Vec<Method>,
    others: BTreeMap<usize, fn(&mut Account)>,
}

impl Account {
    fn answer(&mut self, request: &Request<Bytes>) -> Value {
        if request.uri().path().ends_with("/lookup") {
            self.requests.push(request.method().clone());
            let found = self.found.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>();
            return json!({"contacts": {"contacts": found}});
        }
        if request.method() != Method::GET {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            self.put(body.get("contact").or(body.get("cm_project")).unwrap());
        }
        self.requests.push(request.method().clone());
        let envelope = if request.uri().path().contains("custom_module") { "cm_project" } else { "contact" };
        let reply = json!({envelope: {
            "id": 1, "tags": self.tags, "custom_field": self.custom, "updated_at": format!("2026-06-15T10:00:{:02}Z", self.version),
        }});
        if let Some(other) = self.others.remove(&self.requests.len()) {
            other(self);
        }
        reply
    }

    fn put(&mut self, sent: &Value) {
        self.version += 1;
        if let Some(tags) = sent.get("tags") {
            self.tags = serde_json::from_value(tags.clone()).unwrap();
        }
        let Some(custom) = sent["custom_field"].as_object() else { return };
        if self.replaces_custom_fields {
            self.custom.values_mut().for_each(|value| *value = Value::Null);
        }
        self.custom.extend(custom.clone());
    }

    fn set(&self) -> Map<String, Value> {
        self.custom.clone().into_iter().filter(|(_, value)| !value.is_null()).collect()
    }
}

type Shared = Arc<Mutex<Account>>;

fn serve(account: Account) -> (Client, Shared) {
    let account = Arc::new(Mutex::new(account));
    let served = Arc::clone(&account);
    let transport = tower::service_fn(move |request: Request<Bytes>| {
        let body = served.lock().unwrap().answer(&request);
        std::future::ready(Ok(Response::new(Bytes::from(body.to_string()))))
    });
    let credentials = Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", "acme").unwrap();
    (Client::builder(credentials).generation(Generation::Suite).transport(transport).build().unwrap(), account)
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn update(account: Account, attributes: ContactAttributes, guard: Guard) -> (Result<Contact, Error>, Shared) {
    let (client, account) = serve(account);
    let result = block(client.update(&contacts::update(1, attributes).guard(guard)));
    (result.map(|single| single.record), account)
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn account(replaces_custom_fields: bool) -> Account {
    let custom = object(json!({"cf_seats": 10, "cf_region": "West", "cf_empty": null}));
    Account { replaces_custom_fields, tags: vec!["Old".into(), "Cold".into()], custom, ..Account::default() }
}

#[rstest]
fn what_is_not_mentioned_stays(#[values(true, false)] replaces: bool) {
    let attributes = ContactAttributes::new().tags(["New"]).remove_tags(["Cold"]).custom_field("cf_seats", 80);
    let (result, account) = update(account(replaces), attributes, Guard::Before);
    assert_eq!(result.unwrap().tags.unwrap(), ["Old", "New"]);
    assert_eq!(account.lock().unwrap().set(), object(json!({"cf_seats": 80, "cf_region": "West"})));
    assert_eq!(account.lock().unwrap().requests, [Method::GET, Method::GET, Method::PUT]);
}

#[rstest]
fn what_is_replaced_is_gone(#[values(true, false)] replaces: bool) {
    let custom = object(json!({"cf_plan": "Pro"}));
    let attributes = ContactAttributes::new().replace_tags(["New"]).replace_custom_fields(custom.clone());
    let (result, account) = update(account(replaces), attributes, Guard::Off);
    assert_eq!(result.unwrap().tags.unwrap(), ["New"]);
    assert_eq!(account.lock().unwrap().set(), custom);
}

#[rstest]
fn a_custom_field_is_emptied_by_null(#[values(true, false)] replaces: bool) {
    let (_, account) =
        update(account(replaces), ContactAttributes::new().custom_field("cf_seats", Value::Null), Guard::Off);
    assert_eq!(account.lock().unwrap().set(), object(json!({"cf_region": "West"})));
}

#[test]
fn nothing_is_written_that_is_there_already() {
    let attributes =
        ContactAttributes::new().tags(["Old"]).custom_field("cf_seats", 10).custom_field("cf_empty", Value::Null);
    let (result, account) = update(account(true), attributes, Guard::Around);
    assert_eq!(result.unwrap().id, 1);
    assert_eq!(account.lock().unwrap().requests, [Method::GET]);
}

#[test]
fn attributes_without_tags_and_custom_fields_are_one_request() {
    let (result, account) = update(account(true), ContactAttributes::new().city("Oslo"), Guard::Around);
    result.unwrap();
    assert_eq!(account.lock().unwrap().requests, [Method::PUT]);
}

/// Somebody else, who writes whole lists.
fn tags_it_b(account: &mut Account) {
    let mut tags = account.tags.clone();
    tags.push("B".into());
    account.put(&json!({"tags": tags, "custom_field": account.custom}));
}

/// Somebody else, who had read the record before it was written.
fn restores_the_old(account: &mut Account) {
    account.put(&json!({"tags": ["Old", "Cold", "B"], "custom_field": {"cf_seats": 10, "cf_region": "North"}}));
}

#[test]
fn a_change_before_the_write_is_noticed_and_kept() {
    let changing = Account { others: BTreeMap::from([(1, tags_it_b as fn(&mut Account))]), ..account(true) };
    let (result, account) = update(changing, ContactAttributes::new().tags(["New"]), Guard::Before);
    assert_eq!(result.unwrap().tags.unwrap(), ["Old", "Cold", "B", "New"]);
    assert_eq!(account.lock().unwrap().requests.len(), 4);
}

#[test]
fn a_write_that_was_overwritten_is_merged_again() {
    let changing = Account { others: BTreeMap::from([(3, restores_the_old as fn(&mut Account))]), ..account(true) };
    let attributes = ContactAttributes::new().tags(["New"]).remove_tags(["Cold"]).custom_field("cf_seats", 80);
    let (result, account) = update(changing, attributes, Guard::Around);
    assert_eq!(result.unwrap().tags.unwrap(), ["Old", "B", "New"]);
    assert_eq!(account.lock().unwrap().set(), object(json!({"cf_seats": 80, "cf_region": "North"})));
}

#[test]
fn a_record_that_never_rests_is_given_up() {
    let others = (1..20).map(|request| (request, tags_it_b as fn(&mut Account))).collect();
    let (result, account) =
        update(Account { others, ..account(true) }, ContactAttributes::new().tags(["New"]), Guard::Before);
    let error = result.unwrap_err();
    assert_eq!(error.class(), &ErrorClass::ChangedMeanwhile { attempts: 4, written: false });
    assert!(!error.may_have_happened());
    assert!(!account.lock().unwrap().requests.contains(&Method::PUT));
}

#[test]
fn a_single_request_refuses_what_needs_merging() {
    let (client, account) = serve(account(true));
    let merging = contacts::update(1, ContactAttributes::new().custom_field("cf_seats", 80));
    let error = block(client.send(&merging)).unwrap_err();
    assert!(matches!(error.class(), ErrorClass::Setup { .. }));
    assert!(
        error.to_string().ends_with("use `Client::update`, or `replace_tags` and `replace_custom_fields`"),
        "{error}"
    );
    block(client.send(&contacts::update(1, ContactAttributes::new().replace_tags(["New"])))).unwrap();
    block(client.send(&contacts::update(1, object(json!({"custom_field": {"cf_seats": 80}})).into()))).unwrap();
    assert_eq!(account.lock().unwrap().requests.len(), 2);
}

fn few_texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-e]", 0..5)
}

fn few_fields() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), "[a-z]{0,3}".prop_map(Value::from)];
    prop::collection::btree_map("cf_[a-e]", value, 0..5).prop_map(|fields| fields.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_is_the_union_whatever_the_account_does(
        replaces in any::<bool>(),
        (tags, add, remove) in (few_texts(), few_texts(), few_texts()),
        (held, wanted) in (few_fields(), few_fields()),
    ) {
        let before = Account { replaces_custom_fields: replaces, tags: tags.clone(), custom: held.clone(), ..Account::default() };
        let attributes = ContactAttributes::new().tags(add.clone()).remove_tags(remove.clone()).custom_fields(wanted.clone());
        let (result, account) = update(before, attributes, Guard::Around);
        result.unwrap();
        let account = account.lock().unwrap();
        for tag in ["a", "b", "c", "d", "e"] {
            let is_in = |tags: &[String]| tags.iter().any(|text| text == tag);
            prop_assert_eq!(is_in(&account.tags), (is_in(&tags) || is_in(&add)) && !is_in(&remove), "{}", tag);
        }
        for key in held.keys().chain(wanted.keys()) {
            let expected = wanted.get(key).or(held.get(key)).cloned().unwrap_or_default();
            prop_assert_eq!(account.custom.get(key).cloned().unwrap_or_default(), expected, "{}", key);
        }
    }
}

#[rstest]
#[case::by_address(UniqueKey::emails("ingrid@example.com"), 4)]
#[case::by_id(UniqueKey::id(1), 3)]
fn an_upsert_merges_into_the_record_that_it_finds(#[case] key: UniqueKey, #[case] requests: usize) {
    let (client, shared) = serve(Account { found: vec![1], ..account(true) });
    let attributes = ContactAttributes::new().tags(["New"]).custom_field("cf_seats", 80);
    block(client.upsert(&contacts::upsert(key, attributes))).unwrap();
    let account = shared.lock().unwrap();
    assert_eq!(account.tags, ["Old", "Cold", "New"]);
    assert_eq!(account.set().get("cf_region"), Some(&json!("West")));
    assert_eq!((account.set().get("cf_seats"), account.requests.len()), (Some(&json!(80)), requests));
}

#[test]
fn an_upsert_creates_what_is_not_there_and_refuses_to_choose() {
    let upsert =
        contacts::upsert(UniqueKey::emails("a@example.com"), ContactAttributes::new().custom_field("cf_seats", 80));
    let (client, shared) = serve(account(true));
    block(client.upsert(&upsert)).unwrap();
    assert_eq!(shared.lock().unwrap().requests, [Method::GET, Method::POST]);
    let (client, shared) = serve(Account { found: vec![1, 2], ..account(true) });
    assert!(matches!(block(client.upsert(&upsert)).unwrap_err().class(), ErrorClass::Setup { .. }));
    assert_eq!(shared.lock().unwrap().requests, [Method::GET]);
}

#[test]
fn nothing_is_sent_that_would_replace_without_saying_so() {
    let (client, shared) = serve(account(true));
    let (key, merging) = (UniqueKey::emails("a@example.com"), ContactAttributes::new().tags(["New"]));
    let error = block(client.send(&contacts::upsert(key.clone(), merging.clone()))).unwrap_err();
    assert!(error.to_string().contains("use `Client::upsert`"), "{error}");
    let keyed_by_custom_field = contacts::upsert(UniqueKey::field("cf_key", "1"), ContactAttributes::new());
    block(client.send(&keyed_by_custom_field)).unwrap_err();
    block(client.send(&contacts::bulk_upsert(vec![BulkItem::new(key.clone(), merging)]))).unwrap_err();
    assert!(shared.lock().unwrap().requests.is_empty());
    block(client.send(&contacts::upsert(key, ContactAttributes::new().replace_tags(["New"])))).unwrap();
}

#[test]
fn records_of_custom_modules_keep_their_other_custom_fields() {
    let (client, shared) = serve(account(true));
    let update =
        custom_modules::of("cm_project").update(1, &ModuleRecordAttributes::new().custom_field("cf_seats", 80));
    block(client.send(&update)).unwrap_err();
    block(client.update(&update.guard(Guard::Off))).unwrap();
    assert_eq!(shared.lock().unwrap().set().get("cf_region"), Some(&json!("West")));
}
