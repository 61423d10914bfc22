//! Names of what a row points at, put beside the ids, and nested objects spread out, so that whoever reads the row needs no names of the account.

use std::collections::HashMap;

use freshsales::decode::SideLoads;
use leadgate_core::sync::Stream;
use serde_json::{Map, Value};

use super::list::id_of;

/// What a row can point at: its id on the row, where the object is side-loaded, and what of it is put into the row under which name.
type Related = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const RELATED: [Related; 21] = [
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
pub(super) struct Beside<'a> {
    by_key: HashMap<&'a str, HashMap<i64, &'a Map<String, Value>>>,
}

impl<'a> Beside<'a> {
    pub(super) fn of(loads: &'a SideLoads) -> Beside<'a> {
        let by_id = |value: &'a Value| {
            let (many, one) = (value.as_array().map(Vec::as_slice).unwrap_or_default(), value.as_object());
            let objects = many.iter().filter_map(Value::as_object).chain(one);
            objects.filter_map(|object| Some((id_of(object.get("id")?)?, object))).collect()
        };
        Beside { by_key: loads.as_map().iter().map(|(key, value)| (key.as_str(), by_id(value))).collect() }
    }

    fn find(&self, keys: &[&str], id: i64) -> Option<&'a Map<String, Value>> {
        keys.iter().find_map(|key| self.by_key.get(key)?.get(&id).copied())
    }

    /// The row with the names of what it points at.
    pub(super) fn name(&self, row: &mut Map<String, Value>) {
        for (id_field, keys, wanted) in RELATED {
            let Some(object) = row.get(id_field).and_then(id_of).and_then(|id| self.find(keys, id)) else { continue };
            for (of, name) in wanted {
                if let Some(value) = object.get(*of) {
                    row.insert((*name).to_owned(), value.clone());
                }
            }
        }
    }

    /// The name of the record that an activity is on.
    fn name_target(&self, row: &mut Map<String, Value>) {
        let Some(id) = row.get("target_id").and_then(id_of) else { return };
        let Some(object) = self.find(&["contacts", "sales_accounts", "deals", "leads"], id) else { return };
        let name = ["display_name", "name"].iter().find_map(|key| object.get(*key)).cloned();
        row.insert("target_name".to_owned(), name.unwrap_or_default());
    }
}

/// Everything that a row of the stream gets beside what it came with.
pub(super) fn complete(stream: Stream, row: &mut Map<String, Value>, beside: &Beside<'_>) {
    match stream {
        Stream::Contacts => spread_accounts(row),
        Stream::Leads => spread_lead(row),
        Stream::Notes | Stream::Tasks | Stream::Appointments | Stream::SalesActivities => spread_target(row),
        _ => {}
    }
    beside.name(row);
    if matches!(stream, Stream::Tasks | Stream::Appointments | Stream::SalesActivities) {
        beside.name_target(row);
    }
}

/// A contact's companies are nested in it, one of them the primary one.
fn spread_accounts(row: &mut Map<String, Value>) {
    let Some(Value::Array(accounts)) = row.get("sales_accounts") else { return };
    let ids: Vec<Value> = accounts.iter().filter_map(|account| account.get("id")).cloned().collect();
    let primary = accounts.iter().find(|account| account["is_primary"] == true).or(accounts.first()).cloned();
    row.insert("sales_account_ids".to_owned(), Value::Array(ids));
    if let Some(primary) = primary {
        row.insert("sales_account_id".to_owned(), primary["id"].clone());
        row.insert("sales_account_name".to_owned(), primary["name"].clone());
    }
}

/// A lead's own company and deal are nested in it.
fn spread_lead(row: &mut Map<String, Value>) {
    for (object, prefix) in [("company", "company_"), ("deal", "deal_")] {
        let Some(Value::Object(nested)) = row.get(object) else { continue };
        let parts: Vec<(String, Value)> =
            nested.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone())).collect();
        for (name, value) in parts {
            row.entry(name).or_insert(value);
        }
    }
    for (object, name, of) in [
        ("company_industry_type", "company_industry_type_name", "name"),
        ("company_business_type", "company_business_type_name", "name"),
        ("deal_currency", "deal_currency_code", "currency_code"),
    ] {
        if let Some(value) = row.get(object).and_then(|nested| nested.get(of)).cloned() {
            row.insert(name.to_owned(), value);
        }
    }
}

/// What a note or an activity is on, in one form: `target_type` as in `contact`, and `target_id`.
fn spread_target(row: &mut Map<String, Value>) {
    let first = row.get("targetables").and_then(|targets| targets.get(0));
    let nested = first.or_else(|| row.get("targetable").filter(|target| target.is_object()));
    let (kind, id) = match nested {
        Some(target) => (target.get("type"), target.get("id")),
        None => (row.get("targetable_type"), row.get("targetable_id")),
    };
    let kind = kind.and_then(Value::as_str).map(target_type);
    let id = id.cloned().unwrap_or_default();
    if let Some(kind) = kind {
        row.insert("target_type".to_owned(), kind.into());
        row.insert("target_id".to_owned(), id);
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
