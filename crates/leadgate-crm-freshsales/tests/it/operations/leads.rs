//! Operations on leads, which Classic accounts have.

use freshsales::filtered_search::{self, Rule};
use freshsales::leads::{self, Lead, LeadAttributes};
use freshsales::notes::{self, TargetKind};
use freshsales::verbs::UniqueKey;
use freshsales::{activities, fields, views};

use super::{Operation, operation};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("create_lead", leads::create, |scene| (LeadAttributes::new().last_name("Okafor"))),
    operation!("view_a_lead", leads::view, |scene| (scene.ids.lead)),
    operation!("update_a_lead", leads::update, |scene| (scene.ids.lead, LeadAttributes::new().job_title("CTO"))),
    operation!("upsert_a_lead", leads::upsert, |scene| (
        UniqueKey::emails("amir@example.com"),
        LeadAttributes::new().job_title("CTO")
    )),
    operation!("convert_a_lead", leads::convert, |scene| (
        scene.ids.lead,
        LeadAttributes::new().last_name("Haddad").company_name("Desert Rose")
    )),
    operation!("clone_a_lead", leads::clone, |scene| (scene.ids.lead, LeadAttributes::new())),
    operation!("delete_a_lead", leads::delete, |scene| (scene.ids.lead)),
    operation!("forget_a_lead", leads::forget, |scene| (scene.ids.lead)),
    operation!("bulk_delete_lead", leads::bulk_destroy, |scene| ([scene.ids.lead])),
    operation!("bulk_assign_lead_owner", leads::bulk_assign_owner, |scene| ([scene.ids.lead], scene.ids.user)),
    operation!("list_lead_filters", views::saved::<Lead>, |scene| ()),
    operation!("list_all_leads", views::rows::<Lead>, |scene| (scene.view::<Lead>())),
    operation!("search_leads_by_rules", filtered_search::by_rules::<Lead>, |scene| (vec![Rule::email::<Lead>(
        "amir@example.com"
    )])),
    operation!("list_all_lead_fields", fields::list::<Lead>, |scene| ()),
    operation!("list_lead_notes", notes::of_record, |scene| (TargetKind::Lead, scene.ids.lead)),
    operation!("list_all_lead_activities", activities::of_record, |scene| (TargetKind::Lead, scene.ids.lead)),
];
