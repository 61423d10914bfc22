//! Tests of the sandbox at its boundary: HTTP in, HTTP out, and the Rust handle.
#![allow(clippy::unwrap_used)]

mod auth;
mod browser;
mod bulk;
mod client;
mod control;
mod deals;
mod deliveries;
mod error_fixtures;
mod faults;
mod fixtures;
mod leads;
mod lists;
mod page_actions;
mod pages;
mod quota;
mod receiver;
mod records;
mod search;
mod settings;
mod smoke;
mod tutorial;
mod workflows;
