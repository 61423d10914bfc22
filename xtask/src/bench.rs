//! `cargo xtask bench`: builds what is measured, installs the baseline, and runs the measurement.

use std::path::Path;
use std::process::{Command, ExitCode};

use clap::{Args, ValueEnum};

use crate::process;

/// What to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The measurement.
    what: What,
    /// Passed on to it, such as `--seconds 10 --rounds 5`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Durable accepts a second beside Express, and what leads cost the CRM's quota.
    Intake,
}

/// Builds, installs and measures.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let What::Intake = arguments.what;
    let (express, release) = (root.join("bench/express"), root.join("target/release"));
    process::run(&mut process::cargo(&["build", "--release", "--package", "leadgate", "--package", "leadgate-bench"]))?;
    process::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&express))?;
    let mut measure = Command::new(release.join("leadgate-bench"));
    measure.arg("intake").arg("--leadgate").arg(release.join("leadgate")).arg("--express").arg(&express);
    process::run(measure.args(&arguments.rest))?;
    Ok(ExitCode::SUCCESS)
}
