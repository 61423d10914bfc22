//! What kind of account it is, and its names.

use freshsales::contacts::Contact;
use freshsales::selectors::DealStage;
use freshsales::{fields, lists, selectors};
use leadgate_core::catalog::{AccountFacts, NamedId, Parent, Section, SectionContent, StagePlace};
use leadgate_core::crm::{CrmFailure, CrmReply};
use serde_json::Value;

use crate::Account;

/// The most that one bulk upsert, or one search by addresses, takes. Source: official page, bulk upsert.
const MOST_AT_ONCE: u16 = 100;
/// Pages of marketing lists that are read at most.
const MOST_PAGES: u32 = 5;

impl Account<'_, '_> {
    pub(crate) async fn read_section(mut self, section: Section) -> Result<CrmReply, CrmFailure> {
        let content = match section {
            Section::Account => SectionContent::Account(self.describe().await?),
            Section::Stages => SectionContent::Names(self.stages().await?),
            Section::Sources => SectionContent::Names(names(self.send(selectors::lead_sources()).await?)),
            Section::Campaigns => SectionContent::Names(names(self.send(selectors::campaigns()).await?)),
            Section::Owners => SectionContent::Names(self.owners().await?),
            Section::Territories => match unless_hidden(self.send(selectors::territories()).await)? {
                Some(territories) => SectionContent::Names(names(territories)),
                None => SectionContent::Unreadable,
            },
            Section::LifecycleStages => SectionContent::Names(self.lifecycle_stages().await?),
            Section::ActivityTypes => SectionContent::Names(self.activity_types().await?),
            Section::Lists => SectionContent::Names(self.lists().await?),
        };
        Ok(CrmReply::Catalog(content))
    }

    async fn describe(&mut self) -> Result<AccountFacts, CrmFailure> {
        let separate_leads = self.has_leads();
        let mut facts = AccountFacts {
            generation: self.client.generation().to_string(),
            separate_leads,
            contact_email_unique: None,
            lead_stage_id: None,
            bulk_people: (!separate_leads).then_some(MOST_AT_ONCE),
            batch_find: Some(MOST_AT_ONCE),
            keyed_person_upsert: true,
        };
        if separate_leads {
            return Ok(facts);
        }
        facts.lead_stage_id = self.lead_stage().await?;
        facts.contact_email_unique = self.contact_email_unique().await?;
        Ok(facts)
    }

    /// The life-cycle stage of type "Lead"; its name is whatever the account calls it.
    async fn lead_stage(&mut self) -> Result<Option<i64>, CrmFailure> {
        let stages = unless_hidden(self.send(selectors::lifecycle_stages()).await)?.unwrap_or_default();
        let is_lead = |text: Option<Value>| text.as_ref().and_then(Value::as_str) == Some("Lead");
        let by_type = stages.iter().find(|stage| is_lead(stage.field("type")));
        let stage = by_type.or_else(|| stages.iter().find(|stage| is_lead(stage.field("name"))));
        Ok(stage.map(|stage| stage.id))
    }

    /// Whether the form of contacts says that the e-mail is unique. An account that does not show its forms does not say.
    async fn contact_email_unique(&mut self) -> Result<Option<bool>, CrmFailure> {
        let forms = unless_hidden(self.send(fields::forms::<Contact>()).await)?.unwrap_or_default();
        Ok(forms.iter().find_map(|form| email_is_unique(&form.to_value())))
    }

    async fn stages(&mut self) -> Result<Vec<NamedId>, CrmFailure> {
        let pipelines = self.send(selectors::deal_pipelines()).await?;
        let mut stages = Vec::new();
        for pipeline in pipelines {
            let parent = Parent { id: pipeline.id, name: pipeline.name.clone().unwrap_or_default() };
            let live =
                pipeline.deal_stages.unwrap_or_default().into_iter().filter(|stage| stage.is_deleted != Some(true));
            let mut live: Vec<DealStage> = live.collect();
            live.sort_by_key(|stage| stage.position);
            stages.extend(live.into_iter().zip(0..).map(|(stage, position)| NamedId {
                id: stage.id,
                stage: Some(StagePlace { position, closed: is_closed(&stage) }),
                name: stage.name.unwrap_or_default(),
                alias: None,
                parent: Some(parent.clone()),
            }));
        }
        Ok(stages)
    }

