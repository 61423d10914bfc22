//! The attributes of each record kind, as tables: name, type, blank value, who may write it, when a reply shows it.
//!
//! The order of a table is the order of the keys in a reply. Ids of related objects are shown only when the matching
//! `include` is asked for. Sources: recorded records of both generations.

mod activities;
mod commerce;

use self::activities::{
    APPOINTMENT, DOCUMENT, DOCUMENT_LINK, EMAIL_CONVERSATION, NOTE, PHONE_CALL, SALES_ACTIVITY, TASK,
};
pub(crate) use self::commerce::CREATED;
use self::commerce::{CPQ_DOCUMENT, MODULE_RECORD, PRODUCT};
use super::Kind;
use super::catalog::List;
use crate::Generation;

/// How an attribute is read from a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One line, at most 255 characters.
    Text,
    /// Text without a limit.
    LongText,
    /// A mobile number, kept as typed.
    Mobile,
    Integer,
    Number,
    Flag,
    Money,
    /// A number that is shown with decimals: `80.0`.
    Decimal,
    Date,
    Moment,
    Texts,
    /// Kept as sent.
    Opaque,
    /// The id of a catalog entry.
    Choice(List),
    /// Made by the renderer from other parts of the record.
    Computed,
}

/// What a reply shows when the attribute has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blank {
    Null,
    Integer(i64),
    False,
    True,
    EmptyList,
    Word(&'static str),
}

/// One attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) blank: Blank,
    pub(crate) writable: bool,
    /// The `include` value that makes a reply show it.
    pub(crate) include: Option<&'static str>,
    /// The only generation that has it.
    pub(crate) only: Option<Generation>,
}

impl Column {
    const fn new(name: &'static str, shape: Shape) -> Self {
        Self { name, shape, blank: Blank::Null, writable: true, include: None, only: None }
    }

    const fn blank(mut self, blank: Blank) -> Self {
        self.blank = blank;
        self
    }

    const fn include(mut self, include: &'static str) -> Self {
        self.include = Some(include);
        self
    }

    const fn suite(mut self) -> Self {
        self.only = Some(Generation::Suite);
        self
    }

    const fn classic(mut self) -> Self {
        self.only = Some(Generation::Classic);
        self
    }

    /// Whether a reply of this generation can carry it.
    pub(crate) fn exists_in(&self, generation: Generation) -> bool {
        self.only.is_none_or(|only| only == generation)
    }
}

const fn text(name: &'static str) -> Column {
    Column::new(name, Shape::Text)
}

const fn integer(name: &'static str) -> Column {
    Column::new(name, Shape::Integer)
}

const fn flag(name: &'static str) -> Column {
    Column::new(name, Shape::Flag).blank(Blank::False)
}

const fn choice(name: &'static str, list: List, include: &'static str) -> Column {
    Column::new(name, Shape::Choice(list)).include(include)
}

/// An attribute only the account itself fills; what a request sends for it is ignored.
const fn fixed(name: &'static str, blank: Blank) -> Column {
    Column { name, shape: Shape::Opaque, blank, writable: false, include: None, only: None }
}

const fn null(name: &'static str) -> Column {
    fixed(name, Blank::Null)
}

/// A moment only the account itself fills.
const fn fixed_moment(name: &'static str) -> Column {
    Column { writable: false, ..Column::new(name, Shape::Moment) }
}

const fn computed(name: &'static str) -> Column {
    Column { name, shape: Shape::Computed, blank: Blank::Null, writable: false, include: None, only: None }
}

const fn users(name: &'static str, include: &'static str) -> Column {
    let mut column = choice(name, List::Users, include);
    column.writable = matches!(name.as_bytes(), b"owner_id");
    column
}

const TAGS: Column = Column::new("tags", Shape::Texts).blank(Blank::EmptyList);

