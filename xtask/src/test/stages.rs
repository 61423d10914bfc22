//! The checks, one by one.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::ensure;
use clap::ValueEnum;
use leadgate_postgres_server::{Fsync, SHARED, Server};

use super::advisories;
use crate::process::{cargo, run};
use crate::tidy;

/// One check. Its name on the command line is that of the variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Stage {
    Fmt,
    Tidy,
    Clippy,
    Fuzz,
    Doc,
    Deny,
    Nextest,
    Doctest,
}

impl Stage {
    /// In the order in which they run.
    pub(crate) const ALL: [Stage; 8] =
        [Stage::Fmt, Stage::Tidy, Stage::Clippy, Stage::Fuzz, Stage::Doc, Stage::Deny, Stage::Nextest, Stage::Doctest];

    /// As written on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Fmt => "fmt",
            Stage::Tidy => "tidy",
            Stage::Clippy => "clippy",
            Stage::Fuzz => "fuzz",
            Stage::Doc => "doc",
            Stage::Deny => "deny",
            Stage::Nextest => "nextest",
            Stage::Doctest => "doctest",
        }
    }

    /// For the header above its output.
    pub(crate) fn purpose(self) -> &'static str {
        match self {
            Stage::Fmt => "the sources are formatted",
            Stage::Tidy => "the house rules hold",
            Stage::Clippy => "the compiler and clippy have nothing to say",
            Stage::Fuzz => "the fuzz targets still compile",
            Stage::Doc => "the documentation builds without a warning",
            Stage::Deny => "dependencies, their licences and their sources are allowed",
            Stage::Nextest => "the tests pass",
            Stage::Doctest => "the examples in the documentation pass",
        }
    }

    /// Runs it; says what it had to leave out, if anything.
    pub(crate) fn run(self, root: &Path) -> anyhow::Result<Option<String>> {
        match self {
            Stage::Fmt => run(&mut cargo(&["fmt", "--all", "--", "--check"]))?,
            Stage::Tidy => ensure!(tidy::run(root)? == ExitCode::SUCCESS, "see the findings above"),
            Stage::Clippy => run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?,
            Stage::Fuzz => run(&mut check_fuzz_targets())?,
            Stage::Doc => run(cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?,
            Stage::Deny => return deny(),
            Stage::Nextest => nextest()?,
            Stage::Doctest => run(&mut cargo(&["test", "--doc", "--workspace"]))?,
        }
        Ok(None)
    }
}

/// The targets are a workspace of their own, so no other stage sees them. Nothing is linked: libFuzzer, which needs a C++ compiler, is said to be built.
fn check_fuzz_targets() -> Command {
    let mut command = cargo(&["check", "--locked", "--bins", "--manifest-path", "fuzz/Cargo.toml"]);
    command.args(["--target-dir", "target/fuzz-check"]).env("CUSTOM_LIBFUZZER_PATH", "/nowhere/libfuzzer.a");
    command
}

/// With one PostgreSQL server for the whole run: each test has a process of its own and would have to start one of its own.
fn nextest() -> anyhow::Result<()> {
    let server = Server::start(Fsync::Off);
    run(cargo(&["nextest", "run", "--workspace", "--profile", "ci"]).env(SHARED, server.url()))?;
    // Once more what goes through a whole gateway, on the other store.
    let mut again = cargo(&["nextest", "run", "-p", "leadgate", "-p", "leadgate-engine", "--profile", "postgres"]);
    run(again.env(SHARED, server.url()).env("LEADGATE_TEST_STORE", "postgres"))
}

fn deny() -> anyhow::Result<Option<String>> {
    run(&mut cargo(&["deny", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))?;
    advisories::check()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for stage in Stage::ALL {
            assert_eq!(Stage::from_str(stage.name(), false), Ok(stage));
        }
    }
}
