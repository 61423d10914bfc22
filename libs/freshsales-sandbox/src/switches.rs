//! Switches for what is not known for certain about the real API: one named field per open question, each with the
//! most likely answer as its default, so that a program can be tried against the other answer too.
//!
//! `docs/sandbox-switches.md` is the table of them: name, values, question. Set them in [`crate::SandboxConfig`], with
//! [`crate::Account::set_switches`], with `PUT /__sandbox/switches`, or by name and text with [`Switches::set`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Status code of a successful create.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CreateStatus {
    /// 201 on Suite paths, 200 on Classic paths. Notes are always 200 and tasks always 201.
    #[default]
    ByGeneration,
    /// 200 for contacts, leads, accounts and deals.
    Ok,
    /// 201 for contacts, leads, accounts and deals.
    Created,
}

/// Body of a reply that refuses a request because the account's quota is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuotaBody {
    /// No body.
    #[default]
    Empty,
    /// `{"errors":{"code":429,"message":["Too many requests"]}}`.
    Json,
}

/// What an update does with `custom_field` keys that it does not send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CustomFieldUpdate {
    /// They become null. Seen in the wild since July 2026.
    #[default]
    Replace,
    /// They keep their values, as before that date.
    Merge,
}

/// What a GET of a soft-deleted record answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeletedRecord {
    /// 404.
    #[default]
    NotFound,
    /// The record with `is_deleted: true`.
    Shown,
}

/// What `lookup` answers when the field does not exist on one of the entities asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LookupMissingField {
    /// 400.
    #[default]
    Refuse,
    /// An empty list for that entity.
    Empty,
}

/// What the reply to a conversion holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConvertReply {
    /// The contact alone.
    ContactOnly,
    /// The contact, with the account and the deal in arrays beside it.
    #[default]
    SideLoads,
    /// The contact, with the account in an array inside it, as the replies about contacts have it.
    Nested,
}

/// What a second conversion of a lead answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConvertAgain {
    /// 404, as for a lead that does not exist.
    #[default]
    NotFound,
    /// 400 with a sentence.
    Refuse,
}

/// What a `per_page` above the largest page does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PageAboveMaximum {
    /// 200 with as many rows as the largest page.
    #[default]
    Clamp,
    /// 200 with as many rows as were asked for.
    Honour,
    /// 200 with the 25 rows of an unasked page.
    Ignore,
}

/// When `lookup` sees a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LookupFreshness {
    /// At once.
    #[default]
    Immediate,
    /// When searches do.
    Lagging,
}

/// The shape of an entry of a job's failure report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureItem {
    /// `{"emails":"…","errors":["…"]}`.
    #[default]
    Errors,
    /// `{"emails":"…","message":"…"}`.
    Message,
    /// `{"emails":"…","errors":{"mobile_number":["…"]}}`.
    FieldMap,
    /// `{"emails":"…","error":{"code":400,"message":["…"]}}`.
    Envelope,
}

/// The shape of refusals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorShape {
    /// `{"errors":{"code":400,"message":["…","…"]}}`, as recorded.
    #[default]
    List,
    /// `{"errors":{"code":400,"message":"… …"}}`.
    PlainText,
    /// `{"errors":{"email":["…"],"base":["…"]}}` for refused values, the list for everything else.
    FieldMap,
}

/// The texts that nobody has recorded: replies of bulk calls, of an unknown id, of a missing `filter`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnrecordedTexts {
    /// The sandbox's own words.
    #[default]
    Usual,
    /// Other words.
    Other,
    /// No text at all.
    Missing,
}

