//! The gateway: whether it runs, whether it is ready, and whether a request through its public address arrives at it.

use std::time::Duration;

use leadgate_core::doctor::observed::{GatewaySeen, Loopback, Readiness};
use serde_json::Value;

use super::nonce;
use crate::config::ServerSettings;
use crate::remote;

/// The world is further away than this machine, but not by more.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks, with four requests at most.
pub(crate) async fn look_at_gateway(settings: &ServerSettings) -> GatewaySeen {
    let local_url = settings.local_url();
    let readiness = readiness(&local_url).await;
    let public_url = settings.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    let loopback = match &public_url {
        Some(url) if readiness != Readiness::NotRunning => Some(loop_back(&local_url, url).await),
        _ => None,
    };
    GatewaySeen { local_url, readiness, public_url, loopback }
}

/// Another program at the port is no gateway.
async fn readiness(local_url: &str) -> Readiness {
    match get(local_url, "/health").await {
        Some((200, body)) if body["status"] == "ok" => match get(local_url, "/ready").await {
            Some((200, _)) => Readiness::Ready,
            Some((status, _)) => Readiness::NotReady(status),
            None => Readiness::NotRunning,
        },
        _ => Readiness::NotRunning,
    }
}

/// Only the gateway itself knows which process it is, and only a fresh answer repeats the nonce.
async fn loop_back(local_url: &str, public_url: &str) -> Loopback {
    let inside = get(local_url, &format!("/loopback/{}", nonce())).await;
    let sent = nonce();
    match get(public_url, &format!("/loopback/{sent}")).await {
        None => Loopback::Nothing,
        Some((_, body)) if body["nonce"] == sent.as_str() => match inside {
            Some((_, inside)) if inside["instance"] == body["instance"] => Loopback::Arrived,
            _ => Loopback::OtherGateway,
        },
        Some((status, _)) => Loopback::Elsewhere(status),
    }
}

async fn get(base: &str, path: &str) -> Option<(u16, Value)> {
    let http = remote::client(base, PATIENCE).ok()?;
    let reply = http.get(format!("{base}{path}")).send().await.ok()?;
    let status = reply.status().as_u16();
    let bytes = reply.bytes().await.ok()?;
    Some((status, serde_json::from_slice(&bytes).unwrap_or_default()))
}
