//! Speaks to a running gateway over HTTP, as an app would.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::app_keys;
use crate::config::{Effective, Settings};
use crate::exit::{Exit, Failure};
use crate::screen::harmless;

/// Longer than a gateway lets a caller wait.
const PATIENCE: Duration = Duration::from_secs(120);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Which gateway a command speaks to.
#[derive(Debug, Args)]
pub(crate) struct GatewayFlags {
    /// The gateway [default: this machine, at the configured address and port]
    #[arg(long, env = "LEADGATE_URL")]
    pub(crate) url: Option<String>,
}

/// A running gateway.
pub(crate) struct Remote {
    http: reqwest::Client,
    base: String,
    key: Option<SecretString>,
}

/// What a gateway answered.
#[derive(Clone, Debug)]
pub(crate) struct RemoteReply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// A request to a gateway.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) body: Option<Value>,
    pub(crate) idempotency_key: Option<&'a str>,
}

impl Ask<'_> {
    pub(crate) fn get(path: &str) -> Ask<'_> {
        Ask { method: Method::GET, path, body: None, idempotency_key: None }
    }

    pub(crate) fn post(path: &str) -> Ask<'_> {
        Ask { method: Method::POST, path, body: None, idempotency_key: None }
    }
}

impl Remote {
    /// The gateway that flags and settings mean, with the key that opens it.
    pub(crate) fn of(flags: &GatewayFlags, effective: &Effective) -> Result<Remote, Failure> {
        let settings = &effective.settings;
        let base = flags.url.clone().unwrap_or_else(|| settings.server.local_url()).trim_end_matches('/').to_owned();
        let http = client(&base, PATIENCE).context("setting up HTTP failed")?;
        Ok(Remote { http, base, key: key_for(settings)? })
    }

    /// The same gateway, with the key that opens its operator's API.
    pub(crate) fn of_operator(flags: &GatewayFlags, effective: &Effective) -> Result<Remote, Failure> {
        let key = effective.settings.access.operator_key.clone();
        Ok(Remote { key, ..Remote::of(flags, effective)? })
    }

    /// Makes one request and writes the answer's body out as it comes.
    pub(crate) async fn download(&self, path: &str, to: &mut (dyn std::io::Write + Send)) -> Result<(), Failure> {
        let mut request = self.http.get(format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let mut reply = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = reply.status().as_u16();
        if !reply.status().is_success() {
            let bytes = reply.bytes().await.map_err(|error| self.unreachable(&error))?;
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            return Err(RemoteReply { status, body }.refusal());
        }
        while let Some(chunk) = reply.chunk().await.map_err(|error| self.unreachable(&error))? {
            to.write_all(&chunk).context("writing the answer failed")?;
        }
        Ok(())
    }

    /// Makes one request.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<RemoteReply, Failure> {
        let mut request = self.http.request(ask.method, format!("{}{}", self.base, ask.path));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        if let Some(key) = ask.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        let reply = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = reply.status().as_u16();
        let bytes = reply.bytes().await.map_err(|error| self.unreachable(&error))?;
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
        Ok(RemoteReply { status, body })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let base = &self.base;
        let what = if error.is_connect() {
            format!(
                "no gateway answers at {base}: start one with `leadgate serve` or `leadgate dev`, or name it with --url"
            )
        } else if error.is_builder() {
            format!("{base} is no address of a gateway; give one such as http://127.0.0.1:3000")
        } else {
            format!(
                "the gateway at {base} did not answer: see its log, then `leadgate jobs list` for what became of it"
            )
        };
        Failure::new(Exit::Unreachable, anyhow!(what))
    }
}

impl RemoteReply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The exit code that a status means.
    pub(crate) fn exit(&self) -> Exit {
        match self.status {
            202 => Exit::NotYet,
            200..=299 => Exit::Done,
            400..=499 => Exit::Refused,
            502..=504 => Exit::Unreachable,
            _ => Exit::Failed,
        }
    }

    /// The reply, if it is a success; else a failure with the gateway's own sentence.
    pub(crate) fn successful(self) -> Result<Value, Failure> {
        if self.is_success() { Ok(self.body) } else { Err(self.refusal()) }
    }

    pub(crate) fn refusal(&self) -> Failure {
        let hint = if self.status == 401 { "; set LEADGATE_APP_KEY to a key that this gateway knows" } else { "" };
        Failure::new(self.exit(), anyhow!("the gateway answered {}: {}{hint}", self.status, self.sentence()))
    }

    fn sentence(&self) -> String {
        let said = ["detail", "error", "title", "message"].iter().find_map(|name| self.body.get(name)?.as_str());
        said.map_or_else(|| self.body.to_string(), harmless)
    }
}

/// The configured key, else the one that `leadgate dev` keeps in the data folder.
fn key_for(settings: &Settings) -> Result<Option<SecretString>, Failure> {
    match &settings.access.app_key {
        Some(key) => Ok(Some(key.clone())),
        None => Ok(app_keys::dev_key(&settings.store.data)?),
    }
}

/// A client for a server at this address that follows no redirects.
pub(crate) fn client(base: &str, patience: Duration) -> reqwest::Result<reqwest::Client> {
    // An error means that a provider was installed before, and any will do.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder()
        .timeout(patience)
        .connect_timeout(CONNECT_PATIENCE)
        .redirect(reqwest::redirect::Policy::none());
    // Over plain HTTP no certificates are needed, and reading the system's takes longer than the request.
    if base.starts_with("http://") { builder.no_proxy().tls_certs_only([]).build() } else { builder.build() }
}
