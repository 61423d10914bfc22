//! What leads cost: requests to the CRM for a new lead, for its repeat, and for a burst of a thousand; and how many leads a double click makes.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::intake::Setting;
use crate::server::{APP_KEY, Server};

const BURST: u32 = 1_000;
/// Identical posts at once.
const CLICKS: usize = 50;

/// Requests made for each.
struct Cost {
    new: u64,
    repeat: u64,
    burst: u64,
    /// People that came of fifty identical posts at once, a tenth of whose answers the CRM cut off.
    clicked: u64,
}

pub(crate) async fn run(setting: &Setting) -> anyhow::Result<()> {
    println!("cost: requests to the CRM per new lead, per repeat, and per burst of {BURST}");
    println!("and the people that came of {CLICKS} identical posts at once, with a tenth of the CRM's answers cut off");
    println!("{:<24} {:>8} {:>8} {:>8} {:>8}", "", "new", "repeat", "burst", "people");
    let express = {
        let sandbox = Server::sandbox(&setting.leadgate, "tutorial", "off").await?;
        let server = Server::express(&setting.express, Some(&sandbox)).await?;
        measure(&server, &sandbox).await?
    };
    print_row("express, classic", &express);
    for (profile, path) in [("classic", "/api"), ("suite", "/crm/sales/api")] {
        let folder = tempfile::tempdir_in("target")?;
        let sandbox = Server::sandbox(&setting.leadgate, profile, "off").await?;
        let crm = format!("http://127.0.0.1:{}{path}", sandbox.port);
        let server = gateway(&setting.leadgate, &crm, folder.path()).await?;
        print_row(&format!("leadgate, {profile}"), &measure(&server, &sandbox).await?);
    }
    Ok(())
}

async fn gateway(leadgate: &Path, crm: &str, data: &Path) -> anyhow::Result<Server> {
    Server::gateway(leadgate, crm, data, false).await
}

async fn measure(server: &Server, sandbox: &Server) -> anyhow::Result<Cost> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    slow_down(&client, sandbox).await?;
    // What is read once and kept (the account's kind and names) is not a lead's cost.
    post(&client, server, "warm@example.com", Patience::Waits).await?;
    let start = requests(&client, sandbox).await?;
    post(&client, server, "new@example.com", Patience::Waits).await?;
    let after_new = requests(&client, sandbox).await?;
    post(&client, server, "NEW@example.com", Patience::Waits).await?;
    let after_repeat = requests(&client, sandbox).await?;
    burst(&client, server).await?;
    wait_for_people(&client, sandbox, BURST + 2).await?;
    let after_burst = settled_requests(&client, sandbox).await?;
    let clicked = double_click(&client, server, sandbox).await?;
    Ok(Cost { new: after_new - start, repeat: after_repeat - after_new, burst: after_burst - after_repeat, clicked })
}

async fn double_click(client: &reqwest::Client, server: &Server, sandbox: &Server) -> anyhow::Result<u64> {
    let before = people(client, sandbox).await?;
    set_faults(client, sandbox, &json!([{ "kind": "commit_then_cut", "probability": 0.1 }])).await?;
    let posts = (0..CLICKS).map(|_| post(client, server, "clicked@example.com", Patience::Waits));
    // A server that passes the CRM's trouble on answers an error; what counts is what is in the account.
    drop(futures::future::join_all(posts).await);
    settled_requests(client, sandbox).await?;
    Ok(people(client, sandbox).await? - before)
}

/// Answers of the CRM take a while, as they do over a network: without that no burst ever piles up.
async fn slow_down(client: &reqwest::Client, sandbox: &Server) -> anyhow::Result<()> {
    let slow = json!([{ "kind": "slow_body", "chunk_bytes": 1_000_000, "pause_milliseconds": 100 }]);
    set_faults(client, sandbox, &slow).await
}

async fn set_faults(client: &reqwest::Client, sandbox: &Server, faults: &Value) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{}/__sandbox/faults", sandbox.port);
    client.put(url).json(&json!({ "faults": faults })).send().await?.error_for_status()?;
    Ok(())
}

/// Posts all of the burst, 64 at a time.
async fn burst(client: &reqwest::Client, server: &Server) -> anyhow::Result<()> {
    let emails: Vec<String> = (0..BURST).map(|number| format!("burst{number}@example.com")).collect();
    for some in emails.chunks(64) {
        let posts = some.iter().map(|email| post(client, server, email, Patience::Leaves));
        futures::future::try_join_all(posts).await?;
    }
    Ok(())
}

/// Whether the caller waits for the outcome.
#[derive(Clone, Copy)]
enum Patience {
    Waits,
    Leaves,
}

/// A lead that somebody waits for, in the guide's words; or one of an import, which the gateway knows by its lane.
async fn post(client: &reqwest::Client, server: &Server, email: &str, patience: Patience) -> anyhow::Result<()> {
    let guide = json!({ "email": email, "firstName": "Ada", "source": "Web" });
    let import = json!({ "email": email, "first_name": "Ada", "source": "Web", "lane": "bulk" });
    let (path, prefer, body) = match patience {
        Patience::Leaves if server.has_lanes => ("/v1/leads", "respond-async", import),
        Patience::Leaves => ("/leads", "respond-async", guide),
        Patience::Waits => ("/leads", "wait=20", guide),
    };
    let request = client.post(format!("http://127.0.0.1:{}{path}", server.port)).json(&body);
    let answer = request.bearer_auth(APP_KEY).header("prefer", prefer).send().await?;
    if !answer.status().is_success() {
        bail!("a lead was answered {}", answer.status());
    }
    Ok(())
}

async fn state(client: &reqwest::Client, sandbox: &Server) -> anyhow::Result<Value> {
    let url = format!("http://127.0.0.1:{}/__sandbox", sandbox.port);
    Ok(client.get(url).send().await?.json().await?)
}

pub(crate) async fn requests(client: &reqwest::Client, sandbox: &Server) -> anyhow::Result<u64> {
    state(client, sandbox).await?["requests"].as_u64().context("the sandbox does not say how many requests it saw")
}

/// The count once nothing more comes: bulk work is followed to its end after the people are there.
async fn settled_requests(client: &reqwest::Client, sandbox: &Server) -> anyhow::Result<u64> {
    let mut last = requests(client, sandbox).await?;
    loop {
        tokio::time::sleep(Duration::from_secs(15)).await;
        let now = requests(client, sandbox).await?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
}

pub(crate) async fn people(client: &reqwest::Client, sandbox: &Server) -> anyhow::Result<u64> {
    let state = state(client, sandbox).await?;
    let count = |kind: &str| state["records"][kind]["live"].as_u64().unwrap_or(0);
    Ok(count("leads") + count("contacts"))
}

async fn wait_for_people(client: &reqwest::Client, sandbox: &Server, wanted: u32) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(180);
    while Instant::now() < deadline {
        if people(client, sandbox).await? >= u64::from(wanted) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("not all of the burst landed within three minutes")
}

fn print_row(name: &str, cost: &Cost) {
    println!("{name:<24} {:>8} {:>8} {:>8} {:>8}", cost.new, cost.repeat, cost.burst, cost.clicked);
}
