//! At the door: does the address mean an account, and does the key open it?

use super::codes::{self, Code};
use super::observed::{AccessSeen, Answer, BodyKind, Came, Knock, ReplySeen};
use super::{Finding, nearest};

/// The longest chain of clues that is printed.
const LONGEST_LIST: usize = 3;

/// The knock that was let in, if one was. An answer of 403 counts: the account knows the key.
#[must_use]
pub fn accepted(knocks: &[Knock]) -> Option<&Knock> {
    knocks.iter().find(|knock| meaning_of(&knock.answer) == Meaning::LetIn)
}

/// Whether another address may do better than the one that gave this answer. On one host a key is refused for both generations; and who is
/// throttled must not ask on.
#[must_use]
pub fn asks_on(answer: &Answer, one_host: bool) -> bool {
    match meaning_of(answer) {
        Meaning::NoConnection | Meaning::NotThere | Meaning::Strange => true,
        Meaning::Refused | Meaning::SentToSignIn => !one_host,
        Meaning::Silent | Meaning::Throttled | Meaning::Down | Meaning::Spent | Meaning::LetIn => false,
    }
}

/// What an answer at the door means; the later, the more it says of the mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    NoConnection,
    NotThere,
    Silent,
    Strange,
    Throttled,
    Down,
    Spent,
    SentToSignIn,
    Refused,
    LetIn,
}

fn meaning_of(answer: &Answer) -> Meaning {
    match &answer.came {
        Came::Reply(reply) => meaning_of_reply(reply),
        Came::NoConnection => Meaning::NoConnection,
        Came::TimedOut | Came::Broke => Meaning::Silent,
    }
}

fn meaning_of_reply(reply: &ReplySeen) -> Meaning {
    let is_json = reply.body == BodyKind::Json;
    let is_spent = reply.quota.is_some_and(|quota| quota.remaining == 0);
    match reply.status {
        200..=299 | 403 if is_json => Meaning::LetIn,
        300..=399 if reply.to_sign_in => Meaning::SentToSignIn,
        401 => Meaning::Refused,
        404 => Meaning::NotThere,
        429 if reply.retry_after.is_some() && !is_spent => Meaning::Throttled,
        429 => Meaning::Spent,
        500..=599 => Meaning::Down,
        _ => Meaning::Strange,
    }
}

/// What is to be said of the door.
pub(super) fn judge(seen: &AccessSeen) -> Vec<Finding> {
    let best = seen.with_key.iter().map(|knock| (meaning_of(&knock.answer), knock)).max_by_key(|(meaning, _)| *meaning);
    let Some((meaning, knock)) = best else { return Vec::new() };
    match meaning {
        Meaning::LetIn => vec![Finding::new(codes::KEY_ACCEPTED, told(&[knock])), judge_control(seen, knock)],
        _ if answers_elsewhere(seen) => vec![other_generation(seen)],
        _ => vec![Finding::new(code_of(meaning), told(&worth_telling(seen, meaning))).with_hint(hint(seen, meaning))],
    }
}

fn code_of(meaning: Meaning) -> Code {
    match meaning {
        Meaning::LetIn => codes::KEY_ACCEPTED,
        Meaning::Refused => codes::KEY_REFUSED,
        Meaning::SentToSignIn => codes::KEY_SENT_TO_SIGN_IN,
        Meaning::NotThere => codes::ADDRESS_UNKNOWN,
        Meaning::NoConnection => codes::ADDRESS_UNREACHABLE,
        Meaning::Silent => codes::ADDRESS_SILENT,
        Meaning::Throttled => codes::EDGE_THROTTLED,
        Meaning::Spent => codes::QUOTA_SPENT,
        Meaning::Down => codes::ACCOUNT_DOWN,
        Meaning::Strange => codes::ADDRESS_STRANGE,
    }
}

/// That a right key is let in proves something only where nothing is let in without one.
fn judge_control(seen: &AccessSeen, knock: &Knock) -> Finding {
    match seen.without_key.as_ref().map(|answer| (meaning_of(answer), answer)) {
        Some((Meaning::LetIn, answer)) => Finding::new(codes::KEY_NOT_NEEDED, told_of(&knock.root, answer)),
        Some((_, answer)) => {
            Finding::new(codes::KEY_NEEDED, format!("without a key: {}", told_of(&knock.root, answer)))
        }
        None => Finding::new(codes::KEY_NEEDED, "not asked without a key"),
    }
}