    async fn owners(&mut self) -> Result<Vec<NamedId>, CrmFailure> {
        let owners = self.send(selectors::owners()).await?;
        let active = owners.into_iter().filter(|owner| owner.is_active != Some(false));
        let named = active.map(|owner| NamedId {
            id: owner.id,
            name: owner.display_name.unwrap_or_default(),
            alias: owner.email,
            ..NamedId::default()
        });
        Ok(named.collect())
    }
}

impl Account<'_, '_> {
    /// In order; the alias is what the stage means, whatever the account calls it.
    async fn lifecycle_stages(&mut self) -> Result<Vec<NamedId>, CrmFailure> {
        let mut stages = self.send(selectors::lifecycle_stages()).await?;
        stages.retain(|stage| stage.disabled != Some(true));
        stages.sort_by_key(|stage| stage.position);
        let named = stages.into_iter().zip(0..).map(|(stage, position)| NamedId {
            id: stage.id,
            name: stage.name.unwrap_or_default(),
            alias: stage.r#type.filter(|meaning| meaning != "Custom"),
            parent: None,
            stage: Some(StagePlace { position, closed: false }),
        });
        Ok(named.collect())
    }

    /// The alias is the name that does not change.
    async fn activity_types(&mut self) -> Result<Vec<NamedId>, CrmFailure> {
        let types = self.send(selectors::sales_activity_types()).await?;
        let named = |kind: selectors::SalesActivityType| NamedId {
            id: kind.id,
            name: kind.name.unwrap_or_default(),
            alias: kind.internal_name,
            ..NamedId::default()
        };
        Ok(types.into_iter().map(named).collect())
    }

    /// The first pages: an account with more lists than that names them by id.
    async fn lists(&mut self) -> Result<Vec<NamedId>, CrmFailure> {
        let mut named = Vec::new();
        for page in 1..=MOST_PAGES {
            let lists = self.send(lists::all().page(page, u32::from(MOST_AT_ONCE))).await?.records;
            let full = lists.len() >= usize::from(MOST_AT_ONCE);
            let name = |list: lists::MarketingList| NamedId {
                id: list.id,
                name: list.name.unwrap_or_default(),
                ..NamedId::default()
            };
            named.extend(lists.into_iter().map(name));
            if !full {
                break;
            }
        }
        Ok(named)
    }
}

fn is_closed(stage: &DealStage) -> bool {
    stage.forecast_type.as_deref().is_some_and(|forecast| forecast.starts_with("Closed"))
}

fn names(choices: Vec<selectors::NamedChoice>) -> Vec<NamedId> {
    let named = |choice: selectors::NamedChoice| NamedId {
        id: choice.id,
        name: choice.name.unwrap_or_default(),
        ..NamedId::default()
    };
    choices.into_iter().map(named).collect()
}

/// What the key's user may not read, or the account does not have, is not known; that is no failure.
fn unless_hidden<T>(result: Result<T, CrmFailure>) -> Result<Option<T>, CrmFailure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(CrmFailure::Forbidden(_) | CrmFailure::NotFound) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Fields stand in sections, at any depth. The address is one field or two, by account; either may carry the rule.
fn email_is_unique(form: &Value) -> Option<bool> {
    let mut told = Vec::new();
    collect_email_rules(form, &mut told);
    told.into_iter().reduce(|one, other| one || other)
}

fn collect_email_rules(node: &Value, told: &mut Vec<bool>) {
    if matches!(node.get("name").and_then(Value::as_str), Some("email" | "emails")) {
        told.extend(node.pointer("/field_options/unique").and_then(truth));
    }
    for child in node.get("fields").and_then(Value::as_array).into_iter().flatten() {
        collect_email_rules(child, told);
    }
}

/// Options are true and false on some accounts and the words on others.
fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn uniqueness_is_found_in_any_section() {
        let form = json!({ "name": "f", "fields": [{ "name": "s", "fields": [
            { "name": "city", "field_options": { "unique": false } },
            { "name": "emails", "field_options": { "unique": true } },
        ] }] });
        assert_eq!(email_is_unique(&form), Some(true));
        assert_eq!(email_is_unique(&json!({ "fields": [{ "name": "emails", "field_options": {} }] })), None);
    }
}