/// Behaviours that can be set either way, while the sandbox runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Switches {
    /// Status code of a successful create.
    pub create_status: CreateStatus,
    /// Body of a quota 429.
    pub quota_body: QuotaBody,
    /// What an update does with custom fields it does not send.
    pub custom_field_update: CustomFieldUpdate,
    /// Whether an upsert that names no owner hands the record to the key's user.
    pub upsert_resets_owner: bool,
    /// What a GET of a soft-deleted record answers.
    pub deleted_record: DeletedRecord,
    /// Largest page, in rows.
    pub per_page_maximum: usize,
    /// What a `per_page` above the largest page does.
    pub page_above_maximum: PageAboveMaximum,
    /// How long a write takes to reach searches, in milliseconds; what the account was started with where absent.
    pub index_lag_milliseconds: Option<u64>,
    /// When `lookup` sees a write.
    pub lookup_freshness: LookupFreshness,
    /// What `lookup` does with a field an entity does not have.
    pub lookup_missing_field: LookupMissingField,
    /// What the reply to a conversion holds.
    pub convert_reply: ConvertReply,
    /// What a second conversion of a lead answers.
    pub convert_again: ConvertAgain,
    /// Whether a page beyond the end reports zero totals (as recorded) or the true ones.
    pub page_beyond_end_is_zero: bool,
    /// Whether a bulk job of which every row failed ends `FAILED` instead of `SUCCESS`.
    pub job_of_failures_fails: bool,
    /// The status of a job that failed: `FAILED`, or any other word that is not `SUCCESS`.
    pub job_failed_status: String,
    /// The shape of an entry of a job's failure report.
    pub job_failure_item: FailureItem,
    /// The shape of refusals.
    pub error_shape: ErrorShape,
    /// The texts that nobody has recorded.
    pub unrecorded_texts: UnrecordedTexts,
    /// Whether restoring a record from the recycle bin empties its custom fields (seen in one account).
    pub restore_empties_custom_fields: bool,
    /// How many bulk jobs may run at once before `bulk_upsert` answers 405; no cap where absent.
    pub running_jobs_maximum: Option<usize>,
    /// Shortest `search` query that finds anything, in characters. The Tutorial profile uses at least 3.
    pub search_minimum_characters: usize,
    /// How many values a rule of a filtered search may list before it is refused with 400; any number where absent.
    pub search_values_maximum: Option<usize>,
    /// Whether an unknown `cf_*` key is refused with 400 (as recorded) or stored.
    pub unknown_custom_field_refused: bool,
    /// Whether two contacts may not share a primary e-mail address, ignoring letter case.
    pub contact_email_unique: bool,
    /// Whether two sales accounts may not share a name, ignoring letter case.
    pub account_name_unique: bool,
    /// Whether two contacts may not share a mobile number.
    pub mobile_unique: bool,
    /// Whether callers are treated as if they had not sent `Accept`, as behind a proxy that drops the header.
    pub accept_header_is_lost: bool,
    /// Whether the reply to an update of an appointment or a task shows attendees, contacts and users as a view does (seen in
    /// 2026) or what older recordings show.
    pub updates_show_related: bool,
    /// Whether the host answers as it does for an account that does not exist: a 404 page for every path.
    pub account_is_unknown: bool,
    /// Whether a write of a deal's or a document's products sets its amount to their sum. Recorded documents keep theirs.
    pub products_set_amount: bool,
    /// Contact attributes an admin has made mandatory, by their API names.
    pub required_contact_fields: Vec<String>,
    /// Whether a filtered search gives whole rows where `detail` asks for them.
    pub search_gives_whole_rows: bool,
    /// Whether lists of tasks, appointments and sales activities heed `sort` by `updated_at`.
    pub activities_heed_sort: bool,
    /// Every row whose id this number divides is left out of lists, though totals count it: the key may not see it. None where 0.
    pub hidden_one_in: u64,
    /// Pages of lists behind this one are empty, whatever the totals say. No limit where 0.
    pub deepest_page: usize,
    /// How much larger the totals of lists are than their rows.
    pub total_off_by: i64,
    /// How many times a webhook is sent until a receiver answers 2xx.
    pub webhook_tries: u32,
    /// Pause between two tries of a webhook, in seconds of the account's clock.
    pub webhook_retry_after_seconds: u32,
    /// How long a receiver of webhooks may take to answer, in seconds of real time.
    pub webhook_timeout_seconds: u64,
    /// Whether an update that changes no attribute fires workflows.
    pub webhook_on_unchanged_update: bool,
    /// Whether values that fill placeholders are escaped for the encoding of the body; raw values can break it.
    pub webhook_placeholders_escaped: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            create_status: CreateStatus::default(),
            quota_body: QuotaBody::default(),
            custom_field_update: CustomFieldUpdate::default(),
            upsert_resets_owner: false,
            deleted_record: DeletedRecord::default(),
            per_page_maximum: 100,
            page_above_maximum: PageAboveMaximum::default(),
            index_lag_milliseconds: None,
            lookup_freshness: LookupFreshness::default(),
            lookup_missing_field: LookupMissingField::default(),
            convert_reply: ConvertReply::default(),
            convert_again: ConvertAgain::default(),
            page_beyond_end_is_zero: true,
            job_of_failures_fails: true,
            job_failed_status: "FAILED".to_owned(),
            job_failure_item: FailureItem::default(),
            error_shape: ErrorShape::default(),
            unrecorded_texts: UnrecordedTexts::default(),
            restore_empties_custom_fields: true,
            running_jobs_maximum: None,
            search_minimum_characters: 1,
            search_values_maximum: None,
            unknown_custom_field_refused: true,
            contact_email_unique: true,
            account_name_unique: true,
            mobile_unique: false,
            accept_header_is_lost: false,
            updates_show_related: false,
            account_is_unknown: false,
            products_set_amount: false,
            required_contact_fields: Vec::new(),
            search_gives_whole_rows: true,
            activities_heed_sort: false,
            hidden_one_in: 0,
            deepest_page: 0,
            total_off_by: 0,
            webhook_tries: 1,
            webhook_retry_after_seconds: 60,
            webhook_timeout_seconds: 10,
            webhook_on_unchanged_update: false,
            webhook_placeholders_escaped: true,
        }
    }
}

impl Switches {
    /// These switches with others set by name; what is not named stays.
    ///
    /// # Errors
    /// Where there is no switch of a name, or it does not take the value; the message says so.
    pub fn with(&self, values: Map<String, Value>) -> Result<Self, String> {
        let mut merged = json!(self);
        for (name, value) in values {
            match merged.get_mut(&name) {
                Some(switch) => *switch = value,
                None => return Err(format!("there is no switch {name}")),
            }
        }
        serde_json::from_value(merged).map_err(|error| format!("cannot set the switches: {error}"))
    }

    /// Sets one switch by its name and its value as text: a word of its enum, or a number, flag or list as JSON.
    ///
    /// ```
    /// let mut switches = freshsales_sandbox::Switches::default();
    /// switches.set("deleted_record", "shown")?;
    /// switches.set("mobile_unique", "true")?;
    /// assert!(switches.mobile_unique);
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::with`].
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        let one = |value: Value| Map::from_iter([(name.to_owned(), value)]);
        let as_text = self.with(one(Value::String(text.to_owned())));
        let as_json = || serde_json::from_str(text).map_err(|error| format!("{text} is no value of {name}: {error}"));
        *self = match as_text {
            Ok(switches) => switches,
            Err(message) => match as_json() {
                Ok(value) => self.with(one(value))?,
                Err(_) => return Err(message),
            },
        };
        Ok(())
    }
}
