//! What the key's user may read.

use super::Finding;
use super::codes;
use super::observed::{Need, ReadTried, Went};

/// One finding for all that can be read, one for all that is forbidden of each need, one for each other failure.
pub(super) fn judge(reads: &[ReadTried]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let readable = named(reads, |read| read.went == Went::Well);
    if !readable.is_empty() {
        findings.push(Finding::new(codes::RIGHTS_READ, readable.join(", ")));
    }
    let forbidden = |need: Need| named(reads, move |read| read.need == need && read.went == Went::Forbidden);
    for (need, code) in [(Need::Must, codes::LOOKUP_FORBIDDEN), (Need::Should, codes::LIST_FORBIDDEN)] {
        let forbidden = forbidden(need);
        if !forbidden.is_empty() {
            findings.push(Finding::new(code, format!("403 for {}", forbidden.join(", "))));
        }
    }
    for read in reads {
        if let Went::Refused(why) | Went::Failed(why) = &read.went {
            findings.push(Finding::new(codes::READ_FAILED, format!("reading {}: {why}", read.what)));
        }
    }
    findings
}

fn named(reads: &[ReadTried], is_meant: impl Fn(&ReadTried) -> bool) -> Vec<String> {
    reads.iter().filter(|read| is_meant(read)).map(|read| read.what.clone()).collect()
}
