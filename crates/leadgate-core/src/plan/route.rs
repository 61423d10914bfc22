//! Whom a lead goes to, and whom somebody goes to whom an event makes.
//!
//! People whom the playbook makes are given to owners as if they had been submitted: what the rules look at is taken from the step that makes
//! them and from the event.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{PlanContext, PlanEffects, PlanMemory, company_lookups, matched_company};
use crate::catalog::{BELIEVED_FOR, Resolved, Section};
use crate::intake::{Company, Event, Lead};
use crate::profile;
use crate::record::{Fields, field};
use crate::routing::{LeadFacts, RoutingMoment};
use crate::steps::{CompanyLookup, CompanyStep, PersonWish, Routed, Step};

/// What routing says of a lead, and what it says of how it came to that.
#[derive(Default)]
pub(super) struct RoutedLead {
    pub(super) routed: Option<Routed>,
    pub(super) reasons: Vec<String>,
}

pub(super) fn route(
    lead: &Lead,
    context: &PlanContext<'_>,
    memory: &mut PlanMemory,
    effects: &mut PlanEffects,
) -> RoutedLead {
    let routing = &context.rules.rules.routing;
    if !routing.is_on() {
        return RoutedLead::default();
    }
    if let Some(owner) = &lead.owner {
        let reasons = vec![format!("routing was not asked: the submission names its owner, \"{owner}\"")];
        return RoutedLead { routed: None, reasons };
    }
    let believed = context.now.saturating_sub(BELIEVED_FOR).unwrap_or(jiff::Timestamp::MIN);
    let may_own =
        |owner: &str| !matches!(context.catalog.resolve(Section::Owners, owner, believed), Resolved::Unknown { .. });
    let moment = RoutingMoment { now: context.now, may_own: &may_own };
    let before = memory.routing.clone();
    let decision = routing.decide(&LeadFacts::of(lead), &moment, &mut memory.routing);
    if memory.routing != before {
        effects.routing = Some(memory.routing.clone());
    }
    RoutedLead { routed: Some(Routed::of(&decision, routing.sticky())), reasons: decision.reasons }
}

/// Gives the people whom the steps of an event make to whom routing says. A rule that names the owner itself is obeyed; people who exist keep
/// theirs. Many an event would make the same person: the first takes a turn, and for those after it is only asked whose turn it would be. Returns
/// how it came to that.
pub(crate) fn route_made(
    event: &Event,
    steps: &mut Vec<Step>,
    context: &PlanContext<'_>,
    memory: &mut PlanMemory,
    effects: &mut PlanEffects,
) -> Vec<String> {
    let Some((position, wish)) = steps.iter().enumerate().find_map(creation) else { return Vec::new() };
    let (company_at, lead) = (company_before(steps, position), lead_of(event, steps, wish));
    let had_turn = profile::had_turn(event, &memory.profiles);
    let turns = had_turn.then(|| (memory.routing.clone(), effects.routing.clone()));
    let RoutedLead { routed, mut reasons } = route(&lead, context, memory, effects);
    let Some(routed) = routed else { return reasons };
    match turns {
        Some(turns) => {
            (memory.routing, effects.routing) = turns;
            reasons.push("routing: no turn is taken, for an earlier event of this person took one".to_owned());
        }
        None => profile::take_turn(event, &mut memory.profiles, &mut effects.profiles),
    }
    // Many an event tells of somebody who exists; that is no reason to give them to somebody else each time.
    let routed = Routed { reassign: false, ..routed };
    let routing = &context.rules.rules.routing;
    match company_at.and_then(|at| steps.get_mut(at)) {
        Some(Step::EnsureCompany(step)) => own_company(step, company_lookups(&lead, routing), &routed),
        _ => {
            let nameless = Lead { company: None, ..lead };
            let company = matched_company(&nameless, routing, Some(routed.clone()));
            steps.splice(position..position, company.map(Step::EnsureCompany));
        }
    }
    for step in steps {
        if let Step::EnsurePerson(step) = step
            && step.wish.create
        {
            step.wish.routed = Some(routed.clone());
        }
    }
    reasons
}

