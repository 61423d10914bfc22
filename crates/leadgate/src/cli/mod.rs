//! The command line: global flags, one file for each subcommand, and the way from flags to settings.

mod accounts;
mod completions;
mod config;
mod conformance;
mod deals;
mod deliveries;
mod destinations;
mod dev;
mod doctor;
mod export;
mod forget;
mod health;
mod import;
mod jobs;
mod keys;
mod leads;
mod listing;
mod notes;
mod playbook;
mod route;
mod sandbox;
mod sending;
mod serve;
mod since;
mod stages;
mod store;
mod sync;
mod webhook;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::config::{Effective, Layer, Sources};
use crate::exit::{CommandResult, EXPLAINED, Failure};
use crate::screen::{ColorChoice, Screen};

/// Carries leads, notes and deal moves from your app into Freshsales: each exactly once, all under one request budget.
#[derive(Debug, Parser)]
#[command(name = "leadgate", version, after_help = EXPLAINED, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: GlobalFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct GlobalFlags {
    /// Read settings from this file instead of ./leadgate.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep data in this folder [default: leadgate-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// When to use colours; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Log more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try everything: a gateway and a sandbox CRM account in one process, no account needed
    Dev(dev::Flags),
    /// Run the gateway in front of your Freshsales account
    Serve(serve::Flags),
    /// Run a sandbox Freshsales account by itself
    Sandbox(sandbox::Flags),
    /// See what became of submissions, and release what is parked
    #[command(subcommand)]
    Jobs(jobs::Command),
    /// Send leads through a running gateway
    #[command(subcommand)]
    Leads(leads::Command),
    /// Bring the leads of a file (CSV, XLSX, NDJSON) into the CRM through a running gateway
    Import(Box<import::Flags>),
    /// See what became of imports, have them wait, take them back
    #[command(subcommand)]
    Imports(import::manage::Command),
    /// Send notes through a running gateway
    #[command(subcommand)]
    Notes(notes::Command),
    /// Move deals through a running gateway
    #[command(subcommand)]
    Deals(deals::Command),
    /// See who would own a lead and why, and what other rules would have changed
    #[command(subcommand)]
    Route(route::Command),
    /// See what went out to Slack, webhooks and mailboxes, and send again what did not arrive
    #[command(subcommand)]
    Deliveries(deliveries::Command),
    /// List where deliveries go, and send a test
    #[command(subcommand)]
    Destinations(destinations::Command),
    /// Keep a copy of the account's rows current in files, databases or object stores
    Sync(sync::Flags),
    /// Export rows of the account, such as the deals won in the last month, to a file or a database
    Export(export::Flags),
    /// Erase a person: here, in the copy and its sinks, and in the CRM
    Forget(forget::Flags),
    /// List the deal stages of the account, as the gateway knows them
    Stages(stages::Flags),
    /// Have the CRM notify the gateway of changes
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// See what the rules make of an event or a change
    #[command(subcommand)]
    Playbook(playbook::Command),
    /// Find out what is wrong with this installation, and how to mend it
    Doctor(doctor::Flags),
    /// Ask whether the gateway of this machine is well: exit code 0 if it is, else 1
    Health(health::Flags),
    /// Compare the shapes of your account's replies with the sandbox's, and write a report without any of your data
    Conformance(conformance::Flags),
    /// Show the settings that hold, secrets masked, and where each comes from
    Config(config::Flags),
    /// Serve several accounts with one gateway
    #[command(subcommand)]
    Accounts(accounts::Command),
    /// Carry the gateway's own store over to another place
    #[command(subcommand)]
    Store(store::Command),
    /// Manage the keys that apps use to call the gateway
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print a completion script for a shell
    Completions(completions::Flags),
}

/// What every command is given.
pub(crate) struct Session {
    pub(crate) screen: Screen,
    pub(crate) verbosity: u8,
    sources: Sources,
}

impl Session {
    fn new(global: GlobalFlags) -> Session {
        let data =
            global.data.map(|folder| Layer::of_flag("--data", "store.data", folder.to_string_lossy().into_owned()));
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let no_color = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        let screen = Screen::new(global.json, global.color, no_color);
        let sources = Sources {
            file: global.config,
            folder: PathBuf::new(),
            environment,
            command: None,
            flags: data.into_iter().collect(),
        };
        Session { screen, verbosity: global.verbose, sources }
    }

    /// The settings that hold for this command.
    pub(crate) fn settings(&self, command: Option<Layer>, flags: Vec<Layer>) -> Result<Effective, Failure> {
        let mut sources = self.sources.clone();
        sources.command = command;
        sources.flags.extend(flags);
        Ok(Effective::load(&sources)?)
    }
}

/// Runs the command line of this process.
pub(crate) fn run() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let session = Session::new(global);
    match dispatch(command, &session) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            session.screen.failure(&failure);
            failure.exit.into()
        }
    }
}

fn dispatch(command: Command, session: &Session) -> CommandResult {
    match command {
        Command::Dev(flags) => on_all_cores(dev::run(flags, session)),
        Command::Serve(flags) => on_all_cores(serve::run(flags, session)),
        Command::Sandbox(flags) => on_all_cores(sandbox::run(flags, session)),
        Command::Jobs(command) => on_this_thread(jobs::run(command, session)),
        Command::Leads(command) => on_this_thread(leads::run(command, session)),
        Command::Import(flags) => on_this_thread(import::run(*flags, session)),
        Command::Imports(command) => on_this_thread(import::manage::run(command, session)),
        Command::Notes(command) => on_this_thread(notes::run(command, session)),
        Command::Deals(command) => on_this_thread(deals::run(command, session)),
        Command::Route(command) => on_this_thread(route::run(command, session)),
        Command::Deliveries(command) => on_this_thread(deliveries::run(command, session)),
        Command::Destinations(command) => on_this_thread(destinations::run(command, session)),
        Command::Sync(flags) => on_all_cores(sync::run(flags, session)),
        Command::Export(flags) => on_all_cores(export::run(flags, session)),
        Command::Forget(flags) => on_this_thread(forget::run(flags, session)),
        Command::Stages(flags) => on_this_thread(stages::run(flags, session)),
        Command::Webhook(command) => on_this_thread(webhook::run(command, session)),
        Command::Doctor(flags) => on_this_thread(doctor::run(flags, session)),
        Command::Health(flags) => on_this_thread(health::run(flags, session)),
        Command::Conformance(flags) => on_all_cores(conformance::run(flags, session)),
        Command::Accounts(command) => on_this_thread(accounts::run(command, session)),
        Command::Store(command) => on_all_cores(store::run(command, session)),
        Command::Keys(command) => on_this_thread(keys::run(command, session)),
        Command::Playbook(command) => playbook::run(command, session),
        Command::Config(flags) => config::run(flags, session),
        Command::Completions(flags) => Ok(completions::run(&flags)),
    }
}

fn on_all_cores(command: impl Future<Output = CommandResult>) -> CommandResult {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("starting the runtime failed")?.block_on(command)
}

fn on_this_thread(command: impl Future<Output = CommandResult>) -> CommandResult {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("starting the runtime failed")?.block_on(command)
}
