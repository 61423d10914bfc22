//! What a trigger would lead to, without doing it: which rules fire, the steps with their texts, and the requests in the usual case.
//!
//! The requests are not guessed: the steps are run against an account in which all goes well (`ideal`).

mod ideal;
mod words;

use serde::Serialize;
use serde_json::Value;

use super::{Playbook, Response, Trigger};
use crate::plan::{PlanContext, PlanEffects, PlanMemory, route_made};
use crate::steps::Step;
use ideal::IdealAccount;

/// What a trigger would lead to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// Which rules fire and which do not, and why.
    pub decisions: Vec<String>,
    /// The steps, in words.
    pub steps: Vec<String>,
    /// What would be sent, and where to.
    pub deliveries: Vec<Value>,
    /// The requests if the person is in the CRM, with an open deal.
    pub requests_if_known: Vec<String>,
    /// The requests if nobody has ever heard of the person.
    pub requests_if_unknown: Vec<String>,
}

/// Says what a trigger would lead to. `leads_apart`: the account keeps leads beside contacts.
pub fn forecast(playbook: &Playbook, trigger: Trigger<'_>, context: &PlanContext<'_>, leads_apart: bool) -> Forecast {
    let Response { mut steps, mut decisions, .. } = playbook.respond(trigger, context);
    if let Trigger::Event(event) = trigger {
        let (mut memory, mut effects) = (PlanMemory::default(), PlanEffects::default());
        decisions.extend(route_made(event, &mut steps, context, &mut memory, &mut effects));
    }
    let requests = |known: bool| IdealAccount::new(&steps, leads_apart, known, context.now).requests(&steps);
    let delivery = |step: &Step| match step {
        Step::Send(step) => serde_json::to_value(&step.delivery).ok(),
        _ => None,
    };
    Forecast {
        decisions,
        steps: steps.iter().map(words::of_step).collect(),
        deliveries: steps.iter().filter_map(delivery).collect(),
        requests_if_known: requests(true),
        requests_if_unknown: requests(false),
    }
}
