//! Makes one marked record of each kind, looks at it, searches for it and removes it.

use freshsales::Generation;
use http::Method;
use jiff::SignedDuration;
use leadgate_core::doctor::observed::{KindTried, SearchSeen, Went, WritesSeen};
use serde_json::{Value, json};

use super::{Examination, Inside};
use crate::marked::{CONTACT, DEAL, Kind, LEAD, Ledger, NOTE, SALES_ACCOUNT};
use crate::wire::{Ask, Exchange, Wire};

/// The first wait between two searches; each further one is longer by half, up to the longest.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_millis(250);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(4);
/// Queries up to this length are tried.
const SHORT: usize = 3;

struct Trial<'a> {
    wire: &'a Wire,
    inside: &'a Inside,
    ledger: &'a Ledger,
}

pub(super) async fn try_all(examination: &Examination, wire: &Wire, inside: &Inside, ledger: &Ledger) -> WritesSeen {
    let trial = Trial { wire, inside, ledger };
    let mut seen = WritesSeen::default();
    let person = if inside.generation == Generation::Classic { LEAD } else { CONTACT };
    let (mut tried, id) = trial.make(person, trial.person(person)).await;
    if let Some(id) = id {
        seen.maker = trial.maker(person, id).await;
        let (mut note, note_id) = trial.make(NOTE, trial.note(person, id)).await;
        if note_id.is_some() {
            note.view = trial.get(&format!("{}/{id}/notes", person.plural)).await.went();
        }
        trial.remove(NOTE, note_id, &mut note).await;
        seen.kinds.push(note);
        seen.search = Some(trial.search(examination).await);
    }
    trial.remove(person, id, &mut tried).await;
    seen.kinds.insert(0, tried);
    let name = ledger.mark().name();
    for (kind, body) in [
        (SALES_ACCOUNT, json!({"sales_account": {"name": name}})),
        (DEAL, json!({"deal": {"name": name, "amount": 0}})),
    ] {
        let (mut tried, id) = trial.make(kind, body).await;
        trial.remove(kind, id, &mut tried).await;
        seen.kinds.push(tried);
    }
    seen.left_behind = ledger.remove_all(wire).await;
    seen
}

impl Trial<'_> {
    fn person(&self, kind: Kind) -> Value {
        let mark = self.ledger.mark();
        json!({kind.singular: {"first_name": crate::marked::NAME, "last_name": mark.nonce(), "email": mark.email()}})
    }

    fn note(&self, on: Kind, id: i64) -> Value {
        let class = if on == LEAD { "Lead" } else { "Contact" };
        json!({"note": {"description": self.ledger.mark().name(), "targetable_type": class, "targetable_id": id}})
    }

    async fn get(&self, path: &str) -> Exchange {
        self.wire.ask(&self.inside.root, Ask::get(path)).await
    }

    /// The user who made a record, which is shown on demand only.
    async fn maker(&self, kind: Kind, id: i64) -> Option<i64> {
        let ask = Ask::get(format!("{}/{id}", kind.plural)).query("include", "creater");
        self.wire.ask(&self.inside.root, ask).await.json()[kind.singular]["creater_id"].as_i64()
    }

    async fn make(&self, kind: Kind, body: Value) -> (KindTried, Option<i64>) {
        let ask = Ask::with_body(Method::POST, kind.plural, body);
        let (exchange, id) = self.ledger.create(self.wire, &self.inside.root, kind, ask).await;
        let view = match id {
            // A note is seen on its record only.
            Some(id) if kind != NOTE => self.get(&format!("{}/{id}", kind.plural)).await.went(),
            _ => Went::NotTried,
        };
        let name = kind.singular.replace('_', " ");
        (KindTried { kind: name, create: exchange.went(), view, delete: Went::NotTried }, id)
    }

    async fn remove(&self, kind: Kind, id: Option<i64>, tried: &mut KindTried) {
        if let Some(id) = id {
            tried.delete = self.ledger.remove(self.wire, &self.inside.root, kind, id).await.went();
        }
    }

    /// Searches until the person is found or the time is over, then with ever longer beginnings of its name.
    async fn search(&self, examination: &Examination) -> SearchSeen {
        let began = self.wire.now();
        let limit = SignedDuration::try_from(examination.search_within).unwrap_or(SignedDuration::MAX);
        let mut pause = FIRST_PAUSE;
        let found_after = loop {
            if self.finds(self.ledger.mark().nonce()).await {
                break Some(self.wire.now().duration_since(began));
            }
            let left = limit - self.wire.now().duration_since(began);
            if left <= SignedDuration::ZERO {
                break None;
            }
            tokio::time::sleep(pause.min(left).unsigned_abs()).await;
            pause = (pause + pause / 2).min(LONGEST_PAUSE);
        };
        let waited = self.wire.now().duration_since(began);
        let mut short_queries = Vec::new();
        if found_after.is_some() {
            for length in 1..=SHORT {
                let query: String = self.ledger.mark().nonce().chars().take(length).collect();
                short_queries.push((length, self.finds(&query).await));
            }
        }
        SearchSeen { found_after, waited, short_queries }
    }

    async fn finds(&self, query: &str) -> bool {
        let ask = Ask::get("search").query("q", query).query("include", "lead,contact");
        has_hits(&self.wire.ask(&self.inside.root, ask).await.json())
    }
}

/// A bare array of hits, or one array for each kind.
fn has_hits(body: &Value) -> bool {
    match body {
        Value::Array(hits) => !hits.is_empty(),
        Value::Object(kinds) => kinds.values().any(|hits| hits.as_array().is_some_and(|hits| !hits.is_empty())),
        _ => false,
    }
}
