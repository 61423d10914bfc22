//! Companies of contacts and deals, given by id or by name.

use serde_json::{Map, Value, json};

use super::{Draft, create, read_id};
use crate::model::table::Key;
use crate::model::{AccountLink, Kind};
use crate::wire::Refusal;

/// Reads `sales_accounts` (replaces the whole set), `sales_account_id` and `sales_account` of a contact.
pub(super) fn read_accounts(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    if let Some(Value::Array(items)) = draft.body.get("sales_accounts") {
        let mut links = Vec::new();
        for item in items {
            let id = read_id(item.get("id").unwrap_or(item));
            let Some(account) = id.filter(|&id| draft.state.record(Kind::SalesAccount, id).is_some()) else {
                draft.wrong("Invalid account provided.");
                continue;
            };
            links.push(AccountLink { account, primary: item.get("is_primary") == Some(&Value::Bool(true)) });
        }
        ensure_one_primary(&mut links);
        draft.record.accounts = links;
    }
    if let Some(account) = single_account(draft)? {
        draft.record.accounts.retain(|link| link.account != account);
        draft.record.accounts.insert(0, AccountLink { account, primary: true });
        draft.record.accounts.iter_mut().skip(1).for_each(|link| link.primary = false);
    }
    Ok(())
}

fn ensure_one_primary(links: &mut [AccountLink]) {
    let primary = links.iter().position(|link| link.primary).unwrap_or(0);
    for (at, link) in links.iter_mut().enumerate() {
        link.primary = at == primary;
    }
}

/// The one company that `sales_account_id` or `sales_account` names; a new name makes a new company.
pub(super) fn single_account(draft: &mut Draft<'_>) -> Result<Option<i64>, Refusal> {
    if let Some(value) = draft.body.get("sales_account_id").filter(|value| !value.is_null()) {
        let known = read_id(value).filter(|&id| draft.state.record(Kind::SalesAccount, id).is_some());
        if known.is_none() {
            draft.wrong("Invalid account provided.");
        }
        return Ok(known);
    }
    let Some(Value::Object(account)) = draft.body.get("sales_account") else { return Ok(None) };
    if let Some(id) = account.get("id").and_then(read_id) {
        return Ok(draft.state.record(Kind::SalesAccount, id).map(|account| account.id));
    }
    // A refused request must not leave a company behind.
    if !draft.sentences.is_empty() {
        return Ok(None);
    }
    let Some(name) = account.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty()) else {
        return Ok(None);
    };
    if let Some(&id) = draft.state.table(Kind::SalesAccount).find(Key::Name, name).first() {
        return Ok(Some(id));
    }
    let mut body: Map<String, Value> = account.clone();
    body.insert("name".to_owned(), json!(name));
    Ok(Some(create(draft.state, Kind::SalesAccount, draft.generation, &body)?.id))
}