static CONTACT: &[Column] = &[
    computed("id"),
    text("first_name"),
    text("last_name"),
    computed("display_name"),
    null("avatar"),
    text("job_title"),
    text("city"),
    text("state"),
    text("zipcode"),
    text("country"),
    computed("email"),
    computed("emails"),
    text("time_zone"),
    text("work_number"),
    Column::new("mobile_number", Shape::Mobile),
    text("address"),
    null("last_seen"),
    fixed("lead_score", Blank::Integer(0)),
    fixed_moment("last_contacted"),
    computed("open_deals_amount"),
    computed("won_deals_amount"),
    computed("links"),
    null("last_contacted_sales_activity_mode"),
    computed("custom_field"),
    computed("created_at"),
    computed("updated_at"),
    text("keyword"),
    text("medium"),
    null("last_contacted_mode"),
    null("recent_note"),
    computed("won_deals_count"),
    fixed_moment("last_contacted_via_sales_activity"),
    null("completed_sales_sequences"),
    null("active_sales_sequences"),
    null("web_form_ids"),
    computed("open_deals_count"),
    computed("last_assigned_at"),
    text("facebook"),
    text("twitter"),
    text("linkedin"),
    computed("is_deleted"),
    null("team_user_ids"),
    text("external_id").suite(),
    text("work_email").suite(),
    integer("subscription_status").blank(Blank::Integer(1)).suite(),
    text("subscription_types").blank(Blank::Word("1;2;3;4;5")).suite(),
    text("unsubscription_reason").suite(),
    text("other_unsubscription_reason").suite(),
    fixed("customer_fit", Blank::Integer(0)).suite(),
    integer("whatsapp_subscription_status").blank(Blank::Integer(2)).suite(),
    integer("sms_subscription_status").blank(Blank::Integer(2)).suite(),
    null("last_seen_chat").suite(),
    null("first_seen_chat").suite(),
    null("locale").suite(),
    null("total_sessions").suite(),
    fixed("system_tags", Blank::EmptyList).suite(),
    text("first_campaign").suite(),
    text("first_medium").suite(),
    text("first_source").suite(),
    text("last_campaign").suite(),
    text("last_medium").suite(),
    text("last_source").suite(),
    text("latest_campaign").suite(),
    text("latest_medium").suite(),
    text("latest_source").suite(),
    computed("mcr_id").suite(),
    Column::new("phone_numbers", Shape::Opaque).blank(Blank::EmptyList).suite(),
    TAGS,
    text("department").classic(),
    flag("do_not_disturb").classic(),
    flag("has_authority").classic(),
    fixed("lead_quality", Blank::Word("Cold")).classic(),
    null("email_status").classic(),
    null("last_contacted_via_chat").classic(),
    users("owner_id", "owner"),
    users("creater_id", "creater"),
    users("updater_id", "updater"),
    choice("lifecycle_stage_id", List::LifecycleStages, "lifecycle_stage").suite(),
    choice("contact_status_id", List::ContactStatuses, "contact_status"),
    choice("lead_source_id", List::LeadSources, "source"),
    choice("campaign_id", List::Campaigns, "campaign"),
    choice("territory_id", List::Territories, "territory"),
    choice("lost_reason_id", List::LostReasons, "lost_reason").suite(),
    Column::new("contact_list_ids", Shape::Opaque).blank(Blank::EmptyList).include("lists").suite(),
];

static LEAD: &[Column] = &[
    computed("id"),
    text("job_title"),
    text("department"),
    computed("email"),
    computed("emails"),
    text("work_number"),
    Column::new("mobile_number", Shape::Mobile),
    text("address"),
    text("city"),
    text("state"),
    text("zipcode"),
    text("country"),
    text("time_zone"),
    flag("do_not_disturb"),
    computed("display_name"),
    null("avatar"),
    text("keyword"),
    text("medium"),
    null("last_seen"),
    fixed_moment("last_contacted"),
    fixed("lead_score", Blank::Integer(0)),
    fixed("lead_quality", Blank::Word("Cold")),
    computed("stage_updated_time"),
    text("first_name"),
    text("last_name"),
    null("company"),
    null("deal"),
    computed("links"),
    computed("custom_field"),
    computed("created_at"),
    computed("updated_at"),
    null("last_contacted_sales_activity_mode"),
    flag("has_authority"),
    null("email_status"),
    null("last_contacted_mode"),
    null("recent_note"),
    null("last_contacted_via_chat"),
    fixed_moment("last_contacted_via_sales_activity"),
    null("completed_sales_sequences"),
    null("active_sales_sequences"),
    null("web_form_ids"),
    computed("last_assigned_at"),
    text("facebook"),
    text("twitter"),
    text("linkedin"),
    TAGS,
    computed("is_deleted"),
    null("team_user_ids"),
    users("owner_id", "owner"),
    users("creater_id", "creater"),
    users("updater_id", "updater"),
    choice("lead_stage_id", List::LeadStages, "lead_stage"),
    choice("lead_source_id", List::LeadSources, "source"),
    choice("lead_reason_id", List::LeadReasons, "lead_reason"),
    choice("campaign_id", List::Campaigns, "campaign"),
    choice("territory_id", List::Territories, "territory"),
];

