//! The section `routing` of the rules file, as it is written, and the way to what is applied.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::availability::{Absence, Hours, HoursFile, time_zone};
use super::conditions::{Conditions, ConditionsFile};
use super::groups::{Group, Member};
use super::{CompanyBy, Outcome, OwnerFacts, Routing, Rule, Sticky, Who, owner_key};
use crate::rules::Compiling;

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoutingFile {
    time_zone: Option<String>,
    sticky: Option<Vec<StickyFile>>,
    match_company: Option<Vec<CompanyBy>>,
    default: Option<OutcomeFile>,
    #[serde(default)]
    owners: BTreeMap<String, OwnerFile>,
    #[serde(default)]
    groups: BTreeMap<String, GroupFile>,
    #[serde(default)]
    rules: Vec<RuleFile>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StickyFile {
    Contact,
    Company,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeFile {
    owner: Option<String>,
    group: Option<String>,
    territory: Option<String>,
    leave: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OwnerFile {
    hours: Option<HoursFile>,
    absent: Vec<String>,
    capacity: Option<CapacityFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityFile {
    per_day: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupFile {
    members: Vec<MemberFile>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "an owner, or an object with owner and weight")]
enum MemberFile {
    Owner(String),
    Weighted(WeightedFile),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightedFile {
    owner: String,
    weight: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    name: Option<String>,
    #[serde(default)]
    when: ConditionsFile,
    unless: Option<ConditionsFile>,
    owner: Option<String>,
    group: Option<String>,
    territory: Option<String>,
    leave: Option<bool>,
}

impl Routing {
    pub(crate) fn compile(file: RoutingFile, compiling: &mut Compiling<'_>) -> Routing {
        let zone = file.time_zone.map(|name| time_zone(&name, "routing.time_zone", compiling)).unwrap_or(TimeZone::UTC);
        let owners = file.owners.into_iter().map(|(name, owner)| {
            let place = format!("routing.owners.\"{name}\"");
            (owner_key(&name), owner_facts(owner, &zone, &place, compiling))
        });
        let owners: BTreeMap<String, OwnerFacts> = owners.collect();
        let groups = file.groups.into_iter().map(|(name, group)| {
            let members = members(group, &format!("routing.groups.{name}"), compiling);
            (name.clone(), Group { name: Some(name), members })
        });
        let groups: BTreeMap<String, Group> = groups.collect();
        let rules: Vec<Rule> =
            file.rules.into_iter().enumerate().map(|numbered| rule(numbered, &groups, &zone, compiling)).collect();
        let default = file.default.map(|written| outcome(written, &groups, "routing.default", compiling));
        let sticky = file.sticky.unwrap_or_else(|| vec![StickyFile::Contact, StickyFile::Company]);
        Routing {
            is_on: !rules.is_empty() || default.is_some(),
            sticky: Sticky {
                contact: sticky.contains(&StickyFile::Contact),
                company: sticky.contains(&StickyFile::Company),
            },
            match_company: file.match_company.unwrap_or_else(|| vec![CompanyBy::Name]),
            default: default.unwrap_or(Outcome { who: Who::Nobody, territory: None }),
            owners,
            rules,
            zone,
        }
    }
}

fn owner_facts(file: OwnerFile, zone: &TimeZone, place: &str, compiling: &mut Compiling<'_>) -> OwnerFacts {
    let hours = file.hours.map(|hours| Hours::compile(hours, zone, &format!("{place}.hours"), compiling));
    let absent =
        file.absent.iter().filter_map(|written| Absence::compile(written, &format!("{place}.absent"), compiling));
    OwnerFacts { hours, absent: absent.collect(), per_day: file.capacity.map(|capacity| capacity.per_day) }
}

fn members(file: GroupFile, place: &str, compiling: &mut Compiling<'_>) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for member in file.members {
        let (owner, weight) = match member {
            MemberFile::Owner(owner) => (owner, 1),
            MemberFile::Weighted(WeightedFile { owner, weight }) => (owner, weight.unwrap_or(1)),
        };
        if !(1..=1_000).contains(&weight) {
            compiling.problem(place, format_args!("the weight of {owner} is not from 1 to 1000"));
        }
        if members.iter().any(|held| owner_key(&held.owner) == owner_key(&owner)) {
            compiling.problem(place, format_args!("{owner} is a member twice; give it a weight instead"));
        }
        members.push(Member { owner: owner.trim().to_owned(), weight });
    }
    if members.is_empty() {
        compiling.problem(place, "has no members");
    }
    members
}

fn rule(
    (index, file): (usize, RuleFile),
    groups: &BTreeMap<String, Group>,
    zone: &TimeZone,
    compiling: &mut Compiling<'_>,
) -> Rule {
    let place = format!("routing.rules[{index}]");
    let RuleFile { name, when, unless, owner, group, territory, leave } = file;
    let when = Conditions::compile(when, zone, &format!("{place}.when"), compiling);
    let unless = unless.map(|unless| Conditions::compile(unless, zone, &format!("{place}.unless"), compiling));
    if unless.as_ref().is_some_and(Conditions::is_empty) {
        compiling.problem(&format!("{place}.unless"), "has no condition, so the rule would never match");
    }
    let outcome = outcome(OutcomeFile { owner, group, territory, leave }, groups, &place, compiling);
    Rule { name: name.unwrap_or_else(|| format!("rule {}", index + 1)), when, unless, outcome }
}

fn outcome(file: OutcomeFile, groups: &BTreeMap<String, Group>, place: &str, compiling: &mut Compiling<'_>) -> Outcome {
    let leave = file.leave.unwrap_or(false);
    let who = match (file.owner, file.group) {
        (Some(owner), None) if !leave && !owner.trim().is_empty() => Who::Members(Group::of(owner.trim().to_owned())),
        (None, Some(name)) if !leave => match groups.get(&name) {
            Some(group) => Who::Members(group.clone()),
            None => {
                compiling.problem(
                    &format!("{place}.group"),
                    format_args!("there is no group \"{name}\"; write it under [routing.groups.{name}]"),
                );
                Who::Nobody
            }
        },
        (None, None) if leave || file.territory.is_some() => Who::Nobody,
        _ => {
            compiling.problem(
                place,
                "needs one of owner, group, territory or leave = true; a territory may go with an owner or a group",
            );
            Who::Nobody
        }
    };
    Outcome { who, territory: file.territory }
}
