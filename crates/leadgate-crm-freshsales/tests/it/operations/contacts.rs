//! Operations on contacts.

use freshsales::contacts::{self, Contact, ContactAttributes};
use freshsales::filtered_search::{self, Rule};
use freshsales::jobs::BulkItem;
use freshsales::notes::{self, TargetKind};
use freshsales::teams::{self, TeamChange};
use freshsales::verbs::UniqueKey;
use freshsales::{activities, appointments, conversations, documents, duplicates, fields, lists, tasks, views};

use super::{Operation, operation};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("create_contact", contacts::create, |scene| (ContactAttributes::new().last_name("Okafor"))),
    operation!("view_a_contact", contacts::view, |scene| (scene.ids.contact)),
    operation!("update_a_contact", contacts::update, |scene| (
        scene.ids.contact,
        ContactAttributes::new().job_title("CTO")
    )),
    operation!("upsert_a_contact", contacts::upsert, |scene| (
        UniqueKey::emails("new@example.com"),
        ContactAttributes::new().last_name("Okafor")
    )),
    operation!("bulk_upsert_contact", contacts::bulk_upsert, |scene| (vec![BulkItem::new(
        UniqueKey::emails("ada@example.com"),
        ContactAttributes::new().last_name("Byron")
    )])),
    operation!("clone_a_contact", contacts::clone, |scene| (
        scene.ids.contact,
        ContactAttributes::new().email("second@example.com")
    )),
    operation!("delete_a_contact", contacts::delete, |scene| (scene.ids.contact)),
    operation!("forget_a_contact", contacts::forget, |scene| (scene.ids.contact)),
    operation!("bulk_delete_contact", contacts::bulk_destroy, |scene| ([scene.ids.contact])),
    operation!("bulk_assign_contact_owner", contacts::bulk_assign_owner, |scene| ([scene.ids.contact], scene.ids.user)),
    operation!("update_contact_team", teams::manage::<Contact>, |scene| (
        scene.ids.contact,
        [TeamChange::put(scene.ids.user, scene.ids.role)]
    )),
    operation!("list_contact_filters", views::saved::<Contact>, |scene| ()),
    operation!("list_all_contacts", views::rows::<Contact>, |scene| (scene.view::<Contact>())),
    operation!("scroll_contacts", views::scroll::<Contact>, |scene| (scene.view::<Contact>())),
    operation!("search_contacts_by_rules", filtered_search::by_rules::<Contact>, |scene| (vec![
        Rule::email::<Contact>("ada@example.com")
    ])),
    operation!("list_all_contact_fields", fields::list::<Contact>, |scene| ()),
    operation!("fetch_all_contacts_from_list", lists::contacts, |scene| (scene.of_suite.list)),
    operation!("list_contact_notes", notes::of_record, |scene| (TargetKind::Contact, scene.ids.contact)),
    operation!("list_contact_appointments", appointments::of_record, |scene| (TargetKind::Contact, scene.ids.contact)),
    operation!("list_contact_tasks", tasks::of_record, |scene| (TargetKind::Contact, scene.ids.contact)),
    operation!("list_files", documents::of_record, |scene| (TargetKind::Contact, scene.ids.contact)),
    operation!("list_all_contact_activities", activities::of_record, |scene| (TargetKind::Contact, scene.ids.contact)),
    operation!("list_contact_timeline", activities::timeline, |scene| (TargetKind::Contact, scene.ids.contact)),
    operation!("list_contact_conversations", conversations::of_record_in_api, |scene| (
        TargetKind::Contact,
        scene.ids.contact
    )),
    operation!("list_all_contact_conversations", conversations::of_record, |scene| (
        TargetKind::Contact,
        scene.ids.contact
    )),
    operation!("count_contact_activities", activities::counts, |scene| (
        TargetKind::Contact,
        scene.ids.contact,
        ["notes"]
    )),
    operation!("list_contact_duplicates", duplicates::of_contact, |scene| (scene.ids.contact)),
];
