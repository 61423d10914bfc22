//! Tests of the client at its public boundary: pure tables, fixtures read and written back, and the transport over loopback.
#![allow(clippy::unwrap_used)]

mod activities;
mod classification;
mod credentials;
mod detection;
mod fixtures;
mod jobs;
mod rate_limit;
mod records;
mod requests;
mod retries;
mod script;
mod transport;
