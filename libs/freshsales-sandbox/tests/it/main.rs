//! Tests of the sandbox at its boundary: HTTP in, HTTP out, and the Rust handle.
#![allow(clippy::unwrap_used)]

mod accounts;
mod auth;
mod bulk;
mod client;
mod clock;
mod control;
mod deals;
mod error_fixtures;
mod faults;
mod fixtures;
mod leads;
mod lists;
mod quota;
mod records;
mod search;
mod seeding;
mod settings;
mod smoke;
mod snapshots;
mod tutorial;
