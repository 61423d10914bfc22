//! The loop that carries accepted submissions into the CRM.
//!
//! Cast: [`Engine`] owns the parts; `plan` turns inbox rows into jobs; `push` claims jobs, packs their calls, makes them and records
//! what came of them; `permit` pays for a call and makes it; `budget` keeps the ledger and the breaker; `duties` says what one of several instances does for all, `instances` which of them live; `catalog` keeps the account's names; `watch`
//! looks for what no webhook told; `notify` makes the deliveries; `retention` removes what is old; `forget` erases a person; `sync` keeps the copy of the account; `broker` passes requests of
//! other programs through; `rounds` is the line that the engines of a process stand in; `patience` lets wakes for nothing gather; `batches` keep work on many rows of one account from keeping others waiting; `run` drives
//! them all until told to stop, or, if so asked, until `rest` has come. Flow of a
//! pass: plan what has arrived → claim what is due and affordable → one call each (or one for many) → record, in one transaction per call.
//!
//! No transaction is open during a call. What is remembered between passes is in the store; a process that dies is taken up by its
//! successor from there.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod batches;
mod broker;
mod budget;
mod catalog;
mod duties;
mod engine;
pub mod forget;
mod gathering;
mod instances;
pub mod metrics;
mod next_due;
mod notify;
mod patience;
mod permit;
mod plan;
mod push;
mod rest;
mod retention;
mod rounds;
mod run;
mod settings;
pub mod sync;
mod warm_up;
mod watch;
mod width;

pub use broker::{BrokerSettings, QuotaBroker};
pub use engine::{Engine, EngineParts, Pass};
pub use rounds::Rounds;
pub use settings::{EngineSettings, MatchByCopy};
