//! Hands deliveries to their receivers: Slack channels, signed webhooks, mailboxes.
//!
//! The cast:
//!
//! | module | does |
//! |---|---|
//! | `courier` | [`Courier`], the port's implementation: finds the destination and its way of sending |
//! | `dialing` | looks names up and refuses addresses that must not be dialled, at the moment of dialling |
//! | `http` | one POST with its limits, and what an answer means |
//! | `slack`, `webhook`, `cloud_events` | from a delivery's content to a body |
//! | `standard_webhooks` | signatures |
//! | `mail` | SMTP |
//!
//! Nothing is retried here and nothing is remembered but connections: when to try again is decided elsewhere.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cloud_events;
mod courier;
pub mod dialing;
mod http;
mod mail;
mod slack;
pub mod standard_webhooks;
mod webhook;

pub use courier::Courier;
