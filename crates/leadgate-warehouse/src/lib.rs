//! The copy of the account's rows, and what is published from it: files, tables, object stores.

pub mod sources;
