//! The gateway's HTTP side: it takes submissions, answers their callers and tells what became of them. It never calls the CRM:
//! what other programs ask of it goes to a port, which the binary gives it.
//!
//! Cast and flow of a request:
//!
//! 1. [`serve()`] accepts the connection and bounds what a slow or hostile peer can hold.
//! 2. [`routes`] is the one table of routes; the router is made from it, and so is the test that all but a few of them ask for a key or a secret.
//! 3. `edge` surrounds every handler: request id, [`auth`], turning an `ApiError` into a body, headers, log line, [`metrics`].
//! 4. `intake` is the one way in for submissions: check, keep durably, wait as long as the caller likes.
//!    `forms` is the one for posts of web pages: origins, the form's key, robots, rates.
//! 5. `hooks` is the one for notifications of the CRM: keep, answer, and leave the understanding to the engine.
//! 6. [`broker`] takes requests that go through to the CRM, and hands them to that port with a lane and a patience.
//! 7. [`accounts`] is in front of all that where many accounts are served, and has the API of those who add and remove them.
//! 8. `answers` puts the end of a submission into the caller's words: those of the integration guide, or of the `/v1` API.
//! 9. [`operator`] shows jobs and releases parked ones; `submissions` shows the whole story of one, [`listing`] many in short; [`forget`] keeps demands to forget a person; `health` says whether the process and its store are there.

#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod accounts;
mod answers;
pub mod auth;
pub mod broker;
pub mod deliveries;
mod edge;
mod error;
pub mod forget;
mod forms;
mod health;
mod hooks;
mod imports;
mod intake;
pub mod listing;
pub mod metrics;
pub mod operator;
mod path_name;
pub mod routes;
pub mod serve;
pub mod state;
mod submissions;

pub use axum::Router;
pub use routes::router;
pub use serve::{ServeLimits, serve};
pub use state::{Access, Gateway, Lifecycle, Shut, WebSettings};
