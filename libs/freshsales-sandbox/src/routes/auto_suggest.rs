//! Suggestions while typing, as the fields of forms name them in `auto_suggest_url`: tags, lists, contacts, companies.
//!
//! The paths are recorded; the replies are not, so they are lists of what the account has, under the usual keys.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::paging::Page;
use crate::model::{Kind, Record, State};
use crate::wire::{Answer, Call, Refusal, Reply, short_target};
use crate::write::read_id;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, ["search", "auto_suggest", "tags"]) => Some(tags(state, call)),
        (&Method::GET, ["search", "auto_suggest", "lists"]) => Some(Ok(lists(state, call))),
        (&Method::GET, ["search", "auto_suggest", "contacts_full_details"]) => Some(people(state, call)),
        (&Method::GET, ["search", "auto_suggest", "sales_accounts_full_details"]) => {
            Some(Ok(suggested(state, call, Kind::SalesAccount, None)))
        }
        _ => None,
    }
}

fn typed(call: &Call) -> String {
    call.query("q").unwrap_or_default().trim().to_lowercase()
}

/// Tags of one kind of record that begin with what was typed.
fn tags(state: &State, call: &Call) -> Answer {
    let kind = call.query("tag_type").and_then(Kind::parse).filter(|kind| Kind::SEARCHABLE.contains(kind));
    let kind = kind.ok_or_else(|| Refusal::invalid("Invalid tag type provided."))?;
    let typed = typed(call);
    let used = state.table(kind).live().flat_map(|record| record.get("tags").as_array().into_iter().flatten());
    let fitting = used.filter_map(Value::as_str).filter(|tag| tag.to_lowercase().starts_with(&typed));
    let tags: BTreeSet<&str> = fitting.collect();
    Ok(Reply::json(json!({"tags": Page::of(state, call, None).of_rows(tags.into_iter())})))
}

/// Marketing lists with a name that begins with what was typed.
fn lists(state: &State, call: &Call) -> Reply {
    let typed = typed(call);
    let lists = state.commerce().lists.all();
    let fitting = lists.iter().filter(|list| list.name.to_lowercase().starts_with(&typed));
    let rows = Page::of(state, call, None).of_rows(fitting).into_iter();
    Reply::json(json!({"lists": rows.map(|list| json!({"id": list.id, "name": list.name})).collect::<Vec<_>>()}))
}

/// Contacts, of one company where it is named.
fn people(state: &State, call: &Call) -> Answer {
    let account = call.query("sales_account_id").filter(|id| !id.is_empty());
    let account = account.map(|id| read_id(&json!(id)).ok_or_else(|| Refusal::invalid("Invalid account provided.")));
    Ok(suggested(state, call, Kind::Contact, account.transpose()?))
}

/// Records whose name has a word that begins with what was typed.
fn suggested(state: &State, call: &Call, kind: Kind, account: Option<i64>) -> Reply {
    let typed = typed(call);
    let fits = |record: &&Record| {
        let of_account = account.is_none_or(|id| record.accounts.iter().any(|link| link.account == id));
        let name = record.display_name().to_lowercase();
        of_account && (name.starts_with(&typed) || name.split_whitespace().any(|word| word.starts_with(&typed)))
    };
    let records = state.table(kind).live().map(AsRef::as_ref).filter(fits);
    let rows: Vec<Value> = Page::of(state, call, None).of_rows(records).into_iter().map(short_target).collect();
    Reply::json(json!({kind.plural(): rows}))
}
