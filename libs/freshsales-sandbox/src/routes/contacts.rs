//! Contacts: the shared routes.

use super::records;
use crate::model::{Kind, State};
use crate::wire::{Answer, Call};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    records::route(state, call, path, Kind::Contact)
}
