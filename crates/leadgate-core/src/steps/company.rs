//! Ensure a company: where people are linked to companies, find or make it by name, which the CRM keeps unique.

use serde::{Deserialize, Serialize};

use super::{Findings, Next, StepAnswer, StepContext, StepEffect, Verdict};
use crate::catalog::Section;
use crate::crm::{CrmCall, CrmFailure, CrmReply};
use crate::identity::IdentityKey;
use crate::record::{Fields, KnownRecord, RecordKind, RecordRef, Snapshot};

/// A company to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanyStep {
    /// Its name.
    pub name: String,
    /// Further fields, by the names of [`crate::record::field`].
    pub fields: Fields,
    /// The CRM said that the name is taken.
    #[serde(default)]
    taken: bool,
    #[serde(default)]
    looked: bool,
    #[serde(default)]
    found: Option<Snapshot>,
    #[serde(default)]
    done: Option<i64>,
    #[serde(default)]
    skipped: bool,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl CompanyStep {
    /// The step for a company.
    pub fn new(name: String, fields: Fields) -> CompanyStep {
        CompanyStep {
            name,
            fields,
            taken: false,
            looked: false,
            found: None,
            done: None,
            skipped: false,
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
        // A lead carries its company inside; there is no record to make.
        if self.done.is_some() || self.skipped || account.separate_leads {
            return Next::Done;
        }
        if let Some(known) = context.known.get(&self.key())
            && self.fields.keys().all(|name| known.filled.contains(name))
        {
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
        // An upsert with more than the name would replace what the company already says.
        if (self.taken || !self.fields.is_empty()) && !self.looked {
            return Next::Call(CrmCall::FindCompany { name: self.name.clone() });
        }
        Next::Call(CrmCall::UpsertCompany { name: self.name.clone(), fields: self.fields.clone() })
    }

    fn blanks(&self, found: &Snapshot) -> Fields {
        self.fields.iter().filter(|(name, _)| found.is_blank(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
    }

    pub(super) fn absorb(&mut self, _call: &CrmCall, answer: StepAnswer, _context: &StepContext<'_>) -> Verdict {
        match answer {
            Ok(CrmReply::Record(snapshot)) => {
                self.story.push(format!("{} is in place", snapshot.record));
                self.done = Some(snapshot.record.id);
            }
            Ok(CrmReply::Found(found)) => {
                self.looked = true;
                self.found = found.into_iter().min_by_key(|snapshot| snapshot.record.id);
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

    pub(super) fn look_again(&mut self) {
        self.taken = false;
        self.looked = false;
        self.found = None;
        self.skipped = false;
    }

    /// Ends a step that needs nothing more: what was found or remembered becomes its result.
    pub(super) fn settle(&mut self, context: &StepContext<'_>) {
        if self.skipped {
            return;
        }
        let found = self.found.as_ref().map(|found| found.record.id);
        let known = || context.known.get(&self.key()).map(|known| known.record.id);
        self.done = self.done.or(found).or_else(known);
    }

    pub(super) fn report(&self, findings: &mut Findings) -> StepEffect {
        findings.company = self.done;
        let Some(id) = self.done else { return StepEffect::default() };
        let record = RecordRef { kind: RecordKind::Company, id };
        let filled = self.fields.keys().cloned().collect();
        StepEffect { learned: vec![(self.key(), KnownRecord { record, filled })], ..StepEffect::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;

    use super::*;
    use crate::catalog::{AccountFacts, Catalog, SectionContent, SectionRead};

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
            known_notes: &known_notes,
            findings: &findings,
            packing: false,
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
