//! The resources of the API, one file each.
//!
//! A resource file declares its record, its attributes and one function per request; the request types that all resources share (view, create,
//! update, …) are in [`verbs`]. To add a resource, add its file and its line here.

pub mod activities;
pub mod appointments;
pub mod bulk;
pub mod contacts;
pub mod conversations;
pub mod cpq_documents;
pub mod custom_modules;
pub mod deals;
pub mod documents;
pub mod duplicates;
pub mod fields;
pub mod filtered_search;
pub mod jobs;
pub mod leads;
pub mod lists;
pub mod lookup;
pub mod notes;
pub mod of_record;
pub mod phone_calls;
pub mod product_lines;
pub mod products;
pub mod raw;
pub mod recycle_bin;
pub mod sales_accounts;
pub mod sales_activities;
pub mod search;
pub mod selectors;
pub mod suggestions;
pub mod tasks;
pub mod teams;
pub mod verbs;
pub mod views;
