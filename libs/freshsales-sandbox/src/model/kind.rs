//! The record kinds of an account and the names the API gives each of them.

use serde::{Deserialize, Serialize};

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A person not yet qualified; exists on Classic accounts only.
    Lead,
    /// A person.
    Contact,
    /// A company.
    SalesAccount,
    /// An opportunity in a pipeline.
    Deal,
    /// A text on another record.
    Note,
    /// Something to do, on another record.
    Task,
    /// A meeting about another record.
    Appointment,
    /// Something that was done for another record: a call, a visit, a message.
    SalesActivity,
    /// A logged call.
    PhoneCall,
    /// A file on another record.
    Document,
    /// A link on another record.
    DocumentLink,
    /// An e-mail with a person. The API shows them but has no call that sends one; see [`crate::Account::seed`].
    EmailConversation,
    /// Something that is sold, with its prices; Suite only.
    Product,
    /// A quote or the like, made for a deal; Suite only.
    CpqDocument,
    /// A record of one of the account's custom modules; Suite only.
    ModuleRecord,
}

impl Kind {
    /// Every kind, in the order the control API lists them.
    pub const ALL: [Self; 15] = [
        Self::Lead,
        Self::Contact,
        Self::SalesAccount,
        Self::Deal,
        Self::Note,
        Self::Task,
        Self::Appointment,
        Self::SalesActivity,
        Self::PhoneCall,
        Self::Document,
        Self::DocumentLink,
        Self::EmailConversation,
        Self::Product,
        Self::CpqDocument,
        Self::ModuleRecord,
    ];

    /// The kinds that have views, search and upsert.
    pub(crate) const SEARCHABLE: [Self; 4] = [Self::Contact, Self::Lead, Self::SalesAccount, Self::Deal];

    /// The key that wraps one record: `sales_account`.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Contact => "contact",
            Self::SalesAccount => "sales_account",
            Self::Deal => "deal",
            Self::Note => "note",
            Self::Task => "task",
            Self::Appointment => "appointment",
            Self::SalesActivity => "sales_activity",
            Self::PhoneCall => "phone_call",
            Self::Document => "document",
            Self::DocumentLink => "document_link",
            Self::EmailConversation => "email_conversation",
            Self::Product => "product",
            Self::CpqDocument => "cpq_document",
            Self::ModuleRecord => "module_record",
        }
    }

    /// The key that wraps a list, which is also the path segment: `sales_accounts`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Lead => "leads",
            Self::Contact => "contacts",
            Self::SalesAccount => "sales_accounts",
            Self::Deal => "deals",
            Self::Note => "notes",
            Self::Task => "tasks",
            Self::Appointment => "appointments",
            Self::SalesActivity => "sales_activities",
            Self::PhoneCall => "phone_calls",
            Self::Document => "documents",
            Self::DocumentLink => "document_links",
            Self::EmailConversation => "email_conversations",
            Self::Product => "products",
            Self::CpqDocument => "cpq_documents",
            Self::ModuleRecord => "module_records",
        }
    }

    /// The class name used in `targetable_type` and `model_class_name`: `SalesAccount`.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Lead => "Lead",
            Self::Contact => "Contact",
            Self::SalesAccount => "SalesAccount",
            Self::Deal => "Deal",
            Self::Note => "Note",
            Self::Task => "Task",
            Self::Appointment => "Appointment",
            Self::SalesActivity => "SalesActivity",
            Self::PhoneCall => "PhoneCall",
            Self::Document => "Document",
            Self::DocumentLink => "DocumentLink",
            Self::EmailConversation => "EmailConversation",
            Self::Product => "Product",
            Self::CpqDocument => "CpqDocument",
            Self::ModuleRecord => "ModuleRecord",
        }
    }

    /// The word validation sentences use: "Account is not unique".
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::SalesAccount => "Account",
            other => other.class(),
        }
    }

    /// Reads any of the three names, in any letter case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let is = |candidate: &str| name.eq_ignore_ascii_case(candidate);
        Self::ALL.into_iter().find(|kind| is(kind.singular()) || is(kind.plural()) || is(kind.class()))
    }

    /// The first id of this kind's range: 10 digits on the Classic-only kind, 11 digits on the others.
    pub(crate) const fn first_id(self) -> i64 {
        match self {
            Self::Lead => 5_000_000_101,
            Self::Contact => 71_000_000_001,
            Self::SalesAccount => 72_000_000_001,
            Self::Deal => 73_000_000_001,
            Self::Note => 74_000_000_001,
            Self::Task => 75_000_000_001,
            Self::Appointment => 70_100_000_001,
            Self::SalesActivity => 70_200_000_001,
            Self::PhoneCall => 70_300_000_001,
            Self::Document => 70_400_000_001,
            Self::DocumentLink => 70_500_000_001,
            Self::EmailConversation => 70_600_000_001,
            Self::Product => 70_700_000_001,
            Self::CpqDocument => 70_800_000_001,
            Self::ModuleRecord => 70_850_000_001,
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
