//! The gateway's HTTP side: it takes submissions, answers their callers and tells what became of them. It never calls the CRM.
//!
//! Cast and flow of a request:
//!
//! 1. [`serve()`] accepts the connection and bounds what a slow or hostile peer can hold.
//! 2. [`routes`] is the one table of routes; the router is made from it, and so is the test that all but three of them ask for a key.
//! 3. `edge` surrounds every handler: request id, [`auth`], turning an `ApiError` into a body, headers, log line, [`metrics`].
//! 4. `intake` is the one way in for submissions: check, keep durably, wait as long as the caller likes.
//! 5. `answers` puts the end of a submission into the caller's words: those of the integration guide, or of the `/v1` API.
//! 6. [`operator`] shows jobs and releases parked ones; `submissions` shows the whole story of one; `health` says whether the process and its store are there.

#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answers;
pub mod auth;
pub mod deliveries;
mod edge;
mod error;
mod health;
mod intake;
pub mod metrics;
pub mod operator;
pub mod routes;
pub mod serve;
pub mod state;
mod submissions;

pub use routes::router;
pub use serve::{ServeLimits, serve};
pub use state::{Access, Gateway, Lifecycle, WebSettings};
