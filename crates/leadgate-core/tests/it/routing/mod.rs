//! Who owns a lead: a table of cases as data, and what must hold whatever the rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use leadgate_core::catalog::Catalog;
use leadgate_core::intake::{self, ReadingRules, Submission};
use leadgate_core::plan::{self, PlanContext, PlanMemory};
use leadgate_core::routing::{Decision, LeadFacts, Routing, RoutingMoment, RoutingState};
use leadgate_core::rules::Rules;
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use proptest::prelude::*;
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "noon")]
    at: Timestamp,
    lead: Value,
    owner: Option<String>,
    #[serde(default)]
    then: Vec<String>,
    territory: Option<String>,
    rule: String,
}

/// A Thursday noon in Berlin.
fn noon() -> Timestamp {
    "2026-06-18T10:00:00Z".parse().unwrap()
}

fn routing(text: &str) -> Routing {
    Rules::parse(text, &|_| None).unwrap().routing
}

fn facts(lead: &Value) -> LeadFacts {
    let raw = RawSubmission::new(Route::Lead, None, lead.to_string().into_bytes());
    let Submission::Lead(lead) = intake::read(&raw, &ReadingRules::default()).unwrap() else { unreachable!() };
    LeadFacts::of(&lead)
}

fn owners(decision: &Decision) -> Vec<&str> {
    decision.candidates.iter().map(|candidate| candidate.owner.as_str()).collect()
}

#[test]
fn every_case_is_decided_as_the_table_says() {
    let routing = routing(include_str!("rules.toml"));
    let table: Table = toml::from_str(include_str!("cases.toml")).unwrap();
    assert!(table.case.len() >= 100);
    for case in &table.case {
        let moment = RoutingMoment { now: case.at, may_own: &|owner| owner != "gone@example.com" };
        let decision = routing.decide(&facts(&case.lead), &moment, &mut RoutingState::default());
        let told = format!("{}: {:#?}", case.name, decision);
        assert_eq!(owners(&decision).first().copied(), case.owner.as_deref(), "{told}");
        assert_eq!(decision.rule.as_deref().unwrap_or("default"), case.rule, "{told}");
        assert_eq!(decision.territory, case.territory, "{told}");
        assert!(case.then.is_empty() || owners(&decision)[1..] == case.then, "{told}");
        assert!(!decision.reasons.is_empty(), "{told}");
    }
}

#[test]
fn turns_of_a_group_are_spread_by_weight() {
    let routing = routing(
        "[routing.groups.g]\nmembers = [{ owner = \"a\", weight = 3 }, \"b\", \"c\"]\n[[routing.rules]]\ngroup = \"g\"\n",
    );
    let mut state = RoutingState::default();
    let mut given = String::new();
    for _ in 0..10 {
        let decision = routing.decide(&LeadFacts::default(), &RoutingMoment::at(noon()), &mut state);
        given.push_str(&decision.candidates[0].owner);
    }
    assert_eq!(given, "abacaabaca");
}

#[test]
fn a_day_has_room_for_so_many() {
    let routing = routing(
        "[routing]\ndefault = { owner = \"b\" }\n[routing.owners.A]\ncapacity = { per_day = 2 }\n[[routing.rules]]\nowner = \"a\"\n",
    );
    let mut state = RoutingState::default();
    let mut given = |now: &str| {
        let moment = RoutingMoment::at(now.parse().unwrap());
        routing.decide(&LeadFacts::default(), &moment, &mut state).candidates[0].owner.clone()
    };
    let today = ["2026-06-18T01:00:00Z", "2026-06-18T02:00:00Z", "2026-06-18T23:00:00Z"].map(&mut given);
    assert_eq!(today, ["a", "a", "b"]);
    assert_eq!(given("2026-06-19T00:00:00Z"), "a", "a new day");
}

