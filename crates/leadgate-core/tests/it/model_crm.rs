//! A CRM in a few maps, with the faults that matter: refusing before and failing after an effect, and an account of either generation.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leadgate_core::catalog::{AccountFacts, NamedId, Section, SectionContent};
use leadgate_core::crm::{Among, BulkState, CrmCall, CrmFailure, CrmReply, DealSeen, LookupBy, NoteSeen};
use leadgate_core::identity::Email;
use leadgate_core::record::{Fields, RecordKind, RecordRef, Snapshot, field};
use serde_json::Value;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    FailedBefore,
    LostAfter,
    Quota,
    DiedBefore,
    DiedAfter,
}

/// The model.
pub(crate) struct ModelCrm {
    pub(crate) facts: AccountFacts,
    pub(crate) mobile_unique: bool,
    /// Somebody whom the key may not see is counted among those who are searched for.
    pub(crate) hides: bool,
    /// Somebody else is missing whenever people are counted.
    pub(crate) miscounts: bool,
    pub(crate) now: Timestamp,
    pub(crate) people: BTreeMap<i64, (RecordKind, Fields, Timestamp)>,
    pub(crate) notes: Vec<(RecordRef, NoteSeen)>,
    pub(crate) calls: Vec<&'static str>,
    /// Calls that changed something.
    pub(crate) writes: usize,
    pub(crate) deals: BTreeMap<i64, (DealSeen, Fields)>,
    pub(crate) entries: Vec<(&'static str, RecordRef, NoteSeen)>,
    pub(crate) listed: BTreeSet<(i64, i64)>,
    bulk: BTreeMap<String, ()>,
    pub(crate) next_id: i64,
}

impl ModelCrm {
    pub(crate) fn new(separate_leads: bool, contact_email_unique: Option<bool>) -> ModelCrm {
        let facts = AccountFacts {
            generation: "model".into(),
            separate_leads,
            contact_email_unique,
            lead_stage_id: (!separate_leads).then_some(9),
            bulk_people: (!separate_leads).then_some(100),
            batch_find: Some(100),
            keyed_person_upsert: true,
        };
        ModelCrm {
            facts,
            mobile_unique: false,
            hides: false,
            miscounts: false,
            now: Timestamp::UNIX_EPOCH,
            people: BTreeMap::new(),
            notes: Vec::new(),
            calls: Vec::new(),
            writes: 0,
            deals: BTreeMap::new(),
            entries: Vec::new(),
            listed: BTreeSet::new(),
            bulk: BTreeMap::new(),
            next_id: 0,
        }
    }

    pub(crate) fn seed(&mut self, kind: RecordKind, fields: Value) -> i64 {
        let long_ago = "1969-01-01T00:00:00Z".parse().unwrap();
        self.next_id += 1;
        self.people.insert(self.next_id, (kind, serde_json::from_value(fields).unwrap(), long_ago));
        self.next_id
    }

    pub(crate) fn answer(&mut self, call: &CrmCall) -> Result<CrmReply, CrmFailure> {
        self.calls.push(call.name());
        let answer = self.do_it(call);
        self.writes += usize::from(call.is_write() && answer.is_ok());
        answer
    }

    fn do_it(&mut self, call: &CrmCall) -> Result<CrmReply, CrmFailure> {
        match call {
            CrmCall::ReadCatalog(Section::Account) => {
                Ok(CrmReply::Catalog(SectionContent::Account(self.facts.clone())))
            }
            CrmCall::ReadCatalog(
                section @ (Section::Stages | Section::ActivityTypes | Section::Lists | Section::LifecycleStages),
            ) => Ok(CrmReply::Catalog(SectionContent::Names(crate::model_deals::names(*section)))),
            CrmCall::ReadCatalog(_) => {
                let web = NamedId { id: 77, name: "Web".into(), ..NamedId::default() };
                Ok(CrmReply::Catalog(SectionContent::Names(vec![web])))
            }
            CrmCall::FindPerson(LookupBy::Email(email)) => {
                Ok(CrmReply::Found(self.having(field::EMAIL, email.as_str())))
            }
            CrmCall::FindPerson(LookupBy::Phone(number)) => Ok(CrmReply::Found(self.having(field::MOBILE, number))),
            CrmCall::FindPeople { among, emails, .. } => Ok(self.find_people(*among, emails)),
            CrmCall::ConfirmPeople { emails, .. } => {
                let there = emails.iter().map(|email| self.having(field::EMAIL, email.as_str()).len()).sum::<usize>();
                Ok(CrmReply::Confirmed(there == emails.len() && !self.miscounts))
            }
            CrmCall::ReadPerson(record) => self.shown(record.id).map(CrmReply::Record).ok_or(CrmFailure::NotFound),
            CrmCall::DeletePerson(record) => {
                self.people.remove(&record.id).map(|_| CrmReply::Done).ok_or(CrmFailure::NotFound)
            }
            CrmCall::CreatePerson(fields) => self.create(fields),
            CrmCall::UpsertPerson { email, fields } => self.upsert(email.as_str(), fields),
            CrmCall::UpdatePerson { record, fields } => self.update(record.id, fields),
            CrmCall::UpsertPeople(people) => {
                for (email, fields) in people {
                    self.upsert(email.as_str(), fields)?;
                }
                let ticket = format!("t{}", self.bulk.len());
                self.bulk.insert(ticket.clone(), ());
                Ok(CrmReply::BulkStarted { ticket })
            }
            CrmCall::BulkStatus { .. } => {
                Ok(CrmReply::Bulk(BulkState::Finished { failed: BTreeMap::new(), failed_count: 0 }))
            }
            CrmCall::ListNotes(record) => {
                let on = self.notes.iter().filter(|(target, _)| target == record);
                Ok(CrmReply::Notes(on.map(|(_, note)| note.clone()).collect()))
            }
            CrmCall::AddNote { record, .. }
                if record.kind != RecordKind::Deal && !self.people.contains_key(&record.id) =>
            {
                Err(CrmFailure::Invalid { sentences: vec!["no such target".into()], fields: Vec::new() })
            }
            CrmCall::AddNote { record, text } => {
                self.next_id += 1;
                let note = NoteSeen { id: self.next_id, text: format!("<p>{text}</p>"), created_at: Some(self.now) };
                self.notes.push((*record, note));
                Ok(CrmReply::Note { id: self.next_id })
            }
            other => self.answer_of_deals(other),
        }
    }

