//! What the CRM tells of a stream.

use super::Stream;

impl Stream {
    /// Whether changes can be asked for.
    pub fn tells_changes(self) -> bool {
        matches!(
            self,
            Stream::Leads
                | Stream::Contacts
                | Stream::SalesAccounts
                | Stream::Deals
                | Stream::Tasks
                | Stream::Appointments
                | Stream::SalesActivities
        )
    }

    /// Whether deletions can.
    pub fn tells_deletions(self) -> bool {
        matches!(self, Stream::Leads | Stream::Contacts | Stream::SalesAccounts | Stream::Deals)
    }
}
