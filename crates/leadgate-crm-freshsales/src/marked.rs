//! Records that a look at an account makes: marked, remembered from before they are made, and removed, whatever happens in between.
//!
//! A record is noted before its request goes out, by what it can be looked up by, and by its id once that is known. So a look that is broken
//! off in the middle of a request still finds what it may have made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::wire::{Ask, Exchange, Wire};

/// How often a removal is tried that fails without being refused.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

/// What every marked record is called, so that a person knows what it is.
pub const NAME: &str = "Leadgate check";

/// What tells the records of one look from all others.
#[derive(Clone, Debug)]
pub struct Mark {
    nonce: String,
}

impl Mark {
    /// A mark; the nonce is some ten random letters and digits.
    pub fn new(nonce: impl Into<String>) -> Mark {
        Mark { nonce: nonce.into() }
    }

    /// The part that is random.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// A whole name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{NAME} {}", self.nonce)
    }

    /// An address that nobody has: `example.com` is reserved.
    #[must_use]
    pub fn email(&self) -> String {
        format!("leadgate-check-{}@example.com", self.nonce)
    }
}

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name in bodies.
    pub singular: &'static str,
    /// Its name in paths.
    pub plural: &'static str,
    /// The field that a look-up finds it by; without one it goes with the record it is on.
    key: Option<&'static str>,
}

/// Contacts.
pub const CONTACT: Kind = Kind { singular: "contact", plural: "contacts", key: Some("email") };
/// Leads, on Classic.
pub const LEAD: Kind = Kind { singular: "lead", plural: "leads", key: Some("email") };
/// Companies.
pub const SALES_ACCOUNT: Kind = Kind { singular: "sales_account", plural: "sales_accounts", key: Some("name") };
/// Deals.
pub const DEAL: Kind = Kind { singular: "deal", plural: "deals", key: Some("name") };
/// Notes.
pub const NOTE: Kind = Kind { singular: "note", plural: "notes", key: None };
/// Tasks.
pub const TASK: Kind = Kind { singular: "task", plural: "tasks", key: None };

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    kind: Kind,
    /// Where: of an address that may mean two accounts only one is right.
    root: Url,
    /// `None` from the moment the request goes out until its id is known.
    id: Option<i64>,
}

/// What one look has made and not removed yet. Clones share it.
#[derive(Clone, Debug)]
pub struct Ledger {
    mark: Mark,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Ledger {
    /// Nothing was made yet.
    #[must_use]
    pub fn new(mark: Mark) -> Ledger {
        Ledger { mark, entries: Arc::default() }
    }

    /// The mark of everything in it.
    #[must_use]
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a record, by create or upsert. The id, if there is one now.
    pub async fn create(&self, wire: &Wire, root: &Url, kind: Kind, ask: Ask) -> (Exchange, Option<i64>) {
        self.entries().push(Entry { kind, root: root.clone(), id: None });
        let exchange = wire.ask(root, ask).await;
        let id = exchange.json()[kind.singular]["id"].as_i64().filter(|_| exchange.is_success());
        let mut entries = self.entries();
        let entry = entries.iter().rposition(|entry| entry.kind == kind && entry.id.is_none());
        match (entry, id) {
            (Some(at), Some(id)) if entries.iter().any(|entry| entry.kind == kind && entry.id == Some(id)) => {
                entries.remove(at);
            }
            (Some(at), Some(id)) => entries[at].id = Some(id),
            (Some(at), None) if was_not_made(&exchange) => drop(entries.remove(at)),
            _ => {}
        }
        drop(entries);
        (exchange, id)
    }

    /// Removes a record.
    pub async fn remove(&self, wire: &Wire, root: &Url, kind: Kind, id: i64) -> Exchange {
        let exchange = wire.ask(root, Ask::delete(format!("{}/{id}", kind.plural))).await;
        if is_gone(&exchange) {
            self.entries().retain(|entry| entry.kind != kind || entry.id != Some(id));
        }
        exchange
    }

    /// Removes everything that is left, the youngest first. Returns what could not be removed, in words for people.
    ///
    /// May be broken off and called again: a record stays in the ledger until it is gone.
    pub async fn remove_all(&self, wire: &Wire) -> Vec<String> {
        let entries: Vec<Entry> = self.entries().iter().rev().cloned().collect();
        let mut left = Vec::new();
        for entry in entries {
            let still_there = match entry.id {
                Some(id) => removed(wire, &entry.root, entry.kind, id).await.into_iter().collect(),
                None => self.remove_unknown(wire, &entry.root, entry.kind).await,
            };
            if still_there.is_empty() {
                self.entries().retain(|other| *other != entry);
            }
            left.extend(still_there);
        }
        left
    }

    /// A record that was perhaps made: its request was broken off.
    async fn remove_unknown(&self, wire: &Wire, root: &Url, kind: Kind) -> Vec<String> {
        let Some(key) = kind.key else { return Vec::new() };
        let value = if key == "email" { self.mark.email() } else { self.mark.name() };
        let lookup = Ask::get("lookup").query("q", value).query("f", key).query("entities", kind.singular);
        let exchange = wire.ask(root, lookup).await;
        if !exchange.is_success() {
            return vec![format!("perhaps a {} named \"{}\"", kind.singular, self.mark.name())];
        }
        let mut left = Vec::new();
        for id in ids(&exchange.json()[kind.plural][kind.plural]) {
            left.extend(removed(wire, root, kind, id).await);
        }
        left
    }
}

async fn removed(wire: &Wire, root: &Url, kind: Kind, id: i64) -> Option<String> {
    for attempt in 1..=TRIES {
        let exchange = wire.ask(root, Ask::delete(format!("{}/{id}", kind.plural))).await;
        if is_gone(&exchange) {
            return None;
        }
        let is_final = exchange.status().is_some_and(|status| (400..429).contains(&status));
        if is_final || attempt == TRIES {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Some(format!("{} {id}", kind.singular))
}

fn ids(rows: &Value) -> Vec<i64> {
    rows.as_array().into_iter().flatten().filter_map(|row| row["id"].as_i64()).collect()
}

fn is_gone(exchange: &Exchange) -> bool {
    exchange.is_success() || exchange.status() == Some(404)
}

/// Refusals leave nothing behind; of everything else nobody knows.
fn was_not_made(exchange: &Exchange) -> bool {
    match &exchange.reply {
        Ok(reply) => reply.status().is_client_error() || reply.status().is_redirection(),
        Err(failure) => *failure == freshsales::transport::TransportFailure::NotSent,
    }
}
