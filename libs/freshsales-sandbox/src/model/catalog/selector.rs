//! How an entry looks in a selector and in a side-loaded array.

use serde_json::{Map, Value, json};

use super::{Catalog, Entry, List};

impl Catalog {
    /// The whole list as its selector shows it.
    pub(crate) fn selector(&self, list: List) -> Vec<Value> {
        self.list(list).iter().map(|entry| self.shown(list, entry)).collect()
    }

    /// One entry as the selector of its list shows it, with the recorded key order.
    pub(crate) fn shown(&self, list: List, entry: &Entry) -> Value {
        match list {
            List::Users => shown_with(json!({"id": entry.id, "display_name": entry.name}), entry),
            List::Territories | List::Designations => {
                json!({"id": entry.id, "name": entry.name, "position": entry.position})
            }
            List::Currencies => shown_with(json!({"partial": true, "id": entry.id}), entry),
            List::DealStages | List::LeadStages | List::SalesActivityOutcomes => {
                let mut shown =
                    json!({"partial": true, "id": entry.id, "name": entry.name, "position": entry.position});
                if list == List::SalesActivityOutcomes {
                    shown = json!({"partial": true, "id": entry.id, "name": entry.name,
                        "sales_activity_type_id": entry.extra("sales_activity_type_id"), "position": entry.position});
                    return shown;
                }
                append(&mut shown, entry);
                shown
            }
            List::SalesActivityEntityTypes => json!({
                "partial": true,
                "id": entry.id,
                "name": entry.name,
                "sales_activity_type_id": entry.extra("sales_activity_type_id"),
                "position": entry.position,
                "sales_activity_type_name": entry.extra("sales_activity_type_name"),
            }),
            List::DealPipelines => self.shown_pipeline(entry),
            List::LifecycleStages => self.shown_lifecycle_stage(entry),
            List::SalesActivityTypes => shown_activity_type(entry),
            _ => shown_with(
                json!({"id": entry.id, "name": entry.name, "position": entry.position, "partial": true}),
                entry,
            ),
        }
    }

    fn shown_pipeline(&self, pipeline: &Entry) -> Value {
        let stages: Vec<Value> = self.stages_of(pipeline.id).map(stage_of_pipeline).collect();
        json!({
            "partial": true,
            "id": pipeline.id,
            "name": pipeline.name,
            "position": pipeline.position,
            "is_default": pipeline.extra("is_default"),
            "rotting_days": self.rotting_days(pipeline.id),
            "configs": [
                {"field_name": "amount", "position": 1, "highlight": true},
                {"field_name": "sales_account_id", "position": 2, "highlight": false},
                {"field_name": "expected_close", "position": 3, "highlight": false},
            ],
            "aggregated_field": "expected_deal_value",
            "deal_stages": stages,
        })
    }

    fn shown_lifecycle_stage(&self, stage: &Entry) -> Value {
        let statuses: Vec<i64> = self.statuses_of(stage.id).map(|status| status.id).collect();
        json!({
            "id": stage.id,
            "name": stage.name,
            "position": stage.position,
            "disabled": false,
            "default": stage.extra("type") != "Custom",
            "type": stage.extra("type"),
            "contact_status_ids": statuses,
        })
    }
}

fn stage_of_pipeline(stage: &Entry) -> Value {
    json!({
        "id": stage.id,
        "value": stage.name,
        "name": stage.name,
        "position": stage.position,
        "forecast_type": stage.extra("forecast_type"),
        "deal_pipeline_id": stage.extra("deal_pipeline_id"),
        "choice_type": stage.extra("choice_type"),
        "is_deleted": false,
        "probability": stage.extra("probability"),
        "updated_at": stage.extra("updated_at"),
    })
}

fn shown_activity_type(entry: &Entry) -> Value {
    json!({
        "partial": true,
        "id": entry.id,
        "name": entry.name,
        "internal_name": entry.extra("internal_name"),
        "show_in_conversation": entry.extra("show_in_conversation"),
        "position": entry.position,
        "is_default": true,
        "is_checkedin": entry.extra("is_checkedin"),
        "is_checkedin_mandatory": false,
        "is_outcome_mandatory": false,
    })
}

fn shown_with(mut shown: Value, entry: &Entry) -> Value {
    append(&mut shown, entry);
    shown
}

fn append(shown: &mut Value, entry: &Entry) {
    let extra: &Map<String, Value> = &entry.extra;
    if let Value::Object(map) = shown {
        map.extend(extra.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}
