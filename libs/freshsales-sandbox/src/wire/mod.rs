//! Between HTTP and the model: a request as a [`Call`], an answer as a [`Reply`], records as JSON.
//!
//! Flow: `Call` parses path, query and body; a route answers `Ok(Reply)` or `Err(Refusal)`; [`Render`] turns records
//! into the keys of the call's generation, and [`SideLoads`] collects the related objects that `include` asks for.

mod call;
mod commerce;
mod form;
mod links;
mod manner;
mod moment;
mod money;
mod phrasebook;
mod render;
mod reply;
mod sideload;
mod words;
mod writing;

pub(crate) use call::{Call, query_pairs, segments};
pub(crate) use commerce::{base_currency, price_in};
pub(crate) use form::Form;
pub(crate) use links::links;
pub(crate) use manner::Manner;
pub(crate) use moment::{parse_date, parse_moment, shown_moment};
pub(crate) use money::Money;
pub(crate) use render::{Render, list_reply, partial_account, single_reply};
pub(crate) use reply::{Answer, NOT_FOUND_PAGE, Refusal, Reply, ReplyBody};
pub(crate) use sideload::{SideLoads, long_user, short_target};
pub(crate) use words::{Sentence, translate};
pub(crate) use writing::WrittenList;
