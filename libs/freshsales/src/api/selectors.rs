//! Selectors: the lists that ids come from (owners, stages, sources, …). Unpaginated; their times are always UTC.

use std::marker::PhantomData;

use http::StatusCode;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;

use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::record;
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

record! {
    /// A user of the account who can own records.
    pub struct Owner {
        /// Name as shown.
        display_name: String,
        /// E-mail address.
        email: String,
        /// Whether the user may still sign in.
        is_active: bool,
        /// Phone at work.
        work_number: String,
        /// Mobile phone.
        mobile_number: String,
    }
}

record! {
    /// An entry of a list that has nothing but names: sources, reasons, types, territories, campaigns, …
    pub struct NamedChoice {
        /// Name, in the account's words.
        name: String,
        /// Place in the list.
        position: i64,
    }
}

record! {
    /// A stage of a pipeline.
    pub struct DealStage {
        /// Name, in the account's words.
        name: String,
        /// Place in the pipeline.
        position: i64,
        /// `Open`, `Closed Won` or `Closed Lost`.
        forecast_type: String,
        /// Pipeline.
        deal_pipeline_id: i64,
        /// Probability in percent.
        probability: i64,
        /// Whether it was deleted.
        is_deleted: bool,
        /// 5 the first stage, 2 an ordinary one, 4 a closing one (by observation).
        choice_type: i64,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

record! {
    /// A pipeline with its stages.
    pub struct DealPipeline {
        /// Name, in the account's words.
        name: String,
        /// Place in the list.
        position: i64,
        /// Whether new deals go here.
        is_default: bool,
        /// After how many days without a change a deal counts as neglected.
        rotting_days: i64,
        /// Amount that the stages are summed up by, e.g. `expected_deal_value`.
        aggregated_field: String,
        /// Fields that a deal's card shows.
        configs: Vec<serde_json::Map<String, serde_json::Value>>,
        /// Stages, in order.
        deal_stages: Vec<DealStage>,
    }
}

record! {
    /// A status of contacts, which belongs to a lifecycle stage in Suite accounts.
    pub struct ContactStatus {
        /// Name, in the account's words.
        name: String,
        /// Place in the list.
        position: i64,
        /// `Open`, `Closed Won` or `Closed Lost`.
        forecast_type: String,
        /// Lifecycle stage.
        lifecycle_stage_id: i64,
    }
}

record! {
    /// A lifecycle stage of contacts (Suite).
    pub struct LifecycleStage {
        /// Name, in the account's words.
        name: String,
        /// Place in the list.
        position: i64,
        /// `Lead`, `Sales Qualified Lead`, `Customer` or `Custom`: what it means, whatever its name.
        r#type: String,
        /// Whether it is switched off.
        disabled: bool,
        /// Whether it is one of the CRM's own.
        default: bool,
        /// Statuses of the stage.
        contact_status_ids: Vec<i64>,
    }
}

record! {
    /// A stage of leads (Classic).
    pub struct LeadStage {
        /// Name, in the account's words.
        name: String,
        /// Place in the list.
        position: i64,
        /// 5 the first stage, 2 an ordinary one, 4 a closing one (by observation).
        choice_type: i64,
    }
}

record! {
    /// A currency of the account.
    pub struct Currency {
        /// ISO 4217 code.
        currency_code: String,
        /// Rate to the base currency.
        exchange_rate: Decimal,
        /// Whether it can be used.
        is_active: bool,
        /// 1 for the base currency (by observation).
        currency_type: i64,
        /// When the rate is updated, where it is.
        schedule_info: serde_json::Map<String, serde_json::Value>,
    }
}

record! {
    /// A type of sales activities.
    pub struct SalesActivityType {
        /// Name, in the account's words.
        name: String,
        /// Name that does not change, e.g. `chat`.
        internal_name: String,
        /// Place in the list.
        position: i64,
        /// Whether it is one of the CRM's own.
        is_default: bool,
        /// Whether it is part of a record's conversations.
        show_in_conversation: bool,
        /// Whether people check in and out.
        is_checkedin: bool,
        /// Whether they must.
        is_checkedin_mandatory: bool,
        /// Whether an outcome must be chosen.
        is_outcome_mandatory: bool,
    }
}

record! {
    /// An outcome of sales activities, or a type of tasks: an entry below a type of sales activities.
    pub struct SalesActivityChoice {
        /// Name, in the account's words.
        name: String,
        /// Type it belongs to.
        sales_activity_type_id: i64,
        /// Name of the type it belongs to (types of tasks).
        sales_activity_type_name: String,
        /// Place in the list.
        position: i64,
    }
}

/// Reads a whole list.
#[derive(Debug, Clone)]
pub struct Selector<T> {
    path: String,
    key: &'static str,
    in_every_account: bool,
    item: PhantomData<fn() -> T>,
}

impl<T> Selector<T> {
    fn new(key: &'static str) -> Self {
        Self::at(key, key)
    }

