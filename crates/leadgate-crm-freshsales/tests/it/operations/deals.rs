//! Operations on deals.

use freshsales::deals::{self, Deal, DealAttributes};
use freshsales::filtered_search::{self, field};
use freshsales::jobs::BulkItem;
use freshsales::notes::{self, TargetKind};
use freshsales::product_lines::LineAttributes;
use freshsales::teams::{self, TeamChange};
use freshsales::verbs::UniqueKey;
use freshsales::{activities, documents, fields, tasks, views};
use rust_decimal::Decimal;

use super::{Operation, operation};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("create_deal", deals::create, |scene| (DealAttributes::new().name("Fleet").amount(Decimal::TEN))),
    operation!("view_a_deal", deals::view, |scene| (scene.ids.deal)),
    operation!("update_a_deal", deals::update, |scene| (scene.ids.deal, DealAttributes::new().amount(Decimal::TEN))),
    operation!("add_products_to_the_deal", deals::update, |scene| (
        scene.ids.deal,
        DealAttributes::new().products([LineAttributes::of(scene.ids.product).quantity(2)])
    )),
    operation!("upsert_a_deal", deals::upsert, |scene| (
        UniqueKey::name("Pilot"),
        DealAttributes::new().amount(Decimal::TEN)
    )),
    operation!("bulk_upsert_deal", deals::bulk_upsert, |scene| (vec![BulkItem::new(
        UniqueKey::name("Pilot"),
        DealAttributes::new().amount(Decimal::TEN)
    )])),
    operation!("clone_a_deal", deals::clone, |scene| (scene.ids.deal, DealAttributes::new().name("Second"))),
    operation!("delete_a_deal", deals::delete, |scene| (scene.ids.deal)),
    operation!("forget_a_deal", deals::forget, |scene| (scene.ids.deal)),
    operation!("bulk_delete_deal", deals::bulk_destroy, |scene| ([scene.ids.deal])),
    operation!("bulk_assign_deal_owner", deals::bulk_assign_owner, |scene| ([scene.ids.deal], scene.ids.user)),
    operation!("update_deal_team", teams::manage::<Deal>, |scene| (
        scene.ids.deal,
        [TeamChange::put(scene.ids.user, scene.ids.role)]
    )),
    operation!("list_deal_filters", views::saved::<Deal>, |scene| ()),
    operation!("list_all_deals", views::rows::<Deal>, |scene| (scene.view::<Deal>())),
    operation!("scroll_deals", views::scroll::<Deal>, |scene| (scene.view::<Deal>())),
    operation!("search_deals_by_rules", filtered_search::by_rules::<Deal>, |scene| (vec![field("name").is("Pilot")])),
    operation!("list_all_deal_fields", fields::list::<Deal>, |scene| ()),
    operation!("list_deal_notes", notes::of_record, |scene| (TargetKind::Deal, scene.ids.deal)),
    operation!("list_deal_tasks", tasks::of_record, |scene| (TargetKind::Deal, scene.ids.deal)),
    operation!("list_files_of_deal", documents::of_record, |scene| (TargetKind::Deal, scene.ids.deal)),
    operation!("list_all_deal_activities", activities::of_record, |scene| (TargetKind::Deal, scene.ids.deal)),
    operation!("list_deal_timeline", activities::timeline, |scene| (TargetKind::Deal, scene.ids.deal)),
];
