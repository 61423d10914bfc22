//! `leadgate health`: whether a gateway answers, for the health checks of containers, where there is no other program to ask with.
//!
//! It needs no key and reads no data. The exit code is 0 or 1 and nothing else, because container runtimes keep the others to themselves.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::json;

use super::Session;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::{self, GatewayFlags};

/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    gateway: GatewayFlags,
    /// Ask whether it can take submissions, not only whether it runs
    #[arg(long)]
    ready: bool,
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let unwell = |failure: Failure| Failure { exit: Exit::Failed, ..failure };
    let effective = session.settings(None, Vec::new()).map_err(unwell)?;
    let base = flags.gateway.url.unwrap_or_else(|| effective.settings.server.local_url());
    let url = format!("{}/{}", base.trim_end_matches('/'), if flags.ready { "ready" } else { "health" });
    let http = remote::client(&url, PATIENCE).context("setting up HTTP failed")?;
    let reply = http.get(&url).send().await.map_err(|error| unreachable(&url, &error))?;
    let status = reply.status();
    if !status.is_success() {
        return Err(
            anyhow!("{url} answered {}; see the log of the gateway, and `leadgate doctor`", status.as_u16()).into()
        );
    }
    session.screen.show(&json!({"url": url, "status": "ok"}), || format!("{} at {url}", session.screen.good("well")));
    Ok(Exit::Done)
}

fn unreachable(url: &str, error: &reqwest::Error) -> Failure {
    let what = if error.is_timeout() { "did not answer within five seconds" } else { "cannot be reached" };
    anyhow!("{url} {what}: is the gateway running, and at this port? PORT or --url names another").into()
}
