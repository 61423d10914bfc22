//! Contacts: people. In Suite accounts leads too, as contacts in lifecycle stage "Lead".

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::bulk::BulkCall;
use super::jobs::{BulkItem, BulkUpsert};
use super::notes::TargetKind;
use super::of_record::OfRecord;
use super::verbs::{CloneRecord, Create, Delete, Forget, Update, Upsert, View};
use crate::record::{Record, attributes, document, record, shared_attributes};
use crate::value::RecordTime;

pub use super::verbs::UniqueKey;

record! {
    /// A contact (source: official page, #contacts).
    pub struct Contact {
        /// First name.
        first_name: String,
        /// Last name.
        last_name: String,
        /// Name as shown; read-only.
        display_name: String,
        /// Primary e-mail address.
        email: String,
        /// All e-mail addresses.
        emails: Vec<EmailAddress>,
        /// Job title.
        job_title: String,
        /// Work phone, as typed.
        work_number: String,
        /// Mobile phone, as typed.
        mobile_number: String,
        /// Further phones.
        phone_numbers: Vec<PhoneNumber>,
        /// Id that another system gave the contact.
        external_id: String,
        /// City.
        city: String,
        /// Country, as typed.
        country: String,
        /// Score of 0 to 100.
        lead_score: i64,
        /// Owner; only with `include=owner`.
        owner_id: i64,
        /// Lifecycle stage (Suite); only with an include.
        lifecycle_stage_id: i64,
        /// Status; only with `include=contact_status`.
        contact_status_id: i64,
        /// Source; only with `include=source`.
        lead_source_id: i64,
        /// Territory; only with `include=territory`.
        territory_id: i64,
        /// Campaign; only with `include=campaign`.
        campaign_id: i64,
        /// Sum of open deals; null right after an upsert.
        open_deals_amount: Decimal,
        /// Sum of won deals; null right after an upsert.
        won_deals_amount: Decimal,
        /// Companies; only with `include=sales_accounts`.
        sales_accounts: Vec<LinkedAccount>,
        /// 0 unsubscribed, 1 subscribed, 2 not subscribed, 3 reported as spam, 4 bounced (Suite).
        subscription_status: i64,
        /// Id across the vendor's products; 19 digits, more than a float holds.
        mcr_id: i64,
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
        /// Further e-mail address (Suite).
        work_email: String,
        /// Subscription types as one text, e.g. `2;3` (Suite).
        subscription_types: String,
        /// Why the person unsubscribed (Suite).
        unsubscription_reason: String,
        /// Why the person unsubscribed, in own words (Suite).
        other_unsubscription_reason: String,
        /// Subscription by WhatsApp; the numbers of `subscription_status` (Suite).
        whatsapp_subscription_status: i64,
        /// Subscription by text message; the numbers of `subscription_status` (Suite).
        sms_subscription_status: i64,
        /// How well the person fits, 0 to 5 (Suite).
        customer_fit: i64,
        /// When the person first used the chat (Suite).
        first_seen_chat: RecordTime,
        /// When the person last used the chat (Suite).
        last_seen_chat: RecordTime,
        /// Language of the person's browser (Suite).
        locale: String,
        /// Visits to the website (Suite).
        total_sessions: i64,
        /// Tags of the CRM's own (Suite).
        system_tags: Vec<String>,
        /// Campaign of the first visit (Suite).
        first_campaign: String,
        /// Medium of the first visit (Suite).
        first_medium: String,
        /// Source of the first visit (Suite).
        first_source: String,
        /// Campaign of the last visit (Suite).
        last_campaign: String,
        /// Medium of the last visit (Suite).
        last_medium: String,
        /// Source of the last visit (Suite).
        last_source: String,
        /// Campaign of the latest visit that had one (Suite).
        latest_campaign: String,
        /// Medium of the latest visit that had one (Suite).
        latest_medium: String,
        /// Source of the latest visit that had one (Suite).
        latest_source: String,
        /// Number of open deals; null right after an upsert.
        open_deals_count: i64,
        /// Number of won deals; null right after an upsert.
        won_deals_count: i64,
        /// Record type, in accounts that have them; arrives as text.
        record_type_id: i64,
        /// Kind of contact (newer accounts).
        r#type: String,
        /// Reason for being lost; only with an include.
        lost_reason_id: i64,
        /// Deals; only with `include=deals`.
        deal_ids: Vec<i64>,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

document! {
    /// One e-mail address of a person.
    pub struct EmailAddress {
        /// Id of the address.
        id: i64,
        /// The address.
        value: String,
        /// Whether it is the primary one, which alone is unique.
        is_primary: bool,
        /// Label, as typed.
        label: String,
        /// Never true in replies; in a write it takes the address away.
        _destroy: bool,
    }
}

document! {
    /// One phone number of a person.
    pub struct PhoneNumber {
        /// Id of the number.
        id: i64,
        /// The number, as typed.
        value: String,
        /// Label, as typed.
        label: String,
        /// Never true in replies; in a write it takes the number away.
        _destroy: bool,
    }
}

record! {
    /// A company that a contact belongs to.
    pub struct LinkedAccount {
        /// Name.
        name: String,
        /// Website.
        website: String,
        /// Address of a picture.
        avatar: String,
        /// When someone was last in touch with it.
        last_contacted: RecordTime,
        /// Record type, in accounts that have them; arrives as text.
        record_type_id: i64,
        /// That this is not the whole record.
        partial: bool,
        /// Whether it is the contact's main company; exactly one is.
        is_primary: bool,
    }
}

attributes! {
    /// What a write of a contact sets.
    ///
    /// ```
    /// use freshsales::contacts::ContactAttributes;
    ///
    /// let attributes = ContactAttributes::new()
    ///     .first_name("Ingrid")
    ///     .email("ingrid@example.com")
    ///     .custom_field("cf_seats", 80)
    ///     .field("work_email", "i@example.com");
    /// # let _ = attributes;
    /// ```
    pub struct ContactAttributes {
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
        /// Sets the id that another system gave the contact.
        external_id: String,
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
        /// Sets the time zone, by its Rails name (`Copenhagen`).
        time_zone: String,
        /// Sets the keyword that brought the contact.
        keyword: String,
        /// Sets the medium that brought the contact.
        medium: String,
        /// Sets the LinkedIn page.
        linkedin: String,
        /// Sets the owner.
        owner_id: i64,
        /// Sets the lifecycle stage (Suite). Without a status the CRM picks the stage's first.
        lifecycle_stage_id: i64,
        /// Sets the status; it must belong to the lifecycle stage, and is sometimes refused all the same (seen in the wild).
        contact_status_id: i64,
        /// Sets the reason for being lost.
        lost_reason_id: i64,
        /// Sets the source.
        lead_source_id: i64,
        /// Sets the territory.
        territory_id: i64,
        /// Sets the campaign.
        campaign_id: i64,
        /// Sets the subscription: 0 unsubscribed, 1 subscribed, 2 not subscribed.
        subscription_status: i64,
        /// Sets the subscription types as one text, e.g. `2;3`.
        subscription_types: String,
    }
}

shared_attributes!(ContactAttributes);

impl ContactAttributes {
    /// Replaces all e-mail addresses; the first is the primary one.
    #[must_use]
    pub fn emails<T: Into<String>>(self, addresses: impl IntoIterator<Item = T>) -> Self {
        let rows = addresses.into_iter().enumerate();
        let rows: Vec<Value> =
            rows.map(|(at, address)| json!({ "value": address.into(), "is_primary": at == 0 })).collect();
        self.field("emails", rows)
    }

