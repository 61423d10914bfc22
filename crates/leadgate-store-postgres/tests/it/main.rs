//! The store at its boundary, on a real server: the conformance suite and opening.
#![allow(clippy::unwrap_used)]

mod accounts;
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
