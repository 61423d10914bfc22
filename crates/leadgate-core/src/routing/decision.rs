//! The decision: who should own a lead, in order, and why.

use super::groups::Group;
use super::{Compared, Given, LeadFacts, Outcome, OwnerFacts, Routing, RoutingMoment, RoutingState, Who, owner_key};

/// Candidates that are kept in case those before them are not active in the account.
const MOST_CANDIDATES: usize = 8;

/// Who should own a lead.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Whom to give it to, the first whom the account has as an active owner.
    pub candidates: Vec<Candidate>,
    /// The territory, by name.
    pub territory: Option<String>,
    /// Nobody is to be written as owner, so that the CRM's own assignment rules fire.
    pub leave: bool,
    /// What led there, in words and in order.
    pub reasons: Vec<String>,
    /// The rule that decided; none for the default.
    pub rule: Option<String>,
}

/// Somebody who may get a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Name or e-mail of the owner.
    pub owner: String,
    /// By which rule.
    pub because: String,
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCheck {
    /// Its name.
    pub rule: String,
    /// The condition that did not hold; none if it matches.
    pub miss: Option<String>,
}

impl Routing {
    /// Decides who should own a lead. The state changes by the one who is expected to get it: the first candidate.
    pub fn decide(&self, facts: &LeadFacts, moment: &RoutingMoment<'_>, state: &mut RoutingState) -> Decision {
        let compared = Compared::of(facts);
        let mut choice =
            Choice { routing: self, moment, state, decision: Decision::default(), used: None, off_hours: None };
        for rule in self.rules.iter().filter(|rule| rule.matches(&compared, moment.now)) {
            if choice.is_empty() {
                choice.say(format!("routing: rule \"{}\" matches{}", rule.name, shown(&rule.when.to_string())));
            }
            choice.offer(&rule.outcome, Some(&rule.name));
            if choice.is_full(&rule.outcome) {
                return choice.end();
            }
        }
        if choice.is_empty() {
            choice.say("routing: no further rule matches, so the default applies".to_owned());
        }
        choice.offer(&self.default, None);
        choice.end()
    }
}

fn shown(conditions: &str) -> String {
    if conditions.is_empty() { String::new() } else { format!(": {conditions}") }
}

/// A decision in the making.
struct Choice<'a> {
    routing: &'a Routing,
    moment: &'a RoutingMoment<'a>,
    state: &'a mut RoutingState,
    decision: Decision,
    /// The group that gives the first candidate, and who takes part in the turn.
    used: Option<Used<'a>>,
    /// The first members who are only outside their hours.
    off_hours: Option<Used<'a>>,
}

struct Used<'a> {
    group: &'a Group,
    takes_part: Vec<bool>,
    rule: Option<&'a str>,
}

/// Why an owner is not given a lead.
enum Unavailable {
    Hours(String),
    Otherwise(String),
}

impl<'a> Choice<'a> {
    fn is_empty(&self) -> bool {
        self.decision.candidates.is_empty()
    }

    /// Whether what comes after an outcome is not looked at.
    fn is_full(&self, outcome: &Outcome) -> bool {
        matches!(outcome.who, Who::Nobody) || self.decision.candidates.len() >= MOST_CANDIDATES
    }

    fn say(&mut self, reason: String) {
        self.decision.reasons.push(reason);
    }

    fn offer(&mut self, outcome: &'a Outcome, rule: Option<&'a str>) {
        if self.is_empty() {
            self.decision.rule = rule.map(str::to_owned);
            if self.decision.territory.is_none() {
                self.decision.territory.clone_from(&outcome.territory);
            }
        }
        match &outcome.who {
            Who::Members(group) => self.offer_group(group, rule),
            Who::Nobody => self.decision.leave = self.is_empty(),
        }
    }

    fn offer_group(&mut self, group: &'a Group, rule: Option<&'a str>) {
        let reasons: Vec<Option<Unavailable>> =
            group.members.iter().map(|member| self.unavailable(&member.owner)).collect();
        let takes_part: Vec<bool> = reasons.iter().map(Option::is_none).collect();
        if self.is_empty() {
            self.tell_skipped(group, &reasons);
        }
        if takes_part.contains(&true) {
            self.take_in(Used { group, takes_part, rule });
        }
        let off_hours: Vec<bool> = reasons.iter().map(|reason| matches!(reason, Some(Unavailable::Hours(_)))).collect();
        if self.off_hours.is_none() && off_hours.contains(&true) {
            self.off_hours = Some(Used { group, takes_part: off_hours, rule });
        }
    }

