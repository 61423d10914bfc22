//! `cargo xtask fuzz`: runs the targets of `fuzz/` one after the other, from seeds made of the fixtures.
//!
//! Cast: [`seeds`] writes the corpus that a target starts from; `cargo fuzz` builds and runs. An input that breaks something is kept under
//! `fuzz/artifacts/<target>`, and what was learnt stays under `fuzz/corpus/<target>` for the next run.

mod seeds;

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::process::{cargo, run as run_program, succeeds};

/// What to run, and how long.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only write the seeds.
    #[arg(long)]
    seeds_only: bool,
    /// The targets; all where none is named.
    targets: Vec<String>,
}

/// Runs the targets; stops at none, and fails at the end if one found something.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = root.join("fuzz");
    let all = targets(&folder)?;
    if let Some(unknown) = arguments.targets.iter().find(|name| !all.contains(name)) {
        bail!("there is no fuzz target {unknown}; there are: {}", all.join(", "));
    }
    let chosen = if arguments.targets.is_empty() { &all } else { &arguments.targets };
    for target in chosen {
        seeds::write(root, target)?;
    }
    if arguments.seeds_only {
        return Ok(ExitCode::SUCCESS);
    }
    ensure!(
        succeeds(&mut cargo(&["fuzz", "--version"])),
        "cargo-fuzz is missing; install it with `cargo install cargo-fuzz --locked`, and see fuzz/README.md"
    );
    let broken: Vec<&str> = chosen
        .iter()
        .filter(|target| run_one(&folder, target, arguments.seconds).is_err())
        .map(String::as_str)
        .collect();
    ensure!(broken.is_empty(), "these targets found something, see fuzz/artifacts: {}", broken.join(", "));
    Ok(ExitCode::SUCCESS)
}

/// The names of the targets: one file each.
fn targets(folder: &Path) -> anyhow::Result<Vec<String>> {
    let files = std::fs::read_dir(folder.join("targets")).context("could not list fuzz/targets")?;
    let names = files.filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

fn run_one(folder: &Path, target: &str, seconds: u64) -> anyhow::Result<()> {
    println!("fuzzing {target} for {seconds} s");
    run_program(&mut command(folder, target, seconds)).inspect_err(|error| println!("{error:#}"))
}

/// The sanitizer is left out: nothing here is unsafe, and without it the targets run about twice as fast on the pinned compiler.
fn command(folder: &Path, target: &str, seconds: u64) -> Command {
    let mut command = cargo(&["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"]);
    command.arg(folder).arg(target).arg("--");
    command.args([format!("-max_total_time={seconds}"), "-timeout=20".to_owned(), "-rss_limit_mb=4096".to_owned()]);
    let dictionary = folder.join(if target.starts_with("client") { "client.dict" } else { "sandbox.dict" });
    command.arg(format!("-dict={}", dictionary.display()));
    // Coverage counters are flags of the nightly compiler, which the pinned one takes when told so.
    command.env("RUSTC_BOOTSTRAP", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_file_and_a_binary() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("fuzz");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let names = targets(&folder).unwrap();
        assert!(names.iter().all(|name| manifest.contains(&format!("path = \"targets/{name}.rs\""))), "{names:?}");
        assert_eq!(manifest.matches("[[bin]]").count(), names.len());
    }

    #[test]
    fn a_target_runs_as_long_as_asked() {
        let command = command(Path::new("fuzz"), "client_values", 7);
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
        assert!(arguments.contains(&"-max_total_time=7".to_owned()), "{arguments:?}");
    }
}
