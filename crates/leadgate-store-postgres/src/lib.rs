//! The gateway's memory in PostgreSQL: the store that several processes and many accounts share.
//!
//! The cast:
//!
//! | module | is |
//! |---|---|
//! | [`config`] | where the database is, and whether a pooler stands between |
//! | [`inspect`] | a look at a database that is not to be opened |
//! | `open` | the pool of connections, the migrations |
//! | `session` | one transaction on one connection; statements are run on it |
//! | `transaction` | one transaction with its lock, its announcements and its further tries |
//! | `accepting` | the task that puts concurrent accepts into one transaction |
//! | `recording` | the tasks that put turns of an account that end together into one transaction |
//! | `together` | keeping many calls in one transaction, each with its own answer |
//! | `announcements` | what a transaction has to say once it is committed |
//! | `notifier`, `listener` | telling it to the other processes, and hearing it from them |
//! | `intake`, `dedupe`, `plans`, `queue`, `claims`, `turns`, `release`, `views`, `listing`, `mirror`, `profiles`, `settings`, `retention`, `room`, `imports`, `duties`, `instances` | the SQL, by subject |
//! | `deliveries` | the queue of what goes elsewhere than to the CRM |
//! | `erasure` | forgetting a person |
//! | `accounts` | the list of accounts, and [`PostgresAccounts`], which opens the store of each and erases it |
//! | `statistics` | what PostgreSQL plans by, gathered while the tables of a new database grow |
//! | `transfer` | rows as they are, for a store of another kind |
//! | `columns`, `error` | how values and failures cross the border to PostgreSQL |
//! | `store` | [`PostgresStore`], which gives each method of the trait its transaction |
//!
//! The flow of a write: the caller prepares everything that costs time (JSON above all), begins a transaction under the lock of its account,
//! so that writers of one account go one after another as they do in SQLite, runs its statements and commits; then it tells this process and
//! has the others told. Accepting takes no such lock: [`PostgresStore`] hands what comes in to a task that keeps whatever waits in one commit.
//! Turns that end while others are being recorded share a transaction too.
//!
//! Every table has the column `account`, every statement names it: no method sees rows of another account.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod accepting;
mod accounts;
mod announcements;
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
mod listener;
mod listing;
mod mirror;
mod notifier;
mod open;
mod plans;
mod profiles;
mod queue;
mod recording;
mod release;
mod retention;
mod room;
mod session;
mod settings;
mod statistics;
mod store;
#[cfg(test)]
mod testing;
mod together;
mod transaction;
mod transfer;
mod turns;
mod views;

pub use accounts::PostgresAccounts;
pub use config::PostgresConfig;
pub use store::PostgresStore;
