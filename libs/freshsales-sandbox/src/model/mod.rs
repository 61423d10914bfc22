//! The account's state, without any HTTP.
//!
//! Cast: [`State`] owns one [`Table`] per [`Kind`]; a table holds [`Record`]s and their indexes; `columns` says which
//! attributes a record can have and `fields` what people see of them; `history` says what happened to it; `files` holds uploaded contents;
//! [`Agenda`](agenda::Agenda) holds what happens later; [`Catalog`] holds the picklists; `views` says which records a saved view holds;
//! `Commerce` holds the marketing lists and the custom modules;
//! `SearchIndex` is what searches see, a lag behind the tables; `Quota`, `Faults`, `Jobs`, `AccountClock` and
//! `RequestLog` are what their names say.
//!
//! Flow: a request ticks the state (time passes, jobs finish, the index settles), is counted, may be hit by a fault,
//! and is routed; the `write` module turns bodies into records and commits them here.

pub(crate) mod agenda;
pub(crate) mod catalog;
pub(crate) mod chance;
pub(crate) mod changes;
mod clock;
pub(crate) mod columns;
pub(crate) mod commerce;
mod custom;
pub(crate) mod faults;
pub(crate) mod fields;
pub(crate) mod files;
pub(crate) mod history;
mod ids;
pub(crate) mod jobs;
mod kind;
pub(crate) mod last_found;
pub(crate) mod quota;
mod record;
pub(crate) mod request_log;
pub(crate) mod search_index;
mod state;
pub(crate) mod table;
pub(crate) mod values;
pub(crate) mod views;

pub(crate) use catalog::{Catalog, List};
pub use kind::Kind;
pub(crate) use record::{AccountLink, Email, Record};
pub(crate) use state::{Progress, State, signed};
