//! Notes.

use freshsales::notes::{self, Note, TargetKind};
use leadgate_core::crm::{CrmFailure, CrmReply, NoteSeen};
use leadgate_core::record::{RecordKind, RecordRef};

use crate::Account;
use crate::ends::PAGE;

impl Account<'_, '_> {
    /// On accounts without leads a lead is a contact, whatever an app calls it.
    pub(crate) fn target(&self, kind: RecordKind) -> TargetKind {
        match kind {
            RecordKind::Lead if self.has_leads() => TargetKind::Lead,
            RecordKind::Lead | RecordKind::Contact => TargetKind::Contact,
            RecordKind::Company => TargetKind::SalesAccount,
            RecordKind::Deal => TargetKind::Deal,
        }
    }

    /// The ends of the record's notes, as [`Account::ends_of`] reads them.
    pub(crate) async fn list_notes(mut self, record: RecordRef) -> Result<CrmReply, CrmFailure> {
        let target = self.target(record.kind);
        let notes = self.ends_of(|page| notes::of_record(target, record.id).page(page, PAGE)).await?;
        Ok(CrmReply::Notes(notes.iter().map(note_seen).collect()))
    }

    pub(crate) async fn add_note(mut self, record: RecordRef, text: &str) -> Result<CrmReply, CrmFailure> {
        let target = self.target(record.kind);
        let single = self.send(notes::create(target, record.id, text)).await?;
        Ok(CrmReply::Note { id: single.record.id })
    }
}

fn note_seen(note: &Note) -> NoteSeen {
    NoteSeen {
        id: note.id,
        text: note.description.clone().unwrap_or_default(),
        created_at: note.created_at.as_ref().map(|at| at.timestamp()),
    }
}