    fn at(path: impl Into<String>, key: &'static str) -> Self {
        Self { path: path.into(), key, in_every_account: true, item: PhantomData }
    }

    fn may_be_missing(mut self) -> Self {
        self.in_every_account = false;
        self
    }
}

impl<T: DeserializeOwned + Send + 'static> Request for Selector<T> {
    type Output = Vec<T>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let parts = RequestParts::get(format!("selector/{}", self.path));
        if self.in_every_account { parts } else { parts.may_be_missing() }
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::rows(self.key, body)
    }
}

/// Users who can own records.
pub fn owners() -> Selector<Owner> {
    Selector::at("owners", "users")
}

/// Territories.
pub fn territories() -> Selector<NamedChoice> {
    Selector::new("territories")
}

/// Stages of the default pipeline only; see [`deal_pipelines`] for all.
pub fn deal_stages() -> Selector<DealStage> {
    Selector::new("deal_stages")
}

/// Pipelines with their stages.
pub fn deal_pipelines() -> Selector<DealPipeline> {
    Selector::new("deal_pipelines")
}

/// Stages of one pipeline.
pub fn deal_stages_of(pipeline_id: i64) -> Selector<DealStage> {
    Selector::at(format!("deal_pipelines/{pipeline_id}/deal_stages"), "deal_stages").may_be_missing()
}

/// Currencies.
pub fn currencies() -> Selector<Currency> {
    Selector::new("currencies")
}

/// Reasons for losing deals.
pub fn deal_reasons() -> Selector<NamedChoice> {
    Selector::new("deal_reasons")
}

/// Types of deals.
pub fn deal_types() -> Selector<NamedChoice> {
    Selector::new("deal_types")
}

/// Payment statuses of deals.
pub fn deal_payment_statuses() -> Selector<NamedChoice> {
    Selector::new("deal_payment_statuses")
}

/// Products of deals, where the account has them.
pub fn deal_products() -> Selector<NamedChoice> {
    Selector::new("deal_products").may_be_missing()
}

/// Sources of leads, contacts and deals.
pub fn lead_sources() -> Selector<NamedChoice> {
    Selector::new("lead_sources")
}

/// Industries of companies.
pub fn industry_types() -> Selector<NamedChoice> {
    Selector::new("industry_types")
}

/// Kinds of business of companies.
pub fn business_types() -> Selector<NamedChoice> {
    Selector::new("business_types")
}

/// Campaigns.
pub fn campaigns() -> Selector<NamedChoice> {
    Selector::new("campaigns")
}

/// Statuses of contacts.
pub fn contact_statuses() -> Selector<ContactStatus> {
    Selector::new("contact_statuses")
}

/// Lifecycle stages of contacts (Suite).
pub fn lifecycle_stages() -> Selector<LifecycleStage> {
    Selector::new("lifecycle_stages").may_be_missing()
}

/// Stages of leads (Classic).
pub fn lead_stages() -> Selector<LeadStage> {
    Selector::new("lead_stages").may_be_missing()
}

/// Reasons for leads being unqualified (Classic).
pub fn lead_reasons() -> Selector<NamedChoice> {
    Selector::new("lead_reasons").may_be_missing()
}

/// Designations of team members (Classic; in Suite accounts that have teams).
pub fn designations() -> Selector<NamedChoice> {
    Selector::new("designations").may_be_missing()
}

/// Types of sales activities.
pub fn sales_activity_types() -> Selector<SalesActivityType> {
    Selector::new("sales_activity_types")
}

/// Outcomes of all types of sales activities.
pub fn sales_activity_outcomes() -> Selector<SalesActivityChoice> {
    Selector::new("sales_activity_outcomes")
}

/// Outcomes of one type of sales activities.
pub fn sales_activity_outcomes_of(type_id: i64) -> Selector<SalesActivityChoice> {
    Selector::at(format!("sales_activity_types/{type_id}/sales_activity_outcomes"), "sales_activity_outcomes")
        .may_be_missing()
}

/// Types of tasks.
pub fn sales_activity_entity_types() -> Selector<SalesActivityChoice> {
    Selector::new("sales_activity_entity_types")
}
