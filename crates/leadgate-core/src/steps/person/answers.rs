//! What each answer of the CRM means for the search and the writing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{BULK_TAKES, BulkLanded, INDEX_LAGS, MOST_BULK_LOOKS, PersonStep, later, matching};
use crate::crm::{Among, BulkState, CrmCall, CrmFailure, CrmReply, LookupBy};
use crate::identity::Email;
use crate::record::{Fields, Snapshot, field};
use crate::steps::{CLOCK_SKEW, Parking, StepAnswer, StepContext, Verdict};

/// Two stamps of one making differ by less than this.
const MADE_WITHIN: SignedDuration = SignedDuration::from_secs(1);
/// Fields that a lead can do without when the CRM will not take them.
const DISPENSABLE: [&str; 7] = [
    field::MOBILE,
    field::SOURCE_ID,
    field::CAMPAIGN_ID,
    field::OWNER_ID,
    field::TERRITORY_ID,
    field::LIFECYCLE_STAGE_ID,
    field::COMPANY_ID,
];

impl PersonStep {
    pub(in crate::steps) fn absorb(
        &mut self,
        call: &CrmCall,
        answer: StepAnswer,
        context: &StepContext<'_>,
    ) -> Verdict {
        match answer {
            Ok(reply) => self.take_in(call, reply, context),
            Err(failure) => return self.refused(call, failure, context),
        }
        Verdict::Proceed
    }

    fn take_in(&mut self, call: &CrmCall, reply: CrmReply, context: &StepContext<'_>) {
        match (call, reply) {
            (CrmCall::FindPerson(by), CrmReply::Found(found)) => self.looked_up(by, found, context.now),
            (CrmCall::FindPeople { among, .. }, CrmReply::FoundMany { people, is_whole }) => {
                self.run.surely_nobody = is_whole;
                self.searched(*among, people, context);
            }
            (CrmCall::ReadPerson(_), CrmReply::Record(snapshot)) => {
                self.run.candidate = Some(snapshot);
                self.run.candidate_whole = true;
                self.run.unknown = false;
            }
            (CrmCall::CreatePerson(fields), CrmReply::Record(snapshot)) => {
                self.run.untouched = true;
                self.created(&snapshot, fields, context);
                self.run.done.iter_mut().for_each(|done| done.is_new = true);
            }
            (CrmCall::UpsertPerson { fields, .. }, CrmReply::Record(snapshot)) => {
                if self.made_by_us(&snapshot, context.now) {
                    self.run.untouched = is_untouched(&snapshot);
                    self.created(&snapshot, fields, context);
                } else {
                    self.updated(&snapshot, fields, false);
                }
            }
            (CrmCall::UpdatePerson { fields, .. }, CrmReply::Record(snapshot)) => {
                self.run.untouched = false;
                self.updated(&snapshot, fields, self.run.probably_ours);
            }
            (CrmCall::UpsertPeople(people), CrmReply::BulkStarted { ticket }) => {
                self.run.first_write.get_or_insert(context.now);
                let soon = later(context.now, BULK_TAKES + INDEX_LAGS);
                let fields = people.first().map(|(_, fields)| fields).cloned().unwrap_or_default();
                self.run.bulk = Some(self.bulk_run(ticket, fields, soon, context));
            }
            (CrmCall::ConfirmPeople { .. }, CrmReply::Confirmed(all)) => self.counted(all, context),
            (CrmCall::BulkStatus { .. }, CrmReply::Bulk(state)) => self.bulk_stands(state, context.now),
            _ => {}
        }
    }

    fn looked_up(&mut self, by: &LookupBy, found: Vec<Snapshot>, now: Timestamp) {
        self.run.unknown = false;
        let landed = self.run.bulk_landed.take().is_some();
        match matching::choose(found, self.wish.email.as_ref()) {
            Some(snapshot) => self.matched(snapshot, how(by)),
            None => {
                self.story.push(format!("nobody in the CRM has that {}", how(by)));
                self.run.nobody_at = Some(now);
                self.run.bulk_refused |= landed;
                match by {
                    LookupBy::Email(_) => self.run.no_email_match = true,
                    LookupBy::Phone(_) => self.run.no_phone_match = true,
                }
            }
        }
    }

