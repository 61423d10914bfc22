//! Related objects that `include` asks for: ids on the record, objects in top-level arrays before the main key.

use serde_json::{Map, Value, json};

use super::Render;
use super::partial_account;
use crate::model::columns::{Shape, columns};
use crate::model::{Kind, List, Record};

/// What an include that names an entry of a list points at.
type Entry = Option<(&'static str, List)>;

/// The top-level arrays of one reply, in the order of the include values, without duplicates.
#[derive(Debug, Default)]
pub(crate) struct SideLoads {
    arrays: Vec<(&'static str, Vec<(i64, Value)>)>,
    /// What the includes that name an entry of a list point at, by kind and include: the same for every row.
    entries: Vec<(Kind, String, Entry)>,
}

/// The array key a picklist's entries are side-loaded under; two of them are singular in the real API.
fn array_key(list: List) -> &'static str {
    match list {
        List::ContactStatuses => "contact_status",
        List::LeadSources => "lead_source",
        other => other.key(),
    }
}

impl SideLoads {
    pub(crate) fn into_object(self) -> Map<String, Value> {
        let arrays = self.arrays.into_iter();
        arrays.map(|(key, items)| (key.to_owned(), items.into_iter().map(|(_, item)| item).collect())).collect()
    }

    /// The arrays with their keys, in order.
    pub(super) fn arrays(&self) -> impl Iterator<Item = (&'static str, impl Iterator<Item = &Value>)> {
        self.arrays.iter().map(|(key, items)| (*key, items.iter().map(|(_, item)| item)))
    }

    fn array(&mut self, key: &'static str) -> &mut Vec<(i64, Value)> {
        let position = self.arrays.iter().position(|(name, _)| *name == key).unwrap_or_else(|| {
            self.arrays.push((key, Vec::new()));
            self.arrays.len() - 1
        });
        &mut self.arrays[position].1
    }

    fn add(&mut self, key: &'static str, id: i64, object: impl FnOnce() -> Value) {
        let items = self.array(key);
        if !items.iter().any(|(other, _)| *other == id) {
            items.push((id, object()));
        }
    }

    /// Adds what every include of the reply brings for this record.
    pub(crate) fn load(&mut self, render: &Render<'_>, record: &Record, object: &mut Map<String, Value>) {
        for include in render.includes {
            self.load_one(render, record, include, object);
        }
    }

    fn load_one(&mut self, render: &Render<'_>, record: &Record, include: &str, object: &mut Map<String, Value>) {
        match (record.kind, include) {
            (Kind::Task, "users") => self.load_task_users(render, record, object),
            (kind, "targetable") if !Kind::SEARCHABLE.contains(&kind) => self.load_targets(render, record, object),
            (Kind::Appointment, "appointment_attendees" | "conference" | "note") => {
                self.load_appointment_parts(record, include, object);
            }
            (Kind::Appointment, "attendees") => self.load_attendees(render, record),
            (Kind::Contact | Kind::Deal, "sales_account") => self.load_account(render, record, object),
            (Kind::Deal | Kind::SalesAccount, "contacts") => self.load_contacts(render, record, object),
            (Kind::Contact | Kind::SalesAccount, "deals") => self.load_deals(render, record, object),
            (Kind::SalesAccount, "child_sales_accounts") => self.load_children(render, record, object),
            (Kind::Deal, "products") => {
                let products = record.get("products");
                let products = if products.is_null() { json!([]) } else { products.clone() };
                object.insert("products".to_owned(), products);
            }
            (_, "notes") => self.load_related(render, record, Kind::Note, object),
            (_, "tasks") => self.load_related(render, record, Kind::Task, object),
            (_, "appointments") => {
                self.load_related(render, record, Kind::Appointment, object);
                self.load_outcomes(render, record);
            }
            _ => self.load_entry(render, record, include),
        }
    }

    /// The attribute and the list of an include that names an entry of one.
    fn entry_of(&mut self, kind: Kind, include: &str) -> Option<(&'static str, List)> {
        let known = self.entries.iter().find(|(of, name, _)| *of == kind && name == include);
        if let Some((.., entry)) = known {
            return *entry;
        }
        let entry = entry_named(kind, include);
        self.entries.push((kind, include.to_owned(), entry));
        entry
    }

    /// A picklist entry the record points at. The id itself is a column of the record.
    fn load_entry(&mut self, render: &Render<'_>, record: &Record, include: &str) {
        let reference = self.entry_of(record.kind, include);
        let Some((name, list)) = reference else { return };
        let key = array_key(list);
        self.array(key);
        let catalog = &render.state.catalog;
        let Some(entry) = record.id_in(name).and_then(|id| catalog.entry(list, id)) else { return };
        let long_form = list == List::Users && !Kind::SEARCHABLE.contains(&record.kind) && record.kind != Kind::Note;
        self.add(key, entry.id, || if long_form { long_user(render, entry.id) } else { catalog.shown(list, entry) });
    }

    fn load_account(&mut self, render: &Render<'_>, record: &Record, object: &mut Map<String, Value>) {
        let link = record.accounts.iter().find(|link| link.primary).or_else(|| record.accounts.first());
        object.insert("sales_account_id".to_owned(), json!(link.map(|link| link.account)));
        self.array("sales_accounts");
        if let Some(account) = link.and_then(|link| render.state.record(Kind::SalesAccount, link.account)) {
            self.add("sales_accounts", account.id, || partial_account(account));
        }
    }

    fn load_contacts(&mut self, render: &Render<'_>, record: &Record, object: &mut Map<String, Value>) {
        let contacts = render.state.table(Kind::Contact);
        let ids = match record.kind {
            Kind::Deal => record.contacts.clone(),
            _ => contacts.linked_to(record.kind, record.id).to_vec(),
        };
        self.array("contacts");
        for contact in ids.iter().filter_map(|&id| contacts.get(id)) {
            self.add("contacts", contact.id, || {
                json!({
                    "partial": true,
                    "id": contact.id,
                    "first_name": contact.get("first_name"),
                    "last_name": contact.get("last_name"),
                    "display_name": contact.display_name(),
                    "email": contact.primary_email(),
                })
            });
        }
        object.insert("contact_ids".to_owned(), json!(ids));
    }

    fn load_deals(&mut self, render: &Render<'_>, record: &Record, object: &mut Map<String, Value>) {
        let deals = render.state.table(Kind::Deal);
        let ids = deals.linked_to(record.kind, record.id);
        self.array("deals");
        for deal in ids.iter().filter_map(|&id| deals.get(id)) {
            self.add("deals", deal.id, || short_deal(deal));
        }
        object.insert("deal_ids".to_owned(), json!(ids));
    }

    fn load_children(&mut self, render: &Render<'_>, record: &Record, object: &mut Map<String, Value>) {
        let accounts = render.state.table(Kind::SalesAccount);
        let children = accounts.live().filter(|child| child.id_in("parent_sales_account_id") == Some(record.id));
        let mut ids = Vec::new();
        self.array("child_sales_accounts");
        for child in children {
            ids.push(child.id);
            self.add("child_sales_accounts", child.id, || partial_account(child));
        }
        object.insert("child_sales_account_ids".to_owned(), json!(ids));
    }

    fn load_related(&mut self, render: &Render<'_>, record: &Record, kind: Kind, object: &mut Map<String, Value>) {
        let table = render.state.table(kind);
        let ids = table.linked_to(record.kind, record.id);
        self.array(kind.plural());
        let bare = Render { includes: &[], ..*render };
        for related in ids.iter().filter_map(|&id| table.get(id)) {
            self.add(kind.plural(), related.id, || Value::Object(bare.record(related)));
        }
        object.insert(format!("{}_ids", kind.singular()), json!(ids));
    }

    fn load_task_users(&mut self, render: &Render<'_>, task: &Record, object: &mut Map<String, Value>) {
        let ids: Vec<i64> = task.get("user_ids").as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
        self.array("users");
        for &id in &ids {
            self.add("users", id, || long_user(render, id));
        }
        object.insert("user_ids".to_owned(), json!(ids));
    }

    /// What an appointment consists of. No call makes a conference or a note of an appointment, so these are empty.
    fn load_appointment_parts(&mut self, appointment: &Record, include: &str, object: &mut Map<String, Value>) {
        match include {
            "appointment_attendees" => {
                let attendees = appointment.get("attendees").as_array().cloned().unwrap_or_default();
                let ids: Vec<i64> = attendees.iter().filter_map(|attendee| attendee["id"].as_i64()).collect();
                self.array("appointment_attendees").extend(ids.iter().copied().zip(attendees));
                object.insert("appointment_attendee_ids".to_owned(), json!(ids));
            }
            "conference" => drop(self.array("conferences")),
            _ => {
                self.array("notes");
                object.insert("note_id".to_owned(), Value::Null);
            }
        }
    }

    /// The contacts and users who attend an appointment.
    fn load_attendees(&mut self, render: &Render<'_>, appointment: &Record) {
        for attendee in appointment.get("attendees").as_array().into_iter().flatten() {
            let Some(id) = attendee["attendee_id"].as_i64() else { continue };
            if attendee["attendee_type"] != "Contact" {
                self.add("users", id, || long_user(render, id));
            } else if let Some(contact) = render.state.record(Kind::Contact, id) {
                self.add("contacts", id, || short_target(contact));
            }
        }
    }

    /// The outcomes of the appointments of a record.
    fn load_outcomes(&mut self, render: &Render<'_>, record: &Record) {
        let (table, catalog) = (render.state.table(Kind::Appointment), &render.state.catalog);
        self.array("outcomes");
        let linked = table.linked_to(record.kind, record.id).iter().filter_map(|&id| table.get(id));
        let outcomes = linked.filter_map(|appointment| appointment.id_in("outcome_id"));
        for outcome in outcomes.filter_map(|id| catalog.entry(List::SalesActivityOutcomes, id)) {
            self.add("outcomes", outcome.id, || catalog.shown(List::SalesActivityOutcomes, outcome));
        }
    }

    fn load_targets(&mut self, render: &Render<'_>, activity: &Record, object: &mut Map<String, Value>) {
        let Some(&(kind, id)) = activity.targets.first() else { return };
        object.insert("targetable".to_owned(), json!({"type": kind.singular(), "id": id}));
        self.array(kind.plural());
        if let Some(target) = render.state.record(kind, id) {
            self.add(kind.plural(), id, || short_target(target));
        }
    }
}

fn entry_named(kind: Kind, include: &str) -> Option<(&'static str, List)> {
    let named = |name: &str| name.strip_suffix("_id") == Some(include);
    let column = columns(kind).iter().find(|column| {
        matches!(column.shape, Shape::Choice(_)) && (column.include == Some(include) || named(column.name))
    });
    match column {
        Some(column) => match column.shape {
            Shape::Choice(list) => Some((column.name, list)),
            _ => None,
        },
        None if include == "deal_stage" => Some(("deal_stage_id", List::DealStages)),
        None => None,
    }
}

fn short_deal(deal: &Record) -> Value {
    json!({"id": deal.id, "avatar": null, "name": deal.get("name"), "deal_pipeline_id": deal.get("deal_pipeline_id")})
}

/// A record as what hangs on it side-loads it.
pub(crate) fn short_target(target: &Record) -> Value {
    match target.kind {
        Kind::Deal => short_deal(target),
        Kind::SalesAccount => json!({"id": target.id, "avatar": null, "name": target.get("name")}),
        _ => json!({
            "id": target.id,
            "avatar": null,
            "display_name": target.display_name(),
            "first_name": target.get("first_name"),
            "last_name": target.get("last_name"),
            "email": target.primary_email(),
            "work_number": target.get("work_number"),
            "mobile_number": target.get("mobile_number"),
        }),
    }
}

/// A user as tasks and activities side-load it: more keys than the owner selector shows.
pub(crate) fn long_user(render: &Render<'_>, id: i64) -> Value {
    let user = render.state.catalog.entry(List::Users, id);
    let extra = |key: &str| user.map_or(Value::Null, |user| user.extra(key).clone());
    json!({
        "id": id,
        "display_name": user.map(|user| user.name.as_str()),
        "avatar": null,
        "type": "FdMultitenant::User",
        "is_active": extra("is_active"),
        "work_number": extra("work_number"),
        "mobile_number": extra("mobile_number"),
        "email": extra("email"),
        "uuid": format!("{:018}", 600_000_000_000_000_000_i64 + id),
    })
}
