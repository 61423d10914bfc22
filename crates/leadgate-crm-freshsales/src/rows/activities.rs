//! Tasks, appointments, sales activities, marketing lists, and the notes of one record.

use freshsales::appointments::{self, AppointmentFilter};
use freshsales::notes::TargetKind;
use freshsales::tasks::{self, TaskFilter};
use freshsales::{Generation, lists, notes, sales_activities};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::sync::{Part, Stream};

use super::list::RawList;

/// The lists that a stream is read from, in turn. What moves on from one to the next while they are read is in at least one of them: an open task is
/// completed, an upcoming appointment passes. What changed is listed in the opposite order, for what went the other way while all of it was read.
pub(super) fn list(stream: Stream, part: &Part, at: usize, generation: Generation) -> Option<RawList> {
    let sorted = matches!(part, Part::ChangedAfter(_));
    let list = match (stream, at) {
        (Stream::Tasks, 0 | 1) => {
            let filter = if (at == 0) != sorted { TaskFilter::Open } else { TaskFilter::Completed };
            RawList::of(tasks::list(filter).include(OF_TASK), "tasks", generation)
        }
        (Stream::Appointments, 0 | 1) => {
            let filter = if (at == 0) != sorted { AppointmentFilter::Upcoming } else { AppointmentFilter::Past };
            RawList::of(appointments::list(filter).include(OF_APPOINTMENT), "appointments", generation)
        }
        (Stream::SalesActivities, 0) => {
            RawList::of(sales_activities::list().include(OF_ACTIVITY), "sales_activities", generation)
        }
        (Stream::Lists, 0) => return Some(RawList::of(lists::all(), "lists", generation)),
        _ => return None,
    };
    Some(if sorted { list.by_update("desc") } else { list })
}

const OF_TASK: [&str; 6] = ["owner", "creater", "updater", "targetable", "users", "task_type"];
const OF_APPOINTMENT: [&str; 5] = ["owner", "creater", "updater", "targetable", "appointment_attendees"];
const OF_ACTIVITY: [&str; 3] = ["owner", "creater", "targetable"];

/// What hangs on one record.
pub(super) fn of_record(stream: Stream, target: TargetKind, id: i64, generation: Generation) -> Option<RawList> {
    Some(match stream {
        Stream::Notes => RawList::of(notes::of_record(target, id).include(["creater"]), "notes", generation),
        Stream::Tasks => RawList::of(tasks::of_record(target, id).include(OF_TASK), "tasks", generation),
        Stream::Appointments => {
            RawList::of(appointments::of_record(target, id).include(OF_APPOINTMENT), "appointments", generation)
        }
        _ => return None,
    })
}

/// The record as rows name what they are on.
pub(super) fn target_name(record: RecordRef) -> &'static str {
    match record.kind {
        RecordKind::Lead => "lead",
        RecordKind::Contact => "contact",
        RecordKind::Company => "sales_account",
        RecordKind::Deal => "deal",
    }
}
