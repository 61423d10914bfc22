//! Names of what a row points at, put beside the ids, and nested objects spread out, so that whoever reads the row needs no names of the account.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use leadgate_core::sync::{Names, Piece, RawJson, RawMembers, RawRow, Stream};
use serde_json::Value;

/// What a row can point at: its id on the row, where the object is side-loaded, and what of it is put into the row under which name.
type Related = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

static RELATED: [Related; 21] = [
    ("owner_id", USERS, &[("display_name", "owner_name"), ("email", "owner_email")]),
    ("creater_id", USERS, &[("display_name", "creater_name")]),
    ("updater_id", USERS, &[("display_name", "updater_name")]),
    (
        "deal_stage_id",
        &["deal_stages", "deal_stage"],
        &[("name", "deal_stage_name"), ("forecast_type", "forecast_type")],
    ),
    ("deal_type_id", &["deal_types", "deal_type"], &[("name", "deal_type_name")]),
    ("deal_reason_id", &["deal_reasons", "deal_reason"], &[("name", "deal_reason_name")]),
    ("deal_product_id", &["deal_products", "deal_product"], &[("name", "deal_product_name")]),
    (
        "deal_payment_status_id",
        &["deal_payment_statuses", "deal_payment_status"],
        &[("name", "deal_payment_status_name")],
    ),
    ("currency_id", &["currencies", "currency"], &[("currency_code", "currency_code")]),
    ("sales_account_id", &["sales_accounts", "sales_account"], &[("name", "sales_account_name")]),
    ("lead_source_id", &["lead_source", "lead_sources", "source"], &[("name", "lead_source_name")]),
    ("campaign_id", &["campaigns", "campaign"], &[("name", "campaign_name")]),
    ("territory_id", &["territories", "territory"], &[("name", "territory_name")]),
    ("contact_status_id", &["contact_status", "contact_statuses"], &[("name", "contact_status_name")]),
    ("lifecycle_stage_id", &["lifecycle_stages", "lifecycle_stage"], &[("name", "lifecycle_stage_name")]),
    ("lead_stage_id", &["lead_stages", "lead_stage"], &[("name", "lead_stage_name")]),
    ("lead_reason_id", &["lead_reasons", "lead_reason"], &[("name", "lead_reason_name")]),
    ("industry_type_id", &["industry_types", "industry_type"], &[("name", "industry_type_name")]),
    ("business_type_id", &["business_types", "business_type"], &[("name", "business_type_name")]),
    ("task_type_id", &["task_types", "task_type", "sales_activity_entity_types"], &[("name", "task_type_name")]),
    ("outcome_id", &["outcomes", "sales_activity_outcomes"], &[("name", "outcome_name")]),
];
const USERS: &[&str] = &["users", "user", "owners", "owner"];

/// The objects that came beside the rows of a page, by id.
#[derive(Debug, Default)]
pub(super) struct Beside {
    lists: Vec<(String, HashMap<i64, RawRow>)>,
    /// What the rows of the page point at, found for the first of them.
    pointing: OnceLock<Pointing>,
}

/// What rows with these names point at, by the places of the names.
#[derive(Debug)]
struct Pointing {
    names: Arc<Names>,
    at: Vec<(usize, &'static Related)>,
}

impl Pointing {
    fn of(names: &Arc<Names>) -> Pointing {
        let at = names.iter().enumerate().filter_map(|(place, name)| Some((place, related(name)?)));
        Pointing { names: Arc::clone(names), at: at.collect() }
    }
}

fn related(name: &str) -> Option<&'static Related> {
    RELATED.iter().find(|(other, ..)| *other == name)
}

impl Beside {
    /// Of lists of objects under their keys.
    pub(super) fn of(lists: Vec<(String, Vec<RawRow>)>) -> Beside {
        let by_id =
            |objects: Vec<RawRow>| objects.into_iter().filter_map(|object| Some((object.id()?, object))).collect();
        let lists = lists.into_iter().map(|(key, objects)| (key, by_id(objects))).collect();
        Beside { lists, pointing: OnceLock::new() }
    }

