//! An account in which everything that a plan names is there and every request is answered.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::catalog::{AccountFacts, Catalog, NamedId, Parent, Section, SectionContent, SectionRead, StagePlace};
use crate::crm::{CrmCall, CrmFailure, CrmReply, DealSeen};
use crate::job::{AbsorbRules, AfterCall, JobState, Turn, TurnContext};
use crate::lane::Lane;
use crate::pack::Sharing;
use crate::plan::Plan;
use crate::record::{Fields, RecordKind, RecordRef, Snapshot, field};
use crate::retry::RetryPolicy;
use crate::steps::{EntryKind, Routed, Step};

/// Turns after which a plan is taken to never end.
const MOST_TURNS: usize = 500;
/// Ids of what the account holds; they only have to differ.
const PERSON: i64 = 1;
const DEAL: i64 = 2;
const COMPANY: i64 = 3;
const PIPELINE: i64 = 4;
const FIRST_NAMED: i64 = 100;

pub(super) struct IdealAccount {
    catalog: Catalog,
    leads_apart: bool,
    known: bool,
    /// What the account says of the person it knows: who they are.
    held: Fields,
    now: Timestamp,
}

impl IdealAccount {
    pub(super) fn new(steps: &[Step], leads_apart: bool, known: bool, now: Timestamp) -> IdealAccount {
        let mut catalog = Catalog::default();
        let facts = AccountFacts {
            generation: String::new(),
            separate_leads: leads_apart,
            contact_email_unique: (!leads_apart).then_some(true),
            lead_stage_id: None,
            bulk_people: None,
            batch_find: None,
            keyed_person_upsert: true,
        };
        catalog.put(Section::Account, SectionRead { content: SectionContent::Account(facts), read_at: now });
        for (section, names) in names_in(steps) {
            let content = SectionContent::Names(names);
            catalog.put(section, SectionRead { content, read_at: now });
        }
        IdealAccount { catalog, leads_apart, known, held: held(steps), now }
    }

    /// The requests that the steps make, in order.
    pub(super) fn requests(&self, steps: &[Step]) -> Vec<String> {
        let plan = Plan {
            steps: steps.to_vec(),
            keys: Vec::new(),
            recalls: Vec::new(),
            lane: Lane::Event,
            decisions: Vec::new(),
        };
        let (mut job, mut now, mut made) = (JobState::new(&plan), self.now, Vec::new());
        let (known, known_notes) = (BTreeMap::new(), BTreeSet::new());
        for _ in 0..MOST_TURNS {
            let context = TurnContext {
                now,
                catalog: &self.catalog,
                known: &known,
                copied: None,
                known_notes: &known_notes,
                sharing: Sharing::Alone,
            };
            match job.advance(&context, &mut Vec::new()) {
                Turn::Finished(_) => break,
                Turn::Wait(until) => now = until,
                Turn::Park(parking) => {
                    made.push(format!("stops: {}", parking.message));
                    break;
                }
                Turn::Call(call) => {
                    made.push(call.name().to_owned());
                    let policy = RetryPolicy::default();
                    let rules = AbsorbRules { policy: &policy, jitter: 0.0, sent_at: now };
                    let after = job.absorb(&call, self.answer(&call), &context, &rules);
                    if !matches!(after, AfterCall::Ready) {
                        break;
                    }
                }
            }
        }
        made
    }

    fn answer(&self, call: &CrmCall) -> Result<CrmReply, CrmFailure> {
        Ok(match call {
            CrmCall::FindPerson(_) if self.known => CrmReply::Found(vec![self.person(&Fields::new())]),
            CrmCall::FindPerson(_) | CrmCall::FindCompany { .. } | CrmCall::FindCompanies(_) => {
                CrmReply::Found(Vec::new())
            }
            CrmCall::CreatePerson(_) if self.known => {
                return Err(CrmFailure::NotUnique { field: Some(field::EMAIL.to_owned()) });
            }
            CrmCall::CreatePerson(fields)
            | CrmCall::UpsertPerson { fields, .. }
            | CrmCall::UpdatePerson { fields, .. } => CrmReply::Record(self.person(fields)),
            CrmCall::ReadPerson(_) => CrmReply::Record(self.person(&Fields::new())),
            CrmCall::ListDeals(_) if self.known => CrmReply::Deals(vec![IdealAccount::deal()]),
            CrmCall::ListDeals(_) => CrmReply::Deals(Vec::new()),
            CrmCall::CreateDeal(_) | CrmCall::MoveDeal { .. } => CrmReply::Deal { id: DEAL, shown: Value::Null },
            CrmCall::ReadDeal(_) | CrmCall::UpdateDeal { .. } => CrmReply::Record(self.whole_deal()),
            CrmCall::UpsertCompany { .. } | CrmCall::UpdateCompany { .. } | CrmCall::ReadCompany(_) => {
                CrmReply::Record(snapshot(RecordKind::Company, COMPANY))
            }
            CrmCall::ConvertLead { .. } => CrmReply::Record(snapshot(RecordKind::Contact, PERSON)),
            CrmCall::AddNote { .. } | CrmCall::AddTask(_) | CrmCall::AddActivity(_) => CrmReply::Note { id: 1 },
            _ => CrmReply::Done,
        })
    }

