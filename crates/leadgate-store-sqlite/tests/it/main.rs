//! The store at its boundary: the conformance suite, a model, opening and reopening, failing operations and full disks.
#![allow(clippy::unwrap_used)]

mod conformance;
mod failures;
mod model;
mod opening;
mod support;
