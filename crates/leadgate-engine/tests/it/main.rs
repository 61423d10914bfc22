//! Engines at their boundary: a store, a sandbox account and a clock that the test steps.
#![allow(clippy::unwrap_used)]

mod crowd;
mod instances;
