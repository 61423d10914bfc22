//! The accounts that one process serves beside the default one.
//!
//! Cast: [`envelope`] seals an account's [`secrets`] so that a copy of the database tells none; [`host`] is what works for one account, its engine and its
//! sync; [`hosts`] keeps what is served equal to the list of accounts, while it runs and however the list was changed; [`desk`] is the operator's hand on
//! that list; [`gauges`] sums up what the accounts measure.
//!
//! Flow: the desk changes a row of the list → a hint, or the next look, shows it → the account is set up as its row now says, apart from all others: its
//! store is opened, its secrets are opened, its router is put in place of the one before, its engine starts. What cannot be set up is told as broken with
//! its reason, and keeps what comes in as far as it can.

pub(crate) mod desk;
pub(crate) mod envelope;
pub(crate) mod gauges;
pub(crate) mod host;
pub(crate) mod hosts;
pub(crate) mod secrets;
