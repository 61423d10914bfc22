//! The requests that every account of a generation should answer alike, and what is kept of the answers: shapes, no values.
//!
//! [`Script::read`] changes nothing. [`Script::write`] makes marked records, changes and removes them; where it is broken off, they stand in the ledger.

use freshsales::Generation;
use http::Method;
use leadgate_core::conformance::Recorded;
use serde_json::{Value, json};
use url::Url;

use crate::marked::{CONTACT, DEAL, Kind, LEAD, Ledger, NAME, NOTE, SALES_ACCOUNT, TASK};
use crate::wire::{Ask, Exchange, Wire};

/// Lists that accounts of both generations have.
const SELECTORS: [&str; 16] = [
    "owners",
    "territories",
    "deal_pipelines",
    "deal_stages",
    "currencies",
    "deal_reasons",
    "deal_types",
    "lead_sources",
    "industry_types",
    "business_types",
    "campaigns",
    "deal_payment_statuses",
    "deal_products",
    "contact_statuses",
    "sales_activity_types",
    "sales_activity_entity_types",
];
/// Nobody has it: `example.com` is reserved.
const NOBODY: &str = "leadgate-check@example.com";
/// No record has this id: those of accounts begin higher.
const NO_RECORD: i64 = 1;
/// A page that no list reaches.
const PAGE_BEYOND_THE_END: &str = "99999";

/// An account that is asked, and what it has answered so far.
pub struct Script<'a> {
    wire: &'a Wire,
    root: &'a Url,
    generation: Generation,
    recorded: Vec<Recorded>,
}

