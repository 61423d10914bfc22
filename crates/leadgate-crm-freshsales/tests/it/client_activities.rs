//! The client against a sandbox account: every operation on what hangs on records, in both generations.

use freshsales::appointments::{AppointmentAttributes, AppointmentFilter, Attendee, Invited};
use freshsales::contacts::{Contact, ContactAttributes};
use freshsales::multipart::File;
use freshsales::notes::{NoteAttributes, TargetKind};
use freshsales::phone_calls::Direction;
use freshsales::sales_activities::{SalesActivity, SalesActivityAttributes};
use freshsales::tasks::{TaskAttributes, TaskFilter};
use freshsales::{
    Client, Credentials, Error, ErrorClass, RecordTime, Request, activities, appointments, conversations, deals,
    documents, duplicates, fields, notes, phone_calls, sales_activities, selectors, suggestions, tasks,
};
use freshsales_sandbox::{Account, Clock, Generation, Kind, Plan, Sandbox, SandboxConfig};
use rstest::rstest;
use serde_json::json;

/// A client of a fresh account with one contact.
struct World {
    sandbox: Sandbox,
    client: Client,
    contact: i64,
}

impl World {
    async fn open(generation: Generation) -> Self {
        let clock = Clock::Stepped(crate::port::start_of_time());
        let config = SandboxConfig { plan: Plan::Off, clock, ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let credentials = Credentials::parse("sandbox-key", &sandbox.url(generation)).unwrap();
        let spoken = match generation {
            Generation::Classic => freshsales::Generation::Classic,
            _ => freshsales::Generation::Suite,
        };
        let client = Client::builder(credentials).generation(spoken).build().unwrap();
        let ada = json!({"first_name": "Ada", "last_name": "King", "email": "ada@example.com", "tags": ["VIP"]});
        let contact = sandbox.account().seed_contact(&ada);
        Self { sandbox, client, contact }
    }

    fn account(&self) -> Account {
        self.sandbox.account()
    }

    async fn send<R: Request>(&self, request: R) -> R::Output {
        self.try_send(request).await.unwrap()
    }

    async fn try_send<R: Request>(&self, request: R) -> Result<R::Output, Error> {
        self.client.send(&request).await.map(|reply| reply.output)
    }

    fn user(&self) -> i64 {
        self.account().selector_id("owners", "Tomas Ferreira").unwrap()
    }

    fn demo(&self) -> AppointmentAttributes {
        AppointmentAttributes::new()
            .title("Demo")
            .from_date(time("2026-06-20T08:00:00Z"))
            .end_date(time("2026-06-20T09:00:00Z"))
            .target(TargetKind::Contact, self.contact)
    }

    fn visit(&self) -> SalesActivityAttributes {
        SalesActivityAttributes::new()
            .title("Visit")
            .start_date(time("2026-06-10T08:00:00Z"))
            .end_date(time("2026-06-10T09:00:00Z"))
            .sales_activity_type_id(self.account().selector_id("sales_activity_types", "Phone").unwrap())
            .target(TargetKind::Contact, self.contact)
    }

    fn task(&self) -> TaskAttributes {
        let due = time("2026-06-19T08:00:00Z");
        TaskAttributes::new().title("Quote").due_date(due).target(TargetKind::Contact, self.contact)
    }
}

fn time(text: &str) -> RecordTime {
    RecordTime::parse(text).unwrap()
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn an_appointment_lives_and_dies(#[case] generation: Generation) {
    let world = World::open(generation).await;
    let invited = [Invited::Contact(world.contact), Invited::User(world.user())];
    let made = world.send(appointments::create(world.demo().attendees(invited))).await.record;
    assert_eq!(made.appointment_attendee_ids.as_ref().map(Vec::len), Some(2));
    let moved =
        AppointmentAttributes::new().location("Bergen").remove_attendees(made.appointment_attendee_ids.unwrap());
    let moved = world.send(appointments::update(made.id, moved)).await;
    assert_eq!((moved.record.location.as_deref(), moved.record.title.as_deref()), (Some("Bergen"), Some("Demo")));
    assert!(moved.side_loads.rows::<Attendee>("appointment_attendees").is_empty());
    let shown = world.send(appointments::view(made.id)).await;
    assert_eq!(shown.side_loads.rows::<Contact>("contacts")[0].id, world.contact);
    world.send(appointments::delete(made.id)).await;
    let gone = world.try_send(appointments::view(made.id)).await.unwrap_err();
    assert!(matches!(gone.class(), ErrorClass::NotFound), "{gone:?}");
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn appointments_are_listed_by_time_and_by_record(#[case] generation: Generation) {
    let world = World::open(generation).await;
    let made = world.send(appointments::create(world.demo())).await.record.id;
    let listed = world.send(appointments::list(AppointmentFilter::Upcoming).include(["creater", "targetable"])).await;
    assert_eq!((listed.records[0].id, listed.total), (made, Some(1)));
    assert_eq!(listed.records[0].targetable.as_ref().and_then(|target| target.id), Some(world.contact));
    assert_eq!(world.send(appointments::list(AppointmentFilter::Past)).await.total, Some(0));
    let of_contact = world.send(appointments::of_record(TargetKind::Contact, world.contact)).await;
    assert_eq!(of_contact.records[0].id, made);
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn a_sales_activity_lives_and_dies(#[case] generation: Generation) {
    let world = World::open(generation).await;
    let made = world.send(sales_activities::create(world.visit())).await.record;
    assert_eq!((made.targetable_id, made.conversation_time), (Some(world.contact), made.end_date.clone()));
    let outcomes = world.send(selectors::sales_activity_outcomes_of(made.sales_activity_type_id.unwrap())).await;
    let done = SalesActivityAttributes::new().sales_activity_outcome_id(outcomes[0].id).status(true);
    let done = world.send(sales_activities::update(made.id, done)).await.record;
    assert_eq!((done.sales_activity_outcome_id, done.status), (Some(outcomes[0].id), Some(true)));
    let listed = world.send(sales_activities::list().page(1, 100).include(["owner", "targetable"])).await;
    assert_eq!((listed.records[0].id, listed.total_pages), (made.id, Some(1)));
    assert_eq!(world.send(sales_activities::view(made.id)).await.record.completed_date, done.completed_date);
    world.send(sales_activities::delete(made.id)).await;
    assert_eq!(world.account().count(Kind::SalesActivity), 0);
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn types_outcomes_and_fields_of_activities_are_read(#[case] generation: Generation) {
    let world = World::open(generation).await;
    let types = world.send(selectors::sales_activity_types()).await;
    assert!(types.iter().any(|kind| kind.name.as_deref() == Some("Meeting")));
    let outcomes = world.send(selectors::sales_activity_outcomes()).await;
    assert!(outcomes.iter().any(|outcome| outcome.name.as_deref() == Some("Left message")));
    assert_eq!(world.send(selectors::sales_activity_entity_types()).await.len(), 3);
    let fields = world.send(fields::list::<SalesActivity>()).await;
    let required = fields.iter().filter(|field| field.required == Some(true) && field.visible == Some(true));
    let names: Vec<_> = required.filter_map(|field| field.name.as_deref()).collect();
    assert_eq!(names, ["title", "start_date", "end_date", "targetables", "sales_activity_type_id"]);
}

#[tokio::test]
async fn what_the_account_refuses_is_told_with_its_sentence() {
    let world = World::open(Generation::Suite).await;
    let backwards = world.demo().end_date(time("2026-06-20T07:00:00Z"));
    let error = world.try_send(appointments::create(backwards)).await.unwrap_err();
    assert!(matches!(error.class(), ErrorClass::Validation { .. }), "{error:?}");
    let nobody = documents::upload(TargetKind::Deal, 1, File::new("x", "text/plain", "x"));
    let error = world.try_send(nobody).await.unwrap_err();
    assert!(matches!(error.class(), ErrorClass::Validation { .. }), "{error:?}");
    assert_eq!((world.account().count(Kind::Appointment), world.account().count(Kind::Document)), (0, 0));
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn a_task_lives_is_listed_and_dies(#[case] generation: Generation) {
    let world = World::open(generation).await;
    let task = world.task().collaborators([world.user()]);
    let made = world.send(tasks::create(task)).await.record.id;
    let shown = world.send(tasks::view(made).include(["owner", "users", "targetable"])).await.record;
    assert_eq!((shown.user_ids.unwrap().len(), shown.targetable.unwrap().id), (2, Some(world.contact)));
    let of_contact = world.send(tasks::of_record(TargetKind::Contact, world.contact).include(["owner"])).await;
    assert_eq!(of_contact.records[0].id, made);
    world.send(tasks::update(made, TaskAttributes::new().done(true))).await;
    let completed = world.send(tasks::list(TaskFilter::Completed)).await;
    assert_eq!((completed.total, completed.records[0].completed_date.is_some()), (Some(1), true));
    world.send(tasks::delete(made)).await;
    assert_eq!(world.account().tasks().len(), 0);
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn a_note_lives_is_listed_and_dies(#[case] generation: Generation) {
    let world = World::open(generation).await;
    let made = world.send(notes::create(TargetKind::Contact, world.contact, "hello")).await.record;
    assert_eq!(made.has_access, Some(true));
    let changed = NoteAttributes::new().description("bye").target(TargetKind::Contact, world.contact);
    assert_eq!(world.send(notes::update(made.id, changed)).await.record.description.as_deref(), Some("bye"));
    let listed = world.send(notes::of_record(TargetKind::Contact, world.contact).include(["creater"])).await;
    let users = listed.side_loads.rows::<selectors::Owner>("users");
    assert_eq!((listed.records[0].id, listed.records[0].creater_id), (made.id, Some(users[0].id)));
    world.send(notes::delete(made.id)).await;
    assert!(world.account().notes().is_empty());
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn calls_are_logged_with_people_known_and_new(#[case] generation: Generation) {
    let world = World::open(generation).await;
    let call = phone_calls::log(Direction::Incoming, TargetKind::Contact, world.contact).note("Asked for a quote.");
    let logged = world.send(call).await;
    assert_eq!((logged.record.call_direction, logged.record.is_manual), (Some(true), Some(true)));
    assert_eq!(logged.side_loads.rows::<notes::Note>("notes")[0].source_id, Some(logged.record.id));
    let eve = ContactAttributes::new().last_name("Lund").email("eve@example.com");
    let made = world.send(phone_calls::log_new(Direction::Outgoing, TargetKind::Contact, &eve)).await;
    let target = made.record.targetable.and_then(|target| target.id).unwrap();
    assert_eq!(made.side_loads.rows::<Contact>("contacts")[0].id, target);
    assert_eq!(world.account().contacts().len(), 2);
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn files_and_links_reach_the_record_whole(#[case] generation: Generation) {
    let world = World::open(generation).await;
    let content: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let file = File::new("Ünïcode \"1\".bin", "application/x-all", content);
    let document = world.send(documents::upload(TargetKind::Contact, world.contact, file).shared()).await;
    assert_eq!((document.content_file_size, document.is_shared), (Some(70_000), Some(true)));
    assert_eq!(document.content_content_type.as_deref(), Some("application/x-all"));
    assert_eq!(document.name.as_deref(), Some("Ünïcode \"1\".bin"));
    let url = "https://docs.example.com/spec";
    let link = world.send(documents::link(TargetKind::Contact, world.contact, url, "Spec")).await;
    let attached = world.send(documents::of_record(TargetKind::Contact, world.contact)).await;
    let (files, links) = (attached.documents.unwrap(), attached.document_links.unwrap());
    assert_eq!((files[0].id, files[0].url.clone(), links[0].id), (document.id, document.url, link.id));
    assert_eq!(attached.document_associations.unwrap().len(), 2);
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn what_happened_is_told_page_by_page(#[case] generation: Generation) {
    let world = World::open(generation).await;
    world.send(notes::create(TargetKind::Contact, world.contact, "hello")).await;
    world.send(tasks::create(world.task())).await;
    let mut actions = Vec::new();
    for number in 1.. {
        let page = activities::of_record(TargetKind::Contact, world.contact).limit(2).page(number).with_users();
        let page = world.send(page).await;
        actions.extend(page.records.iter().map(|activity| activity.action_type.clone().unwrap()));
        assert_eq!(page.side_loads.rows::<selectors::Owner>("users").len(), 1);
        if !page.has_next(number) {
            break;
        }
    }
    assert_eq!(actions, ["CREATE_TASK", "CREATE_NOTE", "OWNER_CHANGE_CONTACT", "CREATE_CONTACT"]);
    let counts = world.send(activities::counts(TargetKind::Contact, world.contact, ["notes", "tasks"])).await;
    assert_eq!(counts, json!({"activity_counts": {"notes": 1, "tasks": 1}}));
    let none: [&str; 0] = [];
    assert!(world.send(activities::counts(TargetKind::Contact, world.contact, none)).await.is_null());
}

#[tokio::test]
async fn a_deal_s_timeline_tells_its_stages() {
    let world = World::open(Generation::Suite).await;
    let deal = world.account().seed_deal(&json!({"name": "Engine", "amount": 1}));
    let stage = world.account().stage_id("Demo").unwrap();
    world.send(deals::update(deal, deals::DealAttributes::new().deal_stage_id(stage))).await;
    let timeline = world.send(activities::timeline(TargetKind::Deal, deal).page(1)).await;
    let newest = &timeline.records[0];
    assert_eq!(newest.action_type.as_deref(), Some("STAGE_CHANGE"));
    assert_eq!(newest.action_data.as_ref().unwrap()["stage_name"], "Demo");
    assert!(!timeline.has_next(1));
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn pages_beside_the_api_are_read(#[case] generation: Generation) {
    let world = World::open(generation).await;
    let mail = json!({"subject": "Quote", "direction": "Outgoing", "html_content": "<p>Dear Ada</p>",
        "targetable_type": "Contact", "targetable_id": world.contact});
    world.account().seed(Kind::EmailConversation, &mail);
    let mails = world.send(conversations::of_record(TargetKind::Contact, world.contact).page(1, 3)).await;
    assert_eq!((mails.total, mails.records[0].display_content.as_deref()), (Some(1), Some("Dear Ada")));
    let twin = world.account().seed_contact(&json!({"first_name": "Ada", "last_name": "King"}));
    assert_eq!(world.send(duplicates::of_contact(world.contact)).await.records[0].id, twin);
    assert_eq!(world.send(suggestions::tags::<Contact>("v")).await, json!({"tags": ["VIP"]}));
    let people = world.send(suggestions::contacts("ki", None)).await;
    assert_eq!(people["contacts"].as_array().unwrap().len(), 2);
    assert_eq!(world.send(suggestions::sales_accounts("x")).await, json!({"sales_accounts": []}));
}
