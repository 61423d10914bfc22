//! The courier at its boundary: real requests to receivers on this machine.
#![allow(clippy::unwrap_used)]

mod addresses;
mod courier;
mod journeys;
mod mailboxes;
mod webhooks;
