//! The copy of the account's rows, and what is published from it: files, tables, object stores.
//!
//! The cast:
//!
//! | module | is |
//! |---|---|
//! | [`copy`] | one SQLite file with every stream's rows, their changes, how far each stream was read, and the runs |
//! | [`sinks`] | where rows are published to: CSV, NDJSON and Parquet files in folders and object stores, tables of SQLite and Postgres |
//! | [`sources`] | rows of files that people bring: CSV, XLSX, NDJSON |
//! | `cells` | cells as text |
//!
//! The flow: whoever reads the CRM hands typed rows to [`Copy::apply`], together with how far it got; the sinks publish from the copy what has
//! changed since they last did. Nothing here calls the CRM, reads a clock, or knows the gateway's own tables.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cells;
pub mod copy;
pub mod sinks;
pub mod sources;

pub use copy::{Applied, Batch, CopiedRow, Copy, CopyError, ForgetPass, RowChange, Run, find_identities, find_rows};
pub use sinks::{Format, Published, RowWriter, Sink, SinkError, SinkSpec, SpecError, TablePublished, Written};
