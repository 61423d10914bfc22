//! Servers under measurement, as child processes that end with their handle.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// The app key of every gateway that is started here.
pub(crate) const APP_KEY: &str = "bench-app-key-0123456789abcdef";
/// The key of every sandbox account that is started here.
pub(crate) const CRM_KEY: &str = "bench-crm-key";

/// The operator's key of gateways with many accounts.
pub(crate) const OPERATOR_KEY: &str = "bench-operator-key-0123456789";
/// What those seal secrets with: 32 bytes in base64, for these runs alone.
const MASTER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// The longest that a server may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// It knows how urgent a lead is.
    pub(crate) has_lanes: bool,
    /// From its start to its first answer.
    pub(crate) ready_after: Duration,
}

impl Server {
    async fn start(command: &mut Command, port: u16, ready: &str) -> anyhow::Result<Server> {
        let name = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.with_context(|| format!("starting {name}"))?;
        let mut server = Server { child, port, has_lanes: false, ready_after: Duration::ZERO };
        let client = reqwest::Client::builder().no_proxy().build()?;
        while started.elapsed() < READY_WITHIN {
            if client.get(format!("http://127.0.0.1:{port}{ready}")).send().await.is_ok() {
                server.ready_after = started.elapsed();
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("{name} did not answer on port {port} within 20 seconds")
    }

    /// The Express baseline; with an upstream it searches and creates there, without it answers from memory.
    pub(crate) async fn express(folder: &Path, upstream: Option<&Server>) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = Command::new("node");
        command.arg("server.js").current_dir(folder).env("PORT", port.to_string()).env("FRESHSALES_API_KEY", CRM_KEY);
        command.env_remove("UPSTREAM");
        if let Some(sandbox) = upstream {
            command.env("UPSTREAM", format!("http://127.0.0.1:{}/api", sandbox.port));
        }
        Server::start(&mut command, port, "/health").await
    }

    /// A sandbox account.
    pub(crate) async fn sandbox(leadgate: &Path, profile: &str, quota: &str) -> anyhow::Result<Server> {
        Server::sandbox_with(leadgate, profile, quota, 0).await
    }

    /// A sandbox account with so many contacts and what belongs to them.
    pub(crate) async fn sandbox_with(
        leadgate: &Path,
        profile: &str,
        quota: &str,
        contacts: usize,
    ) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(leadgate);
        command.args(["sandbox", "--subdomain", "acme", "--key", CRM_KEY, "--index-lag", "5s"]);
        command.args(["--profile", profile, "--quota", quota, "--port", &port.to_string()]);
        if contacts > 0 {
            command.args(["--records", &contacts.to_string()]);
        }
        Server::start(&mut command, port, "/").await
    }

    /// A gateway in front of a sandbox account, its store in `data`.
    pub(crate) async fn gateway(leadgate: &Path, crm: &str, data: &Path, limited: bool) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = serve(leadgate, crm, data, port);
        if !limited {
            without_limits(&mut command);
        }
        let mut server = Server::start(&mut command, port, "/health").await?;
        server.has_lanes = true;
        Ok(server)
    }

    /// The same without limits and with a rules file.
    pub(crate) async fn gateway_with_rules(
        leadgate: &Path,
        crm: &str,
        data: &Path,
        rules: &Path,
    ) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = serve(leadgate, crm, data, port);
        without_limits(&mut command);
        Server::start(command.env("LEADGATE_RULES", rules), port, "/health").await
    }

    /// A gateway whose store is where `store` says, an address of a database or `sqlite`. Each of its leads is a request of its own.
    pub(crate) async fn gateway_on(
        store: &str,
        (leadgate, crm, data): (&Path, &str, &Path),
        limited: bool,
    ) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = serve(leadgate, crm, data, port);
        command.env("LEADGATE__STORE__URL", store).env("LEADGATE__ENGINE__PACK_FROM", "1000000");
        if !limited {
            without_limits(&mut command);
        }
        Server::start(&mut command, port, "/ready").await
    }

    /// Sandbox accounts in one process, as a file lists them, without quota.
    pub(crate) async fn sandbox_of_many(leadgate: &Path, accounts: &Path) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(leadgate);
        command.args(["sandbox", "--subdomain", "acme", "--key", CRM_KEY, "--port", &port.to_string()]);
        command.arg("--accounts").arg(accounts);
        Server::start(&mut command, port, "/").await
    }

    /// A gateway without a default account and without limits, its stores in `data` or in a database.
    pub(crate) async fn gateway_of_many(leadgate: &Path, data: &Path, store: Option<&str>) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(leadgate);
        command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string(), "--data"]).arg(data);
        command.env_remove("FRESHSALES_API_KEY").env_remove("FRESHSALES_SUBDOMAIN");
        command.env("LEADGATE_OPERATOR_KEY", OPERATOR_KEY).env("LEADGATE_MASTER_KEY", MASTER_KEY);
        without_limits(&mut command);
        command.env("LEADGATE__INTAKE__BODY_LIMIT", "1048576");
        if let Some(store) = store {
            command.env("LEADGATE__STORE__URL", store);
        }
        Server::start(&mut command, port, "/health").await
    }

    /// The Flask baseline of notifications.
    pub(crate) async fn flask(environment: &Path) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(environment.join("bin/python"));
        command.arg("bench/flask/receiver.py").env("PORT", port.to_string());
        Server::start(&mut command, port, "/health").await
    }

    /// WireMock, whose stubs are told it afterwards.
    pub(crate) async fn wiremock(folder: &Path) -> anyhow::Result<Server> {
        let port = free_port()?;
        let jars =
            std::fs::read_dir(folder.join("node_modules/wiremock/build")).context("WireMock is not installed")?;
        let mut files = jars.filter_map(|file| Some(file.ok()?.path()));
        let jar = files.find(|file| file.extension().is_some_and(|kind| kind == "jar")).context("no WireMock here")?;
        let mut command = Command::new("java");
        command.arg("-jar").arg(jar).args(["--port", &port.to_string(), "--bind-address", "127.0.0.1"]);
        command.args(["--no-request-journal", "--disable-banner", "--use-chunked-encoding", "never"]);
        // It makes folders for its stubs where it is started.
        let scratch = tempfile::tempdir_in("target")?;
        command.arg("--root-dir").arg(scratch.path());
        Server::start(&mut command, port, "/__admin/health").await
    }

    /// localstripe, a stateful stand-in of another API.
    pub(crate) async fn localstripe(environment: &Path) -> anyhow::Result<Server> {
        let port = free_port()?;
        let environment = environment.canonicalize().context("localstripe is not installed")?;
        let mut command = Command::new(environment.join("bin/localstripe"));
        command.args(["--port", &port.to_string(), "--from-scratch"]).current_dir(&environment);
        Server::start(&mut command, port, "/").await
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in MiB.
    pub(crate) fn resident_mib(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good as ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `leadgate serve` in front of the account at `crm`, with a file in `data` as its store.
fn serve(leadgate: &Path, crm: &str, data: &Path, port: u16) -> Command {
    let mut command = Command::new(leadgate);
    command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string(), "--data"]).arg(data);
    command.env("FRESHSALES_API_KEY", CRM_KEY).env("FRESHSALES_SUBDOMAIN", crm).env("LEADGATE_APP_KEY", APP_KEY);
    command.env("LEADGATE__STORE__URL", "sqlite");
    command
}

fn without_limits(command: &mut Command) -> &mut Command {
    command.env("LEADGATE__BUDGET__PER_HOUR", "0").env("LEADGATE__BUDGET__PER_MINUTE", "0")
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
