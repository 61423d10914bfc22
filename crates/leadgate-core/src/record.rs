//! Records of the CRM as the gateway sees them: a reference, and a snapshot of the fields that matching looks at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::identity::Email;

/// The kinds of record that a step can touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A person not yet qualified, on accounts that keep them apart.
    Lead,
    /// A person; on accounts without leads, every person.
    Contact,
    /// A company.
    Company,
    /// A deal.
    Deal,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [RecordKind; 4] = [RecordKind::Lead, RecordKind::Contact, RecordKind::Company, RecordKind::Deal];

    /// The name that answers, logs and stores use.
    pub fn name(self) -> &'static str {
        match self {
            RecordKind::Lead => "lead",
            RecordKind::Contact => "contact",
            RecordKind::Company => "company",
            RecordKind::Deal => "deal",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<RecordKind> {
        RecordKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One record of the CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordRef {
    /// Which kind it is.
    pub kind: RecordKind,
    /// Its id in the CRM.
    pub id: i64,
}

impl std::fmt::Display for RecordRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.kind.name(), self.id)
    }
}

/// Field values by name. The names are the gateway's own (see [`field`]); each CRM's port maps them to its own.
pub type Fields = BTreeMap<String, Value>;

/// Names of the fields that a submission can set on a person or a company.
pub mod field {
    /// Primary e-mail address.
    pub const EMAIL: &str = "email";
    /// Given name.
    pub const FIRST_NAME: &str = "first_name";
    /// Family name.
    pub const LAST_NAME: &str = "last_name";
    /// Mobile number, E.164 where it could be understood.
    pub const MOBILE: &str = "mobile_number";
    /// Job title.
    pub const JOB_TITLE: &str = "job_title";
    /// Street address.
    pub const ADDRESS: &str = "address";
    /// City.
    pub const CITY: &str = "city";
    /// State or region.
    pub const STATE: &str = "state";
    /// Postal code.
    pub const ZIPCODE: &str = "zipcode";
    /// Country.
    pub const COUNTRY: &str = "country";
    /// Marketing medium.
    pub const MEDIUM: &str = "medium";
    /// Id of the lead source.
    pub const SOURCE_ID: &str = "lead_source_id";
    /// Id of the campaign.
    pub const CAMPAIGN_ID: &str = "campaign_id";
    /// Id of the owner.
    pub const OWNER_ID: &str = "owner_id";
    /// Id of the territory.
    pub const TERRITORY_ID: &str = "territory_id";
    /// Sum of a company's open deals; only read.
    pub const OPEN_DEALS: &str = "open_deals_amount";
    /// Id of the life-cycle stage, on accounts where a lead is a contact in its "Lead" stage.
    pub const LIFECYCLE_STAGE_ID: &str = "lifecycle_stage_id";
    /// Id of the company record, on accounts where a person is linked to one.
    pub const COMPANY_ID: &str = "company_id";
    /// Company name, on accounts where a lead carries its company inside.
    pub const COMPANY_NAME: &str = "company_name";
    /// Number of employees of the company.
    pub const EMPLOYEES: &str = "employees";
    /// Web site of the company.
    pub const WEBSITE: &str = "website";
    /// Name of the deal that a lead carries inside.
    pub const DEAL_NAME: &str = "deal_name";
    /// Amount of the deal that a lead carries inside.
    pub const DEAL_AMOUNT: &str = "deal_amount";
    /// Name of a deal.
    pub const NAME: &str = "name";
    /// Amount of a deal, a decimal number.
    pub const AMOUNT: &str = "amount";
    /// Id of the stage of a deal.
    pub const STAGE_ID: &str = "deal_stage_id";
    /// Id of the pipeline of a deal.
    pub const PIPELINE_ID: &str = "deal_pipeline_id";
    /// When the stage of a deal changed last.
    pub const STAGE_SINCE: &str = "stage_updated_time";
    /// Day on which a deal is expected to close.
    pub const EXPECTED_CLOSE: &str = "expected_close";
    /// Tags: an array of strings. Writing adds, never removes.
    pub const TAGS: &str = "tags";
    /// Custom fields: an object. Writing adds keys, never drops any.
    pub const CUSTOM: &str = "custom_field";
}

/// A record as the CRM showed it at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Which record.
    pub record: RecordRef,
    /// When the CRM says it was created.
    pub created_at: Option<Timestamp>,
    /// When the CRM says it was last changed.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// Every field that has a value. Blank fields are left out.
    pub fields: Fields,
    /// Fields that this reply did not show, so that nothing is known of them.
    #[serde(default)]
    pub unread: BTreeSet<String>,
}

impl Snapshot {
    /// Whether the reply showed the field to be without a value.
    pub fn is_blank(&self, name: &str) -> bool {
        !self.unread.contains(name) && self.fields.get(name).is_none_or(is_blank_value)
    }
}

/// Whether a value says nothing: null, an empty text, list or object.
pub fn is_blank_value(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.values().all(is_blank_value),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A person whom the gateway made without a look at their record: what they are found by, and what tells that they are the one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenPerson {
    /// Their address.
    pub email: Email,
    /// What was written.
    pub fields: Fields,
    /// When it was first sent, or earlier.
    pub since: Timestamp,
    /// When they were seen to be there.
    pub until: Timestamp,
}

/// A person or company that the gateway itself wrote or read lately, so that it need not ask again.
///
/// Only the names of filled fields are kept: enough to tell that a repeat has nothing to add, without a copy of the values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRecord {
    /// Which record.
    pub record: RecordRef,
    /// Fields that had a value when it was last seen; custom fields as `custom_field.name`, tags as `tags.name`.
    pub filled: BTreeSet<String>,
}
