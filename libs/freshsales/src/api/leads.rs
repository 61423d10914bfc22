//! Leads: people of Classic accounts who are not contacts yet. Most Suite accounts have none (404); there a lead is a contact.

use http::{Method, StatusCode};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::bulk::BulkCall;
use super::contacts::{Contact, EmailAddress, PhoneNumber};
use super::selectors::{Currency, NamedChoice};
use super::verbs::{CloneRecord, Create, Delete, Forget, Update, Upsert, View, collection};
use crate::Generation;
use crate::decode::{self, DecodeError, Single};
use crate::record::{Attributes, Record, attributes, document, record, shared_attributes};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

pub use super::verbs::UniqueKey;

record! {
    /// A lead (source: official Classic page, #leads).
    pub struct Lead {
        /// First name.
        first_name: String,
        /// Last name.
        last_name: String,
        /// Name as shown; read-only.
        display_name: String,
        /// Primary e-mail address.
        email: String,
        /// All e-mail addresses; missing in accounts before about 2019.
        emails: Vec<EmailAddress>,
        /// Job title.
        job_title: String,
        /// Work phone, as typed.
        work_number: String,
        /// Mobile phone, as typed.
        mobile_number: String,
        /// City.
        city: String,
        /// Country, as typed.
        country: String,
        /// Score of 0 to 100.
        lead_score: i64,
        /// The lead's company; not a sales account.
        company: LeadCompany,
        /// The lead's deal; not yet a deal record.
        deal: LeadDeal,
        /// Owner; only with `include=owner`.
        owner_id: i64,
        /// Stage; only with `include=lead_stage`.
        lead_stage_id: i64,
        /// Source; only with `include=source`.
        lead_source_id: i64,
        /// Territory; only with `include=territory`.
        territory_id: i64,
        /// Campaign; only with `include=campaign`.
        campaign_id: i64,
        /// Custom fields by key (`cf_…`).
        custom_field: Map<String, Value>,
        /// Tags.
        tags: Vec<String>,
        /// Whether it is in the recycle bin.
        is_deleted: bool,
        /// When its stage changed last.
        stage_updated_time: RecordTime,
        /// Street.
        address: String,
        /// State.
        state: String,
        /// Postal code.
        zipcode: String,
        /// Time zone, by its Rails name (`Copenhagen`).
        time_zone: String,
        /// Address of a picture.
        avatar: String,
        /// Department (Classic).
        department: String,
        /// Whether nobody should call or write (Classic).
        do_not_disturb: bool,
        /// Whether the person decides (Classic).
        has_authority: bool,
        /// `Hot`, `Warm` or `Cold`, by the score (Classic).
        lead_quality: String,
        /// State of the e-mail address, e.g. `Active` (Classic).
        email_status: String,
        /// Keyword that brought the person.
        keyword: String,
        /// Medium that brought the person.
        medium: String,
        /// Facebook page.
        facebook: String,
        /// Twitter page.
        twitter: String,
        /// LinkedIn page.
        linkedin: String,
        /// When the person was last seen on the website.
        last_seen: RecordTime,
        /// How someone was last in touch, e.g. `Email Outgoing`.
        last_contacted_mode: String,
        /// When someone last chatted with the person (Classic).
        last_contacted_via_chat: RecordTime,
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
        /// Notes; only with `include=notes`.
        note_ids: Vec<i64>,
        /// Whether others look like the same person; 0, 1 or a truth value (Classic).
        has_duplicates: Value,
        /// Whether duplicates were looked for today (Classic).
        duplicates_searched_today: Value,
        /// Whether it has connections; 0, 1 or a truth value.
        has_connections: Value,
        /// Whether connections were looked for today (Classic).
        connections_searched_today: Value,
        /// Further phones; missing in older accounts.
        phone_numbers: Vec<PhoneNumber>,
        /// When someone was last in touch.
        last_contacted: RecordTime,
        /// Reason for being unqualified; only with `include=lead_reason`.
        lead_reason_id: i64,
        /// Users on its team beside the owner; null without one.
        team_user_ids: Vec<i64>,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

document! {
    /// The company inside a lead.
    pub struct LeadCompany {
        /// Id; `None` before it is stored.
        id: i64,
        /// Name.
        name: String,
        /// Website.
        website: String,
        /// Phone.
        phone: String,
        /// Street.
        address: String,
        /// City.
        city: String,
        /// State.
        state: String,
        /// Postal code.
        zipcode: String,
        /// Country, as typed.
        country: String,
        /// Industry.
        industry_type_id: i64,
        /// Industry; partial.
        industry_type: NamedChoice,
        /// Kind of business.
        business_type_id: i64,
        /// Kind of business; partial.
        business_type: NamedChoice,
        /// Lower bound of the size bucket: 1, 11, 51, 201, 501, 1001, 5001 or 10001.
        number_of_employees: i64,
        /// Yearly revenue.
        annual_revenue: Decimal,
    }
}

document! {
    /// The deal inside a lead.
    pub struct LeadDeal {
        /// Id; `None` before it is stored.
        id: i64,
        /// Name.
        name: String,
        /// Value in its currency.
        amount: Decimal,
        /// Currency.
        currency_id: i64,
        /// Currency; partial.
        currency: Currency,
        /// Value in the account's base currency.
        base_currency_amount: Decimal,
        /// Product from the account's simple list.
        deal_product_id: i64,
        /// Product from the account's simple list; partial.
        deal_product: NamedChoice,
        /// When it is expected to close.
        expected_close: jiff::civil::Date,
    }
}

attributes! {
    /// What a write of a lead sets. `last_name` or `email` is required on creation.
    pub struct LeadAttributes {
        /// Sets the first name.
        first_name: String,
        /// Sets the last name.
        last_name: String,
        /// Sets the primary e-mail address. An empty text is refused by the CRM: leave it out instead.
        email: String,
        /// Sets the job title.
        job_title: String,
        /// Sets the work phone.
        work_number: String,
        /// Sets the mobile phone.
        mobile_number: String,
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
        /// Sets the keyword that brought the lead.
        keyword: String,
        /// Sets the medium that brought the lead.
        medium: String,
        /// Sets the owner.
        owner_id: i64,
        /// Sets the stage.
        lead_stage_id: i64,
        /// Sets the reason for being unqualified.
        lead_reason_id: i64,
        /// Sets the source.
        lead_source_id: i64,
        /// Sets the territory.
        territory_id: i64,
        /// Sets the campaign.
        campaign_id: i64,
    }
}

shared_attributes!(LeadAttributes);

impl LeadAttributes {
    /// Sets the name of the lead's company.
    #[must_use]
    pub fn company_name(self, name: impl Into<String>) -> Self {
        self.field("company", json!({ "name": name.into() }))
    }

