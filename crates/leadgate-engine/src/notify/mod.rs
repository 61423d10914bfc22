//! Notifying: makes the deliveries that jobs have brought about. A loop of its own beside the CRM's, and not behind its budget or its breaker.
//!
//! Cast: [`desks`] says how much of each destination may be under way now; [`work`] claims, makes attempts and records them; [`run`] drives
//! them. Each destination has its own slots, pace and circuit, so that one that is dead or slow takes nothing from the others. What is not
//! recorded because the process died is leased again: a receiver sees each delivery at least once, under one id.

mod desks;
mod run;
mod work;

pub(crate) use desks::Desks;
