//! The gateway's memory in one SQLite file: the store that needs no server.
//!
//! The cast:
//!
//! | module | is |
//! |---|---|
//! | [`config`] | where the file is and how durable a write must be |
//! | `open` | the lock that keeps a second process out, the connections, the migrations |
//! | `writer` | writing, one at a time: operations that wait together share one commit, so one fsync, on a thread for it; one that comes alone is written where it is |
//! | `reader` | the threads that read, from the last commit, without waiting for the writer |
//! | `room` | whether the disk takes more |
//! | `accounts`, `account_rows` | the list of accounts, and a file for each further one |
//! | [`inspect`] | looks at a store without changing it |
//! | `intake`, `dedupe`, `queue`, `claims`, `turns`, `views`, `listing`, `mirror`, `profiles`, `settings`, `retention`, `imports`, `duties`, `instances` | the SQL, by subject |
//! | `erasure` | forgetting a person, down to the bytes of the file |
//! | `deliveries` | the queue of what goes elsewhere than to the CRM |
//! | `transfer` | rows as they are, for a store of another kind |
//! | `columns`, `error` | how values and failures cross the border to SQLite |
//! | `store` | [`SqliteStore`], which hands each method of the trait to the writer or to a reader |
//!
//! The flow of a write: the caller prepares everything that costs time (JSON above all), hands an operation to the writer and waits. The
//! writer begins a transaction, runs what waits, commits, and only then answers all of them. Nothing is answered that is not durable.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account_rows;
mod accounts;
mod claims;
mod columns;
pub mod config;
mod dedupe;
mod deliveries;
mod duties;
mod erasure;
mod error;
mod imports;
pub mod inspect;
mod instances;
mod intake;
mod listing;
mod mirror;
mod open;
mod profiles;
mod queue;
mod reader;
mod retention;
mod room;
mod settings;
mod store;
#[cfg(test)]
mod testing;
mod transfer;
mod turns;
mod views;
mod writer;

pub use accounts::{SqliteAccounts, account_folder};
pub use config::{Durability, SqliteConfig};
pub use store::SqliteStore;