fn worth_telling(seen: &AccessSeen, meaning: Meaning) -> Vec<&Knock> {
    seen.with_key.iter().filter(|knock| meaning_of(&knock.answer) == meaning).take(LONGEST_LIST).collect()
}

/// Without a key an account refuses; a host that has no such account does not even do that.
fn answers_elsewhere(seen: &AccessSeen) -> bool {
    let meaning = seen.elsewhere.as_ref().map(|knock| meaning_of(&knock.answer));
    matches!(meaning, Some(Meaning::Refused | Meaning::SentToSignIn | Meaning::LetIn))
}

fn other_generation(seen: &AccessSeen) -> Finding {
    let elsewhere = seen.elsewhere.as_ref();
    let knocks: Vec<&Knock> = seen.with_key.iter().chain(elsewhere).collect();
    let hint = elsewhere.map(|knock| format!("Set FRESHSALES_SUBDOMAIN to {}.", knock.root));
    Finding::new(codes::ADDRESS_OTHER_GENERATION, told(&knocks)).with_hint(hint)
}

fn hint(seen: &AccessSeen, meaning: Meaning) -> Option<String> {
    let on_classic_host = seen.with_key.iter().any(|knock| host_of(&knock.root).ends_with(".freshsales.io"));
    match meaning {
        Meaning::NotThere | Meaning::NoConnection => typo_hint(seen),
        Meaning::Throttled if on_classic_host => {
            let moved = "Accounts of Freshsales Suite are not served on freshsales.io, where everything is throttled: if your browser shows \
                         myfreshworks.com, use that address.";
            Some(moved.to_owned())
        }
        _ => None,
    }
}

/// What the subdomain was probably meant to be: the account that this folder was about, or the name without what does not belong to it.
fn typo_hint(seen: &AccessSeen) -> Option<String> {
    let label = host_of(&seen.address).split('.').next().unwrap_or_default().to_owned();
    let noted = seen.noted_account.as_deref().filter(|noted| *noted != label);
    if let Some(noted) = noted.filter(|noted| nearest(&label, [*noted]).is_some()) {
        return Some(format!("Did you mean {noted}? The data folder is about that account."));
    }
    let belongs_not = ["www-", "-crm", "-freshsales", "-myfreshworks", "-sales", "freshsales-", "crm-"];
    let stripped = belongs_not.iter().find_map(|part| label.strip_prefix(part).or_else(|| label.strip_suffix(part)));
    stripped.filter(|rest| !rest.is_empty()).map(|rest| format!("Did you mean {rest}?"))
}

fn host_of(address: &str) -> &str {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    host.split(['/', ':']).next().unwrap_or(host)
}

fn told(knocks: &[&Knock]) -> String {
    let lines: Vec<String> = knocks.iter().map(|knock| told_of(&knock.root, &knock.answer)).collect();
    lines.join("; ")
}

/// `GET https://…/selector/owners answered 401 with JSON`.
fn told_of(root: &str, answer: &Answer) -> String {
    let asked = match answer.asked.split_once(' ') {
        Some((method, path)) => format!("{method} {root}/{path}"),
        None => format!("{root} {}", answer.asked),
    };
    match &answer.came {
        Came::Reply(reply) => format!("{asked} answered {}", told_of_reply(reply)),
        Came::NoConnection => format!("{asked} found no server"),
        Came::TimedOut => format!("{asked} was not answered in time"),
        Came::Broke => format!("{asked} was cut off"),
    }
}

fn told_of_reply(reply: &ReplySeen) -> String {
    let body = match reply.body {
        BodyKind::Json => "with JSON",
        BodyKind::Page => "with a page",
        BodyKind::Empty => "with nothing",
    };
    let where_to = if reply.to_sign_in { ", which leads to the sign-in page" } else { "" };
    let wait = reply.retry_after.map(|seconds| format!(", to be asked again after {seconds} s")).unwrap_or_default();
    format!("{} {body}{where_to}{wait}", reply.status)
}
