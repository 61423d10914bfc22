//! The store at its boundary, on a real server: the conformance suite and opening.
#![allow(clippy::unwrap_used)]

mod accounts;
mod conformance;
mod failures;
mod instances;
mod model;
mod opening;
mod pooled;
mod support;
