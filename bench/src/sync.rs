//! Copying a list of contacts into Parquet files, beside a dlt pipeline that reads the same account into the same kind of file: rows a second,
//! requests, and peak memory. Each runs in a process of its own, from nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::cost::requests;
use crate::intake::median;
use crate::server::{CRM_KEY, Server};

/// How often the memory of a process is looked at.
const LOOK: Duration = Duration::from_millis(5);

pub(crate) struct Setting {
    pub(crate) leadgate: PathBuf,
    /// A Python environment with dlt.
    pub(crate) dlt: PathBuf,
    pub(crate) rows: usize,
    pub(crate) rounds: usize,
    /// Whether dlt runs too: with very many rows it takes long.
    pub(crate) alone: bool,
}

#[derive(Default)]
struct Figures {
    rows_per_second: Vec<f64>,
    requests: Vec<f64>,
    peak_mib: Vec<f64>,
}

impl Figures {
    fn print(&self, name: &str) {
        let [rows, requests, peak] =
            [&self.rows_per_second, &self.requests, &self.peak_mib].map(|values| median(values));
        println!("{name:<12} {rows:>12.0} {requests:>10.0} {peak:>12.1}");
    }
}

pub(crate) async fn run(setting: &Setting) -> anyhow::Result<()> {
    println!("sync: {} contacts into Parquet; median of {} rounds", setting.rows, setting.rounds);
    println!("{:<12} {:>12} {:>10} {:>12}", "", "rows/s", "requests", "peak MiB");
    let (mut ours, mut theirs) = (Figures::default(), Figures::default());
    let sandbox = Server::sandbox_with(&setting.leadgate, "suite", "off", setting.rows).await?;
    for _ in 0..setting.rounds {
        let folder = tempfile::tempdir_in("target")?;
        let command = leadgate(setting, &sandbox, folder.path());
        measure(setting, &sandbox, command, &mut ours).await?;
        ensure!(folder.path().join("out/contacts.parquet").is_file(), "leadgate wrote no contacts");
        if !setting.alone {
            let folder = tempfile::tempdir_in("target")?;
            let command = dlt(setting, &sandbox, folder.path()).await?;
            measure(setting, &sandbox, command, &mut theirs).await?;
        }
    }
    ours.print("leadgate");
    if !setting.alone {
        theirs.print("dlt");
        let ratio = median(&ours.rows_per_second) / median(&theirs.rows_per_second);
        let memory = median(&ours.peak_mib) / median(&theirs.peak_mib);
        println!("{ratio:.1} × the rows a second of dlt in {memory:.2} × its memory");
    }
    Ok(())
}

/// Runs a program to its end.
async fn measure(
    setting: &Setting,
    sandbox: &Server,
    mut command: Command,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let before = requests(&client, sandbox).await?;
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("starting the program")?;
    let mut peak = 0.0_f64;
    let status = loop {
        peak = peak_mib(child.id()).unwrap_or(0.0).max(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        tokio::time::sleep(LOOK).await;
    };
    let seconds = started.elapsed().as_secs_f64();
    ensure!(status.success(), "the program failed: {status}");
    figures.rows_per_second.push(setting.rows as f64 / seconds);
    figures.requests.push((requests(&client, sandbox).await? - before) as f64);
    figures.peak_mib.push(peak);
    Ok(())
}

fn leadgate(setting: &Setting, sandbox: &Server, folder: &Path) -> Command {
    let mut command = Command::new(&setting.leadgate);
    command
        .args(["sync", "--streams", "contacts", "--to"])
        .arg(format!("{}/?format=parquet", folder.join("out").display()));
    command.arg("--data").arg(folder.join("data"));
    command.env("FRESHSALES_API_KEY", CRM_KEY);
    command.env("FRESHSALES_SUBDOMAIN", format!("http://127.0.0.1:{}/crm/sales/api", sandbox.port));
    command.env("LEADGATE__BUDGET__PER_HOUR", "0").env("LEADGATE__BUDGET__PER_MINUTE", "0");
    command
}

async fn dlt(setting: &Setting, sandbox: &Server, folder: &Path) -> anyhow::Result<Command> {
    let base = format!("http://127.0.0.1:{}/crm/sales/api", sandbox.port);
    let view = view_of_all(&base).await?.to_string();
    let mut command = Command::new(setting.dlt.join("bin/python"));
    command.args(["bench/dlt/pipeline.py", &base, CRM_KEY, &view]).arg(folder.canonicalize()?).stderr(Stdio::null());
    Ok(command)
}

/// The view that shows every contact.
async fn view_of_all(base: &str) -> anyhow::Result<i64> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client.get(format!("{base}/contacts/filters")).header("Accept", "application/json");
    let request = request.header("Authorization", format!("Token token={CRM_KEY}"));
    let answer: Value = request.send().await?.error_for_status()?.json().await?;
    let views = answer["filters"].as_array().context("the account has no views")?;
    let all = views.iter().find(|view| view["name"] == "All Contacts").context("the account has no view of all")?;
    all["id"].as_i64().context("the view has no id")
}

fn peak_mib(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
