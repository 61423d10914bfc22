//! The `links` object of a record: relative paths of what hangs on it.

use serde_json::{Map, Value};

use crate::{Generation, Kind};

const CONVERSATIONS: &str = "conversations/all?include=email_conversation_recipients%2Ctargetable%2Cphone_number%2Cphone_caller%2Cnote%2Cuser&per_page=3";
const TASKS: &str = "tasks?include=creater,owner,updater,targetable,users,task_type";
const CLASSIC_APPOINTMENTS: &str = "appointments?include=creater,owner,updater,targetable,appointment_attendees";
const SUITE_APPOINTMENTS: &str =
    "appointments?include=creater,owner,updater,targetable,appointment_attendees,conference,note";

/// Links of a record, in the recorded order.
pub(crate) fn links(kind: Kind, id: i64, generation: Generation) -> Value {
    let (prefix, appointments) = match generation {
        Generation::Classic => ("", CLASSIC_APPOINTMENTS),
        Generation::Suite => ("/crm/sales", SUITE_APPOINTMENTS),
    };
    let base = format!("{prefix}/{}/{id}", kind.plural());
    let mut links = Map::new();
    let mut add = |name: &str, rest: &str| links.insert(name.to_owned(), Value::String(format!("{base}/{rest}")));
    add("conversations", CONVERSATIONS);
    if matches!(kind, Kind::Contact | Kind::Lead) {
        add("timeline_feeds", "timeline_feeds");
    }
    add("document_associations", "document_associations");
    add("notes", "notes?include=creater");
    add("tasks", TASKS);
    add("appointments", appointments);
    if kind == Kind::Contact {
        add("reminders", "reminders?include=creater,owner,updater,targetable");
        add("duplicates", "duplicates");
        add("connections", "connections");
    }
    Value::Object(links)
}