static SALES_ACCOUNT: &[Column] = &[
    computed("id"),
    text("name"),
    text("address"),
    text("city"),
    text("state"),
    text("zipcode"),
    text("country"),
    integer("number_of_employees"),
    Column::new("annual_revenue", Shape::Number),
    text("website"),
    Column { include: None, ..users("owner_id", "owner") },
    text("phone"),
    computed("open_deals_amount"),
    computed("open_deals_count").suite(),
    computed("won_deals_amount"),
    computed("won_deals_count").suite(),
    fixed_moment("last_contacted"),
    null("last_contacted_mode"),
    text("facebook"),
    text("twitter"),
    text("linkedin"),
    computed("links"),
    computed("custom_field"),
    computed("created_at"),
    computed("updated_at"),
    null("avatar"),
    integer("parent_sales_account_id"),
    null("recent_note"),
    fixed_moment("last_contacted_via_sales_activity"),
    null("last_contacted_sales_activity_mode"),
    null("completed_sales_sequences"),
    null("active_sales_sequences"),
    computed("last_assigned_at"),
    computed("is_deleted").suite(),
    null("team_user_ids"),
    null("web_form_ids").suite(),
    null("last_contacted_via_chat").classic(),
    TAGS,
    users("creater_id", "creater"),
    users("updater_id", "updater"),
    choice("industry_type_id", List::IndustryTypes, "industry_type"),
    choice("business_type_id", List::BusinessTypes, "business_type"),
    choice("territory_id", List::Territories, "territory"),
];

static DEAL: &[Column] = &[
    computed("id"),
    text("name"),
    Column::new("amount", Shape::Money).blank(Blank::Word("0.0")),
    computed("base_currency_amount"),
    Column::new("expected_close", Shape::Date),
    fixed("closed_date", Blank::Null),
    computed("stage_updated_time"),
    computed("custom_field"),
    integer("probability").blank(Blank::Integer(100)),
    computed("updated_at"),
    computed("created_at"),
    integer("deal_pipeline_id"),
    integer("deal_stage_id"),
    computed("age"),
    computed("links"),
    null("recent_note"),
    null("completed_sales_sequences"),
    null("active_sales_sequences"),
    null("web_form_id"),
    computed("upcoming_activities_time"),
    computed("collaboration"),
    computed("last_assigned_at"),
    null("last_contacted_sales_activity_mode"),
    fixed_moment("last_contacted_via_sales_activity"),
    computed("expected_deal_value"),
    computed("is_deleted"),
    null("team_user_ids"),
    null("avatar").suite(),
    computed("fc_widget_collaboration").suite(),
    integer("forecast_category").suite(),
    fixed("deal_prediction", Blank::Integer(0)).suite(),
    null("deal_prediction_last_updated_at").suite(),
    null("freddy_forecast_metrics").suite(),
    null("last_deal_prediction").suite(),
    computed("has_products").suite(),
    null("deal_freddy_metrics").classic(),
    computed("rotten_days"),
    TAGS,
    users("owner_id", "owner"),
    users("creater_id", "creater"),
    users("updater_id", "updater"),
    choice("deal_reason_id", List::DealReasons, "deal_reason"),
    choice("deal_type_id", List::DealTypes, "deal_type"),
    choice("deal_product_id", List::DealProducts, "deal_product"),
    choice("deal_payment_status_id", List::DealPaymentStatuses, "deal_payment_status"),
    choice("currency_id", List::Currencies, "currency"),
    choice("lead_source_id", List::LeadSources, "source"),
    choice("campaign_id", List::Campaigns, "campaign"),
    choice("territory_id", List::Territories, "territory"),
];

/// The attributes of a kind, in reply order.
pub(crate) fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Contact => CONTACT,
        Kind::Lead => LEAD,
        Kind::SalesAccount => SALES_ACCOUNT,
        Kind::Deal => DEAL,
        Kind::Note => NOTE,
        Kind::Task => TASK,
        Kind::Appointment => APPOINTMENT,
        Kind::SalesActivity => SALES_ACTIVITY,
        Kind::PhoneCall => PHONE_CALL,
        Kind::Document => DOCUMENT,
        Kind::DocumentLink => DOCUMENT_LINK,
        Kind::EmailConversation => EMAIL_CONVERSATION,
        Kind::Product => PRODUCT,
        Kind::CpqDocument => CPQ_DOCUMENT,
        Kind::ModuleRecord => MODULE_RECORD,
    }
}

/// The attribute of this name, if the kind has it.
pub(crate) fn column(kind: Kind, name: &str) -> Option<&'static Column> {
    columns(kind).iter().find(|column| column.name == name)
}
