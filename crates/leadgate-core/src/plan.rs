//! From a submission to a plan: which steps, touching which identities, how urgent.

mod route;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::identity::{Email, IdentityKey, Phone};
use crate::intake::{Company, Event, Lead, Note, NoteTarget, ReadingRules, Removal, StageMove, Submission};
use crate::lane::Lane;
use crate::mirror::{self, Found, MirrorUpdate, Mirrored};
use crate::playbook::{Response, Trigger};
use crate::profile;
use crate::record::{Fields, RecordKind, RecordRef, field};
use crate::routing::{CompanyBy, Routing, RoutingState, is_free, text};
use crate::steps::{
    CompanyLookup, CompanyStep, DealStep, NoteStep, PersonStep, PersonWish, RemovePersonStep, Routed, StageStep, Step,
    StepTarget,
};
use crate::submission::SubmissionId;
pub(crate) use route::route_made;
use route::{RoutedLead, route};

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

/// What planning remembers from one submission to the next. It is read from the store before, changed by [`derive()`], and what changed goes back
/// with the plan.
#[derive(Clone, Debug, Default)]
pub struct PlanMemory {
    /// Profiles of people that events named, by key.
    pub profiles: BTreeMap<String, Value>,
    /// Records of the mirror.
    pub records: BTreeMap<RecordRef, Mirrored>,
    /// Since when each kind of record is watched.
    pub watched: BTreeMap<RecordKind, Timestamp>,
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
    /// What a look at a record turned out to be, for the counts.
    pub found: Option<Found>,
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
pub fn needs(submission: &Submission) -> PlanNeeds {
    match submission {
        Submission::Sighting(sighting) => PlanNeeds { records: vec![sighting.record], ..PlanNeeds::default() },
        Submission::Event(event) => PlanNeeds { profiles: profile::keys_of(event), ..PlanNeeds::default() },
        _ => PlanNeeds::default(),
    }
}

/// Derives the plan of a submission.
pub fn derive(submission: &Submission, context: &PlanContext<'_>, memory: &mut PlanMemory) -> Planned {
    let lane = submission.lane();
    let mut effects = PlanEffects::default();
    let plan = match submission {
        Submission::Lead(lead) => {
            let routed = route(lead, context, memory, &mut effects);
            lead_plan(lead, lane, context.rules, routed)
        }
        Submission::Note(note) => note_plan(note, lane),
        Submission::StageMove(stage_move) => stage_plan(stage_move, lane),
        Submission::Event(event) => return event_plan(event, context, memory),
        Submission::Removal(removal) => removal_plan(removal, lane),
        Submission::Sighting(sighting) => return mirror::plan::plan(sighting, context, memory),
    };
    Planned { plan, effects }
}

/// The rules see the event with what was known of the person before; they are asked even where nobody is known, for a message needs no person.
fn event_plan(event: &Event, context: &PlanContext<'_>, memory: &mut PlanMemory) -> Planned {
    let completed = profile::complete(event, context.accepted_at, &mut memory.profiles);
    let mut response = context.rules.rules.playbook.respond(Trigger::Event(&completed.event), context);
    let mut effects = PlanEffects { profiles: completed.changed, ..PlanEffects::default() };
    let reasons = route_made(&completed.event, &mut response.steps, context, memory, &mut effects);
    response.decisions.extend(reasons);
    let mut plan = response_plan(response, Lane::Event);
    plan.decisions.splice(0..0, completed.decisions);
    Planned { plan, effects }
}

fn response_plan(response: Response, lane: Lane) -> Plan {
    let Response { steps, keys, decisions } = response;
    let company = |step: &Step| match step {
        Step::EnsureCompany(step) if !step.name.is_empty() => Some(IdentityKey::of_company(&step.name)),
        _ => None,
    };
    let recalls = steps.iter().filter_map(company).collect();
    Plan { steps, keys, recalls, lane, decisions }
}

fn lead_plan(lead: &Lead, lane: Lane, rules: &ReadingRules, route: RoutedLead) -> Plan {
    let RoutedLead { routed, reasons } = route;
    let phone = lead.phone.as_deref().map(|typed| Phone::parse(typed, rules.phone_region.as_deref()));
    let by_email = lead.email.as_ref().map(IdentityKey::of_email);
    let by_phone = phone.as_ref().and_then(IdentityKey::of_phone);
    let mut steps = Vec::new();
    steps.extend(matched_company(lead, &rules.rules.routing, routed.clone()).map(Step::EnsureCompany));
    let wish = PersonWish { routed, ..person_wish(lead, phone) };
    steps.push(Step::EnsurePerson(Box::new(PersonStep::new(wish))));
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
        decisions: reasons,
    }
}

/// The company of a lead, and how it is looked for; none where there is neither a name nor anything to look by.
fn matched_company(lead: &Lead, routing: &Routing, routed: Option<Routed>) -> Option<CompanyStep> {
    let lookups = company_lookups(lead, routing);
    let by_more_than_name = lookups.iter().any(|lookup| *lookup != CompanyLookup::Name);
    let mut step = match &lead.company {
        Some(company) => company_step(company),
        None if by_more_than_name => CompanyStep::new(String::new(), Fields::new()),
        None => return None,
    };
    step.routed = routed;
    if by_more_than_name {
        step.lookups = lookups;
    }
    Some(step)
}

fn company_lookups(lead: &Lead, routing: &Routing) -> Vec<CompanyLookup> {
    let mut lookups = Vec::new();
    for by in routing.match_company() {
        let lookup = match by {
            CompanyBy::Domain => lead.email.as_ref().and_then(business_domain).map(CompanyLookup::Website),
            CompanyBy::Website => {
                let host = lead.company.as_ref().and_then(|company| text::host(company.website.as_deref()?));
                host.map(|host| CompanyLookup::Website(text::registrable(&host).to_owned()))
            }
            CompanyBy::Name => lead.company.as_ref().map(|_| CompanyLookup::Name),
            CompanyBy::SimilarName => lead.company.as_ref().map(|_| CompanyLookup::SimilarName),
        };
        lookups.extend(lookup.filter(|lookup| !lookups.contains(lookup)));
    }
    lookups
}

/// The registrable domain of an address, unless anybody can have one there.
fn business_domain(email: &Email) -> Option<String> {
    let domain = text::registrable(email.as_str().rsplit_once('@')?.1);
    (!is_free(domain)).then(|| domain.to_owned())
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
        routed: None,
        overwrite: lead.overwrite,
        create: true,
        id_may_wait: lead.id_may_wait,
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
            let wish = PersonWish { email: Some(email.clone()), ..PersonWish::default() };
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

fn removal_plan(removal: &Removal, lane: Lane) -> Plan {
    Plan {
        steps: vec![Step::RemovePerson(RemovePersonStep::new(removal))],
        keys: vec![match removal {
            Removal::Record { record, .. } => IdentityKey::of_record(*record),
            Removal::Written(written) => IdentityKey::of_email(&written.email),
        }],
        recalls: Vec::new(),
        lane,
        decisions: Vec::new(),
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
