//! What the key's user may write, and how soon a search sees it.

use jiff::{SignedDuration, Timestamp};

use super::Finding;
use super::codes;
use super::observed::{KindTried, SearchSeen, Went, WritesSeen};
use crate::catalog::{Catalog, Resolved, Section};

/// A lag up to this is what the gateway waits for anyhow before it reads back.
const USUAL_LAG: SignedDuration = SignedDuration::from_secs(10);

pub(super) fn judge(writes: Option<&WritesSeen>, catalog: &Catalog, since: Timestamp) -> Vec<Finding> {
    let Some(writes) = writes else {
        let seen = "nothing was written, because --write was not given";
        return vec![Finding::new(codes::RIGHTS_WRITE_SKIPPED, seen), Finding::new(codes::SEARCH_SKIPPED, seen)];
    };
    let mut findings: Vec<Finding> = writes.maker.map(|maker| judge_maker(maker, catalog, since)).into_iter().collect();
    findings.extend(judge_kinds(&writes.kinds));
    match &writes.search {
        Some(search) => findings.extend(judge_search(search)),
        None => findings.push(Finding::new(codes::SEARCH_SKIPPED, "no record was made that a search could find")),
    }
    if !writes.left_behind.is_empty() {
        findings.push(Finding::new(codes::RECORD_LEFT, writes.left_behind.join(", ")));
    }
    findings
}

/// Named, where the list of users shows that one.
fn judge_maker(maker: i64, catalog: &Catalog, since: Timestamp) -> Finding {
    let seen = match catalog.resolve(Section::Owners, &maker.to_string(), since) {
        Resolved::Found(user) => format!("the key is that of \"{}\" (user {maker})", user.name),
        _ => format!("the key is that of user {maker}"),
    };
    Finding::new(codes::KEY_USER, seen)
}

fn judge_kinds(kinds: &[KindTried]) -> Vec<Finding> {
    let all_well = |kind: &&KindTried| [&kind.create, &kind.view, &kind.delete].iter().all(|went| **went == Went::Well);
    let well: Vec<&str> = kinds.iter().filter(all_well).map(|kind| kind.kind.as_str()).collect();
    let mut findings = Vec::new();
    if !well.is_empty() {
        findings.push(Finding::new(codes::RIGHTS_WRITE, format!("made, viewed and deleted: {}", well.join(", "))));
    }
    for kind in kinds {
        let steps = [("making", &kind.create), ("viewing", &kind.view), ("deleting", &kind.delete)];
        findings.extend(steps.into_iter().filter_map(|(doing, went)| judge_step(doing, &kind.kind, went)));
    }
    findings
}

fn judge_step(doing: &str, kind: &str, went: &Went) -> Option<Finding> {
    let (code, seen) = match went {
        Went::Well | Went::NotTried => return None,
        Went::Forbidden if doing == "deleting" => (codes::DELETE_FORBIDDEN, format!("403 for deleting a {kind}")),
        Went::Forbidden => (codes::WRITE_FORBIDDEN, format!("403 for {doing} a {kind}")),
        Went::Refused(why) => (codes::WRITE_REFUSED, format!("{doing} a {kind}: {why}")),
        Went::Failed(why) => (codes::WRITE_FAILED, format!("{doing} a {kind}: {why}")),
    };
    Some(Finding::new(code, seen))
}

fn judge_search(search: &SearchSeen) -> Vec<Finding> {
    let found = match search.found_after {
        Some(lag) if lag <= USUAL_LAG => {
            Finding::new(codes::SEARCH_PROMPT, format!("a new record was found after {} s", seconds(lag)))
        }
        Some(lag) => Finding::new(codes::SEARCH_LATE, format!("a new record was found only after {} s", seconds(lag))),
        None => {
            let seen = format!("a new record was not found within {} s, though it is there", seconds(search.waited));
            Finding::new(codes::SEARCH_LATE, seen)
        }
    };
    vec![found, judge_minimum(search)]
}

/// The shortest query that finds anything says how many characters a search needs.
fn judge_minimum(search: &SearchSeen) -> Finding {
    let shortest = search.short_queries.iter().filter(|(_, finds)| *finds).map(|(length, _)| *length).min();
    match shortest {
        Some(1) => Finding::new(codes::SEARCH_ANY_LENGTH, "a query of 1 character finds records"),
        Some(length) => {
            let seen = format!("a query of {} character(s) finds nothing, one of {length} does", length - 1);
            Finding::new(codes::SEARCH_MINIMUM, seen)
        }
        None => Finding::new(codes::SEARCH_MINIMUM_UNKNOWN, "no short query found anything"),
    }
}

fn seconds(duration: SignedDuration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
