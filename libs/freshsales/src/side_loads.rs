//! Side loads resolved into the record that they came with: whose owner, which stage, what company.
//!
//! A reply has ids on the record (`owner_id`) and the objects beside it (`users`), under keys in the singular or the plural, before or after the record, with
//! ids as numbers or as text. The functions here put them together, on a [`Single`] and on a [`Listed`] record alike. What was not asked for by `include` is `None`.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::appointments::Appointment;
use crate::api::contacts::Contact;
use crate::api::deals::Deal;
use crate::api::notes::Note;
use crate::api::sales_accounts::SalesAccount;
use crate::api::selectors::{ContactStatus, Currency, DealStage, LifecycleStage, NamedChoice, Owner};
use crate::api::tasks::Task;
use crate::decode::{SideLoads, Single};
use crate::listing::Listed;
use crate::record::Record;
use crate::value::FieldValue;

/// Declares accessors on both kinds of replies.
macro_rules! accessors {
    ($($(#[$about:meta])* $name:ident: $field:literal in [$($key:literal),+] -> $type:ty;)*) => {
        accessors!(@on Single, $($(#[$about])* $name: $field in [$($key),+] -> $type;)*);
        accessors!(@on Listed, $($(#[$about])* $name: $field in [$($key),+] -> $type;)*);
    };
    (@on $reply:ident, $($(#[$about:meta])* $name:ident: $field:literal in [$($key:literal),+] -> $type:ty;)*) => {
        impl<T: Record> $reply<T> {
            $($(#[$about])*
            pub fn $name(&self) -> Option<$type> {
                self.related($field, &[$($key),+])
            })*

            /// The object that a field of the record points at (`owner_id`), searched under these keys of the side loads (`users`). For relations without a function of
            /// their own.
            pub fn related<U: DeserializeOwned>(&self, id_field: &str, keys: &[&str]) -> Option<U> {
                one(&self.record, &self.side_loads, id_field, keys)
            }

            /// The stage: of a deal its deal stage, of a lead its lead stage, of a contact its lifecycle stage.
            pub fn stage(&self) -> Option<NamedChoice> {
                self.related("deal_stage_id", &["deal_stages", "deal_stage"])
                    .or_else(|| self.related("lead_stage_id", &["lead_stages", "lead_stage"]))
                    .or_else(|| self.related("lifecycle_stage_id", &["lifecycle_stages", "lifecycle_stage"]))
            }

            /// The company: of a deal its own, of a contact the primary one. It is partial.
            pub fn sales_account(&self) -> Option<SalesAccount> {
                let pointed_at = self.related("sales_account_id", &["sales_accounts", "sales_account"]);
                pointed_at.or_else(|| primary_account(&self.record))
            }

            /// The companies of a contact, the primary one first. They are partial.
            pub fn sales_accounts(&self) -> Vec<SalesAccount> {
                let mut nested = nested_accounts(&self.record);
                nested.sort_by_key(|(is_primary, _)| !is_primary);
                match nested.is_empty() {
                    true => self.sales_account().into_iter().collect(),
                    false => nested.into_iter().map(|(_, account)| account).collect(),
                }
            }

            /// The contacts of a deal or a company (`include=contacts`).
            pub fn contacts(&self) -> Vec<Contact> {
                many(&self.record, &self.side_loads, "contact_ids", "contacts")
            }

            /// The deals of a contact or a company (`include=deals`).
            pub fn deals(&self) -> Vec<Deal> {
                many(&self.record, &self.side_loads, "deal_ids", "deals")
            }

            /// The tasks (`include=tasks`).
            pub fn tasks(&self) -> Vec<Task> {
                many(&self.record, &self.side_loads, "task_ids", "tasks")
            }

            /// The appointments (`include=appointments`).
            pub fn appointments(&self) -> Vec<Appointment> {
                many(&self.record, &self.side_loads, "appointment_ids", "appointments")
            }

            /// The companies below a company (`include=child_sales_accounts`).
            pub fn child_sales_accounts(&self) -> Vec<SalesAccount> {
                many(&self.record, &self.side_loads, "child_sales_account_ids", "child_sales_accounts")
            }

            /// The users who work on a task (`include=users`).
            pub fn users(&self) -> Vec<Owner> {
                many(&self.record, &self.side_loads, "user_ids", "users")
            }

            /// The notes (`include=notes`).
            pub fn notes(&self) -> Vec<Note> {
                many(&self.record, &self.side_loads, "note_ids", "notes")
            }
        }
    };
}

accessors! {
    /// Who owns it (`include=owner`).
    owner: "owner_id" in ["users", "user", "owner", "owners"] -> Owner;
    /// Who made it (`include=creater`).
    creater: "creater_id" in ["users", "user", "creater", "creaters"] -> Owner;
    /// Who changed it last (`include=updater`).
    updater: "updater_id" in ["users", "user", "updater", "updaters"] -> Owner;
    /// The stage of a deal (`include=deal_stage`).
    deal_stage: "deal_stage_id" in ["deal_stages", "deal_stage"] -> DealStage;
    /// The type of a deal (`include=deal_type`).
    deal_type: "deal_type_id" in ["deal_types", "deal_type"] -> NamedChoice;
    /// Why a deal was lost (`include=deal_reason`).
    deal_reason: "deal_reason_id" in ["deal_reasons", "deal_reason"] -> NamedChoice;
    /// The payment status of a deal (`include=deal_payment_status`).
    deal_payment_status: "deal_payment_status_id" in ["deal_payment_statuses", "deal_payment_status"] -> NamedChoice;
    /// The product of a deal from the account's simple list (`include=deal_product`).
    deal_product: "deal_product_id" in ["deal_products", "deal_product"] -> NamedChoice;
    /// The currency of a deal (`include=currency`).
    currency: "currency_id" in ["currencies", "currency"] -> Currency;
    /// The stage of a lead (`include=lead_stage`).
    lead_stage: "lead_stage_id" in ["lead_stages", "lead_stage"] -> NamedChoice;
    /// Why a lead is unqualified (`include=lead_reason`).
    lead_reason: "lead_reason_id" in ["lead_reasons", "lead_reason"] -> NamedChoice;
    /// Where it came from (`include=source`).
    lead_source: "lead_source_id" in ["lead_source", "lead_sources", "source", "sources"] -> NamedChoice;
    /// The campaign (`include=campaign`).
    campaign: "campaign_id" in ["campaigns", "campaign"] -> NamedChoice;
    /// The territory (`include=territory`).
    territory: "territory_id" in ["territories", "territory"] -> NamedChoice;
    /// The status of a contact (`include=contact_status`).
    contact_status: "contact_status_id" in ["contact_status", "contact_statuses"] -> ContactStatus;
    /// The lifecycle stage of a contact (`include=lifecycle_stage`).
    lifecycle_stage: "lifecycle_stage_id" in ["lifecycle_stages", "lifecycle_stage"] -> LifecycleStage;
    /// The industry of a company (`include=industry_type`).
    industry_type: "industry_type_id" in ["industry_types", "industry_type"] -> NamedChoice;
    /// The kind of business of a company (`include=business_type`).
    business_type: "business_type_id" in ["business_types", "business_type"] -> NamedChoice;
    /// The type of a task (`include=task_type`).
    task_type: "task_type_id" in ["task_types", "task_type"] -> NamedChoice;
}

/// The object with the id that a field of the record has.
fn one<T: Record, U: DeserializeOwned>(record: &T, loads: &SideLoads, field: &str, keys: &[&str]) -> Option<U> {
    let id = i64::read(&record.field_value(field)?)?;
    let found =
        keys.iter().find_map(|key| objects(loads.as_map().get(*key)?).find(|object| id_of(object) == Some(id)))?;
    serde_json::from_value(found.clone()).ok()
}

/// The objects whose ids a field of the record lists, in its order; else those nested in the record.
fn many<T: Record, U: DeserializeOwned>(record: &T, loads: &SideLoads, field: &str, key: &str) -> Vec<U> {
    let typed = |object: &Value| serde_json::from_value(object.clone()).ok();
    let Some(ids) = record.field_value(field).and_then(|ids| Vec::<i64>::read(&ids)) else {
        let nested = record.field_value(key).unwrap_or_default();
        return objects(&nested).filter_map(typed).collect();
    };
    let loaded = loads.as_map().get(key).unwrap_or(&Value::Null);
    let of_id = |id: i64| objects(loaded).find(|object| id_of(object) == Some(id));
    ids.into_iter().filter_map(of_id).filter_map(typed).collect()
}

/// One object or a list of them.
fn objects(value: &Value) -> impl Iterator<Item = &Value> {
    let (list, single) = match value {
        Value::Array(items) => (items.as_slice(), None),
        other => (&[][..], Some(other)),
    };
    list.iter().chain(single).filter(|object| object.is_object())
}

fn id_of(object: &Value) -> Option<i64> {
    i64::read(object.get("id")?)
}

fn nested_accounts<T: Record>(record: &T) -> Vec<(bool, SalesAccount)> {
    let nested = record.field_value("sales_accounts").unwrap_or_default();
    let account = |object: &Value| {
        let is_primary = object.get("is_primary").and_then(Value::as_bool).unwrap_or(false);
        Some((is_primary, serde_json::from_value(object.clone()).ok()?))
    };
    objects(&nested).filter_map(account).collect()
}

fn primary_account<T: Record>(record: &T) -> Option<SalesAccount> {
    let mut accounts = nested_accounts(record);
    accounts.sort_by_key(|(is_primary, _)| !is_primary);
    accounts.into_iter().next().map(|(_, account)| account)
}
