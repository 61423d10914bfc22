//! Everything that must pass before a change is taken, in one command.
//!
//! Cast: a [`Stage`] is one check; [`tools`] installs what the wanted stages need, [`postgresql`] the server that tests start; [`advisories`] is the one check that needs a network
//! beyond the package registry, and may be left out for lack of it.
//!
//! Flow: choose stages, install what is missing, run the stages in order and stop at the first that fails. The last line says which one,
//! or that all passed and what was left out.

mod advisories;
mod postgresql;
mod stages;
mod tools;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use stages::Stage;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The stages to run; all of them if none is named.
    #[arg(value_enum)]
    stages: Vec<Stage>,
    /// Leave out the supply-chain check, the only one whose tool takes long to install.
    #[arg(long, conflicts_with = "stages")]
    quick: bool,
}

/// What happened to a stage that did not fail.
struct Passed {
    stage: Stage,
    left_out: Option<String>,
}

/// Runs the wanted stages on the workspace at `root`.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let stages = chosen(arguments);
    let started = Instant::now();
    if let Err(error) = tools::prepare(&stages) {
        return Ok(fail("set-up", &error));
    }
    let mut passed = Vec::new();
    for stage in stages {
        match run_timed(root, stage) {
            Ok(left_out) => passed.push(Passed { stage, left_out }),
            Err(error) => return Ok(fail(stage.name(), &error)),
        }
    }
    println!("\n{}", summary(&passed, started.elapsed()));
    Ok(ExitCode::SUCCESS)
}

/// Each stage once, in the order of [`Stage::ALL`]: cheap ones first.
fn chosen(arguments: &Arguments) -> Vec<Stage> {
    let wanted = |stage: &Stage| match arguments.stages.as_slice() {
        [] => !(arguments.quick && *stage == Stage::Deny),
        named => named.contains(stage),
    };
    Stage::ALL.into_iter().filter(wanted).collect()
}

fn run_timed(root: &Path, stage: Stage) -> anyhow::Result<Option<String>> {
    println!("\n== {}: {}", stage.name(), stage.purpose());
    let started = Instant::now();
    let left_out = stage.run(root)?;
    println!("== {} passed in {}", stage.name(), seconds(started.elapsed()));
    Ok(left_out)
}

fn fail(stage: &str, error: &anyhow::Error) -> ExitCode {
    println!("\n{error:#}\nfailed: {stage}");
    ExitCode::FAILURE
}

fn summary(passed: &[Passed], elapsed: Duration) -> String {
    let names: Vec<_> = passed.iter().map(|passed| passed.stage.name()).collect();
    let left_out: Vec<_> = passed.iter().filter_map(|passed| passed.left_out.as_deref()).collect();
    let remark = if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join(", ")) };
    format!("passed: {} in {}{remark}", names.join(", "), seconds(elapsed))
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(stages: &[Stage], quick: bool) -> Vec<&'static str> {
        let arguments = Arguments { stages: stages.to_vec(), quick };
        chosen(&arguments).into_iter().map(Stage::name).collect()
    }

    #[test]
    fn every_stage_runs_unless_told_otherwise() {
        assert_eq!(names(&[], false), ["fmt", "tidy", "clippy", "fuzz", "doc", "deny", "nextest", "doctest"]);
    }

    #[test]
    fn quick_leaves_out_the_supply_chain() {
        assert!(!names(&[], true).contains(&"deny"));
        assert_eq!(names(&[], true).len(), Stage::ALL.len() - 1);
    }

    #[test]
    fn named_stages_run_once_and_in_the_fixed_order() {
        assert_eq!(names(&[Stage::Clippy, Stage::Fmt, Stage::Clippy], false), ["fmt", "clippy"]);
    }

    #[test]
    fn the_summary_says_what_was_left_out() {
        let all = [Passed { stage: Stage::Fmt, left_out: None }];
        assert_eq!(summary(&all, Duration::from_millis(1250)), "passed: fmt in 1.2 s");
        let some = [Passed { stage: Stage::Deny, left_out: Some("advisories".into()) }];
        assert_eq!(summary(&some, Duration::from_secs(2)), "passed: deny in 2.0 s; left out: advisories");
    }
}
