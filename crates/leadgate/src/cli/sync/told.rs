//! What people are shown of runs: what one came to, and those that were.

use leadgate_core::sync::grouped;
use leadgate_engine::sync::{Outcome, RunReport};

use crate::screen::{Screen, harmless};

/// How a run ended, in a sentence.
pub(super) fn sentence(report: &RunReport) -> String {
    let requests = grouped(report.requests);
    match report.outcome {
        Some(Outcome::Complete) if report.streams.values().any(|of| !of.doubts.is_empty()) => {
            format!("complete but for what could not be checked, with {requests} requests")
        }
        Some(Outcome::Complete) => format!("complete, with {requests} requests"),
        Some(Outcome::Incomplete) => format!("incomplete: {} ({requests} requests)", lacks(report)),
        Some(Outcome::Failed) => format!("failed, after {requests} requests"),
        Some(Outcome::Interrupted) | None => format!("not ended, {requests} requests so far"),
    }
}

/// What an incomplete run lacks.
fn lacks(report: &RunReport) -> String {
    let mut lacks = Vec::new();
    if report.withheld() > 0 {
        lacks.push(format!(
            "{} rows are kept back from the API key's user, whom a territory, a role or an owner rule hides them from; \
             sync.withheld = \"accept\" takes that as it is",
            grouped(report.withheld())
        ));
    }
    if report.unfit() > 0 {
        lacks.push(format!(
            "{} cells are blank in the copy since their values do not fit their columns: correct them in the account",
            grouped(report.unfit())
        ));
    }
    let unchecked = report.unchecked();
    if !unchecked.is_empty() {
        let names = unchecked.iter().map(|stream| stream.name()).collect::<Vec<_>>().join(", ");
        lacks.push(format!(
            "nothing tells whether all {names} were read; sync.withheld = \"accept\" takes that as it is"
        ));
    }
    lacks.join("; ")
}

/// What a run came to.
pub(super) fn report(report: &RunReport, screen: &Screen) -> String {
    let rows = report.streams.iter().map(|(stream, of)| {
        let applied = of.applied;
        let counts = [applied.created, applied.updated, applied.deleted, applied.restored, applied.unchanged];
        let [created, updated, deleted, restored, unchanged] = counts.map(grouped);
        let name = if of.read { stream.name().to_owned() } else { format!("{stream} (not read)") };
        [name, created, updated, deleted, restored, unchanged, grouped(of.withheld), grouped(of.requests)]
    });
    let header = ["STREAM", "NEW", "CHANGED", "DELETED", "RESTORED", "SAME", "KEPT BACK", "REQUESTS"];
    let mut lines = vec![screen.table(header, rows.collect())];
    for (stream, of) in &report.streams {
        lines.extend(of.columns.iter().map(|column| harmless(&format!("{stream}: {column}"))));
        let blank = of.unfit.iter().map(|(column, cells)| {
            screen
                .attention(&harmless(&format!("{stream}: {cells} values do not fit the column {column} and are blank")))
        });
        lines.extend(blank);
        lines.extend(of.doubts.iter().map(|doubt| harmless(&format!("not checked: {stream}: {doubt}"))));
    }
    lines.extend(report.remarks.iter().map(|remark| screen.attention(&harmless(remark))));
    lines.extend(report.published.iter().map(|line| harmless(line)));
    lines.extend(
        report.problems.iter().map(|problem| screen.bad(&harmless(&format!("{}: {}", problem.of, problem.message)))),
    );
    let sentence = sentence(report);
    lines.push(match report.outcome {
        Some(Outcome::Complete) => screen.good(&sentence),
        Some(Outcome::Incomplete) => screen.attention(&sentence),
        _ => screen.bad(&sentence),
    });
    lines.join("\n")
}

/// The runs that were.
pub(super) fn runs(runs: &[RunReport], screen: &Screen) -> String {
    let rows = runs.iter().map(|run| {
        let sum = |count: fn(&RunReport) -> u64| grouped(count(run));
        [
            run.began.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            run.outcome.map_or("running", Outcome::name).to_owned(),
            sum(|run| run.streams.values().map(|of| of.applied.created).sum()),
            sum(|run| run.streams.values().map(|of| of.applied.updated).sum()),
            sum(|run| run.streams.values().map(|of| of.applied.deleted).sum()),
            grouped(run.requests),
            harmless(run.problems.first().map_or("", |problem| problem.message.as_str())),
        ]
    });
    screen.table(["BEGAN", "ENDED", "NEW", "CHANGED", "DELETED", "REQUESTS", "PROBLEM"], rows.collect())
}
