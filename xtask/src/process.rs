//! Other programs, started so that they behave as if a person had typed them.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// `cargo` with `arguments`.
///
/// `cargo xtask` is itself a `cargo run`, which describes the xtask package in environment variables. Build scripts that watch those
/// variables (ring's does) would run again on each change between the two, so they are taken away here.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_the_running_package) {
            command.env_remove(name);
        }
    }
    command
}

fn describes_the_running_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_") || variable == "CARGO_BIN_NAME"
}

/// Runs to the end with this terminal's output; an error if it could not start or did not succeed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = describe(command);
    let status = command.status().with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Whether the command starts and succeeds; what it prints is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(error.to_string().contains("`sh -c exit 3` ended with"), "{error}");
    }

    #[test]
    fn a_missing_program_is_an_error_that_names_it() {
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(error.to_string().contains("could not start `no-such-program-here`"), "{error}");
    }

    #[test]
    fn cargo_is_not_told_about_the_running_package() {
        let command = cargo(&["check"]);
        let kept: Vec<_> = command.get_envs().filter(|(_, value)| value.is_some()).collect();
        assert!(kept.is_empty(), "{kept:?}");
        assert!(command.get_envs().any(|(name, _)| name == "CARGO_MANIFEST_DIR"), "tests run with it set");
    }
}
