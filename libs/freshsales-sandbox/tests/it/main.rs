//! Tests of the sandbox at its boundary: HTTP in, HTTP out, and the Rust handle.
#![allow(clippy::unwrap_used)]

mod auth;
mod bulk;
mod client;
mod control;
mod cpq;
mod custom_modules;
mod deals;
mod error_fixtures;
mod faults;
mod fixtures;
mod leads;
mod lists;
mod marketing_lists;
mod quota;
mod records;
mod search;
mod settings;
mod smoke;
mod teams;
mod tutorial;
