//! The real binary, as people and scripts run it. Every process is started on port 0 in a folder of its own and ended by its own handle.
#![allow(clippy::unwrap_used)]

mod accounts;
mod commands;
mod configuration;
mod conformance;
mod crash;
mod databases;
mod deploy;
mod dev;
mod doctor;
mod ending;
mod exit_codes;
mod help;
mod hostile;
mod imports;
mod journeys;
mod postgres;
mod process;
mod sandbox;
mod serve;
mod stories;
mod sync;
