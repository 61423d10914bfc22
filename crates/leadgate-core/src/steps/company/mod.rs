//! Ensure a company: where people are linked to companies, find or make it by name, which the CRM keeps unique.

mod matching;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use matching::CompanyLookup;

use super::{Findings, Next, Routed, StepAnswer, StepContext, StepEffect, Verdict};
use crate::catalog::Section;
use crate::crm::{CrmCall, CrmFailure, CrmReply};
use crate::identity::IdentityKey;
use crate::record::{Fields, KnownRecord, RecordKind, RecordRef, Snapshot, field};

/// A company to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanyStep {
    /// Its name; empty where it is only looked for by other things than its name.
    pub name: String,
    /// Further fields, by the names of [`crate::record::field`].
    pub fields: Fields,
    /// How it is looked for, in order. Whatever else is here, its name is what it is written by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lookups: Vec<CompanyLookup>,
    /// Who is to own it if it is made, and whose turn goes to its owner if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed: Option<Routed>,
    /// How many of the ways to look have been tried.
    #[serde(default)]
    tried: usize,
    /// The CRM said that the name is taken.
    #[serde(default)]
    taken: bool,
    #[serde(default)]
    looked: bool,
    #[serde(default)]
    found: Option<Snapshot>,
    #[serde(default)]
    done: Option<i64>,
    /// Only the copy of the account was looked at.
    #[serde(default)]
    only_copied: bool,
    #[serde(default)]
    skipped: bool,
    /// The CRM did not take its owner.
    #[serde(default)]
    unowned: bool,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl CompanyStep {
    /// The step for a company.
    pub fn new(name: String, fields: Fields) -> CompanyStep {
        CompanyStep {
            name,
            fields,
            lookups: Vec::new(),
            routed: None,
            tried: 0,
            taken: false,
            looked: false,
            found: None,
            done: None,
            only_copied: false,
            skipped: false,
            unowned: false,
            story: Vec::new(),
        }
    }

    fn key(&self) -> IdentityKey {
        IdentityKey::of_company(&self.name)
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        let Some(account) = context.catalog.account() else {
            return Next::Call(CrmCall::ReadCatalog(Section::Account));
        };
        let wants_owner = self.wants_owner(context);
        // A lead carries its company inside; there is no record to make, and one that is there matters for its owner only.
        if self.done.is_some() || self.skipped || (account.separate_leads && !(wants_owner && self.found.is_none())) {
            return Next::Done;
        }
        if self.is_known_whole(context) && !wants_owner {
            return Next::Done;
        }
        if let Some(found) = &self.found {
            let blanks = self.blanks(found);
            return if blanks.is_empty() {
                Next::Done
            } else {
                Next::Call(CrmCall::UpdateCompany { record: found.record, fields: blanks })
            };
        }
        if let Some(lookup) = self.lookups.get(self.tried) {
            return Next::Call(lookup.call(&self.name));
        }
        // An upsert with more than the name would replace what the company already says.
        if (self.taken || !self.fields.is_empty() || wants_owner) && !self.looked && !self.name.is_empty() {
            return Next::Call(CrmCall::FindCompany { name: self.name.clone() });
        }
        if self.name.is_empty() || account.separate_leads {
            return Next::Done;
        }
        self.make(context, wants_owner)
    }

    /// Nobody is told to own the company of a person who is known: they have an owner, and so has it.
    fn wants_owner(&self, context: &StepContext<'_>) -> bool {
        let is_person = |known: &KnownRecord| matches!(known.record.kind, RecordKind::Contact | RecordKind::Lead);
        self.routed.as_ref().is_some_and(|routed| routed.sticky_company) && !context.known.values().any(is_person)
    }

    fn is_known_whole(&self, context: &StepContext<'_>) -> bool {
        let is_person = |known: &KnownRecord| matches!(known.record.kind, RecordKind::Contact | RecordKind::Lead);
        if self.name.is_empty() {
            return context.known.values().any(is_person);
        }
        let known = context.known.get(&self.key());
        known.is_some_and(|known| self.fields.keys().all(|name| known.filled.contains(name)))
            || self.in_copy(context).is_some_and(|copied| self.fields.keys().all(|name| !copied.is_blank(name)))
    }

    /// The identity that the copy of the account is asked for: none where the CRM has been asked already.
    pub(crate) fn copied_key(&self) -> Option<IdentityKey> {
        let asked = self.looked || self.taken || self.found.is_some() || self.tried > 0;
        (!asked && self.done.is_none() && !self.skipped && !self.name.is_empty()).then(|| self.key())
    }

    /// The company as the copy has it, as long as that is believed.
    fn in_copy<'a>(&self, context: &StepContext<'a>) -> Option<&'a Snapshot> {
        context.copied?.believed(&self.copied_key()?, context.now).map(|record| &record.snapshot)
    }

    fn make(&self, context: &StepContext<'_>, wants_owner: bool) -> Next {
        let mut fields = self.fields.clone();
        if let Some(routed) = self.routed.as_ref().filter(|_| wants_owner && !self.unowned) {
            match routed.resolve(context, None, context.believed_since()) {
                Err(section) => return Next::Call(CrmCall::ReadCatalog(section)),
                Ok(owner) => fields.extend(owner.id.map(|id| (field::OWNER_ID.to_owned(), Value::from(id)))),
            }
        }
        Next::Call(CrmCall::UpsertCompany { name: self.name.clone(), fields })
    }

    fn blanks(&self, found: &Snapshot) -> Fields {
        self.fields.iter().filter(|(name, _)| found.is_blank(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, _context: &StepContext<'_>) -> Verdict {
        match answer {
            Ok(CrmReply::Record(snapshot)) => {
                self.story.push(format!("{} is in place", snapshot.record));
                self.done = Some(snapshot.record.id);
            }
            Ok(CrmReply::Found(found)) => self.looked_up(call, found),
            // Another way to look is left, or the name.
            Err(_) if matches!(call, CrmCall::FindCompanies(_)) => self.tried += 1,
            // Perhaps its owner left a moment ago: it is better made without one than not at all.
            Err(CrmFailure::Invalid { .. } | CrmFailure::StaleId { .. }) if owns(call) && !self.unowned => {
                self.unowned = true;
            }
            // Taken by a company whose name is spelled otherwise, or that somebody made a moment ago: look for it, once.
            Err(CrmFailure::NotUnique { .. }) if !self.taken => {
                self.taken = true;
                self.looked = false;
            }
            // The lead matters more than its company.
            Err(failure) => {
                self.story.push(format!("the company was left out: {failure}"));
                self.skipped = true;
            }
            Ok(_) => {}
        }
        Verdict::Proceed
    }

    fn looked_up(&mut self, call: &CrmCall, found: Vec<Snapshot>) {
        self.looked |= matches!(call, CrmCall::FindCompany { .. });
        let lookup = self.lookups.get(self.tried).filter(|lookup| lookup.call(&self.name) == *call);
        self.found = matching::choose(found, lookup.unwrap_or(&CompanyLookup::Name), &self.name);
        let (how, is_listed) = (lookup.map(CompanyLookup::how), lookup.is_some());
        if let (Some(found), Some(how)) = (&self.found, how) {
            self.story.push(format!("{} is the company: {how}", found.record));
        }
        self.tried += usize::from(is_listed);
    }

    pub(super) fn look_again(&mut self) {
        self.tried = 0;
        self.unowned = false;
        self.taken = false;
        self.looked = false;
        self.found = None;
        self.skipped = false;
    }

    /// Ends a step that needs nothing more: what was found or remembered becomes its result.
    pub(super) fn settle(&mut self, context: &StepContext<'_>) {
        if self.skipped || context.catalog.account().is_some_and(|account| account.separate_leads) {
            return;
        }
        let found = self.found.as_ref().map(|found| found.record.id);
        let known = || context.known.get(&self.key()).filter(|_| !self.name.is_empty()).map(|known| known.record.id);
        self.done = self.done.or(found).or_else(known);
        if let (None, Some(copied)) = (self.done, self.in_copy(context)) {
            self.story.push(format!("{} is the company: same name in the copy of the account", copied.record));
            self.done = Some(copied.record.id);
            self.only_copied = true;
        }
    }

    pub(super) fn report(&self, findings: &mut Findings) -> StepEffect {
        findings.company = self.done;
        findings.company_owner = self.found.as_ref().and_then(|found| found.fields.get(field::OWNER_ID)?.as_i64());
        let Some(id) = self.done.filter(|_| !self.name.is_empty() && !self.only_copied) else {
            return StepEffect::default();
        };
        let record = RecordRef { kind: RecordKind::Company, id };
        let filled = self.fields.keys().cloned().collect();
        StepEffect { learned: vec![(self.key(), KnownRecord { record, filled })], ..StepEffect::default() }
    }
}

fn owns(call: &CrmCall) -> bool {
    matches!(call, CrmCall::UpsertCompany { fields, .. } if fields.contains_key(field::OWNER_ID))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;

    use super::*;
    use crate::catalog::{AccountFacts, Catalog, SectionContent, SectionRead};
    use crate::pack::Sharing;

    #[test]
    fn a_name_that_is_taken_but_not_found_leaves_the_company_out() {
        let facts = AccountFacts {
            generation: String::new(),
            separate_leads: false,
            contact_email_unique: None,
            lead_stage_id: None,
            bulk_people: None,
            batch_find: None,
            keyed_person_upsert: true,
        };
        let (known, known_notes, findings, mut catalog) =
            (BTreeMap::new(), BTreeSet::new(), Findings::default(), Catalog::default());
        let read_at = Timestamp::UNIX_EPOCH;
        catalog.put(Section::Account, SectionRead { content: SectionContent::Account(facts), read_at });
        let context = StepContext {
            now: read_at,
            catalog: &catalog,
            known: &known,
            copied: None,
            known_notes: &known_notes,
            findings: &findings,
            sharing: Sharing::Alone,
            is_followed: false,
            is_last: true,
        };
        let mut step = CompanyStep::new("Acme".into(), Fields::new());
        for (call, answer) in [
            ("upsert_company", Err(CrmFailure::NotUnique { field: None })),
            ("find_company", Ok(CrmReply::Found(Vec::new()))),
            ("upsert_company", Err(CrmFailure::NotUnique { field: None })),
        ] {
            let Next::Call(next) = step.next(&context) else { panic!("no call") };
            assert_eq!(next.name(), call);
            step.absorb(&next, answer, &context);
        }
        assert_eq!(step.next(&context), Next::Done);
    }
}
