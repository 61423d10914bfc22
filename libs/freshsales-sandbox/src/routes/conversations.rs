//! Conversations of a person: e-mails that the account knows of, newest first.

use http::Method;
use serde_json::json;

use super::paging::Page;
use super::{main_kind, of_record, path_id, records};
use crate::Generation;
use crate::model::{Kind, Record, State};
use crate::wire::{Answer, Call};

/// Classic serves the short path too; in a Suite account the path exists only without `/api`.
pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, [plural, id, "conversations"]) if call.generation == Generation::Classic => {
            let kind = main_kind(plural)?;
            Some(path_id(id).and_then(|id| of(state, call, kind, id)))
        }
        (&Method::GET, [plural, id, "conversations", "all"]) if !call.api => {
            let kind = main_kind(plural)?;
            Some(path_id(id).and_then(|id| of(state, call, kind, id)))
        }
        _ => None,
    }
}

fn of(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    records::live(state, kind, id)?;
    let mut mails: Vec<&Record> = of_record::linked(state, Kind::EmailConversation, (kind, id)).collect();
    mails.sort_by_key(|mail| std::cmp::Reverse((mail.text("conversation_time").unwrap_or_default(), mail.id)));
    let meta = json!({"total": mails.len()});
    let page = Page::of(state, call, None).of_rows(mails.into_iter());
    Ok(of_record::rows(state, call, Kind::EmailConversation, page.into_iter(), Some(meta)))
}