impl<'a> Script<'a> {
    /// A script for the account at the root of an API.
    pub fn new(wire: &'a Wire, root: &'a Url, generation: Generation) -> Script<'a> {
        Script { wire, root, generation, recorded: Vec::new() }
    }

    /// What was answered.
    #[must_use]
    pub fn into_recorded(self) -> Vec<Recorded> {
        self.recorded
    }

    /// Reads of everything that needs no record of one's own, and requests that every account refuses.
    pub async fn read(&mut self) {
        self.selectors().await;
        self.metadata().await;
        for kind in self.kinds() {
            self.list(kind).await;
        }
        self.searches().await;
        self.refusals().await;
    }

    fn is_classic(&self) -> bool {
        self.generation == Generation::Classic
    }

    fn kinds(&self) -> Vec<Kind> {
        let leads = self.is_classic().then_some(LEAD);
        leads.into_iter().chain([CONTACT, SALES_ACCOUNT, DEAL]).collect()
    }

    /// Asks and keeps the shape under a name without ids.
    async fn ask(&mut self, request: &str, ask: Ask) -> Exchange {
        let exchange = self.wire.ask(self.root, ask).await;
        self.recorded.push(exchange.recorded(request, None));
        exchange
    }

    async fn get(&mut self, path: &str) -> Exchange {
        self.ask(&format!("GET /{path}"), Ask::get(path)).await
    }

    async fn selectors(&mut self) {
        let own: &[&str] = if self.is_classic() { &["lead_stages", "lead_reasons"] } else { &["lifecycle_stages"] };
        for selector in SELECTORS.iter().chain(own) {
            self.get(&format!("selector/{selector}")).await;
        }
    }

    async fn metadata(&mut self) {
        for kind in self.kinds() {
            self.get(&format!("settings/{}/fields", kind.plural)).await;
        }
        self.get("settings/contacts/forms").await;
    }

    async fn list(&mut self, kind: Kind) {
        let plural = kind.plural;
        let filters = self.get(&format!("{plural}/filters")).await.json();
        let Some(view) = whole_view(&filters) else { return };
        let page = || Ask::get(format!("{plural}/view/{view}")).query("per_page", "25");
        let exchange = self.wire.ask(self.root, page()).await;
        self.recorded.push(exchange.recorded(&format!("GET /{plural}/view/{{id}}"), Some(plural)));
        let beyond = page().query("page", PAGE_BEYOND_THE_END);
        let exchange = self.wire.ask(self.root, beyond).await;
        self.recorded.push(exchange.recorded(&format!("GET /{plural}/view/{{id}}, beyond the end"), Some(plural)));
    }

    async fn searches(&mut self) {
        let entities = if self.is_classic() { "lead,contact" } else { "contact" };
        let lookup = Ask::get("lookup").query("q", NOBODY).query("f", "email").query("entities", entities);
        self.ask("GET /lookup, nobody found", lookup).await;
        let search = Ask::get("search").query("q", NOBODY).query("include", "contact");
        self.ask("GET /search, nobody found", search).await;
        let rule = json!({"filter_rule": [{"attribute": "contact_email.email", "operator": "is_in", "value": NOBODY}]});
        let filtered = Ask::with_body(Method::POST, "filtered_search/contact", rule);
        self.ask("POST /filtered_search/contact, nobody found", filtered).await;
        let tasks = self.wire.ask(self.root, Ask::get("tasks").query("filter", "open")).await;
        self.recorded.push(tasks.recorded("GET /tasks", Some("tasks")));
    }

    async fn refusals(&mut self) {
        self.get("contacts").await;
        self.ask("GET /contacts/{id}, which does not exist", Ask::get(format!("contacts/{NO_RECORD}"))).await;
        self.get("contacts/no-number").await;
        self.get("no_such_path").await;
        self.ask("GET /selector/owners without a key", Ask::get("selector/owners").without_key()).await;
        let bare = Ask::get("selector/owners").without_key().without_accept();
        self.ask("GET /selector/owners without a key, not asking for JSON", bare).await;
    }

    /// Makes a marked record of each kind, looks at it, changes it and removes it.
    pub async fn write(&mut self, ledger: &Ledger) {
        let name = ledger.mark().name();
        let account = json!({"sales_account": {"name": name, "city": "Accra"}});
        let account = self.record(ledger, SALES_ACCOUNT, account).await;
        let person = self.person(ledger).await;
        let mut deal = json!({"deal": {"name": name, "amount": 100}});
        deal["deal"]["sales_account_id"] = json!(account);
        let deal = self.record(ledger, DEAL, deal).await;
        let kind = self.person_kind();
        if let Some(id) = person {
            self.note(ledger, kind, id).await;
            self.task(ledger, kind, id).await;
            self.look_up(ledger, kind).await;
        }
        for (kind, id) in [(DEAL, deal), (kind, person), (SALES_ACCOUNT, account)] {
            if let Some(id) = id {
                self.remove(ledger, kind, id).await;
                self.view(kind, id, ", which was deleted").await;
            }
        }
    }

    fn person_kind(&self) -> Kind {
        if self.is_classic() { LEAD } else { CONTACT }
    }

    async fn create(&mut self, ledger: &Ledger, kind: Kind, (path, body): (String, Value)) -> Option<i64> {
        let request = format!("POST /{path}");
        let (exchange, id) = ledger.create(self.wire, self.root, kind, Ask::with_body(Method::POST, path, body)).await;
        self.recorded.push(exchange.recorded(&request, None));
        id
    }

    async fn view(&mut self, kind: Kind, id: i64, which: &str) {
        let request = format!("GET /{}/{{id}}{which}", kind.plural);
        self.ask(&request, Ask::get(format!("{}/{id}", kind.plural))).await;
    }

    async fn update(&mut self, kind: Kind, id: i64, body: Value) {
        let ask = Ask::with_body(Method::PUT, format!("{}/{id}", kind.plural), body);
        self.ask(&format!("PUT /{}/{{id}}", kind.plural), ask).await;
    }

    async fn remove(&mut self, ledger: &Ledger, kind: Kind, id: i64) {
        let exchange = ledger.remove(self.wire, self.root, kind, id).await;
        self.recorded.push(exchange.recorded(&format!("DELETE /{}/{{id}}", kind.plural), None));
    }

    /// Made, seen, and changed to what it was.
    async fn record(&mut self, ledger: &Ledger, kind: Kind, body: Value) -> Option<i64> {
        let id = self.create(ledger, kind, (kind.plural.to_owned(), body.clone())).await?;
        self.view(kind, id, "").await;
        self.update(kind, id, body).await;
        Some(id)
    }

    async fn person(&mut self, ledger: &Ledger) -> Option<i64> {
        let (kind, mark) = (self.person_kind(), ledger.mark());
        let attributes = json!({"first_name": NAME, "last_name": mark.nonce(), "email": mark.email(), "city": "Accra"});
        let id = self.record(ledger, kind, json!({kind.singular: attributes})).await?;
        let upsert = json!({"unique_identifier": {"emails": mark.email()}, kind.singular: {"city": "Lagos"}});
        self.create(ledger, kind, (format!("{}/upsert", kind.plural), upsert)).await;
        Some(id)
    }

    fn target(kind: Kind, id: i64) -> (&'static str, i64) {
        (if kind == LEAD { "Lead" } else { "Contact" }, id)
    }

    async fn note(&mut self, ledger: &Ledger, on: Kind, id: i64) {
        let (class, target) = Self::target(on, id);
        let text = ledger.mark().name();
        let body = json!({"note": {"description": text, "targetable_type": class, "targetable_id": target}});
        let Some(note) = self.create(ledger, NOTE, (NOTE.plural.to_owned(), body.clone())).await else { return };
        self.update(NOTE, note, body).await;
        self.ask(&format!("GET /{}/{{id}}/notes", on.plural), Ask::get(format!("{}/{id}/notes", on.plural))).await;
        self.remove(ledger, NOTE, note).await;
    }

    async fn task(&mut self, ledger: &Ledger, on: Kind, id: i64) {
        let (class, target) = Self::target(on, id);
        let due = self.wire.now().saturating_add(jiff::SignedDuration::from_hours(24)).unwrap_or_default();
        let body = json!({"task": {
            "title": ledger.mark().name(), "due_date": due.to_string(),
            "targetable_type": class, "targetable_id": target,
        }});
        if let Some(task) = self.record(ledger, TASK, body).await {
            self.remove(ledger, TASK, task).await;
        }
    }

    async fn look_up(&mut self, ledger: &Ledger, kind: Kind) {
        let lookup = Ask::get("lookup").query("q", ledger.mark().email()).query("f", "email");
        self.ask("GET /lookup", lookup.query("entities", kind.singular)).await;
    }
}

/// The view of all records, which most probably has some; else the first.
fn whole_view(filters: &Value) -> Option<i64> {
    let views = filters["filters"].as_array()?;
    let is_whole = |view: &&Value| view["name"].as_str().is_some_and(|name| name.starts_with("All "));
    views.iter().find(is_whole).or(views.first())?["id"].as_i64()
}
