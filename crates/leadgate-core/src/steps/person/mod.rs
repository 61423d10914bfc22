//! Ensure a person: exactly one record for one human, whatever the CRM answers and whenever the process dies.
//!
//! Cast: [`PersonWish`] is what the submission says of the person; [`PersonRun`] is how far the search and the writing got; `matching` decides
//! which record is the person and what may be written to it; `copied` goes by the copy of the account; `answers` takes replies in; `proof` counts whom a bulk request wrote; `ending` says what came of it. Flow:
//!
//! 1. Known lately? Then nothing is asked; only a field that it did not have leads to a read and an update. In the copy of the account, and that was
//!    read lately? Then nothing is asked either, and blanks are filled by one update, whose answer is checked (`copied`).
//! 2. Account keeps contact e-mails unique? Then a create is itself the test: it makes the person or says that there is one. It never
//!    overwrites, which an upsert would.
//! 3. Else look up by exact match, leads and contacts in one request; when many wait, by searching for thousands of addresses at once.
//! 4. Found: fill blanks. Not found: keyed upsert where there is one, else create.
//! 5. Refused as not unique: look up by what is taken, the e-mail first, then the phone.
//! 6. Answer lost: look up by exact match before anything is written again.

mod answers;
mod copied;
mod ending;
mod matching;
mod proof;
mod wish;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub(super) use answers::is_untouched;
pub(super) use matching::{patch, primary_is};
pub use wish::PersonWish;

use super::{Next, ParkReason, Parking, Routed, StepContext};
use crate::catalog::{AccountFacts, Section};
use crate::crm::{Among, CrmCall, LookupBy};
use crate::identity::IdentityKey;
use crate::pack::Packing;
use crate::record::{Fields, KnownRecord, RecordRef, Snapshot, WrittenPerson, field};

/// How long a bulk request usually takes; the first look at it comes then.
const BULK_TAKES: SignedDuration = SignedDuration::from_secs(3);
/// How long the search index lags behind a bulk request, usually.
const INDEX_LAGS: SignedDuration = SignedDuration::from_secs(6);
/// Looks at a bulk request before its people are looked up one by one.
const MOST_BULK_LOOKS: u8 = 12;
/// Searches for a person that a bulk request wrote, before an exact lookup.
const MOST_SEARCHES: u8 = 2;
/// How long it is believed that nobody is there. A write may wait longer, for the quota or because an import is paused, and somebody may make the
/// person meanwhile.
const NOBODY_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Times that the CRM may contradict itself ("taken", but nobody there; "there", but gone) before a person must look.
const MOST_CONTRADICTIONS: u8 = 4;

/// A person to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonStep {
    /// What the submission says.
    pub wish: PersonWish,
    #[serde(default)]
    run: PersonRun,
    /// Where nobody matches and nobody is to be made, the plan goes on without the person.
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

