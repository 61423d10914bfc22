//! Sales accounts: companies.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::bulk::BulkCall;
use super::jobs::{BulkItem, BulkUpsert};
use super::verbs::{CloneRecord, Create, Delete, Forget, Update, Upsert, View};
use crate::record::{Record, attributes, record, shared_attributes};
use crate::value::RecordTime;

pub use super::verbs::UniqueKey;

record! {
    /// A company (source: official page, #accounts).
    pub struct SalesAccount {
        /// Name; unique by default.
        name: String,
        /// Website.
        website: String,
        /// Phone, as typed.
        phone: String,
        /// City.
        city: String,
        /// Country, as typed.
        country: String,
        /// Lower bound of the size bucket: 1, 11, 51, 201, 501, 1001, 5001 or 10001.
        number_of_employees: i64,
        /// Yearly revenue.
        annual_revenue: Decimal,
        /// Owner; always there.
        owner_id: i64,
        /// Company above it.
        parent_sales_account_id: i64,
        /// Industry; only with `include=industry_type`.
        industry_type_id: i64,
        /// Kind of business; only with `include=business_type`.
        business_type_id: i64,
        /// Territory; only with `include=territory`.
        territory_id: i64,
        /// Sum of open deals; null right after an upsert.
        open_deals_amount: Decimal,
        /// Sum of won deals; null right after an upsert.
        won_deals_amount: Decimal,
        /// Custom fields by key (`cf_…`).
        custom_field: Map<String, Value>,
        /// Tags.
        tags: Vec<String>,
        /// Users on its team beside the owner; null without one. See [`teams`](crate::teams).
        team_user_ids: Vec<i64>,
        /// Whether it is in the recycle bin.
        is_deleted: bool,
        /// When someone was last in touch.
        last_contacted: RecordTime,
        /// Street.
        address: String,
        /// State.
        state: String,
        /// Postal code.
        zipcode: String,
        /// Address of a picture.
        avatar: String,
        /// Facebook page.
        facebook: String,
        /// Twitter page.
        twitter: String,
        /// LinkedIn page.
        linkedin: String,
        /// How someone was last in touch, e.g. `Email Outgoing`.
        last_contacted_mode: String,
        /// When the newest sales activity was.
        last_contacted_via_sales_activity: RecordTime,
        /// Kind of the newest sales activity.
        last_contacted_sales_activity_mode: String,
        /// When it was last given to an owner.
        last_assigned_at: RecordTime,
        /// Text of its newest note.
        recent_note: String,
        /// Sales sequences that it went through; text or a list, by the account.
        completed_sales_sequences: Value,
        /// Sales sequences that it is in; text or a list, by the account.
        active_sales_sequences: Value,
        /// Forms on websites that it came from; text or a list, by the account.
        web_form_ids: Value,
        /// Paths of what hangs on it, relative to the account's address.
        links: Map<String, Value>,
        /// Who made it; only with `include=creater`.
        creater_id: i64,
        /// Who changed it last; only with `include=updater`.
        updater_id: i64,
        /// Tasks; only with `include=tasks`.
        task_ids: Vec<i64>,
        /// Appointments; only with `include=appointments`.
        appointment_ids: Vec<i64>,
        /// When someone last chatted with its people (Classic).
        last_contacted_via_chat: RecordTime,
        /// Number of open deals; null right after an upsert (Suite).
        open_deals_count: i64,
        /// Number of won deals; null right after an upsert (Suite).
        won_deals_count: i64,
        /// Whether it has connections; 0, 1 or a truth value.
        has_connections: Value,
        /// Record type, in accounts that have them; arrives as text.
        record_type_id: i64,
        /// Internet domains (newer accounts).
        domains: Vec<String>,
        /// Number of companies below it (newer accounts).
        child_sales_accounts_count: i64,
        /// Contacts; only with `include=contacts`.
        contact_ids: Vec<i64>,
        /// Deals; only with `include=deals`.
        deal_ids: Vec<i64>,
        /// Companies below it; only with `include=child_sales_accounts`.
        child_sales_account_ids: Vec<i64>,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

attributes! {
    /// What a write of a sales account sets. Only `name` is required on creation.
    pub struct SalesAccountAttributes {
        /// Sets the name.
        name: String,
        /// Sets the website.
        website: String,
        /// Sets the phone.
        phone: String,
        /// Sets the address.
        address: String,
        /// Sets the city.
        city: String,
        /// Sets the state.
        state: String,
        /// Sets the postal code.
        zipcode: String,
        /// Sets the country.
        country: String,
        /// Sets the size bucket by its lower bound.
        number_of_employees: i64,
        /// Sets the yearly revenue.
        annual_revenue: Decimal,
        /// Sets the owner.
        owner_id: i64,
        /// Sets the company above it.
        parent_sales_account_id: i64,
        /// Sets the industry.
        industry_type_id: i64,
        /// Sets the kind of business.
        business_type_id: i64,
        /// Sets the territory.
        territory_id: i64,
    }
}

shared_attributes!(SalesAccountAttributes);

impl Record for SalesAccount {
    type Attributes = SalesAccountAttributes;
    const SINGULAR: &'static str = "sales_account";
    const PLURAL: &'static str = "sales_accounts";
    const IN_EVERY_ACCOUNT: bool = true;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

/// Reads a sales account. Includes: `owner`, `creater`, `updater`, `territory`, `business_type`, `industry_type`,
/// `tasks`, `appointments`, `contacts`, `deals`, `child_sales_accounts`.
pub fn view(id: i64) -> View<SalesAccount> {
    View::new(id)
}

/// Creates a sales account. Its name is unique by default.
pub fn create(attributes: SalesAccountAttributes) -> Create<SalesAccount> {
    Create::new(attributes)
}

/// Changes a sales account, by [`Client::update`](crate::Client::update), which merges tags and custom fields.
pub fn update(id: i64, attributes: SalesAccountAttributes) -> Update<SalesAccount> {
    Update::new(id, attributes)
}

/// Updates the sales account that has the key, or creates it, by [`Client::upsert`](crate::Client::upsert), which merges tags and custom fields.
pub fn upsert(key: UniqueKey, attributes: SalesAccountAttributes) -> Upsert<SalesAccount> {
    Upsert::new(key, attributes)
}

/// Updates or creates up to 100 sales accounts in one request, as a job (Suite).
pub fn bulk_upsert(items: Vec<BulkItem<SalesAccountAttributes>>) -> BulkUpsert<SalesAccount> {
    BulkUpsert::new(items)
}

/// Deletes a sales account (to the recycle bin); its contacts and deals stay, without it.
pub fn delete(id: i64) -> Delete<SalesAccount> {
    Delete::new(id)
}

/// Deletes a sales account together with its contacts and deals.
pub fn delete_with_contacts_and_deals(id: i64) -> Delete<SalesAccount> {
    Delete::new(id).query("delete_associated_contacts_deals", "true")
}

/// Copies a sales account, with these attributes set otherwise. Its name is unique by default: set another.
pub fn clone(id: i64, overrides: SalesAccountAttributes) -> CloneRecord<SalesAccount> {
    CloneRecord::new(id, overrides)
}

/// Deletes a sales account for good, past the recycle bin.
pub fn forget(id: i64) -> Forget<SalesAccount> {
    Forget::new(id)
}

/// Deletes many sales accounts in one request (to the recycle bin).
pub fn bulk_destroy(ids: impl IntoIterator<Item = i64>) -> BulkCall<SalesAccount> {
    BulkCall::destroy(ids)
}

/// Gives many sales accounts to a user in one request.
pub fn bulk_assign_owner(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> BulkCall<SalesAccount> {
    BulkCall::assign_owner(ids, owner_id)
}

/// Deletes many sales accounts together with their contacts and deals.
pub fn bulk_destroy_with_contacts_and_deals(ids: impl IntoIterator<Item = i64>) -> BulkCall<SalesAccount> {
    BulkCall::destroy(ids).with("delete_associated_contacts_deals", Value::Bool(true))
}
