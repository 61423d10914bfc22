//! Likely duplicates of a contact, by a route of the product's own pages.

use super::contacts::Contact;
use super::notes::TargetKind;
use super::of_record::OfRecord;
use crate::request::Base;

/// Contacts that look like the same person. The route stands in the `links` of every contact; its reply was never recorded, so it is
/// read as a list of contacts.
pub fn of_contact(id: i64) -> OfRecord<Contact> {
    OfRecord::listed(Base::Pages, TargetKind::Contact, id, "duplicates", "contacts")
}