/// How far the search and the writing got.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct PersonRun {
    /// Exact lookup by e-mail found nobody.
    no_email_match: bool,
    /// Exact lookup by phone found nobody.
    no_phone_match: bool,
    /// Search among contacts found nobody.
    not_in_contacts: bool,
    /// Search among leads found nobody.
    not_in_leads: bool,
    /// The last search showed everybody whom it counted, so that whom it did not show nobody is.
    surely_nobody: bool,
    /// When a search or an exact lookup found nobody the last time.
    nobody_at: Option<Timestamp>,
    /// The account does not allow searching for many.
    no_search: bool,
    /// The record that is the person.
    candidate: Option<Snapshot>,
    /// The candidate was read whole.
    candidate_whole: bool,
    /// The candidate was probably made by a write of this step whose answer was lost.
    probably_ours: bool,
    /// When what this step made was first seen, nothing had been written to it since: nobody else can have made it.
    untouched: bool,
    /// What is remembered, or in the copy of the account, turned out wrong.
    distrust_memory: bool,
    /// The CRM said the e-mail is taken.
    email_taken: bool,
    /// The CRM said the phone is taken.
    phone_taken: bool,
    /// The CRM said that something is taken without saying what.
    taken_unnamed: bool,
    /// Fields that the CRM would not take.
    dropped: BTreeSet<String>,
    /// A write was sent whose answer did not arrive.
    unknown: bool,
    /// When the first write was sent.
    first_write: Option<Timestamp>,
    /// A bulk request is under way.
    bulk: Option<BulkRun>,
    /// A bulk request finished; the record is searched for.
    bulk_landed: Option<BulkLanded>,
    /// A bulk request refused this person.
    bulk_refused: bool,
    /// When searching shows whom a bulk request wrote whose answer was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    shown_from: Option<Timestamp>,
    /// Whom a bulk request wrote, proven to be there without a look at the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<WrittenPerson>,
    /// The account has no keyed upsert after all.
    no_upsert: bool,
    /// Ids turned out stale; only a catalog read after this moment is believed.
    refreshed_from: Option<Timestamp>,
    /// How often the CRM contradicted itself.
    contradictions: u8,
    done: Option<PersonDone>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct BulkRun {
    ticket: String,
    /// Whom it wrote was searched for before anybody asked how it stands: that answer shows the person, the other one only its failures.
    #[serde(default)]
    searched: bool,
    looks: u8,
    not_before: Timestamp,
    /// What it was sent, where counting may show that it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<Sent>,
    /// Counts in which somebody was missing.
    #[serde(default)]
    miscounts: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sent {
    at: Timestamp,
    fields: Fields,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct BulkLanded {
    searches: u8,
    not_before: Timestamp,
}

/// The end of the step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PersonDone {
    record: RecordRef,
    created: bool,
    /// Something of the person was written.
    #[serde(default)]
    changed: bool,
    /// When the CRM said that the person was last changed.
    #[serde(default)]
    as_of: Option<Timestamp>,
    /// The CRM itself answered that it was created just now.
    #[serde(default)]
    is_new: bool,
    filled: BTreeSet<String>,
    /// The record's phone is the submission's.
    holds_phone: bool,
    /// Only the copy of the account was looked at.
    #[serde(default)]
    only_copied: bool,
}

impl PersonStep {
    /// The step for a person.
    pub fn new(wish: PersonWish) -> PersonStep {
        PersonStep { wish, run: PersonRun::default(), optional: false, story: Vec::new() }
    }

    /// Where nobody matches and nobody is to be made, the plan goes on without the person.
    #[must_use]
    pub fn or_left_out(mut self) -> PersonStep {
        self.optional = true;
        self
    }

    /// Nobody was found before: if it looks again, a write may have been sent while that was still believed.
    pub(crate) fn saw_nobody(&self) -> bool {
        self.run.nobody_at.is_some()
    }

    /// How the next call is packed where many wait: the person is searched for among people of whom hardly anybody is there, or written in bulk.
    pub(crate) fn packing(&self) -> Packing {
        let run = &self.run;
        let searched = run.no_search || run.no_email_match || (run.not_in_contacts && run.not_in_leads);
        let alone = run.unknown || run.email_taken || run.phone_taken || run.bulk_refused;
        let in_bulk = run.bulk.is_some() || run.bulk_landed.is_some();
        match self.wish.email.is_some() && run.candidate.is_none() && (in_bulk || !(searched || alone)) {
            false => Packing::Alone,
            true if run.bulk.as_ref().is_some_and(BulkRun::is_countable) => Packing::Wide,
            true if in_bulk || run.not_in_contacts || run.first_write.is_some() => Packing::Pages,
            true => Packing::Wide,
        }
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        if self.run.done.is_some() || self.run.written.is_some() {
            return Next::Done;
        }
        let Some(account) = context.catalog.account() else {
            return Next::Call(CrmCall::ReadCatalog(Section::Account));
        };
        if self.run.contradictions > MOST_CONTRADICTIONS {
            return Next::Park(self.contradicted());
        }
        if let Some(waiting) = self.bulk_wait(context) {
            return waiting;
        }
        if self.run.unknown {
            return self.read_back();
        }
        let fields = match self.wish.fields(account, context, &self.run.dropped, self.run.refreshed_from) {
            Ok(fields) => fields,
            Err(section) => return Next::Call(CrmCall::ReadCatalog(section)),
        };
        if let Some(candidate) = &self.run.candidate {
            return self.reconcile(candidate, &fields);
        }
        if let Some(known) = self.remembered(context) {
            return self.reconcile_known(known, &fields);
        }
        if self.in_copy(context).is_some_and(|copied| self.copy_suffices(copied, &fields)) {
            return Next::Done;
        }
        self.search_or_write(account, context, fields)
    }

    /// A bulk request under way, or just landed.
    fn bulk_wait(&self, context: &StepContext<'_>) -> Option<Next> {
        if let Some(bulk) = &self.run.bulk {
            let unseen = self.wish.email.clone().filter(|_| !bulk.searched && !self.run.no_search);
            let find = |email| CrmCall::FindPeople { among: Among::Contacts, emails: vec![email], likely: true };
            let look = match unseen {
                Some(email) => self.count(bulk, context).unwrap_or_else(|| find(email)),
                None => CrmCall::BulkStatus { ticket: bulk.ticket.clone() },
            };
            return Some(call_or_wait(look, bulk.not_before, context.now));
        }
        let landed = self.run.bulk_landed.as_ref()?;
        let email = self.wish.email.clone()?;
        let find = if landed.searches < MOST_SEARCHES && !self.run.no_search {
            CrmCall::FindPeople { among: Among::Contacts, emails: vec![email], likely: true }
        } else {
            CrmCall::FindPerson(LookupBy::Email(email))
        };
        Some(call_or_wait(find, landed.not_before, context.now))
    }

    fn read_back(&self) -> Next {
        match &self.run.candidate {
            Some(candidate) => Next::Call(CrmCall::ReadPerson(candidate.record)),
            None => match self.exact_key() {
                Some(by) => Next::Call(CrmCall::FindPerson(by)),
                None => Next::Park(self.contradicted()),
            },
        }
    }

    /// What the person is looked up by exactly: the e-mail, or the phone where there is no e-mail.
    fn exact_key(&self) -> Option<LookupBy> {
        let email = self.wish.email.clone().map(LookupBy::Email);
        email.or_else(|| self.phone_number().map(LookupBy::Phone))
    }

    fn phone_number(&self) -> Option<String> {
        self.wish.phone.as_ref()?.e164().map(str::to_owned)
    }

    fn reconcile(&self, candidate: &Snapshot, fields: &Fields) -> Next {
        let fields = self.wish.fitting(fields, candidate.record.kind);
        let fields = &self.wish.respecting_owner(fields, candidate);
        let unseen_owner = self.wish.reassigns() && candidate.unread.contains(field::OWNER_ID);
        let must_read = unseen_owner || matching::must_read_whole(candidate, fields, self.wish.overwrite);
        if !self.run.candidate_whole && must_read {
            return Next::Call(CrmCall::ReadPerson(candidate.record));
        }
        let mut patch = matching::patch(candidate, fields, self.wish.overwrite);
        if self.wish.reassigns() {
            let owner = fields.get_key_value(field::OWNER_ID);
            let other = owner.filter(|(name, id)| candidate.fields.get(*name) != Some(*id));
            patch.extend(other.map(|(name, id)| (name.clone(), id.clone())));
        }
        if patch.is_empty() {
            return Next::Done;
        }
        Next::Call(CrmCall::UpdatePerson { record: candidate.record, fields: patch })
    }

    fn remembered<'a>(&self, context: &'a StepContext<'_>) -> Option<&'a KnownRecord> {
        if self.run.distrust_memory {
            return None;
        }
        let by_email = self.wish.email.as_ref().and_then(|email| context.known.get(&IdentityKey::of_email(email)));
        by_email.or_else(|| {
            let by_phone = context.known.get(&IdentityKey::of_phone(self.wish.phone.as_ref()?)?)?;
            // Two people may share a phone. It is the same person if only one of the two has an e-mail.
            let same = self.wish.email.is_none() || !by_phone.filled.contains(field::EMAIL);
            same.then_some(by_phone)
        })
    }

    fn reconcile_known(&self, known: &KnownRecord, fields: &Fields) -> Next {
        if self.wish.overwrite
            || self.wish.reassigns()
            || matching::adds_to(known, &self.wish.fitting(fields, known.record.kind))
        {
            return Next::Call(CrmCall::ReadPerson(known.record));
        }
        Next::Done
    }

    fn search_or_write(&self, account: &AccountFacts, context: &StepContext<'_>, mut fields: Fields) -> Next {
        let since = self.run.refreshed_from.unwrap_or_else(|| context.believed_since());
        if !context.catalog.is_fresh(Section::Account, since) {
            // Whether e-mails are unique decides how it is written, and an admin can change that.
            return Next::Call(CrmCall::ReadCatalog(Section::Account));
        }
        if let Some(search) = self.search(account, context) {
            return search;
        }
        if !self.wish.create {
            if self.optional {
                return Next::Done;
            }
            return Next::Park(Parking::new(ParkReason::NotFound, "nobody in the CRM has that e-mail"));
        }
        let maybe_the_phone = self.run.taken_unnamed && self.run.phone_taken;
        if self.run.email_taken && self.run.no_email_match && !maybe_the_phone {
            return Next::Park(self.contradicted());
        }
        if self.run.phone_taken {
            if self.wish.email.is_none() {
                return Next::Park(self.contradicted());
            }
            // Taken by somebody whom the key cannot see, or who has it as a second number: the lead matters more than its phone.
            fields.remove(field::MOBILE);
        }
        self.wish.mark_as_lead(account, &mut fields, &self.run.dropped);
        self.write(account, context, fields)
    }

    /// The next search, unless everything that can be searched has been, or a create is itself the test.
    fn search(&self, account: &AccountFacts, context: &StepContext<'_>) -> Option<Next> {
        let run = &self.run;
        let believed = run.nobody_at.is_some_and(|at| context.now.duration_since(at) <= NOBODY_FOR);
        if let Some(email) = &self.wish.email
            && !(run.no_email_match && believed)
        {
            let not_in_contacts = run.not_in_contacts && believed;
            let searched = not_in_contacts && (run.not_in_leads || !account.separate_leads);
            if context.sharing.is_packing()
                && account.batch_find.is_some()
                && !run.no_search
                && !run.email_taken
                && !searched
            {
                let among = if not_in_contacts { Among::Leads } else { Among::Contacts };
                // Whoever may have been written already is probably there.
                let likely = run.first_write.is_some();
                let find = CrmCall::FindPeople { among, emails: vec![email.clone()], likely };
                return Some(call_or_wait(find, run.shown_from.unwrap_or(Timestamp::MIN), context.now));
            }
            let create_is_test = account.contact_email_unique == Some(true)
                && !account.separate_leads
                && self.wish.create
                && !self.wish.overwrite
                && !self.is_probably_there(context);
            if run.email_taken || !(searched || create_is_test) {
                return Some(Next::Call(CrmCall::FindPerson(LookupBy::Email(email.clone()))));
            }
        }
        let by_phone = (self.wish.email.is_none() || run.phone_taken) && !run.no_phone_match;
        let number = self.phone_number().filter(|_| by_phone)?;
        Some(Next::Call(CrmCall::FindPerson(LookupBy::Phone(number))))
    }

    fn write(&self, account: &AccountFacts, context: &StepContext<'_>, fields: Fields) -> Next {
        let run = &self.run;
        let looked = run.no_email_match || run.not_in_contacts;
        let Some(email) = self.wish.email.clone().filter(|_| looked && account.keyed_person_upsert && !run.no_upsert)
        else {
            return Next::Call(CrmCall::CreatePerson(fields));
        };
        if context.sharing.is_packing() && account.bulk_people.is_some() && !run.bulk_refused && !run.phone_taken {
            return Next::Call(CrmCall::UpsertPeople(vec![(email, fields)]));
        }
        Next::Call(CrmCall::UpsertPerson { email, fields })
    }

    fn contradicted(&self) -> Parking {
        let what = if self.run.email_taken { "e-mail" } else { "phone or another value of the person" };
        let message = format!(
            "the CRM says that the {what} is taken, but shows nobody who has it; the key's user may not see that record: \
             give the user access to it or merge it, then release this job"
        );
        Parking::new(ParkReason::TakenUnseen, message)
    }

    /// A write was sent at `since` or later and its answer did not arrive.
    pub(super) fn mark_unknown(&mut self, call: &CrmCall, since: Timestamp) {
        self.run.first_write.get_or_insert(since);
        match call {
            // Keyed, so writing again is safe; searching again first finds most of what landed for a hundredth of the requests.
            CrmCall::UpsertPeople(_) | CrmCall::FindPeople { .. } => {
                self.run.not_in_contacts = false;
                self.run.not_in_leads = false;
                self.run.shown_from = Some(later(since, BULK_TAKES + INDEX_LAGS));
            }
            CrmCall::UpdatePerson { .. } => {
                self.run.unknown = true;
                self.run.candidate_whole = false;
            }
            _ => self.run.unknown = true,
        }
    }

    /// A person mended something: what was seen of the CRM is seen anew. What may have been written is not forgotten.
    pub(super) fn look_again(&mut self, now: Timestamp) {
        let run = std::mem::take(&mut self.run);
        self.run = PersonRun {
            unknown: run.unknown,
            first_write: run.first_write,
            done: run.done,
            written: run.written,
            distrust_memory: true,
            refreshed_from: Some(now),
            ..PersonRun::default()
        };
    }

    /// The record that was the person is gone: find or make the person again.
    pub(crate) fn start_over(&mut self) {
        self.story.push("the record that was the person no longer exists: searching again".to_owned());
        self.run = PersonRun { distrust_memory: true, first_write: self.run.first_write, ..PersonRun::default() };
    }
}

fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

fn call_or_wait(call: CrmCall, not_before: Timestamp, now: Timestamp) -> Next {
    if now < not_before { Next::Wait { until: not_before } } else { Next::Call(call) }
}
