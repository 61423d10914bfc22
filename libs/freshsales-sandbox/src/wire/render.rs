//! Records as JSON: the keys of one generation in the recorded order, related ids where they are asked for.

use serde_json::{Map, Value, json};

use super::{Money, Reply, SideLoads, commerce, links, shown_moment};
use crate::Generation;
use crate::model::columns::{Blank, Column, Shape, columns};
use crate::model::{Kind, List, Record, State};

/// How records are shown in one reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Render<'a> {
    pub(crate) state: &'a State,
    pub(crate) generation: Generation,
    /// The `include` values asked for.
    pub(crate) includes: &'a [&'a str],
    /// Whether a contact carries its companies without being asked, as create and view replies do.
    pub(crate) with_accounts: bool,
    /// Whether roll-ups are not computed yet, as right after a create or upsert.
    pub(crate) roll_ups_pending: bool,
    /// Whether every related id is shown, for the control API and for tests.
    pub(crate) everything: bool,
}

impl<'a> Render<'a> {
    pub(crate) fn new(state: &'a State, generation: Generation, includes: &'a [&'a str]) -> Self {
        Self { state, generation, includes, with_accounts: false, roll_ups_pending: false, everything: false }
    }

    pub(crate) fn asks(&self, include: &str) -> bool {
        self.includes.contains(&include)
    }

    /// One record without side loads.
    pub(crate) fn record(&self, record: &Record) -> Map<String, Value> {
        let shown = columns(record.kind).iter().filter(|column| self.shows(column));
        let mut object = Map::with_capacity(72);
        for column in shown {
            object.insert(column.name.to_owned(), self.value(record, column));
        }
        if self.everything {
            self.add_links(record, &mut object);
        }
        if self.shows_accounts(record) {
            object.insert("sales_accounts".to_owned(), self.accounts_of(record));
        }
        object
    }

    /// Whether the record has its companies in it.
    pub(super) fn shows_accounts(&self, record: &Record) -> bool {
        record.kind == Kind::Contact && (self.with_accounts || self.everything || self.asks("sales_accounts"))
    }

    /// One record with its side loads.
    pub(crate) fn record_with(&self, record: &Record, loads: &mut SideLoads) -> Value {
        let mut object = self.record(record);
        loads.load(self, record, &mut object);
        Value::Object(object)
    }

    pub(super) fn shows(&self, column: &Column) -> bool {
        column.exists_in(self.generation)
            && (self.everything || column.include.is_none_or(|include| self.asks(include)))
    }

    fn add_links(&self, record: &Record, object: &mut Map<String, Value>) {
        match record.kind {
            Kind::Deal => {
                let account = record.accounts.first().map(|link| link.account);
                object.insert("sales_account_id".to_owned(), json!(account));
                object.insert("contact_ids".to_owned(), json!(record.contacts));
                object.insert("products".to_owned(), record.get("products").clone());
            }
            Kind::Task => drop(object.insert("user_ids".to_owned(), record.get("user_ids").clone())),
            Kind::Appointment => drop(object.insert("attendees".to_owned(), record.get("attendees").clone())),
            kind if Kind::SEARCHABLE.contains(&kind) => {}
            _ => drop(object.insert("targetables".to_owned(), targetables(record))),
        }
    }

    pub(crate) fn value(&self, record: &Record, column: &Column) -> Value {
        if column.shape == Shape::Computed {
            return commerce::computed(self, record, column.name).unwrap_or_else(|| self.computed(record, column.name));
        }
        match record.get(column.name) {
            Value::Null => blank(column.blank),
            Value::String(text) if column.shape == Shape::Moment => self.stored_moment(text),
            value => value.clone(),
        }
    }

    /// Moments are stored in UTC and shown in the account's zone.
    fn stored_moment(&self, text: &str) -> Value {
        text.parse().map_or(Value::Null, |moment| Value::String(shown_moment(moment, &self.state.config.zone)))
    }

    pub(crate) fn moment(&self, moment: jiff::Timestamp) -> Value {
        Value::String(shown_moment(moment, &self.state.config.zone))
    }

    fn computed(&self, record: &Record, name: &str) -> Value {
        match name {
            "id" => json!(record.id),
            "display_name" => Value::String(record.display_name()),
            "email" => json!(record.primary_email()),
            "emails" => emails(record),
            "links" => links(record.kind, record.id, self.generation),
            "custom_field" => self.custom_fields(record),
            "created_at" => self.moment(record.created_at),
            "updated_at" => self.moment(record.updated_at),
            "stage_updated_time" => self.moment(record.stage_updated_at),
            "last_assigned_at" if record.get("owner_id").is_null() => Value::Null,
            "last_assigned_at" => self.moment(record.assigned_at),
            "is_deleted" => json!(record.deleted),
            "mcr_id" => json!(1_801_439_850_000_000_000_i64 + record.id),
            "open_deals_amount" | "won_deals_amount" | "open_deals_count" | "won_deals_count" => {
                self.roll_up(record, name)
            }
            "targetables" => targetables(record),
            "upcoming_activities_time" => self.next_activity(record),
            other if record.kind != Kind::Deal => self.computed_for_activity(record, other),
            deal_attribute => self.computed_for_deal(record, deal_attribute),
        }
    }

    /// Attributes of what hangs on a record.
    fn computed_for_activity(&self, record: &Record, name: &str) -> Value {
        let target = record.targets.first();
        match name {
            "has_access" => Value::Bool(true),
            "collab_context" => json!({"hasSlackViewAccess": false, "messageId": ""}),
            // An activity is part of the conversation from its end on.
            "conversation_time" => record.text("end_date").map_or(Value::Null, |text| self.stored_moment(text)),
            "targetable_id" => json!(target.map(|(_, id)| id)),
            "targetable_type" => json!(target.map(|(kind, _)| kind.class())),
            "targetable" => json!(target.map(|(kind, id)| json!({"id": id, "type": kind.singular()}))),
            "content_file_size_readable" => json!(record.get("content_file_size").as_u64().map(readable_size)),
            "display_content" => json!(record.text("html_content").map(without_tags)),
            _ => Value::Null,
        }
    }

    /// When the next open task or meeting of a deal is due.
    fn next_activity(&self, deal: &Record) -> Value {
        let now = self.state.now();
        let moments =
            [(Kind::Task, "due_date"), (Kind::Appointment, "from_date")].into_iter().flat_map(|(kind, name)| {
                let table = self.state.table(kind);
                let linked = table.linked_to(deal.kind, deal.id).iter().filter_map(|&id| table.get(id));
                let open = linked.filter(|record| record.get("status").as_i64() != Some(1));
                open.filter_map(move |record| record.text(name)?.parse::<jiff::Timestamp>().ok())
            });
        moments.filter(|moment| *moment >= now).min().map_or(Value::Null, |moment| self.moment(moment))
    }

    fn computed_for_deal(&self, deal: &Record, name: &str) -> Value {
        let amount = Money::parse(deal.get("amount")).unwrap_or_default();
        match name {
            "base_currency_amount" => Value::String(amount.at_rate(self.exchange_rate(deal)).to_string()),
            "rotten_days" => self.rotten_days(deal),
            "expected_deal_value" => {
                let probability = deal.get("probability").as_i64().unwrap_or(100);
                Value::String(amount.percent(probability).to_string())
            }
            "age" => json!(self.state.now().duration_since(deal.created_at).as_hours() / 24),
            "collaboration" => match self.generation {
                Generation::Suite => json!({}),
                Generation::Classic => {
                    json!({"id": deal.id.to_string(), "title": deal.display_name(), "convo_token": token(deal, self)})
                }
            },
            "fc_widget_collaboration" => {
                let token = token(deal, self);
                json!({"convo_token": token, "auth_token": token, "encoded_jwt_token": token})
            }
            "has_products" => json!(deal.get("products").as_array().is_some_and(|products| !products.is_empty())),
            _ => Value::Null,
        }
    }

    /// The rate of a deal's currency to the base currency.
    fn exchange_rate(&self, deal: &Record) -> Money {
        let currency = deal.id_in("currency_id").and_then(|id| self.state.catalog.entry(List::Currencies, id));
        let rate = currency.and_then(|currency| Money::parse(currency.extra("exchange_rate")));
        rate.unwrap_or_else(|| Money::parse(&json!(1)).unwrap_or_default())
    }

    /// How many days an open deal has been in its stage beyond what its pipeline allows; null until then.
    fn rotten_days(&self, deal: &Record) -> Value {
        let catalog = &self.state.catalog;
        let stage = deal.id_in("deal_stage_id").and_then(|id| catalog.entry(List::DealStages, id));
        let is_open = stage.is_none_or(|stage| stage.forecast() == "Open");
        let pipeline = deal.id_in("deal_pipeline_id").unwrap_or_default();
        let days = self.state.now().duration_since(deal.stage_updated_at).as_hours() / 24;
        let rotten = days - catalog.rotting_days(pipeline);
        if is_open && rotten > 0 { json!(rotten) } else { Value::Null }
    }

    /// Sums over the open or won deals of a contact or an account.
    fn roll_up(&self, record: &Record, name: &str) -> Value {
        if self.roll_ups_pending {
            return Value::Null;
        }
        let wanted = if name.starts_with("open") { "Open" } else { "Closed Won" };
        let deals = self.state.table(Kind::Deal);
        let (mut amount, mut count) = (Money::default(), 0);
        for deal in deals.linked_to(record.kind, record.id).iter().filter_map(|&id| deals.get(id)) {
            let stage = deal.id_in("deal_stage_id").and_then(|id| self.state.catalog.entry(List::DealStages, id));
            if stage.map_or("Open", |stage| stage.forecast()) == wanted {
                amount += Money::parse(deal.get("amount")).unwrap_or_default();
                count += 1;
            }
        }
        if name.ends_with("count") { json!(count) } else { Value::String(amount.to_string()) }
    }

    /// Every field the account defines, null where the record has no value, and what else was stored.
    fn custom_fields(&self, record: &Record) -> Value {
        let mut shown = Map::new();
        for field in self.state.fields_of(record) {
            shown.insert(field.name.clone(), record.custom.get(&field.name).cloned().unwrap_or_default());
        }
        for (name, value) in &record.custom {
            shown.entry(name).or_insert_with(|| value.clone());
        }
        Value::Object(shown)
    }

    pub(super) fn accounts_of(&self, contact: &Record) -> Value {
        let accounts = contact.accounts.iter().filter_map(|link| {
            let account = self.state.record(Kind::SalesAccount, link.account)?;
            let mut shown = partial_account(account);
            shown["is_primary"] = Value::Bool(link.primary);
            Some(shown)
        });
        Value::Array(accounts.collect())
    }
}

/// A sales account as it appears beside or inside other records.
pub(crate) fn partial_account(account: &Record) -> Value {
    json!({
        "partial": true,
        "id": account.id,
        "name": account.get("name"),
        "avatar": null,
        "website": account.get("website"),
        "last_contacted": account.get("last_contacted"),
    })
}

fn blank(blank: Blank) -> Value {
    match blank {
        Blank::Null => Value::Null,
        Blank::Integer(number) => json!(number),
        Blank::False => Value::Bool(false),
        Blank::True => Value::Bool(true),
        Blank::EmptyList => Value::Array(Vec::new()),
        Blank::Word(word) => Value::String(word.to_owned()),
    }
}

fn emails(record: &Record) -> Value {
    let shown = record.emails.iter().map(|email| {
        json!({
            "id": email.id,
            "value": email.address,
            "is_primary": email.primary,
            "label": email.label,
            "_destroy": false,
        })
    });
    Value::Array(shown.collect())
}

fn targetables(record: &Record) -> Value {
    Value::Array(record.targets.iter().map(|(kind, id)| json!({"id": id, "type": kind.class()})).collect())
}

/// A size as people read it, with three significant digits: `17.8 KB`.
fn readable_size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1024 {
        return format!("{bytes} Bytes");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let digits = if size < 10.0 { 2 } else { usize::from(size < 100.0) };
    let text = format!("{size:.digits$}");
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{short} {}", UNITS[unit])
}

/// The text of a piece of HTML.
fn without_tags(html: &str) -> String {
    let mut inside = false;
    let text = html.chars().filter(|&letter| {
        let shown = !inside && letter != '<';
        inside = letter == '<' || (inside && letter != '>');
        shown
    });
    text.collect()
}

/// The real account puts a token here that differs on every call; programs must not compare it.
fn token(deal: &Record, render: &Render<'_>) -> String {
    format!("sandbox.{}.{}", deal.id, render.state.log.total())
}

/// A reply with one record: side loads, the record, and `meta: null` where `with_meta`.
pub(crate) fn single_reply(render: &Render<'_>, record: &Record, with_meta: bool) -> Reply {
    let mut loads = SideLoads::default();
    let shown = render.record_with(record, &mut loads);
    let mut body = loads.into_object();
    body.insert(record.kind.singular().to_owned(), shown);
    if with_meta {
        body.insert("meta".to_owned(), Value::Null);
    }
    Reply::json(Value::Object(body))
}

/// A reply with a list: side loads, the rows, `meta`.
pub(crate) fn list_reply(loads: SideLoads, kind: Kind, rows: Vec<Value>, meta: Option<Value>) -> Reply {
    let mut body = loads.into_object();
    body.insert(kind.plural().to_owned(), Value::Array(rows));
    if let Some(meta) = meta {
        body.insert("meta".to_owned(), meta);
    }
    Reply::json(Value::Object(body))
}
