//! Deals.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::bulk::BulkCall;
use super::jobs::{BulkItem, BulkUpsert};
use super::notes::TargetKind;
use super::of_record::OfRecord;
use super::product_lines::{self, LineAttributes, ProductLine};
use super::verbs::{CloneRecord, Create, Delete, Forget, Update, Upsert, View};
use crate::record::{Record, attributes, record, shared_attributes};
use crate::value::RecordTime;

pub use super::verbs::UniqueKey;

record! {
    /// A deal (source: official page, #deals).
    pub struct Deal {
        /// Name; not unique.
        name: String,
        /// Value in the deal's currency.
        amount: Decimal,
        /// Value in the account's base currency.
        base_currency_amount: Decimal,
        /// Value times probability.
        expected_deal_value: Decimal,
        /// Probability in percent.
        probability: i64,
        /// When it is expected to close.
        expected_close: Date,
        /// When it was closed.
        closed_date: Date,
        /// Pipeline; always there.
        deal_pipeline_id: i64,
        /// Stage; always there.
        deal_stage_id: i64,
        /// Owner; only with `include=owner`.
        owner_id: i64,
        /// Company; only with `include=sales_account`.
        sales_account_id: i64,
        /// Contacts; only with `include=contacts`.
        contact_ids: Vec<i64>,
        /// Reason for being lost; only with `include=deal_reason`.
        deal_reason_id: i64,
        /// Type; only with `include=deal_type`.
        deal_type_id: i64,
        /// Product from the account's simple list; only with `include=deal_product`.
        deal_product_id: i64,
        /// Payment status; only with `include=deal_payment_status`.
        deal_payment_status_id: i64,
        /// Whether it has products (Suite).
        has_products: bool,
        /// Products; only with `include=products` (Suite).
        products: Vec<ProductLine>,
        /// Currency; only with `include=currency`.
        currency_id: i64,
        /// Source; only with `include=source`.
        lead_source_id: i64,
        /// Campaign; only with `include=campaign`.
        campaign_id: i64,
        /// Territory; only with `include=territory`.
        territory_id: i64,
        /// Address of a picture (Suite).
        avatar: String,
        /// State of its conversation in the CRM's chat.
        collaboration: Map<String, Value>,
        /// Tokens of the CRM's chat; they change with every reply (Suite).
        fc_widget_collaboration: Map<String, Value>,
        /// Sales sequences that it went through; text or a list, by the account.
        completed_sales_sequences: Value,
        /// Sales sequences that it is in; text or a list, by the account.
        active_sales_sequences: Value,
        /// Appointments; only with `include=appointments`.
        appointment_ids: Vec<i64>,
        /// Who made it; only with `include=creater`.
        creater_id: i64,
        /// Who changed it last; only with `include=updater`.
        updater_id: i64,
        /// Users on its team beside the owner; null without one. See [`teams`](crate::teams).
        team_user_ids: Vec<i64>,
        /// Form on a website that it came from.
        web_form_id: i64,
        /// Days since its creation.
        age: i64,
        /// Days since it counts as neglected; see [`DealPipeline::rotting_days`](crate::selectors::DealPipeline::rotting_days).
        rotten_days: i64,
        /// 1 committed, 2 best case (Suite).
        forecast_category: i64,
        /// What the CRM's prediction thinks of it; 0 without one (Suite).
        deal_prediction: i64,
        /// The prediction before (Suite).
        last_deal_prediction: i64,
        /// When the prediction changed (Suite).
        deal_prediction_last_updated_at: RecordTime,
        /// Figures behind the forecast (Suite).
        freddy_forecast_metrics: Map<String, Value>,
        /// Figures behind the prediction (Classic).
        deal_freddy_metrics: Map<String, Value>,
        /// Text of its newest note.
        recent_note: String,
        /// When its next task or meeting is due.
        upcoming_activities_time: RecordTime,
        /// Kind of the newest sales activity.
        last_contacted_sales_activity_mode: String,
        /// When the newest sales activity was.
        last_contacted_via_sales_activity: RecordTime,
        /// When it was last given to an owner.
        last_assigned_at: RecordTime,
        /// Paths of what hangs on it, relative to the account's address.
        links: Map<String, Value>,
        /// Custom fields by key (`cf_…`).
        custom_field: Map<String, Value>,
        /// Tags.
        tags: Vec<String>,
        /// Whether it is in the recycle bin.
        is_deleted: bool,
        /// When its stage changed last.
        stage_updated_time: RecordTime,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

attributes! {
    /// What a write of a deal sets. `name` and `amount` are required on creation.
    pub struct DealAttributes {
        /// Sets the name.
        name: String,
        /// Sets the value, in the deal's currency.
        amount: Decimal,
        /// Sets the currency.
        currency_id: i64,
        /// Sets the probability in percent.
        probability: i64,
        /// Sets when it is expected to close.
        expected_close: Date,
        /// Sets when it was closed.
        closed_date: Date,
        /// Sets the pipeline; set the stage with it.
        deal_pipeline_id: i64,
        /// Sets the stage. A closed stage closes the deal; set the reason with a lost one.
        deal_stage_id: i64,
        /// Sets the owner.
        owner_id: i64,
        /// Sets the company.
        sales_account_id: i64,
        /// Sets the reason for being lost.
        deal_reason_id: i64,
        /// Sets the type.
        deal_type_id: i64,
        /// Sets the product from the account's simple list.
        deal_product_id: i64,
        /// Sets the payment status.
        deal_payment_status_id: i64,
        /// Sets the forecast category: 1 committed, 2 best case (Suite).
        forecast_category: i64,
        /// Sets the source.
        lead_source_id: i64,
        /// Sets the campaign.
        campaign_id: i64,
        /// Sets the territory.
        territory_id: i64,
    }
}

shared_attributes!(DealAttributes);

impl DealAttributes {
    /// Links contacts, beside those linked already.
    #[must_use]
    pub fn add_contacts(self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.field("contacts_added_list", ids.into_iter().collect::<Vec<_>>())
    }

