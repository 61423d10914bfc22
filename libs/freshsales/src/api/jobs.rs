//! Bulk upserts and the jobs they start (Suite).
//!
//! Flow: a bulk upsert of up to 100 items is answered with a job; the job is read every few seconds until it is finished; a job can finish
//! well and still have refused single items, which its report names.

use std::marker::PhantomData;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::verbs::{UniqueKey, collection, nothing_to_merge};
use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::{Attributes, Record, document};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::{FieldValue, RecordTime};

/// Most items that one bulk upsert takes (source: official page, #bulk_upsert_contact).
pub const LARGEST_BULK: usize = 100;

/// Keys by which an item can have been found.
const ITEM_KEYS: [&str; 5] = ["id", "emails", "email", "name", "external_id"];

/// One item of a bulk upsert: what finds the record and what to set.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkItem<A> {
    key: UniqueKey,
    attributes: A,
}

impl<A> BulkItem<A> {
    /// Contacts are found by `emails` or `id`, sales accounts and deals by `name` or `id`.
    pub fn new(key: UniqueKey, attributes: A) -> Self {
        Self { key, attributes }
    }

    /// What finds the record.
    pub fn key(&self) -> &UniqueKey {
        &self.key
    }
}

/// Updates or creates several records in one request. Tags and custom fields of records that are there are replaced, so the items must say so
/// (`replace_tags`, `replace_custom_fields`), else nothing is sent. A 405 means that the CRM runs too many bulk jobs: repeat after some 5 seconds.
#[derive(Debug, Clone)]
pub struct BulkUpsert<T: Record> {
    items: Vec<BulkItem<T::Attributes>>,
    record: PhantomData<fn() -> T>,
}

impl<T: Record> BulkUpsert<T> {
    pub(crate) fn new(items: Vec<BulkItem<T::Attributes>>) -> Self {
        Self { items, record: PhantomData }
    }
}

impl<T: Record> Request for BulkUpsert<T> {
    type Output = StartedJob;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let item = |item: &BulkItem<T::Attributes>| {
            let (field, value) = item.key.parts();
            json!({ field: value, "data": item.attributes.as_map() })
        };
        let items: Vec<Value> = self.items.iter().map(item).collect();
        collection::<T>(Method::POST, "bulk_upsert").body(json!({ T::PLURAL: items })).may_be_missing()
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn check(&self) -> Result<(), String> {
        self.items.iter().try_for_each(|item| nothing_to_merge(&item.attributes, T::SINGULAR, "in bulk, use "))
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<StartedJob, DecodeError> {
        let fields = decode::object(body)?;
        let url = fields.get("job_status_url").and_then(Value::as_str).unwrap_or_default();
        let id = JobId::from_url(url).ok_or_else(|| DecodeError::new("job_status_url", "the URL of a job"))?;
        Ok(StartedJob { id, message: fields.get("message").and_then(String::read) })
    }
}

/// The id of a job, as text: its form is not documented.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobId(String);

impl JobId {
    /// An id that was stored. It goes into a path, so it may only have letters, digits, `-` and `_`.
    pub fn new(id: &str) -> Option<Self> {
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
        (!id.is_empty() && id.chars().all(is_plain)).then(|| Self(id.to_owned()))
    }

