//! Operations on sales accounts.

use freshsales::filtered_search::{self, field};
use freshsales::jobs::BulkItem;
use freshsales::notes::{self, TargetKind};
use freshsales::sales_accounts::{self, SalesAccount, SalesAccountAttributes};
use freshsales::teams::{self, TeamChange};
use freshsales::verbs::UniqueKey;
use freshsales::{activities, contacts, documents, fields, views};

use super::{Operation, operation};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("create_account", sales_accounts::create, |scene| (SalesAccountAttributes::new().name("Okafor Foods"))),
    operation!("view_account", sales_accounts::view, |scene| (scene.ids.company)),
    operation!("update_a_account", sales_accounts::update, |scene| (
        scene.ids.company,
        SalesAccountAttributes::new().city("Bergen")
    )),
    operation!("upsert_an_account", sales_accounts::upsert, |scene| (
        UniqueKey::name("Acme"),
        SalesAccountAttributes::new().city("Bergen")
    )),
    operation!("bulk_upsert_account", sales_accounts::bulk_upsert, |scene| (vec![BulkItem::new(
        UniqueKey::name("Acme"),
        SalesAccountAttributes::new().city("Bergen")
    )])),
    operation!("clone_an_account", sales_accounts::clone, |scene| (
        scene.ids.company,
        SalesAccountAttributes::new().name("Acme 2")
    )),
    operation!("delete_account", sales_accounts::delete, |scene| (scene.ids.company)),
    operation!("forget_account", sales_accounts::forget, |scene| (scene.ids.company)),
    operation!("bulk_delete_account", sales_accounts::bulk_destroy, |scene| ([scene.ids.company])),
    operation!("bulk_assign_account_owner", sales_accounts::bulk_assign_owner, |scene| (
        [scene.ids.company],
        scene.ids.user
    )),
    operation!("update_account_team", teams::manage::<SalesAccount>, |scene| (
        scene.ids.company,
        [TeamChange::put(scene.ids.user, scene.ids.role)]
    )),
    operation!("list_account_filters", views::saved::<SalesAccount>, |scene| ()),
    operation!("list_all_accounts", views::rows::<SalesAccount>, |scene| (scene.view::<SalesAccount>())),
    operation!("scroll_sales_accounts", views::scroll::<SalesAccount>, |scene| (scene.view::<SalesAccount>())),
    operation!("search_sales_accounts_by_rules", filtered_search::by_rules::<SalesAccount>, |scene| (vec![
        field("name").is("Acme")
    ])),
    operation!("list_all_account_fields", fields::list::<SalesAccount>, |scene| ()),
    operation!("list_account_contacts", contacts::of_account, |scene| (scene.ids.company)),
    operation!("list_account_notes", notes::of_record, |scene| (TargetKind::SalesAccount, scene.ids.company)),
    operation!("list_files_of_account", documents::of_record, |scene| (TargetKind::SalesAccount, scene.ids.company)),
    operation!("list_all_account_activities", activities::of_record, |scene| (
        TargetKind::SalesAccount,
        scene.ids.company
    )),
];
