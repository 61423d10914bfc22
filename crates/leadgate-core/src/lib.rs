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
//! | [`conformance`] | whether two accounts answer alike |
//! | [`doctor`] | what is wrong with an installation, and how to mend it |
//! | [`retry`] | how long to wait after a failure, and when to give up |
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod breaker;
pub mod budget;
pub mod catalog;
pub mod clock;
pub mod conformance;
pub mod crm;
pub mod doctor;
pub mod identity;
pub mod intake;
pub mod job;
pub mod lane;
pub mod pack;
pub mod plan;
pub mod record;
pub mod retry;
pub mod steps;
pub mod submission;