    fn person(&self, written: &Fields) -> Snapshot {
        let kind = if self.leads_apart && !self.known { RecordKind::Lead } else { RecordKind::Contact };
        let fields = self.held.iter().chain(written).map(|(name, value)| (name.clone(), value.clone())).collect();
        Snapshot { fields, created_at: Some(self.now), ..snapshot(kind, PERSON) }
    }

    /// As a listing shows it: without how it stands.
    fn deal() -> DealSeen {
        DealSeen { id: DEAL, ..DealSeen::default() }
    }

    /// A month old, in no stage that a rule speaks of.
    fn whole_deal(&self) -> Snapshot {
        let made = self.now.saturating_sub(SignedDuration::from_hours(24 * 30)).unwrap_or(self.now);
        let fields = Fields::from([
            (field::PIPELINE_ID.to_owned(), PIPELINE.into()),
            (field::STAGE_SINCE.to_owned(), made.to_string().into()),
        ]);
        Snapshot { fields, created_at: Some(made), ..snapshot(RecordKind::Deal, DEAL) }
    }
}

fn held(steps: &[Step]) -> Fields {
    let wish = steps.iter().find_map(|step| match step {
        Step::EnsurePerson(step) => Some(&step.wish),
        _ => None,
    });
    let Some(wish) = wish else { return Fields::new() };
    let email = wish.email.as_ref().map(|email| (field::EMAIL.to_owned(), email.as_str().into()));
    let phone = wish.phone.as_ref().map(|phone| (field::MOBILE.to_owned(), phone.to_write().into()));
    email.into_iter().chain(phone).collect()
}

fn snapshot(kind: RecordKind, id: i64) -> Snapshot {
    let record = RecordRef { kind, id };
    Snapshot { record, created_at: None, updated_at: None, fields: Fields::new(), unread: BTreeSet::new() }
}

/// The names that the steps use: the account has them all.
fn names_in(steps: &[Step]) -> BTreeMap<Section, Vec<NamedId>> {
    let mut wanted: Vec<(Section, String)> = vec![(Section::Stages, "New".to_owned())];
    let mut pipeline = None;
    for step in steps {
        match step {
            Step::EnsurePerson(step) => {
                let wish = &step.wish;
                let named = [
                    (Section::Sources, &wish.source),
                    (Section::Campaigns, &wish.campaign),
                    (Section::Owners, &wish.owner),
                ];
                wanted.extend(named.into_iter().filter_map(|(section, name)| Some((section, name.clone()?))));
                wanted.extend(wish.routed.iter().flat_map(routed_names));
            }
            Step::FindDeal(step) => {
                pipeline = pipeline.or_else(|| step.wish.pipeline.clone());
                let stage = step.wish.create.as_ref().and_then(|make| make.stage.clone());
                wanted.extend(stage.map(|stage| (Section::Stages, stage)));
            }
            Step::MoveFound(step) => wanted.push((Section::Stages, step.stage.clone())),
            Step::AddEntry(step) => {
                wanted.extend(step.owner.clone().map(|owner| (Section::Owners, owner)));
                if let EntryKind::Activity { kind, .. } = &step.kind {
                    wanted.push((Section::ActivityTypes, kind.clone()));
                }
            }
            Step::Convert(step) => {
                let stage = step.stage.clone().unwrap_or_else(|| "Sales Qualified Lead".to_owned());
                wanted.push((Section::LifecycleStages, stage));
            }
            Step::AddToList(step) => wanted.push((Section::Lists, step.list.clone())),
            _ => {}
        }
    }
    let mut names: BTreeMap<Section, Vec<NamedId>> = BTreeMap::new();
    for (position, (section, name)) in wanted.into_iter().enumerate() {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        names.entry(section).or_default().push(NamedId {
            id: FIRST_NAMED.saturating_add(position),
            name,
            alias: None,
            parent: Some(Parent { id: PIPELINE, name: pipeline.clone().unwrap_or_default() }),
            stage: Some(StagePlace { position, closed: false }),
        });
    }
    names
}

/// Whom and where to routing gives somebody.
fn routed_names(routed: &Routed) -> Vec<(Section, String)> {
    let owners = routed.owners.iter().map(|routed| (Section::Owners, routed.owner.clone()));
    owners.chain(routed.territory.iter().map(|name| (Section::Territories, name.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_account_has_what_is_named() {
        let names = names_in(&[Step::AddToList(crate::steps::AddToListStep::new("Nurture".to_owned()))]);
        assert_eq!(json!(names[&Section::Lists])[0]["name"], "Nurture");
    }
}
