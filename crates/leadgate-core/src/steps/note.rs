//! Add a note, once: notes have no key, so after an unknown outcome the record's notes are read back and compared.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    CLOCK_SKEW, Findings, Next, ParkReason, Parking, StepAnswer, StepContext, StepEffect, StepTarget, Verdict,
};
use crate::crm::{CrmCall, CrmReply, NoteSeen};
use crate::record::RecordRef;

/// A note to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteStep {
    /// Where to.
    pub target: StepTarget,
    /// Its text.
    pub text: String,
    /// The first write whose answer did not arrive; cleared by reading back.
    #[serde(default)]
    unknown: bool,
    #[serde(default)]
    first_write: Option<Timestamp>,
    #[serde(default)]
    done: Option<(RecordRef, i64)>,
    /// Without a record to put it on it is left out rather than parked.
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl NoteStep {
    /// The step for a note.
    pub fn new(target: StepTarget, text: String) -> NoteStep {
        NoteStep { target, text, unknown: false, first_write: None, done: None, optional: false, story: Vec::new() }
    }

    /// The note is left out if there is no record to put it on.
    #[must_use]
    pub fn or_left_out(mut self) -> NoteStep {
        self.optional = true;
        self
    }

    /// The note's id, once it is there.
    pub fn note_id(&self) -> Option<i64> {
        self.done.map(|(_, id)| id)
    }

    /// The record it goes to, as far as known by now.
    pub fn record(&self, findings: &Findings) -> Option<RecordRef> {
        self.target.record(findings)
    }

    pub(super) fn next(&self, context: &StepContext<'_>) -> Next {
        if self.done.is_some() {
            return Next::Done;
        }
        let Some(record) = self.record(context.findings) else {
            if self.optional {
                return Next::Done;
            }
            return Next::Park(Parking::new(ParkReason::NotFound, "there is no person to put the note on"));
        };
        if self.unknown {
            return Next::Call(CrmCall::ListNotes(record));
        }
        Next::Call(CrmCall::AddNote { record, text: self.text.clone() })
    }

    pub(super) fn absorb(&mut self, call: &CrmCall, answer: StepAnswer, context: &StepContext<'_>) -> Verdict {
        match (call, answer) {
            (CrmCall::AddNote { record, .. }, Ok(CrmReply::Note { id })) => {
                self.story.push(format!("note {id} added to {record}"));
                self.done = Some((*record, id));
            }
            (CrmCall::ListNotes(record), Ok(CrmReply::Notes(notes))) => {
                self.unknown = false;
                if let Some(id) = self.ours(&notes, context) {
                    self.story.push(format!("note {id} is on {record}: it was added although the answer was lost"));
                    self.done = Some((*record, id));
                }
            }
            (_, Err(failure)) => return Verdict::Park(Parking::because(&failure, "adding the note")),
            _ => {}
        }
        Verdict::Proceed
    }

    /// The note that an earlier attempt of this very step added: same words, not older than the attempt, not known to be another job's.
    fn ours(&self, notes: &[NoteSeen], context: &StepContext<'_>) -> Option<i64> {
        let since = self.first_write?.saturating_sub(CLOCK_SKEW).unwrap_or(Timestamp::MIN);
        let wanted = words(&self.text);
        notes
            .iter()
            .filter(|note| note.created_at.is_none_or(|at| at >= since))
            .filter(|note| !context.known_notes.contains(&note.id))
            .find(|note| words(&note.text) == wanted)
            .map(|note| note.id)
    }

    pub(super) fn mark_unknown(&mut self, since: Timestamp) {
        self.unknown = true;
        self.first_write.get_or_insert(since);
    }

    pub(super) fn settle(&mut self, context: &StepContext<'_>) {
        if self.record(context.findings).is_none() {
            self.story.push(format!("note skipped: there is no {} to put it on", self.target.word()));
        }
    }

    pub(super) fn report(&self, _findings: &mut Findings) -> StepEffect {
        StepEffect { note: self.done, ..StepEffect::default() }
    }
}

/// The words of a note without the mark-up and entities that an editor in the CRM may wrap them in.
///
/// Only what looks like a tag is one: a sign of "less than" in a sentence stays.
fn words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        plain.push_str(&rest[..start]);
        rest = match tag_length(&rest[start..]) {
            Some(length) => {
                plain.push(' ');
                &rest[start + length..]
            }
            None => {
                plain.push('<');
                &rest[start + 1..]
            }
        };
    }
    plain.push_str(rest);
    let plain = plain.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">");
    let plain = plain.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The length of the tag that a text starts with: a `<`, a letter, `/` or `!`, and a `>` before the next `<`.
fn tag_length(text: &str) -> Option<usize> {
    let second = text[1..].chars().next()?;
    let end = text[1..].find(['<', '>'])? + 1;
    let is_tag = (second.is_ascii_alphabetic() || matches!(second, '/' | '!')) && text[end..].starts_with('>');
    is_tag.then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_up_does_not_make_it_another_note() {
        assert_eq!(words("<p>Wants&nbsp;a <b>demo</b>\n soon &amp; cheap</p>"), words("Wants a demo soon & cheap"));
        assert_ne!(words("Wants a demo"), words("Wants a call"));
        assert_eq!(words("budget < 5k, call"), words("<p>budget &lt; 5k, call</p>"));
        assert_ne!(words("a <b"), words("a <c"));
    }
}
