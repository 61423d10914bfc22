//! Starts the binary: to its end, or until the test is over.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::databases::store_of;

/// The binary in a folder, with nothing of the tester's environment, but on the kind of store that the whole run is on.
pub(crate) fn leadgate(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadgate"));
    command.current_dir(folder).args(arguments).env_clear().envs(variables.iter().copied()).stdin(Stdio::null());
    if let Some(url) = store_of(folder, arguments, variables) {
        command.env("LEADGATE__STORE__DATABASE", url);
    }
    command
}

/// What a command that ended has left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let output = leadgate(folder, arguments, variables).output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A process that runs until it is ended or dropped.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// What it said when it was ready.
    pub(crate) ready: Value,
}

impl Running {
    /// Starts a command with `--json` and waits for its first line.
    pub(crate) fn start(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        Running::spawn(leadgate(folder, arguments, variables))
    }

    /// Starts a prepared command with `--json` and waits for its first line.
    pub(crate) fn spawn(mut command: Command) -> Running {
        let mut child = command.arg("--json").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{command:?} was not ready: {line}"));
        Running { child, lines, ready }
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.ready[name].as_str().unwrap().to_owned()
    }

    /// The next line it prints.
    pub(crate) fn next_line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Asks it to end; returns what it has printed since it was ready.
    pub(crate) fn terminate_and_read(mut self) -> String {
        self.signal_end();
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        rest
    }

    /// Asks it to end, as a platform does, and waits.
    pub(crate) fn terminate(self) -> ExitStatus {
        self.signal_end();
        self.wait()
    }

    /// Asks it to end, and waits for nothing.
    pub(crate) fn signal_end(&self) {
        self.signal("-TERM");
    }

    /// Sends it a signal, by its name with a dash.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request: status and JSON body.
pub(crate) fn request(method: &str, url: &str, key: Option<&str>, body: Option<Value>) -> (u16, Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let mut request = http.request(method.parse().unwrap(), url);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let reply = request.send().await.unwrap();
        let status = reply.status().as_u16();
        let text = reply.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    })
}
