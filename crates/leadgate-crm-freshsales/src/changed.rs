//! What changed since a moment, page by page.
//!
//! Filtered search is the one listing that shows every record whatever its pipeline or owner; saved views show a part each. It is sorted newest
//! first (see [`leadgate_core::mirror::watch`]) and asked for full rows. Names and addresses of what a row points at are side-loaded and put
//! into the row, so that whoever reads it needs no names of the account.

use freshsales::contacts::Contact;
use freshsales::deals::Deal;
use freshsales::decode::SideLoads;
use freshsales::filtered_search::{by_rules, field};
use freshsales::leads::Lead;
use freshsales::sales_accounts::SalesAccount;
use freshsales::views::SortDirection;
use freshsales::{Page, Record};
use jiff::Timestamp;
use leadgate_core::crm::{CrmFailure, CrmReply};
use leadgate_core::mirror::watch::PAGE;
use leadgate_core::record::RecordKind;
use serde_json::{Map, Value};

use crate::Account;

/// What a row can point at: its id on the row, where the object is side-loaded, and what of it is put into the row under which name.
const RELATED: [(&str, &[&str], &str, &str); 11] = [
    ("owner_id", &["users", "user", "owners"], "email", "owner_email"),
    ("deal_stage_id", &["deal_stages", "deal_stage"], "name", "deal_stage_name"),
    ("deal_type_id", &["deal_types", "deal_type"], "name", "deal_type_name"),
    ("deal_reason_id", &["deal_reasons", "deal_reason"], "name", "deal_reason_name"),
    ("sales_account_id", &["sales_accounts", "sales_account"], "name", "sales_account_name"),
    ("lead_source_id", &["lead_source", "lead_sources"], "name", "lead_source_name"),
    ("campaign_id", &["campaigns", "campaign"], "name", "campaign_name"),
    ("contact_status_id", &["contact_status", "contact_statuses"], "name", "contact_status_name"),
    ("lifecycle_stage_id", &["lifecycle_stages", "lifecycle_stage"], "name", "lifecycle_stage_name"),
    ("lead_stage_id", &["lead_stages", "lead_stage"], "name", "lead_stage_name"),
    ("lead_reason_id", &["lead_reasons", "lead_reason"], "name", "lead_reason_name"),
];

impl Account<'_, '_> {
    pub(crate) async fn list_changed(
        self,
        kind: RecordKind,
        since: Timestamp,
        page: u32,
    ) -> Result<CrmReply, CrmFailure> {
        match kind {
            RecordKind::Deal => {
                let include =
                    ["owner", "deal_stage", "deal_type", "deal_reason", "sales_account", "source", "campaign"];
                self.changed_rows::<Deal>(since, page, &include).await
            }
            RecordKind::Contact => {
                self.changed_rows::<Contact>(
                    since,
                    page,
                    &["owner", "contact_status", "lifecycle_stage", "source", "campaign"],
                )
                .await
            }
            RecordKind::Lead => {
                self.changed_rows::<Lead>(since, page, &["owner", "lead_stage", "lead_reason", "source", "campaign"])
                    .await
            }
            RecordKind::Company => self.changed_rows::<SalesAccount>(since, page, &["owner"]).await,
        }
    }

    async fn changed_rows<T: Record>(
        mut self,
        since: Timestamp,
        page: u32,
        include: &[&str],
    ) -> Result<CrmReply, CrmFailure> {
        let search = by_rules::<T>(vec![field("updated_at").is_after(since)])
            .sort("updated_at", SortDirection::Descending)
            .page(page, PAGE)
            .include(include.iter().copied())
            .full_rows();
        let Page { records, total, side_loads, .. } = self.send(search).await?;
        let rows =
            records.iter().map(|record| named(serde_json::to_value(record).unwrap_or_default(), &side_loads)).collect();
        Ok(CrmReply::Changed { rows, total: total.and_then(|total| u64::try_from(total).ok()) })
    }
}

/// The row with the names of what it points at.
fn named(row: Value, side_loads: &SideLoads) -> Map<String, Value> {
    let Value::Object(mut row) = row else { return Map::new() };
    for (id_field, keys, of, name) in RELATED {
        let Some(id) = row.get(id_field).filter(|id| !id.is_null()) else { continue };
        let objects = keys.iter().filter_map(|key| side_loads.as_map().get(*key)?.as_array()).flatten();
        let value = objects.into_iter().find(|object| is_same(&object["id"], id)).and_then(|object| object.get(of));
        if let Some(value) = value.cloned() {
            row.insert(name.to_owned(), value);
        }
    }
    row
}

/// Ids are numbers or texts, here and there.
fn is_same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text(one) == text(other)
}
