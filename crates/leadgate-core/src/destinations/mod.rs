//! Destinations: where deliveries go, as the rules describe them.
//!
//! `file` reads what is written; `place` says whether a URL may be one; [`address`] says which addresses may be dialled, now and when it
//! comes to that; [`slack_text`] writes texts as Slack reads them. What is secret (a Slack URL, a webhook's secrets, a mail password) is a secret's type: it is never printed.

pub mod address;
mod file;
mod place;
pub mod slack_text;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::{SecretSlice, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use self::address::Network;
pub(crate) use self::file::DestinationFile;
use crate::rules::Compiling;

/// What kind of receiver a destination is. It decides the shape of a delivery's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DestinationKind {
    /// A Slack channel behind an incoming webhook. Content: `{text, blocks?}`.
    Slack,
    /// A signed webhook. Content: `{type, timestamp, data}`.
    Webhook,
    /// A mailbox. Content: `{to?, subject, text}`; without `to`, those whom the destination names.
    Email,
}

impl DestinationKind {
    /// The name that rules, answers and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            DestinationKind::Slack => "slack",
            DestinationKind::Webhook => "webhook",
            DestinationKind::Email => "email",
        }
    }

    /// What somebody who tries a destination sends to it.
    pub fn test_content(self, now: Timestamp) -> Value {
        const TEXT: &str = "This is a test of Leadgate. If you can read this, deliveries arrive here.";
        match self {
            DestinationKind::Slack => json!({ "text": TEXT }),
            DestinationKind::Webhook => {
                json!({ "type": "leadgate.test", "timestamp": now, "data": { "message": TEXT } })
            }
            DestinationKind::Email => json!({ "subject": "A test of Leadgate", "text": TEXT }),
        }
    }
}

/// A destination.
#[derive(Clone, Debug)]
pub struct Destination {
    /// What kind of receiver it is.
    pub kind: DestinationKind,
    /// The receiver.
    pub receiver: Receiver,
    /// Addresses outside the public internet that may be dialled nevertheless.
    pub allowed: Vec<Network>,
    /// How much it is asked to take, and when again.
    pub limits: Limits,
}

/// Whoever takes the deliveries.
#[derive(Clone, Debug)]
pub enum Receiver {
    /// A Slack channel.
    Slack {
        /// The incoming webhook. Whoever knows it can post.
        url: SecretString,
    },
    /// A subscriber.
    Webhook(WebhookReceiver),
    /// A mailbox.
    Email(EmailReceiver),
}

/// A subscriber to signed webhooks.
#[derive(Clone, Debug)]
pub struct WebhookReceiver {
    /// Where it listens. Some carry a token in their path.
    pub url: SecretString,
    /// Each signs every request.
    pub keys: Vec<SigningKey>,
    /// The shape of the body.
    pub format: BodyFormat,
    /// Further headers. Some are tokens.
    pub headers: Vec<(String, SecretString)>,
}

/// A secret that signs.
#[derive(Clone, Debug)]
pub enum SigningKey {
    /// `whsec_…`: HMAC-SHA256, shared with the receiver (`v1`).
    Shared(SecretSlice<u8>),
    /// `whsk_…`: the seed of an ed25519 key, whose public half the receiver has (`v1a`).
    Private(SecretSlice<u8>),
}

/// The shape of a webhook's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyFormat {
    /// `{type, timestamp, data}`.
    #[default]
    Plain,
    /// CloudEvents 1.0 in its structured JSON form.
    CloudEvents,
}

/// A mail server and who writes to whom.
#[derive(Clone, Debug)]
pub struct EmailReceiver {
    /// `smtps://user:password@host:port`, or `smtp://…` for STARTTLS.
    pub server: SecretString,
    /// The sender's address.
    pub from: String,
    /// The usual receivers.
    pub to: Vec<String>,
}

/// How much a destination is asked to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Deliveries under way at once.
    pub concurrency: u32,
    /// How long one attempt may take in all.
    pub timeout: Duration,
    /// The waits between attempts; when they are used up, the delivery is parked.
    pub retries: Vec<SignedDuration>,
    /// Attempts a second at most.
    pub per_second: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        const MINUTE: i64 = 60;
        const HOUR: i64 = 60 * MINUTE;
        // The example schedule of the Standard Webhooks specification; three days and a bit in all.
        let waits = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
        Limits {
            concurrency: 4,
            timeout: Duration::from_secs(15),
            retries: waits.map(SignedDuration::from_secs).to_vec(),
            per_second: None,
        }
    }
}

/// The destinations by name.
#[derive(Clone, Debug, Default)]
pub struct Destinations {
    by_name: BTreeMap<String, Arc<Destination>>,
}

impl Destinations {
    pub(crate) fn compile(file: BTreeMap<String, DestinationFile>, compiling: &mut Compiling<'_>) -> Destinations {
        let compiled = file.into_iter().map(|(name, file)| {
            let destination = file.compile(&name, compiling);
            (name, Arc::new(destination))
        });
        Destinations { by_name: compiled.collect() }
    }

    /// The destination of that name.
    pub fn get(&self, name: &str) -> Option<&Destination> {
        self.by_name.get(name).map(|destination| &**destination)
    }

    /// The names there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Each destination with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Destination>)> {
        self.by_name.iter().map(|(name, destination)| (name.as_str(), destination))
    }
}
