//! What draft rules would have decided of leads that were decided already.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{LeadFacts, Routing, RoutingMoment, RoutingState, owner_key};

/// What was decided of a lead, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decided {
    /// The owner that was expected to get it.
    pub owner: Option<String>,
    /// The territory.
    pub territory: Option<String>,
    /// The rule; none for the default.
    pub rule: Option<String>,
}

/// Goes through leads in the order in which they came. Turns and counts begin at nothing.
pub struct Replay<'a> {
    routing: &'a Routing,
    state: RoutingState,
    /// Leads that were looked at.
    pub leads: u64,
    /// How many each owner was given.
    pub before: BTreeMap<String, u64>,
    /// How many each owner would have been given.
    pub after: BTreeMap<String, u64>,
}

impl<'a> Replay<'a> {
    /// Under these rules.
    pub fn new(routing: &'a Routing) -> Replay<'a> {
        Replay { routing, state: RoutingState::default(), leads: 0, before: BTreeMap::new(), after: BTreeMap::new() }
    }

    /// What the rules say of a lead that came at that moment, if it differs from what was decided.
    pub fn lead(&mut self, facts: &LeadFacts, at: Timestamp, decided: &Decided) -> Option<Decided> {
        let decision = self.routing.decide(facts, &RoutingMoment::at(at), &mut self.state);
        let owner = decision.candidates.first().map(|candidate| candidate.owner.clone());
        let anew = Decided { owner, territory: decision.territory, rule: decision.rule };
        self.leads += 1;
        *self.before.entry(name_of(decided)).or_default() += 1;
        *self.after.entry(name_of(&anew)).or_default() += 1;
        let differs = name_of(&anew) != name_of(decided) || anew.territory != decided.territory;
        differs.then_some(anew)
    }
}

fn name_of(decided: &Decided) -> String {
    decided.owner.as_deref().map_or_else(|| "nobody".to_owned(), owner_key)
}
