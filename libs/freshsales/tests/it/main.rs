//! Tests of the client at its public boundary: pure tables, fixtures read and written back, and the transport over loopback.
#![allow(clippy::unwrap_used)]

mod activities;
mod classification;
mod commerce;
mod credentials;
mod custom_fields;
mod detection;
mod every_example;
mod fixtures;
mod hooks;
mod hostile_input;
mod jobs;
mod merges;
mod rate_limit;
mod records;
mod related;
mod requests;
mod retries;
mod script;
mod streams;
mod transport;