    /// The objects under a key, in the order of their ids.
    pub(super) fn rows(&self, key: &str) -> Vec<&RawRow> {
        let mut rows: Vec<_> = self.list(key).into_iter().flatten().collect();
        rows.sort_unstable_by_key(|(id, _)| **id);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn list(&self, key: &str) -> Option<&HashMap<i64, RawRow>> {
        self.lists.iter().find(|(other, _)| other == key).map(|(_, objects)| objects)
    }

    fn find(&self, keys: &[&str], id: i64) -> Option<&RawRow> {
        keys.iter().find_map(|key| self.list(key)?.get(&id))
    }

    /// Puts the names of what the row points at beside it.
    fn name(&self, row: &mut RawRow) {
        let mut names = Vec::new();
        let other;
        let first = self.pointing.get_or_init(|| Pointing::of(row.names()));
        let is_alike = Arc::ptr_eq(&first.names, row.names()) || first.names == *row.names();
        let pointing = if is_alike {
            first
        } else {
            other = Pointing::of(row.names());
            &other
        };
        let own = pointing.at.iter().filter_map(|(place, related)| Some((*related, row.own_at(*place)?)));
        let beside = row.beside().filter_map(|(name, value)| Some((related(name)?, value)));
        for ((_, keys, wanted), id) in own.chain(beside) {
            // Null has none.
            let Some(object) = id.integer().and_then(|id| self.find(keys, id)) else { continue };
            for (of, name) in *wanted {
                names.extend(object.get(of).map(|value| (*name, object.piece(value))));
            }
        }
        names.into_iter().for_each(|(name, piece)| row.put(name, piece));
    }

    /// The names and addresses of a deal's contacts, in the order of their ids; those that did not come are left out.
    fn name_contacts(&self, row: &mut RawRow) {
        let ids = row.get("contact_ids").map(|ids| serde_json::from_str::<Vec<i64>>(ids.as_str()).unwrap_or_default());
        let contacts: Vec<_> = ids.iter().flatten().filter_map(|id| self.find(&["contacts"], *id)).collect();
        let names: Vec<String> = contacts.iter().filter_map(|contact| name_of_person(contact)).collect();
        let emails: Vec<String> = contacts.iter().filter_map(|contact| filled(contact, "email")).collect();
        for (column, texts) in [("contact_names", names), ("contact_emails", emails)] {
            if !texts.is_empty() {
                row.put(column, Piece::made(&texts.join("; ").into()));
            }
        }
    }

    /// The name of the record that an activity is on.
    fn name_target(&self, row: &mut RawRow) {
        let Some(id) = row.get("target_id").and_then(RawJson::integer) else { return };
        let Some(object) = self.find(&["contacts", "sales_accounts", "deals", "leads"], id) else { return };
        let name = ["display_name", "name"].iter().find_map(|key| object.get(key));
        row.put("target_name", name.map_or_else(|| Piece::made(&Value::Null), |name| object.piece(name)));
    }
}

fn filled(row: &RawRow, name: &str) -> Option<String> {
    let text = row.get(name).and_then(RawJson::text)?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn name_of_person(person: &RawRow) -> Option<String> {
    let parts =
        || [filled(person, "first_name"), filled(person, "last_name")].into_iter().flatten().collect::<Vec<_>>();
    filled(person, "display_name").or_else(|| Some(parts().join(" ")).filter(|name| !name.is_empty()))
}

/// Everything that a row of the stream gets beside what it came with.
pub(super) fn complete(stream: Stream, row: &mut RawRow, beside: &Beside) {
    match stream {
        Stream::Contacts => spread_accounts(row),
        Stream::Leads => spread_lead(row),
        Stream::Notes | Stream::Tasks | Stream::Appointments | Stream::SalesActivities => spread_target(row),
        _ => {}
    }
    beside.name(row);
    if stream == Stream::Deals {
        beside.name_contacts(row);
    }
    if matches!(stream, Stream::Tasks | Stream::Appointments | Stream::SalesActivities) {
        beside.name_target(row);
    }
}

/// A contact's companies are nested in it, one of them the primary one.
fn spread_accounts(row: &mut RawRow) {
    let Some(accounts) = row.get("sales_accounts").filter(|accounts| accounts.as_str().starts_with('[')) else {
        return;
    };
    let accounts = accounts.list();
    let is_primary = |account: &&RawMembers<'_>| account.get("is_primary").and_then(RawJson::boolean) == Some(true);
    let ids: Vec<&str> = accounts.iter().filter_map(|account| Some(account.get("id")?.as_str())).collect();
    let ids = Piece::of_json(&format!("[{}]", ids.join(",")));
    let primary = accounts.iter().find(is_primary).or(accounts.first());
    let part = |name: &str| primary?.get(name).map(|value| row.piece(value));
    let (id, name) = (part("id"), part("name"));
    row.put("sales_account_ids", ids);
    [("sales_account_id", id), ("sales_account_name", name)].into_iter().for_each(|(name, piece)| {
        if let Some(piece) = piece {
            row.put(name, piece);
        }
    });
}

/// A lead's own company and deal are nested in it.
fn spread_lead(row: &mut RawRow) {
    for (object, prefix) in [("company", "company_"), ("deal", "deal_")] {
        let Some(nested) = row.get(object).and_then(RawJson::members) else { continue };
        let parts: Vec<(String, Piece)> =
            nested.iter().map(|(name, value)| (format!("{prefix}{name}"), row.piece(value))).collect();
        for (name, piece) in parts {
            row.put_if_missing(name, || piece);
        }
    }
    for (object, name, of) in [
        ("company_industry_type", "company_industry_type_name", "name"),
        ("company_business_type", "company_business_type_name", "name"),
        ("deal_currency", "deal_currency_code", "currency_code"),
    ] {
        let value = row.get(object).and_then(RawJson::members).and_then(|nested| nested.get(of));
        if let Some(piece) = value.map(|value| row.piece(value)) {
            row.put(name, piece);
        }
    }
}

/// What a note or an activity is on, in one form: `target_type` as in `contact`, and `target_id`.
fn spread_target(row: &mut RawRow) {
    let first = row.get("targetables").and_then(|targets| targets.list().into_iter().next());
    let nested = first.or_else(|| row.get("targetable").and_then(RawJson::members));
    let (kind, id) = match nested {
        Some(target) => (target.get("type"), target.get("id")),
        None => (row.get("targetable_type"), row.get("targetable_id")),
    };
    let kind = kind.and_then(RawJson::text).map(|kind| target_type(&kind));
    let id = id.map_or_else(|| Piece::made(&Value::Null), |id| row.piece(id));
    if let Some(kind) = kind {
        row.put("target_type", Piece::made(&kind.into()));
        row.put("target_id", id);
    }
}

/// Types of targets are written `SalesAccount` here and `sales_account` there.
fn target_type(written: &str) -> &'static str {
    match written {
        "Contact" | "contact" => "contact",
        "SalesAccount" | "sales_account" => "sales_account",
        "Deal" | "deal" => "deal",
        "Lead" | "lead" => "lead",
        _ => "other",
    }
}
