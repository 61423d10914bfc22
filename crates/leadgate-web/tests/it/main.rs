//! The HTTP side at its boundary: the real router on an in-memory store that each test drives.

#![allow(clippy::unwrap_used)]

mod accounts;
mod auth;
mod broker;
mod connections;
mod deliveries;
mod events;
mod failures;
mod forms;
mod forms_limits;
mod guide;
mod health;
mod hooks;
mod hostile;
mod idempotency;
mod logs;
mod measures;
mod memory_deliveries;
mod memory_duties;
mod memory_erasure;
mod memory_imports;
mod memory_instances;
mod memory_store;
mod operator;
mod patience;
mod submissions;
mod test_gateway;
mod v1;
