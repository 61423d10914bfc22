//! Tests of the sandbox at its boundary: HTTP in, HTTP out, and the Rust handle.
#![allow(clippy::unwrap_used)]

mod activities;
mod auth;
mod browser;
mod bulk;
mod client;
mod control;
mod cpq;
mod custom_modules;
mod deals;
mod deliveries;
mod documents;
mod error_fixtures;
mod faults;
mod fixtures;
mod includes;
mod languages;
mod leads;
mod lists;
mod marketing_lists;
mod page_actions;
mod pages;
mod quota;
mod receiver;
mod records;
mod recycle_bin;
mod rules;
mod search;
mod settings;
mod smoke;
mod switches;
mod teams;
mod timelines;
mod tutorial;
mod workflows;
