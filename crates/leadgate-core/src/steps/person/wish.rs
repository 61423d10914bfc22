//! What a submission says of a person, and how that becomes fields of the account at hand.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Routed, StepContext};
use crate::catalog::{AccountFacts, Resolved, Section};
use crate::identity::{Email, Phone};
use crate::record::{Fields, RecordKind, Snapshot, field};

/// What a submission says of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonWish {
    /// E-mail address.
    pub email: Option<Email>,
    /// Phone number.
    pub phone: Option<Phone>,
    /// Fields that are the same on every account.
    pub fields: Fields,
    /// Fields that only a lead carries inside: its company and its deal.
    pub lead_only: Fields,
    /// Lead source, by name.
    pub source: Option<String>,
    /// Campaign, by name.
    pub campaign: Option<String>,
    /// Owner, by name or e-mail.
    pub owner: Option<String>,
    /// What routing decided, where the submission names no owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed: Option<Routed>,
    /// Replace values that the CRM has.
    pub overwrite: bool,
    /// Make the person if nobody matches.
    pub create: bool,
    /// Nobody waits for the id of a person who is made: it is enough that they are there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub id_may_wait: bool,
}

impl PersonWish {
    /// The names that stand for ids of the account.
    fn named(&self) -> [(&'static str, Section, Option<&str>); 4] {
        [
            (field::SOURCE_ID, Section::Sources, self.source.as_deref()),
            (field::CAMPAIGN_ID, Section::Campaigns, self.campaign.as_deref()),
            (field::OWNER_ID, Section::Owners, self.owner.as_deref()),
            (field::TERRITORY_ID, Section::Territories, self.territory()),
        ]
    }

    fn territory(&self) -> Option<&str> {
        self.routed.as_ref()?.territory.as_deref()
    }

    /// The fields to have on this account, or the section of the catalog that must be read first.
    ///
    /// A name that the account does not have is left out: a lead is never held back by a label. [`PersonWish::left_out`] says which.
    pub(super) fn fields(
        &self,
        account: &AccountFacts,
        context: &StepContext<'_>,
        dropped: &BTreeSet<String>,
        refreshed_from: Option<Timestamp>,
    ) -> Result<Fields, Section> {
        let mut fields = self.fields.clone();
        fields.extend(self.email.iter().map(|email| (field::EMAIL.to_owned(), Value::from(email.as_str()))));
        fields.extend(self.phone.iter().map(|phone| (field::MOBILE.to_owned(), Value::from(phone.to_write()))));
        if account.separate_leads {
            fields.extend(self.lead_only.clone());
        } else if let Some(company) = context.findings.company {
            fields.insert(field::COMPANY_ID.to_owned(), company.into());
        }
        let since = refreshed_from.unwrap_or_else(|| context.believed_since());
        for (name, section, wanted) in self.named() {
            let Some(wanted) = wanted.filter(|_| !dropped.contains(name)) else { continue };
            match context.catalog.resolve(section, wanted, since) {
                Resolved::NeedsReading => return Err(section),
                Resolved::Found(named) => drop(fields.insert(name.to_owned(), named.id.into())),
                Resolved::Unknown { .. } | Resolved::Unreadable => {}
            }
        }
        if let Some(routed) = self.routed.as_ref().filter(|_| !dropped.contains(field::OWNER_ID)) {
            let owner = routed.resolve(context, context.findings.company_owner, since)?;
            fields.extend(owner.id.map(|id| (field::OWNER_ID.to_owned(), Value::from(id))));
        }
        fields.retain(|name, _| !dropped.contains(name));
        Ok(fields)
    }

    /// The fields that a record of this kind has a place for: only a lead carries its company and deal inside.
    pub(super) fn fitting(&self, fields: &Fields, kind: RecordKind) -> Fields {
        let fits = |name: &String| kind == RecordKind::Lead || !self.lead_only.contains_key(name);
        fields.iter().filter(|(name, _)| fits(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What is left out on this account because it has no such name, in words.
    pub(super) fn left_out(&self, context: &StepContext<'_>) -> Vec<String> {
        let unknown = |(_, section, wanted): (&str, Section, Option<&str>)| {
            let wanted = wanted?;
            match context.catalog.resolve(section, wanted, Timestamp::MIN) {
                Resolved::Unknown { valid } if valid.is_empty() => {
                    Some(format!("\"{wanted}\" was left out: the account has no {}", section.name()))
                }
                Resolved::Unknown { valid } => Some(format!(
                    "\"{wanted}\" was left out: it is none of the account's {}: {}",
                    section.name(),
                    valid.join(", ")
                )),
                Resolved::Unreadable if section == Section::Territories => {
                    Some(format!("\"{wanted}\" was left out: the key may not read the account's territories"))
                }
                _ => None,
            }
        };
        self.named().into_iter().filter_map(unknown).collect()
    }

    /// Who was to own a new record, and why, in words.
    pub(super) fn owner_story(&self, context: &StepContext<'_>) -> Vec<String> {
        let Some(routed) = &self.routed else { return Vec::new() };
        let choice = routed.resolve(context, context.findings.company_owner, Timestamp::MIN);
        choice.map(|choice| choice.story).unwrap_or_default()
    }

    /// What routing may write to a record that exists: nothing that is somebody's already, unless it is to be given anew.
    pub(super) fn respecting_owner(&self, mut fields: Fields, candidate: &Snapshot) -> Fields {
        let Some(routed) = self.routed.as_ref().filter(|_| self.owner.is_none()) else { return fields };
        if !routed.reassign {
            fields.retain(|name, _| {
                !matches!(name.as_str(), field::OWNER_ID | field::TERRITORY_ID) || candidate.is_blank(name)
            });
        }
        fields
    }

    /// Whether the owner of a person who exists is to be replaced.
    pub(super) fn reassigns(&self) -> bool {
        self.routed.as_ref().is_some_and(|routed| routed.reassign && !routed.owners.is_empty())
    }

    /// What a new record needs besides: its life-cycle stage where a lead is a contact, and a last name to be listed under.
    pub(super) fn mark_as_lead(&self, account: &AccountFacts, fields: &mut Fields, dropped: &BTreeSet<String>) {
        if let Some(stage) = account.lead_stage_id.filter(|_| !dropped.contains(field::LIFECYCLE_STAGE_ID)) {
            fields.entry(field::LIFECYCLE_STAGE_ID.to_owned()).or_insert(stage.into());
        }
        if self.email.is_none() && !fields.contains_key(field::LAST_NAME) {
            let name = fields.get(field::FIRST_NAME).cloned();
            let number = self.phone.as_ref().map(|phone| Value::from(phone.to_write()));
            fields.extend(name.or(number).map(|value| (field::LAST_NAME.to_owned(), value)));
        }
    }
}
