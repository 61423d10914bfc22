//! The port against a sandbox account of either generation: every call, one request, and each class of failure.
#![allow(clippy::unwrap_used)]

mod calls;
mod calls_of_steps;
mod client;
mod client_activities;
mod commerce;
mod failures;
mod languages;
mod marked;
mod operations;
mod pass;
mod port;
mod records;
mod rows;
mod tolerance;
