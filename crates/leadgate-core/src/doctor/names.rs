//! Do the names that the configuration names exist, as the gateway would look them up?

use super::Finding;
use super::codes;
use super::observed::Wanted;
use crate::catalog::{Catalog, Resolved, Section};

/// How near two names must be for one to be taken for a slip of the other; 1 is equal.
const NEAR: f64 = 0.75;
/// Names that are printed where none is near.
const LONGEST_LIST: usize = 8;

pub(super) fn judge(wanted: &Wanted, catalog: &Catalog) -> Vec<Finding> {
    let sections = [
        (Section::Stages, "stage", &wanted.stages),
        (Section::Sources, "source", &wanted.sources),
        (Section::Owners, "owner", &wanted.owners),
    ];
    let mut found = Vec::new();
    let mut findings = Vec::new();
    for (section, what, names) in sections {
        for name in names {
            match catalog.resolve(section, name, wanted.since) {
                Resolved::Found(_) => found.push(format!("{what} \"{name}\"")),
                Resolved::Unknown { valid } => findings.push(missing(what, name, &valid)),
                Resolved::Unreadable | Resolved::NeedsReading => {
                    findings.push(Finding::new(
                        codes::NAMES_UNREADABLE,
                        format!("{what} \"{name}\" could not be looked up"),
                    ));
                }
            }
        }
    }
    if !found.is_empty() {
        findings.insert(0, Finding::new(codes::NAMES_FOUND, found.join(", ")));
    } else if findings.is_empty() {
        findings.push(Finding::new(codes::NAMES_NOT_SET, "the section [names] of the settings is empty"));
    }
    findings
}

fn missing(what: &str, name: &str, valid: &[String]) -> Finding {
    let hint = match nearest(name, valid.iter().map(String::as_str)) {
        Some(nearest) => format!("Did you mean \"{nearest}\"?"),
        None => format!("The account has: {}.", shortened(valid)),
    };
    Finding::new(codes::NAME_MISSING, format!("the account has no {what} \"{name}\"")).with_hint(Some(hint))
}

fn shortened(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(LONGEST_LIST).map(String::as_str).collect();
    let more = names.len().saturating_sub(LONGEST_LIST);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// The candidate that a person who wrote `name` most probably meant, if any is near.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase();
    let nearness = |candidate: &str| strsim::normalized_damerau_levenshtein(&folded, &candidate.to_lowercase());
    let scored = candidates.into_iter().map(|candidate| (nearness(candidate), candidate));
    scored.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(near, _)| *near >= NEAR).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::swapped("Trail Active", Some("Trial Active"))]
    #[case::missing_letter("Demo Schedled", Some("Demo Scheduled"))]
    #[case::other_case("won", Some("Won"))]
    #[case::far_off("Invoice paid", None)]
    fn a_slip_is_recognised(#[case] written: &str, #[case] meant: Option<&str>) {
        assert_eq!(nearest(written, ["Trial Active", "Demo Scheduled", "Won"]), meant);
    }
}
