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
    let mut links = Map::new();
    each_link(kind, generation, |name, prefix, rest| {
        links.insert(name.to_owned(), Value::String(format!("{prefix}/{}/{id}/{rest}", kind.plural())));
    });
    Value::Object(links)
}

/// Hands out name, what comes before the kind in the path, and what comes after the id, in the recorded order.
pub(super) fn each_link(kind: Kind, generation: Generation, mut add: impl FnMut(&str, &str, &str)) {
    let (prefix, appointments) = match generation {
        Generation::Classic => ("", CLASSIC_APPOINTMENTS),
        Generation::Suite => ("/crm/sales", SUITE_APPOINTMENTS),
    };
    let mut add = |name: &str, rest: &str| add(name, prefix, rest);
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
}
