//! `leadgate accounts`: the accounts that one gateway serves, through its operator's API or, where none runs, in the store itself.

use std::collections::BTreeMap;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use leadgate_store::accounts::{AccountName, AccountState};
use leadgate_web::accounts::desk::AccountWish;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::Session;
use super::listing::{table, text};
use crate::account_desk::AccountsDesk;
use crate::exit::{CommandResult, Exit, Failure};
use crate::remote::GatewayFlags;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the accounts and what is going on with each
    List(GatewayFlags),
    /// Show one account and what waits
    Show(OneFlags),
    /// Add an account and begin to serve it
    Add(WishFlags),
    /// Change an account; what is not said stays
    Change(WishFlags),
    /// Keep what comes in and ask nothing of the account's CRM
    Pause(OneFlags),
    /// Go on with a paused account
    Resume(OneFlags),
    /// Erase everything that is kept of an account. There is no way back
    Remove(RemoveFlags),
    /// Write everything that is kept of an account as lines of JSON
    Export(ExportFlags),
    /// Seal every account's data key under the newest master key
    RotateKeys(GatewayFlags),
}

#[derive(Debug, Args)]
pub(super) struct OneFlags {
    /// The account's name
    name: AccountName,
    #[command(flatten)]
    gateway: GatewayFlags,
}

#[derive(Debug, Args)]
pub(super) struct RemoveFlags {
    #[command(flatten)]
    one: OneFlags,
    /// Say that it is meant
    #[arg(long, required = true)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExportFlags {
    #[command(flatten)]
    one: OneFlags,
    /// The file to write, which must not be there [default: the output]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct WishFlags {
    /// The account's name: lower-case letters, digits and hyphens
    name: AccountName,
    /// The account's subdomain, domain or URL
    #[arg(long)]
    domain: Option<String>,
    /// A file with the API key of a user of the account; `-` for the input
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// A rules file for this account alone
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// A JSON file with the texts that the rules call by `$NAME`
    #[arg(long, value_name = "FILE")]
    variables: Option<PathBuf>,
    /// A JSON file with further settings, such as {"per_hour": 2000}
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    gateway: GatewayFlags,
}

impl Command {
    fn gateway(&self) -> &GatewayFlags {
        match self {
            Command::List(gateway) | Command::RotateKeys(gateway) => gateway,
            Command::Show(flags) | Command::Pause(flags) | Command::Resume(flags) => &flags.gateway,
            Command::Add(flags) | Command::Change(flags) => &flags.gateway,
            Command::Remove(flags) => &flags.one.gateway,
            Command::Export(flags) => &flags.one.gateway,
        }
    }
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let desk = AccountsDesk::open(command.gateway(), &session.settings(None, Vec::new())?).await?;
    let result = work(&command, &desk, session).await;
    desk.close().await;
    result.map(|()| Exit::Done)
}

async fn work(command: &Command, desk: &AccountsDesk, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List(_) => list(desk, session).await,
        Command::Show(flags) => show(&desk.show(&flags.name).await?, session),
        Command::Add(flags) => show(&desk.add(flags.wish(true)?).await?, session),
        Command::Change(flags) => show(&desk.change(&flags.name, flags.wish(false)?).await?, session),
        Command::Pause(flags) => show(&desk.set_state(&flags.name, AccountState::Paused).await?, session),
        Command::Resume(flags) => show(&desk.set_state(&flags.name, AccountState::Active).await?, session),
        Command::Remove(flags) => show(&desk.set_state(&flags.one.name, AccountState::Removing).await?, session),
        Command::Export(flags) => export(flags, desk).await,
        Command::RotateKeys(_) => {
            let document = desk.rotate_keys().await?;
            let told = format!("the data keys of {} accounts are sealed anew", text(&document["resealed"]));
            session.screen.show(&document, || told);
            Ok(())
        }
    }
}

async fn list(desk: &AccountsDesk, session: &Session) -> Result<(), Failure> {
    let columns = [
        ("NUMBER", "/number"),
        ("NAME", "/name"),
        ("STATE", "/state"),
        ("STANDING", "/standing"),
        ("DOMAIN", "/settings/domain"),
        ("REASON", "/reason"),
    ];
    let document = desk.list().await?;
    session.screen.show(&document, || table(&session.screen, &document["accounts"], columns));
    Ok(())
}

fn show(document: &Value, session: &Session) -> Result<(), Failure> {
    session.screen.show(document, || {
        let mut lines = vec![
            format!("{}  {}", session.screen.strong(&text(&document["name"])), text(&document["state"])),
            format!("standing    {}", text(&document["standing"])),
            format!("domain      {}", text(&document["settings"]["domain"])),
        ];
        if !document["reason"].is_null() {
            lines.push(format!("reason      {}", text(&document["reason"])));
        }
        if !document["queue"].is_null() {
            let queue = &document["queue"];
            let of = |name: &str| text(&queue[name]);
            lines.push(format!("waiting     {} new, {} open, {} parked", of("unplanned"), of("open"), of("parked")));
        }
        lines.join("\n")
    });
    Ok(())
}

async fn export(flags: &ExportFlags, desk: &AccountsDesk) -> Result<(), Failure> {
    let mut to: Box<dyn Write + Send> = match &flags.to {
        Some(file) => {
            let made = std::fs::OpenOptions::new().write(true).create_new(true).open(file);
            Box::new(made.with_context(|| format!("writing {} failed", file.display()))?)
        }
        None => Box::new(std::io::stdout()),
    };
    desk.export(&flags.one.name, &mut *to).await?;
    Ok(to.flush().context("writing the export failed")?)
}

impl WishFlags {
    fn wish(&self, is_new: bool) -> Result<AccountWish, Failure> {
        let mut settings: Map<String, Value> = self.settings.as_deref().map_or(Ok(Map::new()), json)?;
        if let Some(rules) = &self.rules {
            settings.insert("rules".to_owned(), read(rules)?.into());
        }
        let api_key = self.api_key_file.as_deref().map(read).transpose()?;
        let variables: Option<BTreeMap<String, SecretString>> = self.variables.as_deref().map(json).transpose()?;
        Ok(AccountWish {
            name: is_new.then(|| self.name.to_string()),
            domain: self.domain.clone(),
            api_key: api_key.map(|key| key.trim().to_owned().into()),
            variables,
            settings,
        })
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("reading the input failed")?;
        return Ok(text);
    }
    Ok(std::fs::read_to_string(file).with_context(|| format!("reading {} failed", file.display()))?)
}

/// What is wrong with the text is told by its place, because the text may be secret.
fn json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    serde_json::from_str(&read(file)?).map_err(|error| {
        let (file, line, column) = (file.display(), error.line(), error.column());
        let what = anyhow!("{file} is not the JSON object that is wanted: see line {line}, column {column}");
        Failure::new(Exit::Refused, what)
    })
}
