//! The baseline: `jobs.js`, which adds jobs to PostgreSQL and works on them with graphile-worker.

use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::Setting;
use crate::server::{CRM_KEY, Server};

/// Jobs that a worker with a local queue fetches at once.
const LOCAL_QUEUE: usize = 64;

/// How a worker fetches jobs and tells their ends.
#[derive(Clone, Copy)]
pub(super) enum Fetching {
    /// Each by itself, as it does unless it is told otherwise.
    OneByOne,
    /// Many at once, from a queue in the worker.
    LocalQueue,
}

/// The version that its lock file names.
pub(super) fn version(setting: &Setting) -> anyhow::Result<String> {
    let file = setting.graphile_worker.join("node_modules/graphile-worker/package.json");
    let text = std::fs::read_to_string(file).context("graphile-worker is not installed")?;
    let package: Value = serde_json::from_str(&text)?;
    Ok(package["version"].as_str().context("graphile-worker tells no version")?.to_owned())
}

pub(super) fn node_version() -> anyhow::Result<String> {
    let output = Command::new("node").arg("--version").output().context("starting node")?;
    Ok(format!("Node {}", String::from_utf8_lossy(&output.stdout).trim()))
}

/// `jobs.js` on a database.
pub(super) struct Script<'a> {
    pub(super) setting: &'a Setting,
    pub(super) database: String,
}

impl Script<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("node");
        command.arg("jobs.js").args(arguments).current_dir(&self.setting.graphile_worker);
        command.env("POSTGRES", &self.database).env("NODE_ENV", "production").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let status = self.command(arguments).status().context("starting node")?;
        ensure!(status.success(), "`jobs.js {}` failed: {status}", arguments.join(" "));
        Ok(())
    }

    /// Makes the tables.
    pub(super) fn prepare(&self) -> anyhow::Result<()> {
        self.run(&["prepare"])
    }

    /// Adds so many jobs in one statement.
    pub(super) fn fill(&self, jobs: u64) -> anyhow::Result<()> {
        self.run(&["fill", &jobs.to_string()])
    }

    /// Jobs added a second by so many processes, which share so many calls at once.
    pub(super) fn added_per_second(&self, processes: usize, at_once: usize) -> anyhow::Result<f64> {
        let seconds = self.setting.seconds.to_string();
        let mut children = Vec::new();
        for place in 0..processes {
            let own = at_once / processes + usize::from(place < at_once % processes);
            let mut command = self.command(&["add", &seconds, &own.to_string(), &format!("p{place}")]);
            children.push(command.stdout(Stdio::piped()).spawn().context("starting node")?);
        }
        children.into_iter().map(added_per_second).sum()
    }

    /// A process that works on jobs, each a request to the sandbox account.
    pub(super) fn work(&self, sandbox: &Server, at_once: usize, fetching: Fetching) -> anyhow::Result<Worker> {
        let (at_once, local_queue) = (at_once.to_string(), LOCAL_QUEUE.to_string());
        let mut command = match fetching {
            Fetching::OneByOne => self.command(&["work", &at_once]),
            Fetching::LocalQueue => self.command(&["work", &at_once, &local_queue]),
        };
        command.env("UPSTREAM", format!("http://127.0.0.1:{}/crm/sales/api", sandbox.port));
        command.env("FRESHSALES_API_KEY", CRM_KEY).stdout(Stdio::null());
        Ok(Worker(command.spawn().context("starting node")?))
    }
}

fn added_per_second(child: Child) -> anyhow::Result<f64> {
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "`jobs.js add` failed: {}", output.status);
    let said: Value = serde_json::from_slice(&output.stdout).context("reading what `jobs.js add` says")?;
    let number = |name: &str| said[name].as_f64().with_context(|| format!("`jobs.js add` does not say {name}"));
    Ok(number("added")? / number("seconds")?)
}

/// A worker; it is ended when this is dropped.
pub(super) struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // Already gone is as good as ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
