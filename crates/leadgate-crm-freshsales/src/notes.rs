//! Notes.

use freshsales::decode::Page;
use freshsales::notes::{self, Note, TargetKind};
use leadgate_core::crm::{CrmFailure, CrmReply, NoteSeen};
use leadgate_core::record::{RecordKind, RecordRef};

use crate::Account;

/// Rows of a page: the most that the CRM gives.
pub(crate) const PAGE: u32 = 100;

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

    /// The first page, and the last if there are more: the order is not documented, and the note that is looked for is the newest.
    pub(crate) async fn list_notes(mut self, record: RecordRef) -> Result<CrmReply, CrmFailure> {
        let target = self.target(record.kind);
        let first = self.send(notes::of_record(target, record.id).page(1, PAGE)).await?;
        let mut seen: Vec<NoteSeen> = first.records.iter().map(note_seen).collect();
        if let Some(last) = last_page(&first) {
            let page = self.send(notes::of_record(target, record.id).page(last, PAGE)).await?;
            seen.extend(page.records.iter().map(note_seen));
        }
        Ok(CrmReply::Notes(seen))
    }

    pub(crate) async fn add_note(mut self, record: RecordRef, text: &str) -> Result<CrmReply, CrmFailure> {
        let target = self.target(record.kind);
        let single = self.send(notes::create(target, record.id, text)).await?;
        Ok(CrmReply::Note { id: single.record.id })
    }
}

pub(crate) fn last_page<T>(first: &Page<T>) -> Option<u32> {
    let by_total = first.total.map(|total| (total + i64::from(PAGE) - 1) / i64::from(PAGE));
    let last = u32::try_from(first.total_pages.or(by_total)?).ok()?;
    (last > 1).then_some(last)
}

fn note_seen(note: &Note) -> NoteSeen {
    NoteSeen {
        id: note.id,
        text: note.description.clone().unwrap_or_default(),
        created_at: note.created_at.as_ref().map(|at| at.timestamp()),
    }
}
