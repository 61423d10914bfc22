//! What a submission says of a person, and how that becomes fields of the account at hand.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StepContext;
use crate::catalog::{AccountFacts, Resolved, Section};
use crate::identity::{Email, Phone};
use crate::record::{Fields, RecordKind, field};

/// What a submission says of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Replace values that the CRM has.
    pub overwrite: bool,
    /// Make the person if nobody matches.
    pub create: bool,
}

impl PersonWish {
    /// The names that stand for ids of the account.
    fn named(&self) -> [(&'static str, Section, Option<&str>); 3] {
        [
            (field::SOURCE_ID, Section::Sources, self.source.as_deref()),
            (field::CAMPAIGN_ID, Section::Campaigns, self.campaign.as_deref()),
            (field::OWNER_ID, Section::Owners, self.owner.as_deref()),
        ]
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
                _ => None,
            }
        };
        self.named().into_iter().filter_map(unknown).collect()
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
