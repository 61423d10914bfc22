//! The words of Leadgate as types, and every decision it makes, as pure functions.
//!
//! Nothing here does I/O, reads a clock or draws a random number: `now` and jitter are arguments. That is what lets the tests of
//! this crate be tables.
//!
//! The cast, in the order in which a submission meets them:
//!
//! | module | says |
//! |---|---|
//! | [`intake`] | what an app may hand over, and what is wrong with it when it may not |
//! | [`identity`] | when two spellings of an e-mail or a phone are the same person |
//! | [`plan`] | which steps a submission asks for, and which identities it touches |
//! | [`steps`] | for each step, the next request to make and what its answer means |
//! | [`job`] | a plan in progress: where it stands, why it waits, how it ended |
//! | [`crm`] | the port: the requests a CRM must understand, one HTTP request each |
//! | [`catalog`] | the account's own names and ids |
//! | [`breaker`] | whether the CRM is down, and when to see whether it still is |
//! | [`budget`] | whether a request may be made now, and if not, when |
//! | [`broker`] | what other programs may have passed through to the account |
//! | [`rules`] | the rules file: routing, playbook, forms, destinations, notifications |
//! | [`routing`] | who owns a new lead |
//! | [`playbook`] | what an event or a change leads to |
//! | [`profile`] | who an event is about, from what earlier ones said |
//! | [`forms`] | what the fields of a web form mean |
//! | [`hooks`] | what a webhook of the CRM says of a record |
//! | [`mirror`] | the local copy of a record, and what two looks at it differ in |
//! | [`copied`] | who is in the copy of the account, and how long that is believed |
//! | [`sync`] | the copy of the account's rows that files and tables are published from |
//! | [`destinations`], [`delivery`] | where things go that are not the CRM, and one such thing |
//! | [`conformance`] | whether two accounts answer alike |
//! | [`doctor`] | what is wrong with an installation, and how to mend it |
//! | [`instances`] | which of the processes that share a store have died |
//! | [`retention`] | how long the past is kept, and when to look for what may go |
//! | [`erasure`] | whether a row is a certain person's |
//! | [`import`] | what the columns of a file mean, and what a row makes of a lead |
//! | [`looks`] | when to look for work again if nobody tells of any |
//! | [`retry`] | how long to wait after a failure, and when to give up |
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod breaker;
pub mod broker;
pub mod budget;
pub mod catalog;
pub mod clock;
pub mod conformance;
pub mod copied;
pub mod crm;
pub mod delivery;
pub mod destinations;
pub mod doctor;
pub mod erasure;
pub mod forms;
pub mod hooks;
pub mod identity;
pub mod import;
pub mod instances;
pub mod intake;
pub mod job;
pub mod lane;
pub mod looks;
pub mod mirror;
pub mod pack;
pub mod plan;
pub mod playbook;
pub mod profile;
pub mod record;
pub mod retention;
pub mod retry;
pub mod routing;
pub mod rules;
pub mod steps;
pub mod submission;
pub mod sync;
