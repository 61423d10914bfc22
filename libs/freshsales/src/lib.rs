//! A typed async client of the Freshsales REST API, for both generations of the product: Freshsales Classic and Freshsales Suite
//! (Freshworks CRM).
//!
//! ```no_run
//! use freshsales::contacts::{ContactAttributes, UniqueKey};
//! use freshsales::lookup::Entity;
//! use freshsales::{Client, Credentials, contacts, lookup, notes};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // Reads FRESHSALES_API_KEY and FRESHSALES_SUBDOMAIN, checks the key and finds out which generation the account is.
//! let client = Client::detect(Credentials::from_env()?).await?;
//!
//! let attributes = ContactAttributes::new().first_name("Ingrid").last_name("Halvorsen").custom_field("cf_seats", 80);
//! let contact = client.send(&contacts::upsert(UniqueKey::emails("ingrid@example.com"), attributes)).await?.output.record;
//! client.send(&notes::create(notes::TargetKind::Contact, contact.id, "Wants the proposal by Friday.")).await?;
//!
//! let found = client.send(&lookup::by("email", "ingrid@example.com", [Entity::Contact])).await?;
//! println!("{} found, {:?} requests left", found.output.contacts.len(), found.meta.rate_limit);
//! # Ok(())
//! # }
//! ```
//!
//! # Cast and flow
//!
//! * [`Credentials`]: an [`ApiKey`] and an [`AccountAddress`], understood however people paste them.
//! * A [`Request`] is a plain value with an `Output`: what to send, how safe it is to repeat, how to read the answer. One module per
//!   resource makes them: [`contacts`], [`leads`], [`sales_accounts`], [`deals`], [`notes`], [`tasks`], [`appointments`], [`sales_activities`],
//!   [`phone_calls`], [`documents`], [`activities`], [`conversations`], [`bulk`], [`jobs`], [`lookup`], [`search`], [`filtered_search`], [`views`],
//!   [`selectors`], [`fields`], [`lists`], [`teams`], [`products`], [`cpq_documents`], [`custom_modules`], [`recycle_bin`], and [`raw`] for the rest.
//! * A [`Client`] makes exactly one HTTP request of it and gives a [`Reply`]: the output and a [`ResponseMeta`] with the account's quota.
//! * An [`Error`] has an [`ErrorClass`] that says what to do, the same meta, and [`Error::may_have_happened`] for writes.
//! * [`follow`] sends any number of records in bulk and tells what became of each.
//! * Around it, each replaceable: [`transport`] (tower services and layers), [`retry`] (a pure policy and a client that follows it).
//!
//! # What it promises
//!
//! * A record loses nothing: unknown fields, nulls and values of an unexpected shape are kept in `extra` and written back.
//! * Only what was set is sent; nothing is sent twice unless you say so; no redirect is followed.
//! * Neither `Display` nor `Debug` of anything but records prints the key, an e-mail address or a sentence of the CRM.
//!
//! # TLS
//!
//! rustls with ring and the system's root certificates. If the application has installed a process-wide rustls provider, that one is used.
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod api;
pub mod blocking;
pub mod client;
pub mod credentials;
pub mod custom_fields;
pub mod decode;
pub mod detect;
pub mod error;
pub mod follow;
mod generation;
pub mod listing;
pub mod merge;
pub mod multipart;
pub mod observe;
pub mod rate_limit;
mod record;
pub mod reply;
pub mod request;
pub mod retry;
mod side_loads;
pub mod transport;
pub mod value;

pub use api::*;
pub use client::{Client, ClientBuilder};
pub use credentials::{AccountAddress, ApiKey, Credentials, CredentialsError};
pub use decode::{DecodeError, Done, Page, SideLoads, Single};
pub use error::{Error, ErrorClass};
pub use generation::Generation;
pub use listing::{ListCursor, ListRequest, ListStream, Listed};
pub use rate_limit::RateLimit;
pub use record::{Attributes, Record};
pub use reply::{Reply, ResponseMeta};
pub use request::{Base, Idempotency, Request, RequestParts, Route};
pub use value::RecordTime;
