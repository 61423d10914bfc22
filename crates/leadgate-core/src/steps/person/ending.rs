//! How the step ends, and what it then tells of the person.

use jiff::Timestamp;

use super::{PersonDone, PersonStep, matching};
use crate::identity::IdentityKey;
use crate::record::{Fields, KnownRecord, RecordKind, RecordRef, Snapshot, field};
use crate::steps::{Findings, StepContext, StepEffect};

impl PersonStep {
    /// Ends a step that needs nothing more: what was matched or remembered becomes its result.
    pub(in crate::steps) fn settle(&mut self, context: &StepContext<'_>) {
        if self.run.done.is_some() || self.run.written.is_some() {
            return;
        }
        if let Some(candidate) = self.run.candidate.take() {
            self.run.untouched &= self.is_as_written(&candidate, context);
            if self.run.probably_ours {
                self.story.extend(self.wish.owner_story(context));
            } else {
                self.tell_owner(&candidate, false);
                self.story.push("nothing to add: every field of the submission has a value in the CRM".to_owned());
            }
            self.finish(&candidate, self.run.probably_ours, &Fields::new());
        } else if let Some(known) = self.remembered(context).cloned() {
            self.story
                .push(format!("{} is the person: the gateway wrote or read it lately; nothing to add", known.record));
            let KnownRecord { record, filled } = known;
            self.run.done = Some(PersonDone {
                record,
                created: false,
                changed: false,
                as_of: None,
                is_new: false,
                filled,
                holds_phone: false,
                only_copied: false,
            });
        } else if let Some(copied) = self.in_copy(context) {
            self.settle_by_copy(&copied.snapshot, copied.read_at);
        } else {
            self.story.push("nobody in the CRM is that person, and the rule makes nobody".to_owned());
        }
    }

    /// The copy shows that there is nothing to add.
    fn settle_by_copy(&mut self, snapshot: &Snapshot, read_at: Option<Timestamp>) {
        let read_at = read_at.map(|at| at.strftime("%H:%M:%S UTC").to_string()).unwrap_or_default();
        self.story.push(format!(
            "{} is the person: same e-mail in the copy of the account, read at {read_at}; nothing to add",
            snapshot.record
        ));
        self.tell_owner(snapshot, false);
        self.finish(snapshot, false, &Fields::new());
        self.run.done.iter_mut().for_each(|done| done.only_copied = true);
    }

    /// Whether this step has made the person, or does not know what came of a write.
    pub(crate) fn may_have_made(&self) -> bool {
        self.run.first_write.is_some() || self.run.done.as_ref().is_some_and(|done| done.created)
    }

    /// Whether the record says everything that this step writes when it makes somebody.
    fn is_as_written(&self, candidate: &Snapshot, context: &StepContext<'_>) -> bool {
        let Some(account) = context.catalog.account() else { return false };
        let fields = self.wish.fields(account, context, &self.run.dropped, self.run.refreshed_from);
        let fits = |fields| self.wish.fitting(&fields, candidate.record.kind);
        fields.is_ok_and(|fields| matching::patch(candidate, &fits(fields), true).is_empty())
    }

    /// Says that a person who was there before stays with their owner, or that they had none.
    pub(super) fn tell_owner(&mut self, held: &Snapshot, written: bool) {
        if self.wish.routed.is_none() {
            return;
        }
        match held.fields.get(field::OWNER_ID) {
            Some(id) if written => self.story.push(format!("{} is given to user {id} by routing", held.record)),
            Some(id) => self.story.push(format!("{} was there before and keeps its owner, user {id}", held.record)),
            None => self.story.push(format!("{} was there before and keeps its owner", held.record)),
        }
    }

    pub(in crate::steps) fn report(&self, findings: &mut Findings) -> StepEffect {
        let by_email = self.wish.email.as_ref().map(IdentityKey::of_email);
        let Some(done) = &self.run.done else {
            // What was known of them is of a record that is gone: they were made anew.
            let by_phone = self.wish.phone.as_ref().and_then(IdentityKey::of_phone);
            let made = by_email.into_iter().chain(by_phone).filter(|_| self.run.written.is_some());
            return StepEffect { unlearned: made.collect(), ..StepEffect::default() };
        };
        findings.person = Some(done.record);
        findings.person_created = done.created;
        findings.person_is_new = done.is_new;
        findings.person_changed = done.changed;
        findings.person_as_of = done.as_of;
        if done.only_copied {
            // What the CRM has not said is not remembered longer than the copy is believed.
            return StepEffect::default();
        }
        let known = KnownRecord { record: done.record, filled: done.filled.clone() };
        let by_phone = self.wish.phone.as_ref().filter(|_| done.holds_phone).and_then(IdentityKey::of_phone);
        let learned = by_email.into_iter().chain(by_phone).map(|key| (key, known.clone())).collect();
        StepEffect { learned, ..StepEffect::default() }
    }

    pub(super) fn finish(&mut self, snapshot: &Snapshot, created: bool, written: &Fields) {
        let mut filled = matching::filled(&snapshot.fields);
        filled.extend(matching::filled(written));
        let holds_phone =
            written.contains_key(field::MOBILE) || matching::has_phone(snapshot, self.wish.phone.as_ref());
        let record = snapshot.record;
        let changed = created || !written.is_empty();
        // Who may have been made by somebody else must not be taken back.
        let as_of = snapshot.updated_at.filter(|_| !created || self.run.untouched);
        self.run.done = Some(PersonDone {
            record,
            created,
            changed,
            as_of,
            is_new: false,
            filled,
            holds_phone,
            only_copied: false,
        });
    }

    /// What the CRM made of a person, in words.
    pub(super) fn kind_of(record: RecordRef) -> &'static str {
        match record.kind {
            RecordKind::Lead => "lead",
            _ => "contact",
        }
    }
}
