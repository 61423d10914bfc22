//! The warehouse at its boundary: the copy, and what is published from it.
#![allow(clippy::unwrap_used)]

mod copy;
mod crash;
mod files;
mod following;
mod identities;
mod model;
mod postgres;
mod postgres_server;
mod samples;
mod spec;
mod sqlite;
mod support;
mod writer;
