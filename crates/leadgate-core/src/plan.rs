//! From a submission to a plan: which steps, touching which identities, how urgent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::identity::{IdentityKey, Phone};
use crate::intake::{Company, Lead, Note, NoteTarget, ReadingRules, StageMove, Submission};
use crate::lane::Lane;
use crate::mirror::{MirrorUpdate, Mirrored};
use crate::playbook::{Response, Trigger};
use crate::record::{Fields, RecordKind, RecordRef, field};
use crate::routing::RoutingState;
use crate::steps::{CompanyStep, DealStep, NoteStep, PersonStep, PersonWish, StageStep, Step, StepTarget};
use crate::submission::SubmissionId;

/// What a submission asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The identities it touches: jobs that share one are done one at a time, in order of arrival.
    pub keys: Vec<IdentityKey>,
    /// Identities it only wants to be told about, if they are known: its company.
    pub recalls: Vec<IdentityKey>,
    /// How urgent it is.
    pub lane: Lane,
    /// What was decided on the way, in words.
    #[serde(default)]
    pub decisions: Vec<String>,
}

/// What a plan depends on besides the submission, and does not change.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext<'a> {
    /// The submission's id.
    pub submission: SubmissionId,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The present moment.
    pub now: Timestamp,
    /// The account's names, as far as they were read.
    pub catalog: &'a Catalog,
    /// How bodies are read, and the rules file.
    pub rules: &'a ReadingRules,
}

impl<'a> PlanContext<'a> {
    /// The context of a submission that is planned the moment it arrives.
    pub fn new(submission: SubmissionId, now: Timestamp, catalog: &'a Catalog, rules: &'a ReadingRules) -> Self {
        PlanContext { submission, accepted_at: now, now, catalog, rules }
    }
}

/// What must be at hand before a submission is planned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanNeeds {
    /// Profiles of people, by their keys.
    pub profiles: Vec<String>,
    /// Records of the mirror.
    pub records: Vec<RecordRef>,
}

/// What planning remembers from one submission to the next. It is read from the store before, changed by [`derive`], and what changed goes back
/// with the plan.
#[derive(Clone, Debug, Default)]
pub struct PlanMemory {
    /// Profiles of people that events named, by key.
    pub profiles: BTreeMap<String, Value>,
    /// Records of the mirror.
    pub records: BTreeMap<RecordRef, Mirrored>,
    /// Whose turn it is.
    pub routing: RoutingState,
}

/// What a plan changes besides making a job; kept in the same transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanEffects {
    /// Profiles that changed, by key.
    pub profiles: BTreeMap<String, Value>,
    /// Records of the mirror that changed.
    pub mirror: Vec<MirrorUpdate>,
    /// Whose turn it is from now on, if that changed.
    pub routing: Option<RoutingState>,
}

/// A plan, and what it changes besides.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What it changes besides.
    pub effects: PlanEffects,
}

/// What must be at hand before the plan of a submission is derived.
pub fn needs(_submission: &Submission) -> PlanNeeds {
    PlanNeeds::default()
}

/// Derives the plan of a submission.
pub fn derive(submission: &Submission, context: &PlanContext<'_>, _memory: &mut PlanMemory) -> Planned {
    let lane = submission.lane();
    let plan = match submission {
        Submission::Lead(lead) => lead_plan(lead, lane, context.rules),
        Submission::Note(note) => note_plan(note, lane),
        Submission::StageMove(stage_move) => stage_plan(stage_move, lane),
        Submission::Event(event) => {
            response_plan(context.rules.rules.playbook.respond(Trigger::Event(event), context), lane)
        }
        Submission::Sighting => response_plan(Response::default(), lane),
    };
    Planned { plan, effects: PlanEffects::default() }
}

fn response_plan(response: Response, lane: Lane) -> Plan {
    let Response { steps, keys, decisions } = response;
    let company = |step: &Step| match step {
        Step::EnsureCompany(step) => Some(IdentityKey::of_company(&step.name)),
        _ => None,
    };
    let recalls = steps.iter().filter_map(company).collect();
    Plan { steps, keys, recalls, lane, decisions }
}

