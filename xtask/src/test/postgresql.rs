//! PostgreSQL, which the tests of tables in it start themselves. Only its programs are needed, no running server.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::process::{run, succeeds};

/// Where Debian and Ubuntu keep them, a folder for each version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Installs it where it is missing and the system's package manager is apt.
pub(crate) fn prepare() -> anyhow::Result<()> {
    if is_installed(Path::new(VERSIONS)) {
        return Ok(());
    }
    if !succeeds(Command::new("apt-get").arg("--version")) {
        bail!(
            "PostgreSQL is missing: {VERSIONS}/VERSION/bin/initdb is looked for; install its server programs and link them there"
        );
    }
    println!("PostgreSQL is missing: installing it with apt-get");
    let missing = "PostgreSQL is missing; install it by hand: sudo apt-get install postgresql";
    run(&mut apt_get(&["update", "--quiet"])).context(missing)?;
    run(&mut apt_get(&["install", "--quiet", "--yes", "--no-install-recommends", "postgresql"])).context(missing)
}

fn is_installed(versions: &Path) -> bool {
    let found = std::fs::read_dir(versions).into_iter().flatten().flatten();
    found.into_iter().any(|version| version.path().join("bin/initdb").exists())
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = if is_root() { Command::new("apt-get") } else { Command::new("sudo") };
    if !is_root() {
        command.arg("apt-get");
    }
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    let asked = Command::new("id").arg("-u").output();
    asked.is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_version_holds_no_server() {
        assert!(!is_installed(Path::new(env!("CARGO_MANIFEST_DIR"))));
        assert!(!is_installed(Path::new("/nowhere")));
    }

    #[test]
    fn packages_are_installed_without_questions() {
        let command = apt_get(&["install", "postgresql"]);
        assert!(command.get_envs().any(|(name, value)| name == "DEBIAN_FRONTEND" && value.is_some()));
    }
}
