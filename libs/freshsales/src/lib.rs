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
//! let contact = client.upsert(&contacts::upsert(UniqueKey::emails("ingrid@example.com"), attributes)).await?.record;
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
//!   resource makes them: [`contacts`], [`leads`], [`sales_accounts`], [`deals`] ([`product_lines`]), [`notes`], [`tasks`], [`appointments`],
//!   [`sales_activities`], [`phone_calls`], [`documents`], [`activities`], [`conversations`], [`duplicates`], [`lookup`], [`search`],
//!   [`suggestions`], [`filtered_search`], [`views`], [`selectors`], [`fields`], [`lists`], [`teams`], [`products`], [`cpq_documents`],
//!   [`custom_modules`]. What they share is in [`verbs`] (view, create, update, …), [`bulk`], [`jobs`] (bulk upserts), [`of_record`] and
//!   [`recycle_bin`]; [`raw`] is for the rest.
//! * A [`Client`] makes exactly one HTTP request of it and gives a [`Reply`]: the output and a [`ResponseMeta`] with the account's quota. What takes several
//!   requests says so: [`Client::stream`] reads a whole list, [`Client::update`] and [`Client::upsert`] merge.
//! * An [`Error`] has an [`ErrorClass`] that says what to do, the same meta, and [`Error::may_have_happened`] for writes.
//! * [`follow`] sends any number of records in bulk and tells what became of each.
//! * Around it, each replaceable: [`transport`] (tower services and layers), [`retry`] (a pure policy and a client that follows it),
//!   [`observe`] (hooks), [`blocking`] (the same without an async runtime).
//!
//! # Generations
//!
//! Freshsales Classic (`acme.freshsales.io`) has leads; in Freshsales Suite (`acme.myfreshworks.com`) a lead is a contact in lifecycle stage "Lead", and leads
//! are missing in most accounts. [`Client::detect`] finds out which of them answers, with one or two requests; [`Client::new`] sends nothing and wants an address that tells it.
//! A request is the same value for both: [`Client::generation`] says which it was made for, and a route that only some accounts have is answered with
//! [`ErrorClass::NotFound`] in the others.
//!
//! # Errors
//!
//! Match on [`Error::class`]:
//!
//! | class | what to do |
//! |---|---|
//! | `Auth`, `WrongAccount`, `Forbidden` | mend key, address or the user's rights; repeating does not help |
//! | `Validation`, `NotUnique`, `StaleId` | mend the values; [`Error::sentences`] are the CRM's own, in the language of the key's owner |
//! | `QuotaExceeded` | wait for the window's end, see [`rate_limit::nearest_plausible_reset`] |
//! | `EdgeThrottled`, `BusyTryLater`, `Transient` | wait and repeat; nothing was changed |
//! | `OutcomeUnknown`, `Malformed` | of a write: read back before repeating, unless it is [`Idempotency::KeyedWrite`] |
//! | `ListCutShort` | read the list by scroll, or in narrower views |
//! | `ChangedMeanwhile` | others keep writing to the record: repeat later |
//!
//! A [`retry::RetryingClient`] does the waiting and repeating for reads and keyed writes. A plain write is repeated only where the CRM certainly did nothing.
//!
//! ```no_run
//! use freshsales::retry::{RetryPolicy, RetryingClient};
//! use freshsales::{Client, ErrorClass, contacts};
//!
//! # async fn run(client: Client) {
//! let client = RetryingClient::new(client, RetryPolicy::default().attempts(3));
//! match client.send(&contacts::view(40201000001)).await {
//!     Ok(reply) => println!("{:?}", reply.output.record.display_name),
//!     Err(error) if *error.class() == ErrorClass::NotFound => println!("nobody"),
//!     Err(error) => println!("{error}"),
//! }
//! # }
//! ```
//!
//! # Limits
//!
//! An account has 1000 to 5000 requests an hour and 400 a minute, shared by all its users and keys (source: official pages on API request limits). Each
//! [`ResponseMeta`] tells what is left. The client spends what you tell it to: put a [`transport::PacingLayer`] around it to space requests out over all its clones,
//! or a tower layer with a budget of your own.
//!
//! ```no_run
//! use freshsales::transport::PacingLayer;
//! use freshsales::{Client, Credentials};
//!
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder(Credentials::from_env()?).layer(PacingLayer::per_hour(500)).build()?;
//! # let _ = client;
//! # Ok(())
//! # }
//! ```
//!
//! # Lists
//!
//! Nothing can be listed without a saved view ([`views::saved`]) or rules ([`filtered_search`]). [`Client::stream`] gives the records one by one: none twice, none
//! missed that was there all the time (the exact guarantee is that of [`listing`]), with a small [`ListCursor`] to go on after a restart.
//!
//! ```no_run
//! use freshsales::deals::Deal;
//! use freshsales::{Client, views};
//!
//! # async fn run(client: Client) -> Result<(), freshsales::Error> {
//! let saved = client.send(&views::saved::<Deal>()).await?.output;
//! let open = saved.iter().find(|view| view.name.as_deref() == Some("Open Deals")).map_or(0, |view| view.id);
//! let mut deals = client.stream(views::rows::<Deal>(open).include(["owner", "deal_stage"]));
//! while let Some(deal) = deals.next_row().await.transpose()? {
//!     println!("{:?}: {:?}, {:?}", deal.name, deal.amount, deal.stage().and_then(|stage| stage.name));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Ids of related records are on a record only if the relation was asked for by `include`; what came along is found with `owner()`, `stage()`,
//! `sales_account()`, `contacts()` and the like, on a [`Single`] and on a [`Listed`] record.
//!
//! # Merging
//!
//! The API replaces `tags`, and in some accounts `custom_field`, as a whole. [`Client::update`] and [`Client::upsert`] read, merge and write, so that what they do not
//! mention stays; `replace_tags` and `replace_custom_fields` say that the rest is to go. See [`merge`] for what is guaranteed when others write too. [`custom_fields`] checks
//! values against the account's own fields and choices before anything is sent.
//!
//! # The escape hatch
//!
//! What this crate has no type for is a [`raw::request`]: any method, path, query, JSON body or [form](multipart), with the same errors, limits and hooks.
//!
//! ```no_run
//! use freshsales::{Client, raw};
//! use http::Method;
//!
//! # async fn run(client: Client) -> Result<(), freshsales::Error> {
//! let lists = client.send(&raw::request(Method::GET, "lists").query("page", "1")).await?.output;
//! println!("{}", lists["lists"]);
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! * A record loses nothing: unknown fields, nulls and values of an unexpected shape are kept in `extra` and written back.
//! * Ids are exact (`mcr_id` has 19 digits), as numbers or as text; money is decimal; times keep their offset.
//! * Only what was set is sent; nothing is sent twice unless you say so; no redirect is followed.
//! * Nothing that a server sends makes it panic.
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
pub use listing::{ListCursor, ListRequest, ListRow, ListStream, Listed};
pub use rate_limit::RateLimit;
pub use record::{Attributes, Record};
pub use reply::{Reply, ResponseMeta};
pub use request::{Base, Idempotency, Request, RequestParts, Route};
pub use value::RecordTime;
