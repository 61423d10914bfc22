//! What the stages need beyond Rust itself: a C compiler, two components, two programs and PostgreSQL,
//! installed when missing.

use std::process::Command;

use anyhow::{Context, bail};

use super::postgresql;
use super::stages::Stage;
use crate::process::{cargo, run, succeeds};

/// A program from the package registry.
///
/// It is built in the development profile: what it does takes no time that counts, and its release profile (one code unit, full link-time
/// optimisation) takes many times longer to build.
struct Program {
    /// The package, and the name of its executable.
    package: &'static str,
    /// As in `cargo <subcommand>`.
    subcommand: &'static str,
    version: &'static str,
    /// How to build less of it.
    features: &'static [&'static str],
}

const NEXTEST: Program = Program {
    package: "cargo-nextest",
    subcommand: "nextest",
    version: "0.9.151",
    features: &["--no-default-features", "--features", "default-no-update"],
};

const DENY: Program = Program { package: "cargo-deny", subcommand: "deny", version: "0.20.2", features: &[] };

/// Makes sure that everything `stages` need is there.
pub(crate) fn prepare(stages: &[Stage]) -> anyhow::Result<()> {
    if stages.iter().any(|stage| compiles(*stage)) {
        check_c_compiler()?;
    }
    for stage in stages {
        match stage {
            Stage::Fmt => prepare_component("fmt", "rustfmt")?,
            Stage::Clippy => prepare_component("clippy", "clippy")?,
            Stage::Deny => prepare_program(&DENY)?,
            Stage::Nextest => {
                prepare_program(&NEXTEST)?;
                postgresql::prepare()?;
            }
            Stage::Tidy | Stage::Fuzz | Stage::Doc | Stage::Doctest => {}
        }
    }
    Ok(())
}

fn compiles(stage: Stage) -> bool {
    matches!(stage, Stage::Clippy | Stage::Fuzz | Stage::Doc | Stage::Nextest | Stage::Doctest)
}

#[expect(clippy::disallowed_methods, reason = "CC is a convention between build scripts, not a setting of Leadgate")]
fn check_c_compiler() -> anyhow::Result<()> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    // The variable may carry flags or a wrapper, as in `ccache cc`.
    let mut words = compiler.split_whitespace();
    let program = words.next().context("CC is set but empty; unset it or name a C compiler")?;
    if !succeeds(Command::new(program).args(words).arg("--version")) {
        bail!(
            "no C compiler answers to `{compiler}`, and SQLite is built from C; on Debian or Ubuntu: sudo apt-get install build-essential"
        );
    }
    Ok(())
}

fn prepare_component(subcommand: &str, component: &str) -> anyhow::Result<()> {
    if succeeds(&mut cargo(&[subcommand, "--version"])) {
        return Ok(());
    }
    println!("{component} is missing: adding it with rustup");
    run(Command::new("rustup").args(["component", "add", component])).with_context(|| {
        format!("{component} is missing; install Rust with rustup, or {component} as your system packages it")
    })
}

fn prepare_program(program: &Program) -> anyhow::Result<()> {
    if succeeds(&mut cargo(&[program.subcommand, "--version"])) {
        return Ok(());
    }
    let Program { package, version, .. } = program;
    println!("{package} is missing: building {version} from source, once");
    run(&mut install_command(program))
        .with_context(|| format!("could not install {package}; do it by hand and run this again"))
}

fn install_command(program: &Program) -> Command {
    let mut command = cargo(&["install", "--locked", "--debug", "--version", program.version, program.package]);
    command.args(program.features).env("CARGO_PROFILE_DEV_DEBUG", "0");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installs_a_pinned_version_from_its_own_lock_file() {
        let command = install_command(&DENY);
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        assert_eq!(arguments, ["install", "--locked", "--debug", "--version", "0.20.2", "cargo-deny"]);
    }

    #[test]
    fn formatting_alone_needs_no_compiler() {
        assert!(!compiles(Stage::Fmt) && !compiles(Stage::Tidy) && !compiles(Stage::Deny));
        assert!(compiles(Stage::Nextest));
    }
}