    /// Unlinks contacts.
    #[must_use]
    pub fn remove_contacts(self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.field("contacts_removed_list", ids.into_iter().collect::<Vec<_>>())
    }

    /// Replaces the products (Suite); an empty list takes all away. Ask for `include=products` to see the lines.
    #[must_use]
    pub fn products(self, lines: impl IntoIterator<Item = LineAttributes>) -> Self {
        self.field("products", product_lines::to_json(lines))
    }

    /// Links the company of this name, which the CRM creates if there is none.
    #[must_use]
    pub fn sales_account_name(self, name: impl Into<String>) -> Self {
        self.field("sales_account", json!({ "name": name.into() }))
    }
}

impl Record for Deal {
    type Attributes = DealAttributes;
    const SINGULAR: &'static str = "deal";
    const PLURAL: &'static str = "deals";
    const IN_EVERY_ACCOUNT: bool = true;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

/// Reads a deal. Includes: `owner`, `creater`, `updater`, `source`, `campaign`, `contacts`, `sales_account`,
/// `deal_stage`, `deal_type`, `deal_reason`, `deal_payment_status`, `deal_product`, `currency`, `products`.
pub fn view(id: i64) -> View<Deal> {
    View::new(id)
}

/// Creates a deal. Nothing about a deal is unique by default: a repetition creates a second one.
pub fn create(attributes: DealAttributes) -> Create<Deal> {
    Create::new(attributes)
}

/// Changes a deal, by [`Client::update`](crate::Client::update), which merges tags and custom fields.
pub fn update(id: i64, attributes: DealAttributes) -> Update<Deal> {
    Update::new(id, attributes)
}

/// Updates the deal that has the key, or creates it, by [`Client::upsert`](crate::Client::upsert), which merges tags and custom fields.
pub fn upsert(key: UniqueKey, attributes: DealAttributes) -> Upsert<Deal> {
    Upsert::new(key, attributes)
}

/// Updates or creates up to 100 deals in one request, as a job (Suite).
pub fn bulk_upsert(items: Vec<BulkItem<DealAttributes>>) -> BulkUpsert<Deal> {
    BulkUpsert::new(items)
}

/// Deletes a deal (to the recycle bin).
pub fn delete(id: i64) -> Delete<Deal> {
    Delete::new(id)
}

/// Copies a deal, with these attributes set otherwise.
pub fn clone(id: i64, overrides: DealAttributes) -> CloneRecord<Deal> {
    CloneRecord::new(id, overrides)
}

/// Deletes a deal for good, past the recycle bin.
pub fn forget(id: i64) -> Forget<Deal> {
    Forget::new(id)
}

/// Deletes many deals in one request (to the recycle bin).
pub fn bulk_destroy(ids: impl IntoIterator<Item = i64>) -> BulkCall<Deal> {
    BulkCall::destroy(ids)
}

/// Gives many deals to a user in one request.
pub fn bulk_assign_owner(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> BulkCall<Deal> {
    BulkCall::assign_owner(ids, owner_id)
}

/// The deals of a contact.
pub fn of_contact(contact_id: i64) -> OfRecord<Deal> {
    OfRecord::on_api(TargetKind::Contact, contact_id)
}

/// The deals of a sales account.
pub fn of_account(account_id: i64) -> OfRecord<Deal> {
    OfRecord::on_api(TargetKind::SalesAccount, account_id)
}
