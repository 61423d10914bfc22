//! `leadgate leads add`: a lead through a running gateway, as an app would send it.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Session;
use super::sending::{self, SendFlags};
use crate::exit::CommandResult;
use crate::remote::Ask;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make sure that a person is in the CRM
    Add(Box<AddFlags>),
}

#[derive(Debug, Args)]
pub(super) struct AddFlags {
    /// E-mail address; this or --phone is what a person is recognised by
    #[arg(long, required_unless_present = "phone")]
    email: Option<String>,
    /// Phone number
    #[arg(long)]
    phone: Option<String>,
    #[arg(long)]
    first_name: Option<String>,
    #[arg(long)]
    last_name: Option<String>,
    #[arg(long)]
    job_title: Option<String>,
    /// Company name
    #[arg(long)]
    company: Option<String>,
    /// Country
    #[arg(long)]
    country: Option<String>,
    /// Lead source, by its name in the CRM
    #[arg(long)]
    source: Option<String>,
    /// Campaign, by its name in the CRM
    #[arg(long)]
    campaign: Option<String>,
    /// Owner, by name or e-mail
    #[arg(long)]
    owner: Option<String>,
    /// Tag to add; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Custom field, such as cf_seats=20; may be given several times
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = custom_field)]
    fields: Vec<(String, Value)>,
    /// A note to add to the person
    #[arg(long)]
    note: Option<String>,
    /// Name of a deal to have with the person
    #[arg(long, value_name = "NAME")]
    deal: Option<String>,
    /// The deal's amount
    #[arg(long, requires = "deal", value_name = "AMOUNT")]
    deal_amount: Option<String>,
    /// The deal's stage, by name
    #[arg(long, requires = "deal", value_name = "STAGE")]
    deal_stage: Option<String>,
    /// Replace values that the CRM has, rather than fill blanks only
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    send: SendFlags,
}

pub(super) async fn run(command: Command, session: &Session) -> CommandResult {
    let Command::Add(flags) = command;
    let ask = Ask {
        method: Method::POST,
        path: "/v1/leads",
        body: Some(flags.body()),
        idempotency_key: flags.send.idempotency_key.as_deref(),
    };
    sending::send(ask, &flags.send, session).await
}

impl AddFlags {
    fn body(&self) -> Value {
        let mut body = Map::new();
        let texts = [
            ("email", &self.email),
            ("phone", &self.phone),
            ("first_name", &self.first_name),
            ("last_name", &self.last_name),
            ("job_title", &self.job_title),
            ("company", &self.company),
            ("country", &self.country),
            ("source", &self.source),
            ("campaign", &self.campaign),
            ("owner", &self.owner),
            ("note", &self.note),
        ];
        for (name, value) in texts {
            body.extend(value.iter().map(|value| (name.to_owned(), Value::from(value.as_str()))));
        }
        if !self.tags.is_empty() {
            body.insert("tags".to_owned(), json!(self.tags));
        }
        if !self.fields.is_empty() {
            body.insert("custom_fields".to_owned(), Value::Object(self.fields.iter().cloned().collect()));
        }
        if self.overwrite {
            body.insert("overwrite".to_owned(), true.into());
        }
        body.extend(self.deal.iter().map(|name| ("deal".to_owned(), self.deal_body(name))));
        Value::Object(body)
    }

    fn deal_body(&self, name: &str) -> Value {
        let mut deal = Map::from_iter([("name".to_owned(), Value::from(name))]);
        deal.extend(self.deal_amount.iter().map(|amount| ("amount".to_owned(), Value::from(amount.as_str()))));
        deal.extend(self.deal_stage.iter().map(|stage| ("stage".to_owned(), Value::from(stage.as_str()))));
        Value::Object(deal)
    }
}

/// `cf_seats=20` is a number, `cf_vip=true` a truth value, all else text; quotes make a text of anything: `cf_code="007"`.
fn custom_field(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE, such as cf_seats=20")?;
    let parsed = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((name.trim().to_owned(), parsed))
}