    /// Replaces all companies; the first is the main one.
    #[must_use]
    pub fn sales_accounts(self, ids: impl IntoIterator<Item = i64>) -> Self {
        let rows = ids.into_iter().enumerate();
        let rows: Vec<Value> = rows.map(|(at, id)| json!({ "id": id, "is_primary": at == 0 })).collect();
        self.field("sales_accounts", rows)
    }

    /// Replaces the marketing lists that the contact is on (Suite); see [`lists`](crate::lists).
    #[must_use]
    pub fn contact_list_ids(self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.field("contact_list_ids", ids.into_iter().collect::<Vec<_>>())
    }
}

impl Record for Contact {
    type Attributes = ContactAttributes;
    const SINGULAR: &'static str = "contact";
    const PLURAL: &'static str = "contacts";
    const IN_EVERY_ACCOUNT: bool = true;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

/// Reads a contact. Includes: `owner`, `creater`, `updater`, `source`, `campaign`, `contact_status`, `territory`, `sales_accounts`,
/// `deals`, `tasks`, `appointments`, `notes`.
pub fn view(id: i64) -> View<Contact> {
    View::new(id)
}

/// Creates a contact. Its primary e-mail address is unique by default.
pub fn create(attributes: ContactAttributes) -> Create<Contact> {
    Create::new(attributes)
}

/// Changes a contact, by [`Client::update`](crate::Client::update), which merges tags and custom fields. The lists `sales_accounts` and `emails` are replaced as a whole.
pub fn update(id: i64, attributes: ContactAttributes) -> Update<Contact> {
    Update::new(id, attributes)
}

/// Updates the contact that has the key, or creates it, by [`Client::upsert`](crate::Client::upsert), which merges tags and custom fields.
pub fn upsert(key: UniqueKey, attributes: ContactAttributes) -> Upsert<Contact> {
    Upsert::new(key, attributes)
}

/// Updates or creates up to 100 contacts in one request, as a job (Suite).
pub fn bulk_upsert(items: Vec<BulkItem<ContactAttributes>>) -> BulkUpsert<Contact> {
    BulkUpsert::new(items)
}

/// Deletes a contact (to the recycle bin).
pub fn delete(id: i64) -> Delete<Contact> {
    Delete::new(id)
}

/// Copies a contact, with these attributes set otherwise. E-mail addresses are unique by default: set another.
pub fn clone(id: i64, overrides: ContactAttributes) -> CloneRecord<Contact> {
    CloneRecord::new(id, overrides)
}

/// Deletes a contact for good, past the recycle bin.
pub fn forget(id: i64) -> Forget<Contact> {
    Forget::new(id)
}

/// Deletes many contacts in one request (to the recycle bin).
pub fn bulk_destroy(ids: impl IntoIterator<Item = i64>) -> BulkCall<Contact> {
    BulkCall::destroy(ids)
}

/// Gives many contacts to a user in one request.
pub fn bulk_assign_owner(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> BulkCall<Contact> {
    BulkCall::assign_owner(ids, owner_id)
}

/// The contacts of a sales account.
pub fn of_account(account_id: i64) -> OfRecord<Contact> {
    OfRecord::on_api(TargetKind::SalesAccount, account_id)
}

/// The contacts of a deal.
pub fn of_deal(deal_id: i64) -> OfRecord<Contact> {
    OfRecord::on_api(TargetKind::Deal, deal_id)
}