    fn find_people(&self, among: Among, emails: &[Email]) -> CrmReply {
        let kind = if among == Among::Leads { RecordKind::Lead } else { RecordKind::Contact };
        let rows = |email: &str| self.having(field::EMAIL, email).into_iter().filter(|row| row.record.kind == kind);
        let found = emails.iter().map(|email| (email.clone(), rows(email.as_str()).collect::<Vec<_>>()));
        let people = found.filter(|(_, rows)| !rows.is_empty()).collect();
        CrmReply::FoundMany { people, is_whole: !self.hides }
    }

    fn own_kind(&self) -> RecordKind {
        if self.facts.separate_leads { RecordKind::Lead } else { RecordKind::Contact }
    }

    fn having(&self, name: &str, value: &str) -> Vec<Snapshot> {
        let has = |fields: &Fields| fields.get(name).and_then(Value::as_str) == Some(value);
        let ids = self.people.iter().filter(|(_, (_, fields, _))| has(fields)).map(|(id, _)| *id);
        ids.filter_map(|id| self.shown(id)).collect()
    }

    pub(crate) fn shown(&self, id: i64) -> Option<Snapshot> {
        let (kind, fields, created_at) = self.people.get(&id)?;
        let record = RecordRef { kind: *kind, id };
        Some(Snapshot {
            record,
            created_at: Some(*created_at),
            updated_at: Some(*created_at),
            fields: fields.clone(),
            unread: BTreeSet::new(),
        })
    }

    fn taken(&self, name: &str, fields: &Fields) -> bool {
        let value = fields.get(name).and_then(Value::as_str).unwrap_or_default();
        !value.is_empty() && !self.having(name, value).is_empty()
    }

    pub(crate) fn create(&mut self, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let unique = self.facts.contact_email_unique == Some(true) && !self.facts.separate_leads;
        for (name, is_unique) in [(field::EMAIL, unique), (field::MOBILE, self.mobile_unique)] {
            if is_unique && self.taken(name, fields) {
                return Err(CrmFailure::NotUnique { field: Some(name.to_owned()) });
            }
        }
        self.next_id += 1;
        self.people.insert(self.next_id, (self.own_kind(), fields.clone(), self.now));
        Ok(CrmReply::Record(self.shown(self.next_id).unwrap()))
    }

    fn upsert(&mut self, email: &str, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let kind = self.own_kind();
        match self.having(field::EMAIL, email).into_iter().find(|row| row.record.kind == kind) {
            Some(row) => self.update(row.record.id, fields),
            None => self.create(fields),
        }
    }

    fn update(&mut self, id: i64, fields: &Fields) -> Result<CrmReply, CrmFailure> {
        let unique = self.facts.contact_email_unique == Some(true) && !self.facts.separate_leads;
        let email = fields.get(field::EMAIL).and_then(Value::as_str).unwrap_or_default();
        if unique && self.having(field::EMAIL, email).iter().any(|row| row.record.id != id) {
            return Err(CrmFailure::NotUnique { field: Some(field::EMAIL.to_owned()) });
        }
        let (_, held, _) = self.people.get_mut(&id).ok_or(CrmFailure::NotFound)?;
        held.extend(fields.clone());
        Ok(CrmReply::Record(self.shown(id).unwrap()))
    }
}
