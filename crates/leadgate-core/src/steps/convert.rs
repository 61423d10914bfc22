//! Convert a person: where leads are records of their own a lead becomes a contact; elsewhere the contact moves on to a later life-cycle stage.
//!
//! A lead can be converted once, and a contact that is in the stage is left alone, so a lost answer is found out by looking.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Findings, Next, ParkReason, Parking, StepAnswer, StepContext, StepEffect, Verdict};
use crate::catalog::{NamedId, Section};
use crate::crm::{CrmCall, CrmFailure, CrmReply, LookupBy};
use crate::identity::{Email, IdentityKey};
use crate::record::{Fields, KnownRecord, RecordKind, RecordRef, Snapshot, field};

/// The stage that a contact moves to when nothing else is said.
const QUALIFIED: &str = "Sales Qualified Lead";
/// What is carried over to the contact by name.
const CARRIED: [&str; 7] = [
    field::FIRST_NAME,
    field::LAST_NAME,
    field::COMPANY_NAME,
    field::EMPLOYEES,
    field::WEBSITE,
    field::DEAL_NAME,
    field::DEAL_AMOUNT,
];

/// A person to convert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConvertStep {
    /// The life-cycle stage, by name; the one for qualified leads if none is said.
    pub stage: Option<String>,
    /// Who, by e-mail, to find the contact after a lost answer.
    pub email: Option<Email>,
    #[serde(default)]
    seen: Option<Snapshot>,
    #[serde(default)]
    unknown: bool,
    #[serde(default)]
    skipped: Option<String>,
    #[serde(default)]
    contact: Option<RecordRef>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    refreshed_from: Option<Timestamp>,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl ConvertStep {
    /// The step for a conversion.
    pub fn new(stage: Option<String>, email: Option<Email>) -> ConvertStep {
        ConvertStep {
            stage,
            email,
            seen: None,
            unknown: false,
            skipped: None,
            contact: None,
            done: false,
            refreshed_from: None,
            story: Vec::new(),
        }
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        let person = context.findings.person.filter(|_| !self.done && self.skipped.is_none());
        let Some(person) = person else { return Next::Done };
        let Some(account) = context.catalog.account() else {
            return Next::Call(CrmCall::ReadCatalog(Section::Account));
        };
        match (account.separate_leads, person.kind) {
            (true, RecordKind::Lead) => self.conversion(person),
            (true, _) => Next::Done,
            (false, _) => {
                self.promotion(person, context).map_or_else(Next::Park, |call| call.map_or(Next::Done, Next::Call))
            }
        }
    }

    fn conversion(&self, lead: RecordRef) -> Next {
        if let Some(by) = self.email.clone().filter(|_| self.unknown) {
            return Next::Call(CrmCall::FindPerson(LookupBy::Email(by)));
        }
        let Some(seen) = &self.seen else { return Next::Call(CrmCall::ReadPerson(lead)) };
        Next::Call(CrmCall::ConvertLead { lead: lead.id, fields: carried(seen) })
    }

    fn promotion(&self, contact: RecordRef, context: &StepContext<'_>) -> Result<Option<CrmCall>, Parking> {
        let since = self.refreshed_from.unwrap_or_else(|| context.believed_since());
        if !context.catalog.is_fresh(Section::LifecycleStages, since) {
            return Ok(Some(CrmCall::ReadCatalog(Section::LifecycleStages)));
        }
        let stages = context.catalog.names(Section::LifecycleStages, since).unwrap_or_default();
        let to = self.destination(stages)?;
        let Some(seen) = &self.seen else { return Ok(Some(CrmCall::ReadPerson(contact))) };
        let held = seen.fields.get(field::LIFECYCLE_STAGE_ID).and_then(Value::as_i64);
        let place = |stage: &NamedId| stage.stage.map(|place| place.position);
        let from = stages.iter().find(|stage| Some(stage.id) == held).and_then(place);
        if held == Some(to.id) || from.zip(place(to)).is_some_and(|(from, to)| from > to) {
            return Ok(None);
        }
        let fields = Fields::from([(field::LIFECYCLE_STAGE_ID.to_owned(), to.id.into())]);
        Ok(Some(CrmCall::UpdatePerson { record: contact, fields }))
    }

    fn destination<'a>(&self, stages: &'a [NamedId]) -> Result<&'a NamedId, Parking> {
        let wanted = self.stage.as_deref().unwrap_or(QUALIFIED).trim().to_lowercase();
        let named = |stage: &&NamedId| {
            stage.name.trim().to_lowercase() == wanted
                || stage.alias.as_ref().is_some_and(|alias| alias.to_lowercase() == wanted)
        };
        stages.iter().find(named).ok_or_else(|| {
            let valid: Vec<String> = stages.iter().map(|stage| stage.name.clone()).collect();
            let message = format!("the account has no life-cycle stage \"{wanted}\"; it has: {}", valid.join(", "));
            Parking { valid, ..Parking::new(ParkReason::UnknownName, message) }
        })
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, context: &StepContext<'_>) -> Verdict {
        match (call, answer) {
            (CrmCall::ReadPerson(_), Ok(CrmReply::Record(snapshot))) => self.seen = Some(snapshot),
            (CrmCall::UpdatePerson { record, .. }, Ok(_)) => self.converted(*record, "moved on in its life cycle"),
            (CrmCall::ConvertLead { .. }, Ok(CrmReply::Record(snapshot))) => {
                self.converted(snapshot.record, "made of the lead");
            }
            // It is no lead any more: somebody converted it since.
            (CrmCall::ConvertLead { .. } | CrmCall::ReadPerson(_), Err(CrmFailure::NotFound)) => {
                if self.email.is_some() && !self.unknown {
                    self.unknown = true;
                } else {
                    self.skipped = Some("the person no longer exists".to_owned());
                }
            }
            (CrmCall::FindPerson(_), Ok(CrmReply::Found(found))) => self.looked_up(&found),
            (_, Err(CrmFailure::StaleId { .. })) if self.refreshed_from.is_none() => {
                self.refreshed_from = Some(context.now);
            }
            (_, Err(failure)) => return Verdict::Park(Parking::because(&failure, "converting the person")),
            _ => {}
        }
        Verdict::Proceed
    }

    fn looked_up(&mut self, found: &[Snapshot]) {
        self.unknown = false;
        match found.iter().find(|snapshot| snapshot.record.kind == RecordKind::Contact) {
            Some(contact) => self.converted(contact.record, "is what became of the lead"),
            None if found.is_empty() => self.skipped = Some("the person no longer exists".to_owned()),
            None => {}
        }
    }

    fn converted(&mut self, contact: RecordRef, how: &str) {
        self.story.push(format!("{contact} {how}"));
        self.contact = Some(contact);
        self.done = true;
    }

    pub(super) fn mark_unknown(&mut self) {
        self.unknown = true;
        self.seen = None;
    }

    pub(super) fn forget_record(&mut self) {
        self.seen = None;
    }

    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.seen = None;
        self.skipped = None;
        self.refreshed_from = Some(now);
    }

    pub(super) fn settle(&mut self, context: &StepContext<'_>) {
        let reason = match (context.findings.person, &self.skipped) {
            _ if self.done => return,
            (None, _) => "there is no person in the CRM to convert".to_owned(),
            (_, Some(reason)) => reason.clone(),
            (Some(person), None) => format!("{person} is that far already"),
        };
        self.story.push(format!("conversion skipped: {reason}"));
    }

    pub(super) fn report(&self, findings: &mut Findings) -> StepEffect {
        let Some(record) = self.contact else { return StepEffect::default() };
        findings.person = Some(record);
        findings.person_is_new = false;
        let known = KnownRecord { record, filled: std::collections::BTreeSet::from([field::EMAIL.to_owned()]) };
        let learned = self.email.iter().map(|email| (IdentityKey::of_email(email), known.clone())).collect();
        StepEffect { learned, ..StepEffect::default() }
    }
}

/// What a conversion is told: the CRM asks for a last name, and makes a company and a deal of what the lead says of them.
fn carried(lead: &Snapshot) -> Fields {
    let held = CARRIED.iter().filter_map(|name| Some(((*name).to_owned(), lead.fields.get(*name)?.clone())));
    let mut fields: Fields = held.collect();
    if !fields.contains_key(field::LAST_NAME) {
        let other = lead.fields.get(field::FIRST_NAME).or_else(|| lead.fields.get(field::EMAIL));
        fields.insert(field::LAST_NAME.to_owned(), other.cloned().unwrap_or_else(|| "unknown".into()));
    }
    fields
}
