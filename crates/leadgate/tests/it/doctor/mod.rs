//! `leadgate doctor`: in each state of an account and a machine, what the real binary says. The transcripts are those in `docs/doctor.md`.

mod document;
mod safety;
mod states;

use std::path::Path;

use freshsales_sandbox::{Generation, Plan, Profile, Sandbox, SandboxConfig};
use tokio::runtime::Runtime;

use crate::process::{Ended, run};

/// An account and a machine for one run of the doctor.
pub(crate) struct Patient {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: tempfile::TempDir,
    /// Serves the account.
    _runtime: Runtime,
    /// What differs from the usual environment.
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) arguments: Vec<&'static str>,
}

impl Patient {
    /// A healthy one: a Suite account on the smallest plan whose index does not lag.
    pub(crate) fn new() -> Patient {
        Patient::of(Profile::Suite)
    }

    pub(crate) fn of(profile: Profile) -> Patient {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let config = SandboxConfig {
            profile,
            plan: Plan::Growth,
            index_lag: std::time::Duration::ZERO,
            ..SandboxConfig::default()
        };
        let sandbox = runtime.block_on(Sandbox::start(config, ([127, 0, 0, 1], 0).into())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Patient { sandbox, folder, _runtime: runtime, variables: Vec::new(), arguments: Vec::new() }
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.variables.push((name, value.into()));
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the doctor to its end.
    pub(crate) fn doctor(&self) -> Ended {
        self.leadgate(&["doctor"])
    }

    /// Runs a command in this environment, with the arguments added.
    pub(crate) fn leadgate(&self, command: &[&str]) -> Ended {
        let usual = [
            ("FRESHSALES_API_KEY", "sandbox-key".to_owned()),
            ("FRESHSALES_SUBDOMAIN", self.sandbox.root_url()),
            ("PORT", "1".to_owned()),
        ];
        let mut variables: Vec<(&str, &str)> = usual.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for (name, value) in &self.variables {
            variables.retain(|(other, _)| other != name);
            variables.push((name, value));
        }
        let arguments: Vec<&str> = command.iter().chain(&self.arguments).copied().collect();
        run(self.folder(), &arguments, &variables)
    }

    pub(crate) fn url(&self, generation: Generation) -> String {
        self.sandbox.url(generation)
    }
}