/// Events in order of arrival, and which of them take a turn.
#[rstest]
#[case::once_for_each_person(json!([{ "user_id": "7", "email": "ada@x.io" }, { "user_id": "7" }, { "user_id": "7", "anonymous_id": "d" }]), &[true, false, false])]
#[case::by_the_address_alone(json!([{ "user_id": "7", "email": "ada@x.io" }, { "email": "ada@x.io" }]), &[true, false])]
#[case::from_the_address_on(json!([{ "email": "ada@x.io" }, { "user_id": "7", "email": "ada@x.io" }, { "user_id": "7" }]), &[true, false, false])]
#[case::two_people(json!([{ "user_id": "7", "email": "ada@x.io" }, { "user_id": "8", "email": "bob@x.io" }]), &[true, true])]
#[case::not_before_somebody_can_be_made(json!([{ "user_id": "7" }, { "user_id": "7", "email": "ada@x.io" }]), &[false, true])]
#[case::whom_one_user_invites(json!([
    { "user_id": "7", "properties": { "email": "bob@x.io" } }, { "user_id": "7", "properties": { "email": "eve@x.io" } },
    { "user_id": "7", "properties": { "email": "bob@x.io" } }, { "user_id": "7", "email": "ada@x.io" },
]), &[true, true, false, true])]
fn a_person_whom_events_make_takes_one_turn(#[case] mut events: Value, #[case] turns: &[bool]) {
    let rules = "[[playbook.rules]]\nname = \"r\"\nevent = \"*\"\nsteps = [{ do = \"person\", create = true }]\n\
                 [routing]\ndefault = { group = \"all\" }\n[routing.groups.all]\nmembers = [\"Kim\", \"Lee\"]\n";
    let reading = ReadingRules { phone_region: None, rules: Arc::new(Rules::parse(rules, &|_| None).unwrap()) };
    let (catalog, mut memory) = (Catalog::default(), PlanMemory::default());
    let context = PlanContext::new(SubmissionId(Uuid::nil()), noon(), &catalog, &reading);
    let taken = events.as_array_mut().unwrap().iter_mut().map(|event| {
        event["event"] = json!("A");
        let raw = RawSubmission::new(Route::Event, None, event.to_string().into_bytes());
        let planned = plan::derive(&intake::read(&raw, &reading).unwrap(), &context, &mut memory);
        planned.effects.routing.is_some()
    });
    assert_eq!(taken.collect::<Vec<_>>(), turns);
}

#[test]
fn the_state_is_kept_and_read_back() {
    let routing = routing(include_str!("rules.toml"));
    let lead = facts(&json!({ "email": "a@firm.example", "country": "DE", "employees": 300 }));
    let (mut state, mut turns) = (RoutingState::default(), Vec::new());
    for _ in 0..3 {
        let decision = routing.decide(&lead, &RoutingMoment::at(noon()), &mut state);
        turns.push(decision.candidates[0].owner.clone());
        state = serde_json::from_value(serde_json::to_value(&state).unwrap()).unwrap();
    }
    assert_eq!(turns, ["ana@example.com", "ben@example.com", "ana@example.com"]);
    assert_eq!(serde_json::from_value::<RoutingState>(json!({})).unwrap(), RoutingState::default());
}