    fn tell_skipped(&mut self, group: &Group, reasons: &[Option<Unavailable>]) {
        for (member, reason) in group.members.iter().zip(reasons) {
            if let Some(Unavailable::Hours(why) | Unavailable::Otherwise(why)) = reason {
                self.say(format!("{} is skipped: {why}", member.owner));
            }
        }
    }

    /// Adds those who take part, whoever is next first.
    fn take_in(&mut self, used: Used<'a>) {
        let credits = used.group.name.as_ref().and_then(|name| self.state.groups.get(name));
        let order = used.group.order(credits, &used.takes_part);
        if self.is_empty()
            && let Some(name) = &used.group.name
        {
            let next = &used.group.members[order[0]];
            self.say(format!("group {name}: {} is next (weight {})", next.owner, next.weight));
        }
        let because = used.rule.map_or_else(|| "the default".to_owned(), |rule| format!("rule \"{rule}\""));
        for at in order {
            let owner = &used.group.members[at].owner;
            let is_in = |candidate: &Candidate| owner_key(&candidate.owner) == owner_key(owner);
            if self.decision.candidates.len() < MOST_CANDIDATES && !self.decision.candidates.iter().any(is_in) {
                let candidate = Candidate { owner: owner.clone(), because: because.clone() };
                self.decision.candidates.push(candidate);
            }
        }
        if self.used.is_none() {
            self.used = Some(used);
        }
    }

    fn unavailable(&self, owner: &str) -> Option<Unavailable> {
        if !(self.moment.may_own)(owner) {
            return Some(Unavailable::Otherwise("the account has no active owner of that name".to_owned()));
        }
        let facts = self.routing.owners.get(&owner_key(owner))?;
        let day = self.day_of(facts);
        if let Some(absence) = facts.absent.iter().find(|absence| absence.covers(day)) {
            return Some(Unavailable::Otherwise(format!("absent until {}", absence.last())));
        }
        let given = self.state.given.get(&owner_key(owner)).filter(|given| given.day == day);
        let count = given.map_or(0, |given| given.count);
        if let Some(most) = facts.per_day.filter(|most| count >= *most) {
            return Some(Unavailable::Otherwise(format!("has had the {most} leads of the day")));
        }
        let hours = facts.hours.as_ref().filter(|hours| !hours.contain(self.moment.now))?;
        Some(Unavailable::Hours(format!("outside working hours ({hours})")))
    }

    fn day_of(&self, facts: &OwnerFacts) -> jiff::civil::Date {
        let zone = facts.hours.as_ref().map_or(&self.routing.zone, |hours| hours.zone());
        zone.to_datetime(self.moment.now).date()
    }

    fn end(mut self) -> Decision {
        if self.is_empty()
            && let Some(used) = self.off_hours.take()
        {
            self.say(
                "everyone who could have it is outside working hours: given all the same, rather than to nobody"
                    .to_owned(),
            );
            self.decision.leave = false;
            self.decision.rule = used.rule.map(str::to_owned);
            self.take_in(used);
        }
        self.decision.leave |= self.is_empty() && self.decision.territory.is_none();
        match self.decision.candidates.first() {
            Some(first) => {
                let chosen = first.owner.clone();
                self.say(format!("routing: {chosen} by {}", first_because(&self.decision)));
                self.count(&chosen);
            }
            None => self.say("routing: no owner is written, so the account's own rules may assign one".to_owned()),
        }
        if let Some(territory) = &self.decision.territory {
            let said = format!("routing: territory {territory}");
            self.say(said);
        }
        self.decision
    }

    /// The turn is taken, and the lead counts for the day.
    fn count(&mut self, chosen: &str) {
        if let Some(used) = &self.used
            && let Some(name) = &used.group.name
            && let Some(at) = used.group.members.iter().position(|member| member.owner == chosen)
        {
            let credits = self.state.groups.entry(name.clone()).or_default();
            used.group.take_turn(credits, at, &used.takes_part);
        }
        let key = owner_key(chosen);
        let Some(facts) = self.routing.owners.get(&key).filter(|facts| facts.per_day.is_some()) else { return };
        let day = self.day_of(facts);
        let given = self.state.given.entry(key).or_insert(Given { day, count: 0 });
        if given.day != day {
            *given = Given { day, count: 0 };
        }
        given.count += 1;
    }
}

fn first_because(decision: &Decision) -> &str {
    decision.candidates.first().map_or("", |candidate| &candidate.because)
}