fn lead_plan(lead: &Lead, lane: Lane, rules: &ReadingRules) -> Plan {
    let phone = lead.phone.as_deref().map(|typed| Phone::parse(typed, rules.phone_region.as_deref()));
    let by_email = lead.email.as_ref().map(IdentityKey::of_email);
    let by_phone = phone.as_ref().and_then(IdentityKey::of_phone);
    let mut steps = Vec::new();
    steps.extend(lead.company.as_ref().map(|company| Step::EnsureCompany(company_step(company))));
    steps.push(Step::EnsurePerson(Box::new(PersonStep::new(person_wish(lead, phone)))));
    steps.extend(
        lead.deal
            .as_ref()
            .map(|deal| Step::EnsureDeal(DealStep::new(deal.name.clone(), deal.amount.clone(), deal.stage.clone()))),
    );
    steps.extend(lead.note.as_ref().map(|text| Step::AddNote(NoteStep::new(StepTarget::Person, text.clone()))));
    Plan {
        steps,
        keys: by_email.into_iter().chain(by_phone).collect(),
        recalls: lead.company.iter().map(|company| IdentityKey::of_company(&company.name)).collect(),
        lane,
        decisions: Vec::new(),
    }
}

fn company_step(company: &Company) -> CompanyStep {
    let mut fields = Fields::new();
    fields.extend(company.website.iter().map(|site| (field::WEBSITE.to_owned(), Value::from(site.as_str()))));
    fields.extend(company.employees.map(|count| (field::EMPLOYEES.to_owned(), Value::from(count))));
    CompanyStep::new(company.name.clone(), fields)
}

fn person_wish(lead: &Lead, phone: Option<Phone>) -> PersonWish {
    let mut fields: Fields =
        lead.fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    if !lead.tags.is_empty() {
        fields.insert(field::TAGS.to_owned(), lead.tags.clone().into());
    }
    if !lead.custom.is_empty() {
        fields.insert(field::CUSTOM.to_owned(), Value::Object(lead.custom.clone()));
    }
    PersonWish {
        email: lead.email.clone(),
        phone,
        fields,
        lead_only: lead_only(lead),
        source: lead.source.clone(),
        campaign: lead.campaign.clone(),
        owner: lead.owner.clone(),
        overwrite: lead.overwrite,
        create: true,
    }
}

fn lead_only(lead: &Lead) -> Fields {
    let mut fields = Fields::new();
    if let Some(company) = &lead.company {
        fields.insert(field::COMPANY_NAME.to_owned(), company.name.as_str().into());
        fields.extend(company_step(company).fields);
    }
    if let Some(deal) = &lead.deal {
        fields.insert(field::DEAL_NAME.to_owned(), deal.name.as_str().into());
        fields.extend(deal.amount.iter().map(|amount| (field::DEAL_AMOUNT.to_owned(), Value::from(amount.as_str()))));
    }
    fields
}

fn note_plan(note: &Note, lane: Lane) -> Plan {
    match &note.target {
        NoteTarget::Record(record) => Plan {
            steps: vec![Step::AddNote(NoteStep::new(StepTarget::Record(*record), note.text.clone()))],
            keys: vec![IdentityKey::of_record(*record)],
            recalls: Vec::new(),
            lane,
            decisions: Vec::new(),
        },
        NoteTarget::Person(email) => {
            let wish = PersonWish {
                email: Some(email.clone()),
                phone: None,
                fields: Fields::new(),
                lead_only: Fields::new(),
                source: None,
                campaign: None,
                owner: None,
                overwrite: false,
                create: false,
            };
            let person = Step::EnsurePerson(Box::new(PersonStep::new(wish)));
            let add = Step::AddNote(NoteStep::new(StepTarget::Person, note.text.clone()));
            Plan {
                steps: vec![person, add],
                keys: vec![IdentityKey::of_email(email)],
                recalls: Vec::new(),
                lane,
                decisions: Vec::new(),
            }
        }
    }
}

fn stage_plan(stage_move: &StageMove, lane: Lane) -> Plan {
    let record = RecordRef { kind: RecordKind::Deal, id: stage_move.deal };
    Plan {
        steps: vec![Step::MoveDeal(StageStep::new(stage_move.deal, stage_move.stage.clone()))],
        keys: vec![IdentityKey::of_record(record)],
        recalls: Vec::new(),
        lane,
        decisions: Vec::new(),
    }
}
