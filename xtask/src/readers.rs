//! `cargo xtask readers`: has Python's libraries read what the sinks write. Needs the package index of Python, so it is no part of the tests.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::process;

const FOLDER: &str = "crates/leadgate-warehouse/tests/readers";

/// Installs the libraries, publishes to every kind of sink and checks what they read.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let environment = root.join("target/readers");
    process::run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let mut install = Command::new(environment.join("bin/pip"));
    process::run(
        install.args(["install", "--quiet", "--requirement"]).arg(root.join(FOLDER).join("requirements.txt")),
    )?;
    let mut read = process::cargo(&["run", "--quiet", "--package", "leadgate-warehouse", "--example", "readers", "--"]);
    process::run(read.arg(environment.join("bin/python")).arg(root.join(FOLDER).join("check.py")))?;
    Ok(ExitCode::SUCCESS)
}
