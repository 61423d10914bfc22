//! Likely duplicates of a contact, by a route of the product's own pages.

use http::StatusCode;

use super::contacts::Contact;
use crate::Generation;
use crate::decode::{self, DecodeError, Page};
use crate::request::{Idempotency, Request, RequestParts};

/// Contacts that look like the same person. The route stands in the `links` of every contact; its reply was never recorded, so it is
/// read as a list of contacts.
pub fn of_contact(id: i64) -> DuplicatesOfContact {
    DuplicatesOfContact { id }
}

/// See [`of_contact`].
#[derive(Debug, Clone)]
pub struct DuplicatesOfContact {
    id: i64,
}

impl Request for DuplicatesOfContact {
    type Output = Page<Contact>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        RequestParts::get(format!("contacts/{}/duplicates", self.id)).without_api()
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page("contacts", body)
    }
}