#[rstest]
#[case::no_outcome("[[routing.rules]]\nname = \"x\"\n", "routing.rules[0]: needs one of owner")]
#[case::two_outcomes("[[routing.rules]]\nowner = \"a\"\nleave = true\n", "routing.rules[0]: needs one of owner")]
#[case::no_group("[[routing.rules]]\ngroup = \"emea\"\n", "routing.rules[0].group: there is no group \"emea\"")]
#[case::no_zone("[routing]\ntime_zone = \"Mars/Base\"\n", "routing.time_zone: there is no time zone")]
#[case::no_time(
    "[[routing.rules]]\nowner = \"a\"\nwhen = { hours = { from = \"25:00\" } }\n",
    "routing.rules[0].when.hours.from"
)]
#[case::no_day(
    "[[routing.rules]]\nowner = \"a\"\nwhen = { hours = { days = [\"someday\"] } }\n",
    "when.hours.days: \"someday\""
)]
#[case::no_members("[routing.groups.g]\nmembers = []\n", "routing.groups.g: has no members")]
#[case::no_weight("[routing.groups.g]\nmembers = [{ owner = \"a\", weight = 0 }]\n", "the weight of a is not from 1")]
#[case::twice("[routing.groups.g]\nmembers = [\"a\", \"A \"]\n", "is a member twice")]
#[case::turned_around(
    "[[routing.rules]]\nowner = \"a\"\nwhen = { employees = { min = 9, max = 2 } }\n",
    "when.employees: needs min, max"
)]
#[case::no_custom_name(
    "[[routing.rules]]\nowner = \"a\"\nwhen = { custom = { plan = 1 } }\n",
    "when.custom.plan: is not a custom field"
)]
#[case::no_parameter(
    "[[routing.rules]]\nowner = \"a\"\nwhen = { utm = { gclid = \"x\" } }\n",
    "when.utm.gclid: is none of source"
)]
#[case::no_value("[[routing.rules]]\nowner = \"a\"\nwhen = { country = [] }\n", "when.country: has no value")]
#[case::never("[[routing.rules]]\nowner = \"a\"\nunless = {}\n", "routing.rules[0].unless: has no condition")]
#[case::no_absence("[routing.owners.a]\nabsent = [\"Christmas\"]\n", "absent: \"Christmas\" is no day")]
#[case::unknown_condition("[[routing.rules]]\nowner = \"a\"\nwhen = { planet = \"x\" }\n", "unknown field `planet`")]
fn a_mistake_is_told_with_its_place(#[case] text: &str, #[case] expected: &str) {
    let error = Rules::parse(text, &|_| None).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn why_rules_do_not_match_is_told_up_to_the_first_that_does() {
    let routing = routing(include_str!("rules.toml"));
    let lead = facts(&json!({ "email": "a@x.example", "campaign": "Spring", "source": "Referral" }));
    let checks = routing.check(&lead, noon());
    let of = |name: &str| checks.iter().find(|check| check.rule == name).unwrap().miss.clone();
    assert_eq!(of("small in Germany").unwrap(), "not: employees is 199 or less");
    assert_eq!(of("spring").unwrap(), "excluded: source is Referral");
    assert_eq!((checks.last().unwrap().rule.as_str(), of("referral")), ("referral", None));
}

fn group_of(weights: &[u8]) -> Routing {
    let members: Vec<String> =
        weights.iter().enumerate().map(|(at, weight)| format!("{{ owner = \"o{at}\", weight = {weight} }}")).collect();
    routing(&format!("[routing.groups.g]\nmembers = [{}]\n[[routing.rules]]\ngroup = \"g\"\n", members.join(", ")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// After any number of turns nobody is a whole round ahead or behind of their share.
    #[test]
    fn a_group_is_fair(weights in prop::collection::vec(1u8..9, 1..6), turns in 1u32..200) {
        let routing = group_of(&weights);
        let (mut state, mut given) = (RoutingState::default(), BTreeMap::<String, f64>::new());
        for _ in 0..turns {
            let decision = routing.decide(&LeadFacts::default(), &RoutingMoment::at(noon()), &mut state);
            *given.entry(decision.candidates[0].owner.clone()).or_default() += 1.0;
        }
        let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
        for (at, weight) in weights.iter().enumerate() {
            let share = f64::from(turns) * f64::from(*weight) / total;
            let got = given.get(&format!("o{at}")).copied().unwrap_or(0.0);
            prop_assert!((got - share).abs() < f64::from(u8::try_from(weights.len()).unwrap()), "{got} of {share}");
        }
    }

    /// Whoever was away comes back without a heap of leads.
    #[test]
    fn nobody_catches_up(away in 1u32..100) {
        let routing = group_of(&[1, 1]);
        let mut state = RoutingState::default();
        let mut turn = |may_own: &dyn Fn(&str) -> bool| {
            let moment = RoutingMoment { now: noon(), may_own };
            routing.decide(&LeadFacts::default(), &moment, &mut state).candidates[0].owner.clone()
        };
        for _ in 0..away {
            prop_assert_eq!(turn(&|owner| owner == "o1"), "o1");
        }
        let after: Vec<String> = (0..4).map(|_| turn(&|_| true)).collect();
        prop_assert_eq!(after.iter().filter(|owner| *owner == "o0").count(), 2);
    }

    /// In whatever order equal facts are written, the decision is the same, word for word.
    #[test]
    fn the_order_of_facts_does_not_matter(order in Just(vec!["day", "night", "mixed", "away"]).prop_shuffle()) {
        let routing = routing(include_str!("rules.toml"));
        let decide = |tags: &[&str]| {
            let lead = facts(&json!({ "email": "a@x.example", "tags": tags }));
            routing.decide(&lead, &RoutingMoment::at(noon()), &mut RoutingState::default())
        };
        prop_assert_eq!(decide(&order), decide(&["away", "day", "mixed", "night"]));
    }
}
