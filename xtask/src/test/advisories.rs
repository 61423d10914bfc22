//! Known vulnerabilities among the dependencies. The list of them lives on GitHub, which not every machine reaches; where it does not,
//! the check is left out and said to be.

use std::io::Read;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;

use crate::process::{cargo, run};

/// A firewall that drops packets would otherwise hold the fetch for minutes.
const FETCH_PATIENCE: Duration = Duration::from_secs(90);

/// Checks the dependencies; answers what was left out if the list could not be fetched.
pub(crate) fn check() -> anyhow::Result<Option<String>> {
    if let Err(reason) = fetch(cargo(&["deny", "fetch", "db"]), FETCH_PATIENCE) {
        println!("advisories are NOT checked: their database could not be fetched: {reason:#}");
        return Ok(Some("advisories (database out of reach)".into()));
    }
    run(&mut cargo(&["deny", "check", "--disable-fetch", "advisories"]))?;
    Ok(None)
}

fn fetch(mut command: Command, patience: Duration) -> anyhow::Result<()> {
    let command =
        command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().context("could not start the fetch")?;
    let stderr = child.stderr.take().context("the fetch has no error output")?;
    let complaint = read_until(stderr, patience);
    finish(&mut child, complaint)
}

/// What a program writes until it ends; none if it takes longer than `patience`.
fn read_until(mut stderr: ChildStderr, patience: Duration) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut written = Vec::new();
        // What could be read before an error is all there is to show.
        let _ = stderr.read_to_end(&mut written);
        let _ = sender.send(String::from_utf8_lossy(&written).into_owned());
    });
    receiver.recv_timeout(patience).ok()
}

fn finish(child: &mut Child, complaint: Option<String>) -> anyhow::Result<()> {
    let Some(complaint) = complaint else {
        child.kill().context("could not stop the fetch")?;
        child.wait().context("could not stop the fetch")?;
        anyhow::bail!("it took too long");
    };
    let status = child.wait().context("could not wait for the fetch")?;
    let last_line = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    anyhow::ensure!(status.success(), "{}", last_line.trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_fetch_that_works_is_no_reason_to_leave_anything_out() {
        fetch(shell("echo done >&2"), Duration::from_secs(20)).unwrap();
    }

    #[test]
    fn a_fetch_that_fails_gives_its_last_words() {
        let error = fetch(shell("echo first >&2; echo 'no such host' >&2; echo >&2; exit 1"), Duration::from_secs(20))
            .unwrap_err();
        assert_eq!(error.to_string(), "no such host");
    }

    #[test]
    fn a_fetch_that_hangs_is_ended() {
        let error = fetch(shell("exec sleep 600"), Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.to_string(), "it took too long");
    }
}