    /// Sets name and value of the lead's deal. Converting makes a deal of it only if both are set.
    #[must_use]
    pub fn deal(self, name: impl Into<String>, amount: Decimal) -> Self {
        self.field("deal", json!({ "name": name.into(), "amount": amount.to_string() }))
    }
}

impl Record for Lead {
    type Attributes = LeadAttributes;
    const SINGULAR: &'static str = "lead";
    const PLURAL: &'static str = "leads";
    const IN_EVERY_ACCOUNT: bool = false;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

/// Reads a lead. Includes: `owner`, `creater`, `updater`, `source`, `campaign`, `lead_stage`,
/// `lead_reason`, `territory`, `tasks`, `appointments`, `notes`.
pub fn view(id: i64) -> View<Lead> {
    View::new(id)
}

/// Creates a lead.
pub fn create(attributes: LeadAttributes) -> Create<Lead> {
    Create::new(attributes)
}

/// Changes a lead, by [`Client::update`](crate::Client::update), which merges tags and custom fields.
pub fn update(id: i64, attributes: LeadAttributes) -> Update<Lead> {
    Update::new(id, attributes)
}

/// Updates the lead that has the key, or creates it, by [`Client::upsert`](crate::Client::upsert), which merges tags and custom fields.
pub fn upsert(key: UniqueKey, attributes: LeadAttributes) -> Upsert<Lead> {
    Upsert::new(key, attributes)
}

/// Deletes a lead (to the recycle bin).
pub fn delete(id: i64) -> Delete<Lead> {
    Delete::new(id)
}

/// Converts a lead to a contact, with a sales account if a company name is set and a deal if its name and value are.
///
/// `last_name` is always required (source: official article on converting leads). A second conversion is answered as not found.
pub fn convert(id: i64, attributes: LeadAttributes) -> Convert {
    Convert { id, attributes }
}

/// See [`convert`].
#[derive(Debug, Clone)]
pub struct Convert {
    id: i64,
    attributes: LeadAttributes,
}

impl Request for Convert {
    /// The contact; the sales account and the deal that were made, if told, are among the side loads or inside the contact.
    type Output = Single<Contact>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let body = json!({ "lead": self.attributes.as_map() });
        collection::<Lead>(Method::POST, &format!("{}/convert", self.id)).body(body)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Write
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single(body)
    }
}

/// Copies a lead, with these attributes set otherwise.
pub fn clone(id: i64, overrides: LeadAttributes) -> CloneRecord<Lead> {
    CloneRecord::new(id, overrides)
}

/// Deletes a lead for good, past the recycle bin.
pub fn forget(id: i64) -> Forget<Lead> {
    Forget::new(id)
}

/// Deletes many leads in one request (to the recycle bin).
pub fn bulk_destroy(ids: impl IntoIterator<Item = i64>) -> BulkCall<Lead> {
    BulkCall::destroy(ids)
}

/// Gives many leads to a user in one request.
pub fn bulk_assign_owner(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> BulkCall<Lead> {
    BulkCall::assign_owner(ids, owner_id)
}
