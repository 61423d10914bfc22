//! Jobs against a model of a CRM: whatever it answers, and wherever the gateway dies, one person and one note.
#![allow(clippy::unwrap_used)]

mod by_copy;
mod counted;
mod events;
mod exactly_once;
mod intake;
mod mirror;
mod model_crm;
mod model_deals;
mod planning;
mod playbook;
mod routing;
mod schema;
mod scripted;
mod stored;
