//! Notifications: what webhooks of the CRM's workflows say of a record, read into the gateway's own words.
//!
//! Cast: `settings` is the section of the rules file; `read` takes a body apart, whichever shape an admin gave it, with `xml` where it is XML;
//! [`words`] is the one place where names and values of the CRM become the gateway's, for notifications and for what the gateway reads itself;
//! [`recipe`] says what to paste into the CRM.

mod read;
pub mod recipe;
mod settings;
#[cfg(test)]
mod tests;
pub mod words;
mod xml;

pub use read::{Encoding, notification, row, well_formed};
pub(crate) use settings::HookFile;
pub use settings::{HookRules, Mapping};
