//! Switches for what is not known for certain about the real API: one named field per open question, each with the
//! most likely answer as its default, so that a program can be tried against the other answer too.

use serde::{Deserialize, Serialize};

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
    /// Largest page; a larger `per_page` is answered 200 with this many rows.
    pub per_page_maximum: usize,
    /// What `lookup` does with a field an entity does not have.
    pub lookup_missing_field: LookupMissingField,
    /// Whether the convert reply carries the account and the deal beside the contact.
    pub convert_shows_account_and_deal: bool,
    /// Whether a page beyond the end reports zero totals (as recorded) or the true ones.
    pub page_beyond_end_is_zero: bool,
    /// Whether a bulk job of which every row failed ends `FAILED` instead of `SUCCESS`.
    pub job_of_failures_fails: bool,
    /// How many bulk jobs may run at once before `bulk_upsert` answers 405; no cap where absent.
    pub running_jobs_maximum: Option<usize>,
    /// Shortest `search` query that finds anything, in characters. The Tutorial profile uses at least 3.
    pub search_minimum_characters: usize,
    /// Whether an unknown `cf_*` key is refused with 400 (as recorded) or stored.
    pub unknown_custom_field_refused: bool,
    /// Whether two contacts may not share a primary e-mail address, ignoring letter case.
    pub contact_email_unique: bool,
    /// Whether two sales accounts may not share a name, ignoring letter case.
    pub account_name_unique: bool,
    /// Whether two contacts may not share a mobile number.
    pub mobile_unique: bool,
    /// Whether a write of a deal's or a document's products sets its amount to their sum. Recorded documents keep theirs.
    pub products_set_amount: bool,
    /// Contact attributes an admin has made mandatory, by their API names.
    pub required_contact_fields: Vec<String>,
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
            lookup_missing_field: LookupMissingField::default(),
            convert_shows_account_and_deal: true,
            page_beyond_end_is_zero: true,
            job_of_failures_fails: true,
            running_jobs_maximum: None,
            search_minimum_characters: 1,
            unknown_custom_field_refused: true,
            contact_email_unique: true,
            account_name_unique: true,
            mobile_unique: false,
            products_set_amount: false,
            required_contact_fields: Vec::new(),
        }
    }
}
