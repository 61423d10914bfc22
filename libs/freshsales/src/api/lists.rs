//! Marketing lists of Suite accounts: named sets of contacts.
//!
//! A call that names contacts is carried out before the reply. A call for all contacts of a list is carried out afterwards, and nothing tells when;
//! the reply's text says that much.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::views::Paging;
use crate::Generation;
use crate::contacts::Contact;
use crate::decode::{self, DecodeError, Done, Page, Single};
use crate::listing::{ListOrder, ListRequest, Place, list_row};
use crate::record::record;
use crate::request::{Idempotency, Request, RequestParts};

record! {
    /// A marketing list (source: official page, #create_list).
    pub struct MarketingList {
        /// Name.
        name: String,
    }
}

fn parts(method: Method, path: impl Into<String>) -> RequestParts {
    RequestParts::new(method, path).may_be_missing()
}

list_row!(MarketingList);

/// Creates a list. A repetition creates a second one of the same name.
pub fn create(name: impl Into<String>) -> SaveList {
    SaveList { id: None, name: name.into() }
}

/// Gives a list another name.
pub fn rename(id: i64, name: impl Into<String>) -> SaveList {
    SaveList { id: Some(id), name: name.into() }
}

/// See [`create`] and [`rename`].
#[derive(Debug, Clone)]
pub struct SaveList {
    id: Option<i64>,
    name: String,
}

impl Request for SaveList {
    type Output = Single<MarketingList>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let parts = match self.id {
            Some(id) => parts(Method::PUT, format!("lists/{id}")),
            None => parts(Method::POST, "lists"),
        };
        parts.body(json!({ "name": self.name }))
    }

    fn kind(&self) -> Idempotency {
        if self.id.is_some() { Idempotency::KeyedWrite } else { Idempotency::Write }
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::single_under("list", body)
    }
}

/// All lists, page by page.
pub fn all() -> AllLists {
    AllLists { paging: Paging::default() }
}

/// See [`all`].
#[derive(Debug, Clone)]
pub struct AllLists {
    paging: Paging,
}

impl AllLists {
    /// Which page, counted from 1, of how many lists (at most 100).
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        (self.paging.page, self.paging.per_page) = (page, per_page);
        self
    }
}

impl ListRequest for AllLists {
    type Row = MarketingList;

    fn order(&self) -> ListOrder {
        ListOrder::Unpromised
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        self.clone().page(place.page(), rows)
    }
}

impl Request for AllLists {
    type Output = Page<MarketingList>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        paged(parts(Method::GET, "lists"), &self.paging)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page("lists", body)
    }
}

fn paged(parts: RequestParts, paging: &Paging) -> RequestParts {
    let parts = parts.query("page", paging.page.to_string()).query("per_page", paging.per_page.to_string());
    parts.include(&paging.include)
}

/// The contacts of a list, page by page (source: official page, #fetch_all_contacts_from_list).
pub fn contacts(list_id: i64) -> ListContacts {
    ListContacts { list_id, paging: Paging::default() }
}

/// See [`contacts`].
#[derive(Debug, Clone)]
pub struct ListContacts {
    list_id: i64,
    paging: Paging,
}

impl ListContacts {
    /// Which page, counted from 1, of how many contacts (at most 100).
    #[must_use]
    pub fn page(mut self, page: u32, per_page: u32) -> Self {
        (self.paging.page, self.paging.per_page) = (page, per_page);
        self
    }

    /// Asks for related records.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.paging.include.extend(names.into_iter().map(Into::into));
        self
    }
}

impl ListRequest for ListContacts {
    type Row = Contact;

    fn order(&self) -> ListOrder {
        ListOrder::Unpromised
    }

    fn at(&self, place: Place, rows: u32) -> Self {
        self.clone().page(place.page(), rows)
    }
}

impl Request for ListContacts {
    type Output = Page<Contact>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        paged(parts(Method::GET, format!("contacts/lists/{}", self.list_id)), &self.paging)
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::page("contacts", body)
    }
}

/// Which contacts a call is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// These.
    Ids(Vec<i64>),
    /// All that the list holds when the CRM comes to it, some time after the reply.
    All,
}

impl<I: IntoIterator<Item = i64>> From<I> for Members {
    fn from(ids: I) -> Self {
        Self::Ids(ids.into_iter().collect())
    }
}

/// Adds contacts to a list.
pub fn add_contacts(list_id: i64, ids: impl IntoIterator<Item = i64>) -> ChangeMembers {
    ChangeMembers::new(list_id, "add_contacts", &Members::from(ids))
}

/// Takes contacts off a list, e.g. `remove_contacts(7, [1, 2])` or `remove_contacts(7, Members::All)`.
pub fn remove_contacts(list_id: i64, members: impl Into<Members>) -> ChangeMembers {
    ChangeMembers::new(list_id, "remove_contacts", &members.into())
}

/// Moves contacts from one list to another.
pub fn move_contacts(from_list_id: i64, to_list_id: i64, members: impl Into<Members>) -> ChangeMembers {
    let mut request = ChangeMembers::new(to_list_id, "move_contacts", &members.into());
    request.body.insert("from_list_id".to_owned(), from_list_id.into());
    request
}

/// See [`add_contacts`], [`remove_contacts`] and [`move_contacts`].
#[derive(Debug, Clone)]
pub struct ChangeMembers {
    list_id: i64,
    action: &'static str,
    body: Map<String, Value>,
}

impl ChangeMembers {
    fn new(list_id: i64, action: &'static str, members: &Members) -> Self {
        let mut body = Map::new();
        match members {
            Members::Ids(ids) => body.insert("ids".to_owned(), json!(ids)),
            Members::All => body.insert("all".to_owned(), true.into()),
        };
        Self { list_id, action, body }
    }
}

impl Request for ChangeMembers {
    type Output = Done;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        parts(Method::PUT, format!("lists/{}/{}", self.list_id, self.action)).body(Value::Object(self.body.clone()))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::KeyedWrite
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Done, DecodeError> {
        decode::message(body)
    }
}