    fn searched(&mut self, among: Among, mut found: BTreeMap<Email, Vec<Snapshot>>, context: &StepContext<'_>) {
        let own = self.wish.email.as_ref().and_then(|email| found.remove(email)).unwrap_or_default();
        if let Some(snapshot) = matching::choose(own, self.wish.email.as_ref()) {
            (self.run.bulk, self.run.bulk_landed) = (None, None);
            return self.matched(snapshot, "e-mail");
        }
        if let Some(bulk) = &mut self.run.bulk {
            bulk.searched = true;
            return;
        }
        match (&mut self.run.bulk_landed, among) {
            (Some(landed), _) => {
                landed.searches += 1;
                landed.not_before = later(context.now, INDEX_LAGS);
            }
            (None, Among::Contacts) => {
                self.run.not_in_contacts = true;
                // Leads that were searched before that are as old as that search.
                self.run.not_in_leads = false;
                // Contacts are searched first: the answer is as old as that.
                self.run.nobody_at = Some(context.now);
            }
            (None, Among::Leads) => self.run.not_in_leads = true,
        }
    }

    /// A record is the person. If a write was sent before, the time of the record's making tells whether it probably made it; even so the record is
    /// compared with the submission, because somebody else may have made it in the same minutes.
    fn matched(&mut self, snapshot: Snapshot, how: &str) {
        if self.run.first_write.is_some_and(|since| is_after(&snapshot, since)) {
            self.run.probably_ours = true;
            self.run.untouched = is_untouched(&snapshot);
            self.story
                .push(format!("{} was made since this job first wrote: its answer had been lost", snapshot.record));
        } else {
            self.story.push(format!("{} is the person: same {how}", snapshot.record));
        }
        self.run.candidate = Some(snapshot);
    }

    fn created(&mut self, snapshot: &Snapshot, fields: &Fields, context: &StepContext<'_>) {
        self.story.extend(self.wish.left_out(context));
        self.story.extend(self.wish.owner_story(context));
        self.story.push(format!("{} {} created", Self::kind_of(snapshot.record), snapshot.record.id));
        self.finish(snapshot, true, fields);
    }

    pub(super) fn updated(&mut self, snapshot: &Snapshot, fields: &Fields, created: bool) {
        if !created {
            self.tell_owner(snapshot, fields.contains_key(field::OWNER_ID));
        }
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        self.story.push(format!("{} updated: {}", snapshot.record, names.join(", ")));
        self.finish(snapshot, created, fields);
    }

    /// Whether a record that an upsert answered was made by this step rather than found.
    fn made_by_us(&self, snapshot: &Snapshot, now: Timestamp) -> bool {
        is_after(snapshot, self.run.first_write.unwrap_or(now))
    }

    fn bulk_stands(&mut self, state: BulkState, now: Timestamp) {
        let Some(bulk) = &mut self.run.bulk else { return };
        let mut landed = BulkLanded { searches: 0, not_before: later(now, INDEX_LAGS) };
        match state {
            BulkState::Running if bulk.looks < MOST_BULK_LOOKS => {
                bulk.looks += 1;
                bulk.not_before = later(now, BULK_TAKES * i32::from(bulk.looks + 1));
                return;
            }
            // It takes too long, or refused somebody without saying whom: the exact lookup tells.
            BulkState::Running => landed.searches = u8::MAX,
            BulkState::Finished { failed, failed_count } => {
                let email = self.wish.email.as_ref().map(Email::as_str).unwrap_or_default();
                if failed.keys().any(|refused| refused.trim().eq_ignore_ascii_case(email)) {
                    self.story.push("the bulk request did not take this person: trying by itself".to_owned());
                    self.run.bulk_refused = true;
                    self.run.bulk = None;
                    return;
                }
                if failed_count as usize > failed.len() {
                    landed.searches = u8::MAX;
                }
            }
        }
        self.run.bulk = None;
        self.run.bulk_landed = Some(landed);
    }

    fn refused(&mut self, call: &CrmCall, failure: CrmFailure, context: &StepContext<'_>) -> Verdict {
        match (call, &failure) {
            (CrmCall::FindPeople { .. }, _) => self.run.no_search = true,
            (CrmCall::ConfirmPeople { .. }, _) => self.not_counted(),
            (CrmCall::UpsertPeople(_), _) => self.run.bulk_refused = true,
            (CrmCall::BulkStatus { .. }, _) => {
                self.run.bulk = None;
                self.run.bulk_landed = Some(BulkLanded { searches: u8::MAX, not_before: context.now });
            }
            (CrmCall::UpsertPerson { .. }, CrmFailure::NotFound) => self.run.no_upsert = true,
            (_, CrmFailure::NotFound) => self.gone(),
            (_, CrmFailure::NotUnique { field }) => self.not_unique(field.as_deref()),
            (_, CrmFailure::StaleId { sentences }) => self.stale(sentences, context),
            (_, CrmFailure::Invalid { fields, .. }) if self.can_drop(fields) => {
                self.story.push(format!("left out, because the CRM did not accept it: {}", fields.join(", ")));
                self.run.dropped.extend(fields.iter().cloned());
            }
            _ => return Verdict::Park(Parking::because(&failure, "making sure the person is in the CRM")),
        }
        Verdict::Proceed
    }

