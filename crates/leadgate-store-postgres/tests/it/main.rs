//! The store at its boundary, on a real server: the conformance suite and opening.
#![allow(clippy::unwrap_used)]

mod conformance;
mod isolation;
mod opening;
mod support;
mod transfer;
