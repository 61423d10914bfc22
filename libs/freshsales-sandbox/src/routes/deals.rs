//! Deals: the shared routes; what is special to deals happens while a body is read.

use super::records;
use crate::model::{Kind, State};
use crate::wire::{Answer, Call};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    records::route(state, call, path, Kind::Deal)
}
