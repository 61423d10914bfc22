//! Turns in a group: smooth weighted round robin, which spreads a heavy member's turns instead of giving them in a row.
//!
//! Every turn each member who can be given the lead gains its weight; who then has most is next and pays what all gained together. Only those
//! who take part gain and pay, so whoever was away does not come back to a heap of leads.

use std::collections::BTreeMap;

/// What each member of a group has gained and not paid.
pub(super) type Credits = BTreeMap<String, i64>;

/// Owners who take turns.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Its name; none for a single owner.
    pub(super) name: Option<String>,
    pub(super) members: Vec<Member>,
}

/// An owner in a group.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) owner: String,
    pub(super) weight: i64,
}

impl Group {
    /// A single owner.
    pub(super) fn of(owner: String) -> Group {
        Group { name: None, members: vec![Member { owner, weight: 1 }] }
    }

    /// The members who take part, by position, whoever is next first. Of equal ones the first in the file is first.
    pub(super) fn order(&self, credits: Option<&Credits>, takes_part: &[bool]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.members.len()).filter(|at| takes_part[*at]).collect();
        order.sort_by_key(|at| std::cmp::Reverse(self.gained(credits, *at)));
        order
    }

    fn gained(&self, credits: Option<&Credits>, at: usize) -> i64 {
        let member = &self.members[at];
        credits.and_then(|credits| credits.get(&member.owner)).copied().unwrap_or(0) + member.weight
    }

    /// Gives a turn to the member at a position.
    pub(super) fn take_turn(&self, credits: &mut Credits, chosen: usize, takes_part: &[bool]) {
        credits.retain(|owner, _| self.members.iter().any(|member| member.owner == *owner));
        let mut paid = 0;
        for (member, _) in self.members.iter().zip(takes_part).filter(|(_, takes_part)| **takes_part) {
            *credits.entry(member.owner.clone()).or_default() += member.weight;
            paid += member.weight;
        }
        *credits.entry(self.members[chosen].owner.clone()).or_default() -= paid;
    }
}
