//! Who is written as owner: what routing decided, against the owners that the account has at the moment of writing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StepContext;
use crate::catalog::{Resolved, Section};
use crate::routing::{Decision, Sticky};

/// What routing decided, as it is kept with the step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Routed {
    /// Whom to give it to, in order.
    pub owners: Vec<RoutedOwner>,
    /// The territory, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub territory: Option<String>,
    /// The rule that decided; none for the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Who owns the company goes before them.
    pub sticky_company: bool,
    /// A person who exists is given to them too.
    pub reassign: bool,
}

/// Somebody who may get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutedOwner {
    /// Name or e-mail.
    pub owner: String,
    /// By which rule.
    pub because: String,
}

/// The owner to write, and how it came to that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnerChoice {
    pub(super) id: Option<i64>,
    pub(super) story: Vec<String>,
}

impl Routed {
    /// A decision, as it is kept.
    pub fn of(decision: &Decision, sticky: Sticky) -> Routed {
        let kept = decision
            .candidates
            .iter()
            .map(|candidate| RoutedOwner { owner: candidate.owner.clone(), because: candidate.because.clone() });
        Routed {
            owners: kept.collect(),
            territory: decision.territory.clone(),
            rule: decision.rule.clone(),
            sticky_company: sticky.company,
            reassign: !sticky.contact,
        }
    }

    /// The first whom the account has as an active owner, or the section of the catalog that must be read first.
    pub(super) fn resolve(
        &self,
        context: &StepContext<'_>,
        company_owner: Option<i64>,
        since: Timestamp,
    ) -> Result<OwnerChoice, Section> {
        let mut story = Vec::new();
        if let Some(id) = company_owner.filter(|_| self.sticky_company) {
            match context.catalog.resolve(Section::Owners, &id.to_string(), since) {
                Resolved::NeedsReading => return Err(Section::Owners),
                Resolved::Found(named) => {
                    story.push(format!("owner: {}, who owns the company", named.name));
                    return Ok(OwnerChoice { id: Some(named.id), story });
                }
                Resolved::Unknown { .. } | Resolved::Unreadable => {
                    story.push(format!("user {id} owns the company but is no active owner of the account"));
                }
            }
        }
        for RoutedOwner { owner, because } in &self.owners {
            match context.catalog.resolve(Section::Owners, owner, since) {
                Resolved::NeedsReading => return Err(Section::Owners),
                Resolved::Found(named) => {
                    story.push(format!("owner: {} by {because}", named.name));
                    return Ok(OwnerChoice { id: Some(named.id), story });
                }
                Resolved::Unknown { .. } => {
                    story.push(format!("\"{owner}\" falls through: the account has no active owner of that name"));
                }
                Resolved::Unreadable => {
                    story.push(format!("\"{owner}\" was left out: the key may not read the account's owners"));
                }
            }
        }
        story.push("no owner was written".to_owned());
        Ok(OwnerChoice { id: None, story })
    }
}
