//! Operations on what hangs on records: notes, tasks, appointments, sales activities, calls, files and links.

use freshsales::appointments::{self, AppointmentAttributes, AppointmentFilter};
use freshsales::multipart::File;
use freshsales::notes::{self, NoteAttributes, TargetKind};
use freshsales::phone_calls::{self, Direction};
use freshsales::sales_activities::{self, SalesActivity, SalesActivityAttributes};
use freshsales::tasks::{self, TaskAttributes, TaskFilter};
use freshsales::{RecordTime, documents, fields};

use super::{Operation, operation};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("create_note", notes::create, |scene| (TargetKind::Contact, scene.ids.contact, "hello")),
    operation!("update_note", notes::update, |scene| (
        scene.ids.note,
        NoteAttributes::new().description("bye").target(TargetKind::Contact, scene.ids.contact)
    )),
    operation!("delete_a_note", notes::delete, |scene| (scene.ids.note)),
    operation!("create_task", tasks::create, |scene| (TaskAttributes::new()
        .title("Quote")
        .due_date(time("2026-06-19T08:00:00Z"))
        .target(TargetKind::Contact, scene.ids.contact))),
    operation!("view_task", tasks::view, |scene| (scene.ids.task)),
    operation!("update_task", tasks::update, |scene| (scene.ids.task, TaskAttributes::new().done(true))),
    operation!("delete_task", tasks::delete, |scene| (scene.ids.task)),
    operation!("list_all_task", tasks::list, |scene| (TaskFilter::Open)),
    operation!("create_appointment", appointments::create, |scene| (AppointmentAttributes::new()
        .title("Demo")
        .from_date(time("2026-06-20T08:00:00Z"))
        .end_date(time("2026-06-20T09:00:00Z"))
        .target(TargetKind::Contact, scene.ids.contact))),
    operation!("view_an_appointment", appointments::view, |scene| (scene.ids.appointment)),
    operation!("update_an_appointment", appointments::update, |scene| (
        scene.ids.appointment,
        AppointmentAttributes::new().location("Bergen")
    )),
    operation!("delete_an_appointment", appointments::delete, |scene| (scene.ids.appointment)),
    operation!("list_all_appointment", appointments::list, |scene| (AppointmentFilter::Upcoming)),
    operation!("create_sales_activity", sales_activities::create, |scene| (SalesActivityAttributes::new()
        .title("Visit")
        .start_date(time("2026-06-10T08:00:00Z"))
        .end_date(time("2026-06-10T09:00:00Z"))
        .sales_activity_type_id(scene.choice("sales_activity_types", "Phone"))
        .target(TargetKind::Contact, scene.ids.contact))),
    operation!("view_a_sales_activity", sales_activities::view, |scene| (scene.ids.activity)),
    operation!("update_a_sales_activity", sales_activities::update, |scene| (
        scene.ids.activity,
        SalesActivityAttributes::new().title("Call")
    )),
    operation!("delete_a_sales_activity", sales_activities::delete, |scene| (scene.ids.activity)),
    operation!("list_all_sales_activities", sales_activities::list, |scene| ()),
    operation!("list_all_sales_activity_fields", fields::list::<SalesActivity>, |scene| ()),
    operation!("manual_call_log", phone_calls::log, |scene| (
        Direction::Incoming,
        TargetKind::Contact,
        scene.ids.contact
    )),
    operation!("create_file", documents::upload, |scene| (
        TargetKind::Contact,
        scene.ids.contact,
        File::new("quote.txt", "text/plain", "70 seats")
    )),
    operation!("create_link", documents::link, |scene| (
        TargetKind::Contact,
        scene.ids.contact,
        "https://docs.example.com/spec",
        "Spec"
    )),
];

fn time(text: &str) -> RecordTime {
    RecordTime::parse(text).unwrap()
}
