//! Nothing that a server or a person can send makes a parser panic: arbitrary bytes, and arbitrary JSON with the keys that parsers look for.

use std::time::Duration;

use freshsales::contacts::Contact;
use freshsales::custom_fields::CustomFields;
use freshsales::deals::Deal;
use freshsales::error::{ErrorBody, FailedReply, classify_reply};
use freshsales::fields::{self, FieldDefinition};
use freshsales::jobs::{self, BulkItem, Job, JobId};
use freshsales::leads::Lead;
use freshsales::lookup::Entity;
use freshsales::notes::TargetKind;
use freshsales::rate_limit::{nearest_plausible_reset, parse_reset};
use freshsales::sales_accounts::SalesAccount;
use freshsales::tasks::{Task, TaskFilter};
use freshsales::verbs::{self, UniqueKey};
use freshsales::{
    AccountAddress, ApiKey, Credentials, Generation, Idempotency, ListCursor, Record, RecordTime, Request,
    ResponseMeta, Route, contacts, filtered_search, lookup, notes, raw, search, selectors, tasks, views,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Keys that parsers look for.
const KEYS: &[&str] = &[
    "contact",
    "contacts",
    "lead",
    "leads",
    "deal",
    "deals",
    "sales_account",
    "sales_accounts",
    "task",
    "tasks",
    "note",
    "notes",
    "users",
    "meta",
    "total",
    "total_pages",
    "id",
    "name",
    "email",
    "emails",
    "value",
    "is_primary",
    "owner_id",
    "contact_ids",
    "deal_stage_id",
    "deal_stages",
    "custom_field",
    "cf_a",
    "tags",
    "updated_at",
    "created_at",
    "amount",
    "expected_close",
    "filters",
    "fields",
    "choices",
    "type",
    "label",
    "default",
    "base_model",
    "forms",
    "job_status_url",
    "message",
    "status",
    "data",
    "record_status",
    "detailed_failure_report",
    "succeeded",
    "failed",
    "errors",
    "error",
    "code",
    "error_code",
    "description",
    "login",
    "lifecycle_stages",
    "contact_status_ids",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9]{0,25}",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}([+-][0-9]{2}:[0-9]{2}|Z)?)?",
        "-?[0-9]{0,30}\\.?[0-9]{0,30}(e-?[0-9]{1,6})?",
        "https?://[a-z0-9.:/?#@%]{0,40}",
        Just("{\"record_status\":{\"failed\":\"x\"},\"detailed_failure_report\":[{\"id\":{}},7]}".to_owned()),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let key = prop_oneof![8 => prop::sample::select(KEYS).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => json_value().prop_map(|value| serde_json::to_vec(&value).unwrap()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => (json_value(), 0..100_usize).prop_map(|(value, length)| {
            let mut bytes = serde_json::to_vec(&value).unwrap();
            bytes.truncate(length);
            bytes
        }),
    ]
}

/// Decodes the body; what was read must go back to JSON too.
fn decode<R: Request>(request: &R, body: &[u8]) -> Option<R::Output> {
    request.decode(StatusCode::OK, body).map_err(|error| error.to_string()).ok()
}

fn records<T: Record>(body: &[u8]) {
    if let Some(single) = decode(&verbs::view::<T>(1), body) {
        let written = serde_json::to_value(&single.record).unwrap();
        assert_eq!(written["id"], json!(single.record.id()));
        let (_, _, _) = (single.owner(), single.stage(), single.sales_accounts());
        let (_, _, _, _) = (single.contacts(), single.deals(), single.tasks(), single.notes());
    }
    if let Some(page) = decode(&views::rows::<T>(1), body) {
        let _more = page.has_next(1);
        page.listed().iter().for_each(|row| drop((row.owner(), row.lead_source(), row.sales_account())));
    }
    decode(&views::scroll::<T>(1), body);
    decode(&filtered_search::by_rules::<T>(vec![]), body);
    decode(&views::saved::<T>(), body);
    decode(&fields::forms::<T>(), body);
    if let Some(definitions) = decode(&fields::list::<T>(), body) {
        custom_fields::<T>(&definitions, body);
    }
}

fn custom_fields<T: Record>(definitions: &[FieldDefinition], body: &[u8]) {
    let schema = CustomFields::<T>::of(definitions);
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    for field in schema.iter() {
        if let Ok(Some(value)) = field.read(&json) {
            let _written = field.write(&value).map_err(|error| error.to_string());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bodies_of_success(body in bytes()) {
        records::<Contact>(&body);
        records::<Deal>(&body);
        records::<Lead>(&body);
        records::<SalesAccount>(&body);
        records::<Task>(&body);
        decode(&tasks::list(TaskFilter::Open), &body);
        decode(&notes::of_record(TargetKind::Deal, 1), &body);
        decode(&lookup::by("email", "x", [Entity::Contact]), &body);
        decode(&search::query("x", ["contact"]), &body);
        decode(&selectors::owners(), &body);
        decode(&selectors::deal_pipelines(), &body);
        decode(&selectors::lifecycle_stages(), &body);
        decode(&selectors::currencies(), &body);
        decode(&contacts::delete(1), &body);
        decode(&raw::request(http::Method::GET, "x"), &body);
        let item = BulkItem::new(UniqueKey::emails("a@example.com"), contacts::ContactAttributes::new());
        decode(&contacts::bulk_upsert(vec![item]), &body);
    }

    #[test]
    fn jobs_and_the_json_inside_their_text(body in bytes(), data in prop_oneof![text(), json_value().prop_map(|json| json.to_string())]) {
        decode(&jobs::status(JobId::new("1").unwrap()), &body);
        let job = Job::from_value(json!({"status": data, "data": data})).unwrap();
        let _phase = job.phase();
        if let Some(report) = job.report() {
            let _failed = report.failed();
            report.failures().iter().for_each(|failure| drop((failure.key(), failure.sentences())));
        }
        let _id = JobId::from_url(&data);
    }

    #[test]
    fn replies_that_refuse(body in bytes(), status in 100..600_u16, path in text(), asked in prop::collection::vec(any::<u8>(), 0..30)) {
        let status = StatusCode::from_u16(status).unwrap();
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&asked) {
            headers.insert("retry-after", value.clone());
            headers.insert("location", value.clone());
            headers.insert("x-ratelimit-reset", value);
        }
        let meta = ResponseMeta::read(status, &headers, Timestamp::UNIX_EPOCH, Duration::ZERO);
        for kind in [Idempotency::Read, Idempotency::Write] {
            let (headers, body, meta, route) = (&headers, &body, &meta, Route::InEveryAccount);
            let class = classify_reply(&FailedReply { status, headers, body, meta, kind, route, path: &path });
            prop_assert!(!class.name().is_empty());
        }
        let _read = ErrorBody::read(&body);
    }

    #[test]
    fn quota_headers_and_resets(reset in prop_oneof![text(), "[0-9]{10,13}"], limit in text(), now in -2_000_000_000_i64..4_000_000_000) {
        let now = Timestamp::from_second(now).unwrap();
        let plausible = parse_reset(&reset, now).and_then(|read| nearest_plausible_reset(read, now));
        prop_assert!(plausible.is_none_or(|plausible| plausible >= now));
        let mut headers = HeaderMap::new();
        for (name, text) in [("x-ratelimit-reset", &reset), ("x-ratelimit-limit", &limit), ("x-ratelimit-remaining", &limit), ("retry-after", &limit)] {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
        let meta = ResponseMeta::read(StatusCode::OK, &headers, now, Duration::ZERO);
        let _plausible = meta.rate_limit.and_then(|limit| limit.plausible_reset(now));
    }

    #[test]
    fn addresses_keys_times_and_cursors(pasted in text(), key in any::<String>()) {
        if let Ok(address) = AccountAddress::parse(&pasted) {
            let again = AccountAddress::parse(&address.to_string());
            prop_assert_eq!(again.as_ref(), Ok(&address));
            for generation in [Generation::Classic, Generation::Suite] {
                if let Some(root) = address.api_root(generation) {
                    prop_assert!(root.host_str().is_some());
                }
            }
        }
        if let Ok(parsed) = ApiKey::parse(&key) {
            let header = format!("Token token={}", parsed.expose());
            prop_assert!(HeaderValue::from_str(&header).is_ok());
        }
        if let Err(error) = Credentials::parse(&key, &pasted) {
            prop_assert!(!error.to_string().is_empty());
        }
        if let Some(time) = RecordTime::parse(&pasted) {
            prop_assert_eq!(time.as_str(), pasted.as_str());
        }
        let _cursor: Result<ListCursor, _> = serde_json::from_str(&pasted);
    }
}
