//! The kinds of rows that are copied.

use serde::{Deserialize, Serialize};

/// A kind of rows that is copied from the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// People not yet qualified, on accounts that keep them apart.
    Leads,
    /// People.
    Contacts,
    /// Companies.
    SalesAccounts,
    /// Deals of every pipeline, open, won and lost.
    Deals,
    /// Notes on records.
    Notes,
    /// Tasks, open and completed.
    Tasks,
    /// Appointments, past and upcoming.
    Appointments,
    /// Sales activities.
    SalesActivities,
    /// Products.
    Products,
    /// Marketing lists.
    Lists,
    /// The account's users.
    Users,
    /// Stages of deals.
    Stages,
    /// Pipelines of deals.
    Pipelines,
    /// Fields of records, the account's own among them.
    Fields,
}

impl Stream {
    /// Every stream, in the order in which they are read: names before the rows that point at them.
    pub const ALL: [Stream; 14] = [
        Stream::Fields,
        Stream::Users,
        Stream::Pipelines,
        Stream::Stages,
        Stream::Products,
        Stream::Lists,
        Stream::SalesAccounts,
        Stream::Leads,
        Stream::Contacts,
        Stream::Deals,
        Stream::Notes,
        Stream::Tasks,
        Stream::Appointments,
        Stream::SalesActivities,
    ];

    /// The name that files, tables, commands and logs use.
    pub fn name(self) -> &'static str {
        match self {
            Stream::Leads => "leads",
            Stream::Contacts => "contacts",
            Stream::SalesAccounts => "sales_accounts",
            Stream::Deals => "deals",
            Stream::Notes => "notes",
            Stream::Tasks => "tasks",
            Stream::Appointments => "appointments",
            Stream::SalesActivities => "sales_activities",
            Stream::Products => "products",
            Stream::Lists => "lists",
            Stream::Users => "users",
            Stream::Stages => "stages",
            Stream::Pipelines => "pipelines",
            Stream::Fields => "fields",
        }
    }

    /// Whether the CRM can be asked for the rows that changed after a moment. Of the other streams every reading is whole.
    pub fn tells_changes(self) -> bool {
        use Stream::{Appointments, Contacts, Deals, Leads, SalesAccounts, SalesActivities, Tasks};
        matches!(self, Leads | Contacts | SalesAccounts | Deals | Tasks | Appointments | SalesActivities)
    }

    /// Whether the CRM can be asked for deleted rows. Of the other streams what is gone shows only by comparing a whole reading.
    pub fn tells_deletions(self) -> bool {
        matches!(self, Stream::Leads | Stream::Contacts | Stream::SalesAccounts | Stream::Deals)
    }

    /// Whether the CRM tells how many rows there are in all. Streams that it lists in several parts have a total for each part only.
    pub fn tells_total(self) -> bool {
        !matches!(self, Stream::Tasks | Stream::Appointments | Stream::Notes)
    }

    /// The streams whose rows come with the rows of this one. Notes of companies and deals do not: they are asked for record by record
    /// ([`Part::Of`](super::Part::Of)).
    pub fn beside(self) -> &'static [Stream] {
        match self {
            Stream::Leads | Stream::Contacts => &[Stream::Notes],
            _ => &[],
        }
    }

    /// The stream of that name.
    pub fn from_name(name: &str) -> Option<Stream> {
        Stream::ALL.into_iter().find(|stream| stream.name() == name)
    }
}

impl std::fmt::Display for Stream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
