//! The house's own commands, run as `cargo xtask <command>`.
//!
//! Cast: [`tidy`] holds the rules that the compiler and clippy cannot; [`mod@test`] runs everything that must pass before a change is
//! taken, and installs what that needs. [`mod@bench`] measures. [`fuzz`] looks for inputs that break a parser. [`fixtures`] counts
//! what the examples prove. [`readers`] has other programs read what the sinks write. [`process`] starts other programs for them.
#![expect(clippy::print_stdout, reason = "the output of these commands is for the person at the terminal")]

mod bench;
mod fixtures;
mod fuzz;
mod process;
mod readers;
mod test;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

/// Commands for people who work on Leadgate.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the house rules: dependency directions, sizes, words.
    Tidy,
    /// Set up what is missing, then run every check and every test.
    Test(test::Arguments),
    /// Measure Leadgate beside a baseline, in one run.
    Bench(bench::Arguments),
    /// Look for inputs that make a parser of the client or the sandbox fail.
    Fuzz(fuzz::Arguments),
    /// Count the example replies that client and sandbox reproduce.
    Fixtures,
    /// Have Python's libraries read what the sinks write.
    Readers,
}

fn main() -> anyhow::Result<ExitCode> {
    let command = Arguments::parse().command;
    let root = workspace_root()?;
    std::env::set_current_dir(root).with_context(|| format!("could not enter {}", root.display()))?;
    match command {
        Command::Tidy => tidy::run(root),
        Command::Test(arguments) => test::run(root, &arguments),
        Command::Bench(arguments) => bench::run(root, &arguments),
        Command::Fuzz(arguments) => fuzz::run(root, &arguments),
        Command::Fixtures => fixtures::run(root),
        Command::Readers => readers::run(root),
    }
}

fn workspace_root() -> anyhow::Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the xtask crate has no parent folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_cargo_run_starts_the_gateway() {
        let metadata =
            cargo_metadata::MetadataCommand::new().current_dir(workspace_root().unwrap()).no_deps().exec().unwrap();
        let binaries = metadata.workspace_default_packages().into_iter().flat_map(|package| &package.targets);
        let names: Vec<&str> = binaries.filter(|target| target.is_bin()).map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["leadgate"]);
    }
}