/// The step that makes a person, and what it says of them.
fn creation((position, step): (usize, &Step)) -> Option<(usize, &PersonWish)> {
    match step {
        Step::EnsurePerson(step) if step.wish.create => Some((position, &step.wish)),
        _ => None,
    }
}

/// The company that is looked for before the person is made, so that they are linked.
fn company_before(steps: &[Step], position: usize) -> Option<usize> {
    steps.iter().take(position).rposition(|step| matches!(step, Step::EnsureCompany(_)))
}

fn own_company(step: &mut CompanyStep, lookups: Vec<CompanyLookup>, routed: &Routed) {
    step.routed = Some(routed.clone());
    if lookups.iter().any(|lookup| *lookup != CompanyLookup::Name) {
        step.lookups = lookups;
    }
}

/// The lead that somebody would be who was submitted with what the event and the step say of them.
fn lead_of(event: &Event, steps: &[Step], wish: &PersonWish) -> Lead {
    let text = |name: &str| wish.fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let address = event.traits.get("address").and_then(Value::as_object);
    let lived = |name: &str| address.and_then(|address| said(address, name)).or_else(|| said(&event.traits, name));
    let plain = [
        (field::COUNTRY, text(field::COUNTRY).or_else(|| lived("country"))),
        (field::STATE, text(field::STATE).or_else(|| lived("state"))),
        (field::MEDIUM, text(field::MEDIUM)),
    ];
    let tags = wish.fields.get(field::TAGS).and_then(Value::as_array).into_iter().flatten();
    Lead {
        email: wish.email.clone(),
        phone: event.phone.clone(),
        fields: plain.into_iter().filter_map(|(name, text)| Some((name, text?))).collect(),
        company: steps.iter().find_map(company_of).or_else(|| company_told(&event.traits)),
        employees: count(event.traits.get("employees")),
        source: wish.source.clone(),
        campaign: wish.campaign.clone(),
        owner: steps.iter().find_map(owner_of),
        tags: tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect(),
        custom: wish.fields.get(field::CUSTOM).and_then(Value::as_object).cloned().unwrap_or_default(),
        utm: utm(event),
        language: said(&event.traits, "language").or_else(|| said(&event.context, "locale")),
        ..Lead::default()
    }
}

fn owner_of(step: &Step) -> Option<String> {
    match step {
        Step::EnsurePerson(step) => step.wish.owner.clone(),
        _ => None,
    }
}

fn company_of(step: &Step) -> Option<Company> {
    let Step::EnsureCompany(step) = step else { return None };
    let website = |fields: &Fields| fields.get(field::WEBSITE)?.as_str().map(str::to_owned);
    let employees = count(step.fields.get(field::EMPLOYEES));
    Some(Company { name: step.name.clone(), website: website(&step.fields), employees })
}

/// The company as analytics libraries describe it: a name, or an object with one.
fn company_told(traits: &Map<String, Value>) -> Option<Company> {
    match traits.get("company")? {
        Value::String(name) => Some(Company { name: name.clone(), ..Company::default() }),
        Value::Object(company) => Some(Company {
            name: said(company, "name")?,
            website: said(company, "website"),
            employees: count(company.get("employees").or_else(|| company.get("employee_count"))),
        }),
        _ => None,
    }
}

/// The campaign as analytics libraries report it; what links call `utm_campaign` is its name there.
fn utm(event: &Event) -> BTreeMap<String, String> {
    let campaign = event.context.get("campaign").and_then(Value::as_object);
    let names =
        [("source", "source"), ("medium", "medium"), ("campaign", "name"), ("term", "term"), ("content", "content")];
    let told = names.into_iter().filter_map(|(ours, theirs)| Some((ours.to_owned(), said(campaign?, theirs)?)));
    told.collect()
}

fn said(map: &Map<String, Value>, name: &str) -> Option<String> {
    map.get(name)?.as_str().map(str::to_owned)
}

fn count(value: Option<&Value>) -> Option<u32> {
    match value? {
        Value::Number(number) => number.as_u64()?.try_into().ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
