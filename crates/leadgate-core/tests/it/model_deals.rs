//! The model's deals, tasks, sales activities and lists, none of which the CRM keys.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leadgate_core::catalog::{NamedId, Parent, Section, StagePlace};
use leadgate_core::crm::{CrmCall, CrmFailure, CrmReply, DealSeen, DealStanding, NoteSeen};
use leadgate_core::record::{Fields, RecordKind, RecordRef, Snapshot};
use serde_json::json;

use crate::model_crm::ModelCrm;

pub(crate) const NEW: i64 = 11;
pub(crate) const ACTIVE: i64 = 12;
pub(crate) const WON: i64 = 14;

/// The names of a section.
pub(crate) fn names(section: Section) -> Vec<NamedId> {
    let named = |id: i64, name: &str, closed: bool| NamedId {
        id,
        name: name.into(),
        alias: None,
        parent: Some(Parent { id: 1, name: "Default".into() }),
        stage: Some(StagePlace { position: id, closed }),
    };
    match section {
        Section::Stages => {
            vec![
                named(NEW, "New", false),
                named(ACTIVE, "Trial Active", false),
                named(13, "Signed", false),
                named(WON, "Won", true),
            ]
        }
        Section::ActivityTypes => vec![named(21, "Meeting", false)],
        Section::LifecycleStages => vec![named(9, "Lead", false), named(10, "Sales Qualified Lead", false)],
        _ => vec![named(31, "Nurture", false)],
    }
}

impl ModelCrm {
    /// A deal that was made long ago and whose stage changed at that time.
    pub(crate) fn seed_deal(&mut self, stage: i64, stage_since: Timestamp) -> i64 {
        let created_at = Some("1969-06-01T00:00:00Z".parse().unwrap());
        self.next_id += 1;
        let standing =
            DealStanding { stage: Some(stage), pipeline: Some(1), created_at, stage_since: Some(stage_since) };
        let deal = DealSeen { id: self.next_id, name: "Old".into(), created_at, standing };
        self.deals.insert(self.next_id, (deal, Fields::new()));
        self.next_id
    }

    pub(crate) fn answer_of_deals(&mut self, call: &CrmCall) -> Result<CrmReply, CrmFailure> {
        let now = self.now;
        match call {
            CrmCall::ListDeals(person) if self.is_gone(*person) => Err(CrmFailure::NotFound),
            CrmCall::AddTask(task) if self.is_gone(task.record) => Err(CrmFailure::NotFound),
            CrmCall::AddToList { contact, .. } if !self.people.contains_key(contact) => Err(CrmFailure::NotFound),
            CrmCall::ListDeals(_) => {
                // As the CRM does: a listing does not tell how the deals stand.
                let shown = |deal: &DealSeen| DealSeen { id: deal.id, name: deal.name.clone(), ..DealSeen::default() };
                Ok(CrmReply::Deals(self.deals.values().map(|(deal, _)| shown(deal)).collect()))
            }
            CrmCall::CreateDeal(deal) => {
                self.next_id += 1;
                let standing = DealStanding {
                    stage: deal.stage.or(Some(NEW)),
                    pipeline: Some(1),
                    created_at: Some(now),
                    stage_since: Some(now),
                };
                let seen = DealSeen { id: self.next_id, name: deal.name.clone(), created_at: Some(now), standing };
                self.deals.insert(self.next_id, (seen, Fields::new()));
                Ok(CrmReply::Deal { id: self.next_id, shown: json!({ "stage_updated_time": now.to_string() }) })
            }
            CrmCall::MoveDeal { deal, stage, .. } => {
                let (seen, _) = self.deals.get_mut(deal).ok_or(CrmFailure::NotFound)?;
                (seen.standing.stage, seen.standing.stage_since) = (Some(*stage), Some(now));
                Ok(CrmReply::Deal { id: *deal, shown: json!({ "stage_updated_time": now.to_string() }) })
            }
            CrmCall::UpdateDeal { deal, fields } => {
                self.deals.get_mut(deal).ok_or(CrmFailure::NotFound)?.1.extend(fields.clone());
                self.deal(*deal)
            }
            CrmCall::ReadDeal(deal) => self.deal(*deal),
            CrmCall::AddTask(task) => Ok(self.enter("task", task.record, &task.title)),
            CrmCall::AddActivity(activity) => Ok(self.enter("activity", activity.record, &activity.title)),
            CrmCall::ListTasks(record) => Ok(self.entered("task", *record)),
            CrmCall::ListActivities(record) => Ok(self.entered("activity", *record)),
            CrmCall::AddToList { list, contact } => {
                self.listed.insert((*list, *contact));
                Ok(CrmReply::Done)
            }
            CrmCall::ConvertLead { lead, fields } => {
                let (kind, held, at) = self.people.remove(lead).ok_or(CrmFailure::NotFound)?;
                if kind != RecordKind::Lead {
                    self.people.insert(*lead, (kind, held, at));
                    return Err(CrmFailure::NotFound);
                }
                self.next_id += 1;
                let fields = held.into_iter().chain(fields.clone()).collect();
                self.people.insert(self.next_id, (RecordKind::Contact, fields, now));
                Ok(CrmReply::Record(self.shown(self.next_id).unwrap()))
            }
            other => panic!("the model has no {}", other.name()),
        }
    }

    fn is_gone(&self, record: RecordRef) -> bool {
        matches!(record.kind, RecordKind::Lead | RecordKind::Contact) && !self.people.contains_key(&record.id)
    }

    fn deal(&self, id: i64) -> Result<CrmReply, CrmFailure> {
        let (seen, fields) = self.deals.get(&id).ok_or(CrmFailure::NotFound)?;
        let mut fields = fields.clone();
        fields.insert("deal_stage_id".into(), json!(seen.standing.stage));
        fields.insert("deal_pipeline_id".into(), json!(1));
        fields.insert("stage_updated_time".into(), json!(seen.standing.stage_since));
        let record = RecordRef { kind: RecordKind::Deal, id };
        Ok(CrmReply::Record(Snapshot {
            record,
            created_at: seen.created_at,
            updated_at: None,
            fields,
            unread: BTreeSet::new(),
        }))
    }

    fn enter(&mut self, kind: &'static str, record: RecordRef, title: &str) -> CrmReply {
        self.next_id += 1;
        let seen = NoteSeen { id: self.next_id, text: title.to_owned(), created_at: Some(self.now) };
        self.entries.push((kind, record, seen));
        CrmReply::Note { id: self.next_id }
    }

    fn entered(&self, kind: &str, record: RecordRef) -> CrmReply {
        let on = self.entries.iter().filter(|(held, on, _)| *held == kind && *on == record);
        CrmReply::Notes(on.map(|(_, _, seen)| seen.clone()).collect())
    }
}