    /// The last part of a job's URL. Only this is taken of it: the key goes to the account's own address and nowhere else.
    pub fn from_url(url: &str) -> Option<Self> {
        let path = url.split(['?', '#']).next()?.trim_end_matches('/');
        Self::new(path.rsplit('/').next()?)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartedJob {
    /// What to read its status by.
    pub id: JobId,
    /// What the CRM said; localised.
    pub message: Option<String>,
}

document! {
    /// A job as the CRM reports it (source: official page, #job_status_api).
    pub struct Job {
        /// `IN_PROGRESS`, `SUCCESS`, …; other values are not documented. See [`Job::phase`].
        status: String,
        /// When the status changed.
        status_updated_at: RecordTime,
        /// When the job was created.
        created_at: RecordTime,
        /// Percent done.
        progress: serde_json::Number,
        /// Kind of job.
        job_type_name: String,
        /// The report: JSON inside a text. See [`Job::report`].
        data: String,
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobPhase {
    /// Queued or in progress: read it again in some seconds.
    Running,
    /// Finished; single items may have failed all the same, see [`Job::report`].
    Succeeded,
    /// Over, with a status that is not success.
    Failed,
}

impl Job {
    /// How far the job is. Only values that say so are running: an unknown status ends the wait rather than prolonging it for ever.
    pub fn phase(&self) -> JobPhase {
        let status = self.status.as_deref().unwrap_or_default().to_ascii_uppercase().replace(['-', ' '], "_");
        match status.as_str() {
            "QUEUED" | "IN_QUEUE" | "PENDING" | "SCHEDULED" | "STARTED" | "RUNNING" | "PROCESSING" | "IN_PROGRESS" => {
                JobPhase::Running
            }
            "SUCCESS" | "SUCCEEDED" | "COMPLETED" | "COMPLETE" | "DONE" | "FINISHED" => JobPhase::Succeeded,
            _ => JobPhase::Failed,
        }
    }

    /// The report inside `data`; `None` while there is none or if it is not understood.
    pub fn report(&self) -> Option<JobReport> {
        let report = match (&self.data, self.extra.get("data")) {
            (Some(text), _) => serde_json::from_str(text).ok()?,
            // Not seen, but the obvious correction of JSON inside a text.
            (None, Some(object @ Value::Object(_))) => object.clone(),
            _ => return None,
        };
        JobReport::from_value(report)
    }
}

/// What became of one item of a bulk upsert.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemResult {
    /// It was written.
    Written,
    /// It was refused, and why.
    Refused(ItemFailure),
    /// The CRM does not say; read back before sending it again.
    Unknown,
    /// It did not get as far as the CRM, or was refused together with its whole batch.
    NotSent,
}

impl Job {
    /// What became of each item that the job was started with, in their order. Of a job that is running or has no report nothing is known.
    ///
    /// A finished job can have refused items. They are told from the others by their keys; where the counts say that more failed than the report
    /// names, or items that share a key did not all fail, the ones in question are unknown.
    pub fn item_results<A>(&self, items: &[BulkItem<A>]) -> Vec<ItemResult> {
        match self.report() {
            Some(report) if self.phase() != JobPhase::Running => report.results(items),
            _ => vec![ItemResult::Unknown; items.len()],
        }
    }
}

impl JobReport {
    fn results<A>(&self, items: &[BulkItem<A>]) -> Vec<ItemResult> {
        let named: Vec<Vec<&ItemFailure>> = items
            .iter()
            .map(|item| self.failures().iter().filter(|failure| failure.is_of(&item.key)).collect())
            .collect();
        let sharing = |item: &BulkItem<A>| items.iter().filter(|other| other.key.is_same(&item.key)).count();
        let refused = named.iter().filter(|failures| !failures.is_empty()).count();
        let counts = self.record_status.as_ref();
        let succeeded = counts.and_then(|counts| counts.succeeded).and_then(|count| usize::try_from(count).ok());
        let all_named = usize::try_from(self.failed()).is_ok_and(|failed| failed <= refused)
            && succeeded.is_none_or(|succeeded| succeeded + refused >= items.len());
        let of_item = |(item, failures): (&BulkItem<A>, Vec<&ItemFailure>)| match failures.first() {
            Some(_) if failures.len() < sharing(item) => ItemResult::Unknown,
            Some(failure) => ItemResult::Refused((*failure).clone()),
            None if all_named => ItemResult::Written,
            None => ItemResult::Unknown,
        };
        items.iter().zip(named).map(of_item).collect()
    }
}

document! {
    /// How many items of a job succeeded, and why the others did not.
    pub struct JobReport {
        /// The counts.
        record_status: RecordCounts,
        /// One entry per item that failed.
        detailed_failure_report: Vec<ItemFailure>,
    }
}

impl JobReport {
    /// Number of items that failed, by the counts or, without them, by the entries.
    pub fn failed(&self) -> i64 {
        let entries = self.detailed_failure_report.as_deref().unwrap_or_default().len();
        let counted = self.record_status.as_ref().and_then(|counts| counts.failed);
        counted.unwrap_or_else(|| i64::try_from(entries).unwrap_or(i64::MAX))
    }

    /// The items that failed.
    pub fn failures(&self) -> &[ItemFailure] {
        self.detailed_failure_report.as_deref().unwrap_or_default()
    }
}

document! {
    /// Counts of a job's items.
    pub struct RecordCounts {
        /// Items that were written.
        succeeded: i64,
        /// Items that were not.
        failed: i64,
    }
}

/// An item of a bulk upsert that was not written. The shape of these entries is not documented, so both readings are tolerant.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemFailure(Map<String, Value>);

impl ItemFailure {
    /// What the item was found by, as far as the entry repeats it: the name of the key (`id`, `emails`, …) and its value.
    pub fn key(&self) -> Option<(&'static str, String)> {
        ITEM_KEYS.into_iter().find_map(|name| match self.0.get(name)? {
            Value::String(text) => Some((name, text.clone())),
            Value::Number(number) => Some((name, number.to_string())),
            _ => None,
        })
    }

    /// Whether the entry repeats this key; letter case of the value does not matter.
    fn is_of(&self, key: &UniqueKey) -> bool {
        let (field, value) = key.parts();
        let names: &[&str] = if matches!(field, "email" | "emails") { &["emails", "email"] } else { &[field] };
        names.iter().filter_map(|name| self.0.get(*name)).any(|repeated| match repeated {
            Value::String(text) => text.trim().eq_ignore_ascii_case(value.trim()),
            Value::Number(number) => number.to_string() == value,
            _ => false,
        })
    }

    /// What the CRM said, without duplicates; localised, and may quote what was sent.
    pub fn sentences(&self) -> Vec<String> {
        let mut entry = self.0.clone();
        entry.retain(|name, _| !ITEM_KEYS.contains(&name.as_str()));
        crate::error::ErrorBody::read(Value::Object(entry).to_string().as_bytes()).sentences.to_vec()
    }

    /// The entry as received.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl FieldValue for ItemFailure {
    fn read(value: &Value) -> Option<Self> {
        value.as_object().cloned().map(Self)
    }

    fn write(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

/// Reads a job. Each reading is one request of the account's quota; every 2 to 5 seconds is enough.
pub fn status(id: JobId) -> JobStatus {
    JobStatus { id }
}

/// See [`status`].
#[derive(Debug, Clone)]
pub struct JobStatus {
    id: JobId,
}

impl Request for JobStatus {
    type Output = Job;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::get(format!("job_statuses/{}", self.id.as_str())).may_be_missing()
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Job, DecodeError> {
        decode::typed("$", Value::Object(decode::object(body)?))
    }
}
