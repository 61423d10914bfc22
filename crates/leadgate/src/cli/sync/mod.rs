//! `leadgate sync`: one run, now; what it would cost; and the runs that were.

mod plan;
mod told;

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use leadgate_core::sync::Stream;
use leadgate_engine::sync::{CopyKeeper, Outcome, RunReport, SyncRun, SyncSettings, Turn, runs_of};
use leadgate_warehouse::SinkSpec;
use serde_json::json;

use super::Session;
use crate::config::{self, ConfigError, Settings};
use crate::exit::{CommandResult, Exit, Failure};
use crate::logs;
use crate::progress::Watched;
use crate::shutdown::Shutdown;
use crate::syncing::{self, Reader, wait_until};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only these streams, such as deals,contacts
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = config::stream_of)]
    streams: Vec<Stream>,
    /// Publish there instead of to the configured sinks: won.csv, out/, copy.db, postgres://…, s3://…; repeat it for more
    #[arg(long, value_name = "SINK")]
    to: Vec<String>,
    /// Read everything, not only what changed
    #[arg(long)]
    full: bool,
    /// Say what a run would cost, and do nothing else
    #[arg(long)]
    plan: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the runs that were, the last one first
    Runs {
        /// How many at most
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
}

pub(super) async fn run(flags: Flags, session: &Session) -> CommandResult {
    let settings = session.settings(None, Vec::new())?.settings;
    if let Some(Command::Runs { limit }) = flags.command {
        return show_runs(&settings, limit, session).await;
    }
    let sync = settings_of(&flags, &settings)?;
    logs::start(&settings.log, session.verbosity, &session.screen);
    let shutdown = Shutdown::on_signals().context("listening for signals failed")?;
    let reader = Reader::open(&settings).await?;
    let done = if flags.plan {
        plan::show(&reader, &sync, &settings, session).await
    } else {
        sync_now(&reader, sync, shutdown, session).await
    };
    reader.close().await;
    done
}

fn settings_of(flags: &Flags, settings: &Settings) -> Result<SyncSettings, Failure> {
    let named = flags.to.iter().map(|text| SinkSpec::parse(text)).collect::<Result<Vec<_>, _>>();
    let named = named.map_err(|error| ConfigError::one(format!("--to: {error}")))?;
    let mut sync = if named.is_empty() { syncing::settings(settings)? } else { syncing::settings_to(settings, named) };
    if !flags.streams.is_empty() {
        sync.streams.clone_from(&flags.streams);
    }
    sync.pace.whole = flags.full;
    if let Some(sink) = sync.sinks.iter().find(|sink| sink.is_of_one_stream()).filter(|_| sync.streams.len() != 1) {
        let (count, mend) = (sync.streams.len(), "name a folder, as in `out/`, or one stream with --streams");
        return Err(ConfigError::one(format!("{sink} is one file, but {count} streams are to go there: {mend}")).into());
    }
    Ok(sync)
}

async fn sync_now(reader: &Reader, sync: SyncSettings, shutdown: Shutdown, session: &Session) -> CommandResult {
    let is_output = sync.sinks.iter().any(SinkSpec::is_output);
    let mut run = SyncRun::begin(reader.engine.clone(), sync).await.map_err(anyhow::Error::new)?;
    let watched = Watched::begin(&session.screen);
    let requested = shutdown.requested();
    tokio::pin!(requested);
    let outcome = loop {
        let turn = tokio::select! {
            () = &mut requested => return Err(stopped(&run)),
            turn = run.step() => turn.map_err(anyhow::Error::new)?,
        };
        watched.show(run.progress(), reader);
        match turn {
            Turn::Worked => {}
            Turn::Wait(until) => {
                watched.waits(until);
                tokio::select! {
                    () = &mut requested => return Err(stopped(&run)),
                    () = wait_until(until) => {}
                }
            }
            Turn::Ended(outcome) => break outcome,
        }
    };
    watched.end();
    let report = run.report();
    if is_output {
        // The rows have the standard output to themselves.
        session.screen.warn(&told::sentence(report));
    } else {
        session.screen.show(&document(report), || told::report(report, &session.screen));
    }
    Ok(exit_of(outcome))
}

fn exit_of(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Complete => Exit::Done,
        Outcome::Incomplete => Exit::Incomplete,
        Outcome::Failed | Outcome::Interrupted => Exit::Failed,
    }
}

fn stopped(run: &SyncRun) -> Failure {
    let requests = run.report().requests;
    anyhow!("stopped after {requests} requests: what was read is kept, and the next run goes on there").into()
}

fn document(report: &RunReport) -> serde_json::Value {
    serde_json::to_value(report).unwrap_or_default()
}

async fn show_runs(settings: &Settings, limit: usize, session: &Session) -> CommandResult {
    let file = syncing::copy_file(settings);
    if !file.is_file() {
        let text = format!("there is no copy in {} yet: `leadgate sync` makes one", settings.store.data.display());
        session.screen.show(&json!([]), || text);
        return Ok(Exit::Done);
    }
    let copy = CopyKeeper::open(&file).await.map_err(anyhow::Error::new)?;
    let runs = runs_of(&copy, limit).await.map_err(anyhow::Error::new)?;
    let documents = runs.iter().map(document).collect();
    session.screen.show(&documents, || told::runs(&runs, &session.screen));
    Ok(Exit::Done)
}
