//! E-mail addresses of people in every form that clients send them.

use serde_json::Value;

use super::Draft;
use crate::model::Email;

/// One address as sent.
struct Sent {
    id: Option<i64>,
    address: String,
    primary: bool,
    label: Option<Box<str>>,
    destroyed: bool,
}

/// Reads `emails` (a string, strings, or objects) and `email` (a string); both may be present.
pub(super) fn read(draft: &mut Draft<'_>) {
    let body = draft.body;
    if let Some(value) = body.get("emails") {
        match addresses(value) {
            Some(sent) => merge(draft, sent),
            None => draft.wrong_about("emails", "Emails is invalid"),
        }
    }
    match body.get("email") {
        None | Some(Value::Null) => {}
        Some(Value::String(address)) => set_primary(draft, address.clone()),
        Some(_) => draft.wrong_about("email", "Email is invalid"),
    }
    for address in draft.record.emails.iter().map(|email| email.address.clone()).collect::<Vec<_>>() {
        if !is_address(&address) {
            draft.wrong_about("email", "Email is invalid");
        }
    }
}

/// Enough of a check to refuse what the real account refuses: no white space, one `@`, a dotted or plain domain.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let clean = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "@,;<>()".contains(c));
    clean(local) && clean(domain) && !domain.starts_with('.') && !domain.ends_with('.')
}

fn addresses(value: &Value) -> Option<Vec<Sent>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::String(_) | Value::Object(_) => one(value).map(|sent| vec![sent]),
        Value::Array(items) => items.iter().map(one).collect(),
        _ => None,
    }
}

fn one(value: &Value) -> Option<Sent> {
    if let Value::String(address) = value {
        let address = address.trim().to_owned();
        return Some(Sent { id: None, address, primary: false, label: None, destroyed: false });
    }
    let sent = value.as_object()?;
    let truthy = |name: &str| matches!(sent.get(name), Some(Value::Bool(true))) || sent.get(name) == Some(&1.into());
    Some(Sent {
        id: sent.get("id").and_then(super::read_id),
        address: sent.get("value").or_else(|| sent.get("email"))?.as_str()?.trim().to_owned(),
        primary: truthy("is_primary"),
        label: sent.get("label").and_then(Value::as_str).map(Box::from),
        destroyed: truthy("_destroy"),
    })
}

/// A string replaces the primary address; an array adds addresses, changes those it names by id, removes `_destroy`ed ones.
fn merge(draft: &mut Draft<'_>, sent: Vec<Sent>) {
    for entry in sent {
        let same = |email: &Email| Some(email.id) == entry.id || email.address.eq_ignore_ascii_case(&entry.address);
        let position = draft.record.emails.iter().position(same);
        if entry.destroyed {
            if let Some(at) = position {
                draft.record.emails.remove(at);
            }
            continue;
        }
        let at = match position {
            Some(at) => at,
            None => {
                let id = draft.state.next_part_id();
                draft.record.emails.push(Email { id, address: String::new(), primary: false, label: None });
                draft.record.emails.len() - 1
            }
        };
        draft.record.emails[at].address = entry.address;
        if entry.label.is_some() {
            draft.record.emails[at].label = entry.label;
        }
        if entry.primary {
            make_primary(draft, at);
        }
    }
    if !draft.record.emails.is_empty() && !draft.record.emails.iter().any(|email| email.primary) {
        make_primary(draft, 0);
    }
}

fn make_primary(draft: &mut Draft<'_>, at: usize) {
    for (position, email) in draft.record.emails.iter_mut().enumerate() {
        email.primary = position == at;
    }
}

/// `email` names the primary address: it replaces the one that was primary, or promotes one already there.
fn set_primary(draft: &mut Draft<'_>, address: String) {
    let address = address.trim().to_owned();
    let known = draft.record.emails.iter().position(|email| email.address.eq_ignore_ascii_case(&address));
    if let Some(at) = known {
        draft.record.emails[at].address = address;
        return make_primary(draft, at);
    }
    if let Some(primary) = draft.record.emails.iter_mut().find(|email| email.primary) {
        primary.address = address;
        return;
    }
    let id = draft.state.next_part_id();
    draft.record.emails.push(Email { id, address, primary: true, label: None });
}