    /// The record was deleted or merged away since it was found: forget it and search anew.
    fn gone(&mut self) {
        self.story.push("the record that was the person no longer exists: searching again".to_owned());
        self.run.contradictions += 1;
        self.run.candidate = None;
        self.run.candidate_whole = false;
        self.run.distrust_memory = true;
        self.run.unknown = false;
        self.run.no_email_match = false;
        self.run.no_phone_match = false;
    }

    fn not_unique(&mut self, taken: Option<&str>) {
        self.run.contradictions += 1;
        self.story
            .push(format!("the CRM says that the {} is taken: looking for who has it", taken.unwrap_or("identity")));
        match (taken, self.run.candidate.is_some()) {
            // Matched by phone, but the e-mail is somebody else's: who has the e-mail is the person.
            (Some(field::EMAIL), true) => {
                self.run.candidate = None;
                self.run.candidate_whole = false;
                self.run.distrust_memory = true;
                self.run.dropped.insert(field::MOBILE.to_owned());
                self.email_taken();
            }
            // The person stays the person; the phone belongs to somebody else.
            (_, true) => drop(self.run.dropped.insert(field::MOBILE.to_owned())),
            (Some(field::EMAIL), false) => self.email_taken(),
            (Some(field::MOBILE), false) => self.phone_taken(),
            (_, false) => {
                self.run.taken_unnamed = true;
                if self.wish.phone.is_some() {
                    self.phone_taken();
                }
                if self.wish.email.is_some() && !self.run.no_email_match {
                    self.run.email_taken = true;
                }
            }
        }
    }

    /// Somebody has that phone now, though nobody had when it was looked up.
    fn phone_taken(&mut self) {
        self.run.no_phone_match &= self.run.phone_taken;
        self.run.phone_taken = true;
    }

    /// Somebody else made the person since the lookup: look again.
    fn email_taken(&mut self) {
        self.run.email_taken = true;
        self.run.no_email_match = false;
    }

    /// Ids the account no longer has: read its names again once, then do without them.
    fn stale(&mut self, sentences: &[String], context: &StepContext<'_>) {
        if self.run.refreshed_from.is_none() {
            self.run.refreshed_from = Some(context.now);
            self.story.push("the account no longer knows an id: reading its names again".to_owned());
            return;
        }
        self.run.contradictions += 1;
        let ids = DISPENSABLE.into_iter().filter(|name| *name != field::MOBILE);
        self.run.dropped.extend(ids.map(str::to_owned));
        self.story.push(format!("source, campaign, owner, stage and company left out: {}", sentences.join("; ")));
    }

    fn can_drop(&self, fields: &[String]) -> bool {
        let dispensable = |name: &String| {
            DISPENSABLE.contains(&name.as_str())
                && !self.run.dropped.contains(name)
                && (name != field::MOBILE || self.wish.email.is_some())
        };
        !fields.is_empty() && fields.iter().all(dispensable)
    }
}

fn how(by: &LookupBy) -> &'static str {
    match by {
        LookupBy::Email(_) => "e-mail",
        LookupBy::Phone(_) => "phone",
    }
}

/// Whether the CRM made the record at that time or later, as far as two clocks can tell.
fn is_after(snapshot: &Snapshot, since: Timestamp) -> bool {
    let since = since.saturating_sub(CLOCK_SKEW).unwrap_or(Timestamp::MIN);
    snapshot.created_at.is_some_and(|at| at >= since)
}

/// Whether nothing was written to the record since it was made. One that somebody else made in the same minutes shows our own write.
pub(in crate::steps) fn is_untouched(snapshot: &Snapshot) -> bool {
    snapshot
        .created_at
        .zip(snapshot.updated_at)
        .is_none_or(|(made, changed)| changed.duration_since(made) <= MADE_WITHIN)
}
