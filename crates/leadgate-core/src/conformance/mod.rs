//! Do two accounts answer alike? Replies are taken apart into shapes, without values, and shapes are compared.
//!
//! Cast: [`shape`] takes a body apart; [`recorded`] is a reply of which only shapes are kept; [`compare()`] finds what differs; [`report`] puts it into a
//! document that can be shown to strangers: it holds no value, and of keys only those that the reference account uses, or that are made of its words.

pub mod compare;
pub mod recorded;
pub mod report;
pub mod shape;
#[cfg(test)]
mod tests;

pub use compare::{Difference, compare};
pub use recorded::Recorded;
pub use report::Report;
