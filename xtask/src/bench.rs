//! `cargo xtask bench`: builds what is measured, installs the baseline, and runs the measurement.

use std::path::{Path, PathBuf};
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
    /// Durable notifications a second beside Flask (Python 3), and how long deliveries take.
    Hooks,
    /// The sandbox account beside localstripe (Python 3) and WireMock (Node and a Java runtime).
    Sandbox,
    /// Accepts and jobs a second on both stores beside graphile-worker (Node and PostgreSQL), and what accepts cost with many rows behind them.
    Scale,
    /// Many accounts in one gateway, in front of as many sandbox accounts.
    Accounts,
    /// A copy of contacts in Parquet files, beside dlt (Python 3).
    Sync,
}

/// Builds, installs and measures.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let release = root.join("target/release");
    process::run(&mut process::cargo(&["build", "--release", "--package", "leadgate", "--package", "leadgate-bench"]))?;
    let mut measure = Command::new(release.join("leadgate-bench"));
    match arguments.what {
        What::Intake => measure.arg("intake").arg("--express").arg(npm_folder(root, "express")?),
        What::Hooks => measure.arg("hooks").arg("--flask").arg(python_environment(root, "flask")?),
        What::Scale => measure.arg("scale").arg("--graphile-worker").arg(npm_folder(root, "graphile-worker")?),
        What::Sync => measure.arg("sync").arg("--dlt").arg(python_environment(root, "dlt")?),
        What::Accounts => measure.arg("accounts"),
        What::Sandbox => {
            measure.arg("sandbox").arg("--wiremock").arg(npm_folder(root, "wiremock")?);
            measure.arg("--localstripe").arg(python_environment(root, "localstripe")?)
        }
    };
    process::run(measure.arg("--leadgate").arg(release.join("leadgate")).args(&arguments.rest))?;
    Ok(ExitCode::SUCCESS)
}

/// The folder of a baseline, with what its lock file names installed.
fn npm_folder(root: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let folder = root.join("bench").join(name);
    process::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    Ok(folder)
}

/// A Python environment with what the baseline's requirements name.
fn python_environment(root: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let environment = root.join("target/bench").join(name);
    process::run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let requirements = root.join("bench").join(name).join("requirements.txt");
    let mut install = Command::new(environment.join("bin/pip"));
    process::run(install.args(["install", "--quiet", "--requirement"]).arg(requirements))?;
    Ok(environment)
}
