//! The store at its boundary, on a real server: the conformance suites, several processes, many accounts, and what fails.
#![allow(clippy::unwrap_used)]

mod accounts;
mod cleansing;
mod conformance;
mod erasing;
mod failures;
mod index_use;
mod instances;
mod isolation;
mod leaving;
mod model;
mod opening;
mod pooled;
mod retention;
mod support;
mod transfer;
