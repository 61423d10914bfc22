//! Side loads found again from the record that they came with.

use freshsales::contacts::Contact;
use freshsales::deals::Deal;
use freshsales::leads::Lead;
use freshsales::sales_accounts::SalesAccount;
use freshsales::{Request, Single, contacts, deals, tasks, verbs, views};
use http::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use crate::script::exchanges;

fn deal(body: &Value) -> Single<Deal> {
    deals::view(1).decode(StatusCode::OK, body.to_string().as_bytes()).unwrap()
}

#[rstest]
#[case::numbers(json!({"deal": {"id": 1, "owner_id": 5, "deal_stage_id": 7}, "users": [{"id": 4}, {"id": 5, "display_name": "Mara"}],
    "deal_stages": [{"id": 7, "name": "Demo"}]}))]
#[case::side_loads_first(json!({"deal_stages": [{"id": 7, "name": "Demo"}], "users": [{"id": 5, "display_name": "Mara"}],
    "deal": {"id": 1, "owner_id": 5, "deal_stage_id": 7}}))]
#[case::text_on_the_record(json!({"deal": {"id": "1", "owner_id": "5", "deal_stage_id": "7"}, "users": [{"id": 5, "display_name": "Mara"}],
    "deal_stages": [{"id": 7, "name": "Demo"}]}))]
#[case::text_beside_it(json!({"deal": {"id": 1, "owner_id": 5, "deal_stage_id": 7}, "users": [{"id": "5", "display_name": "Mara"}],
    "deal_stage": {"id": "7", "name": "Demo"}}))]
fn owner_and_stage_are_found(#[case] body: Value) {
    let deal = deal(&body);
    assert_eq!(deal.owner().unwrap().display_name.as_deref(), Some("Mara"));
    assert_eq!(deal.deal_stage().unwrap().name.as_deref(), Some("Demo"));
    assert_eq!(deal.stage().unwrap().name.as_deref(), Some("Demo"));
}

#[test]
fn what_was_not_included_is_none() {
    let deal = deal(
        &json!({"deal": {"id": 1, "owner_id": null, "lead_source_id": 9}, "users": [{"id": 5}], "lead_source": []}),
    );
    assert!(deal.owner().is_none() && deal.lead_source().is_none() && deal.creater().is_none());
    assert!(deal.sales_account().is_none() && deal.contacts().is_empty() && deal.notes().is_empty());
}

#[test]
fn people_and_companies_are_found_by_id_or_nested() {
    let body = json!({"deal": {"id": 1, "sales_account_id": 3, "contact_ids": [9, "8"]}, "sales_accounts": [{"id": 3, "name": "Acme"}],
        "contacts": [{"id": 8}, {"id": 9}, {"id": 7}]});
    let found = deal(&body);
    assert_eq!(found.sales_account().unwrap().name.as_deref(), Some("Acme"));
    assert_eq!(found.contacts().iter().map(|contact| contact.id).collect::<Vec<_>>(), [9, 8]);

    let body = json!({"contact": {"id": 1, "sales_accounts": [{"id": 2, "is_primary": false}, {"id": 3, "is_primary": true}]}});
    let contact = contacts::view(1).decode(StatusCode::OK, body.to_string().as_bytes()).unwrap();
    assert_eq!(contact.sales_account().unwrap().id, 3);
    assert_eq!(contact.sales_accounts().iter().map(|account| account.id).collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn what_hangs_on_a_record_is_found_in_its_order() {
    let body = json!({"appointments": [{"id": 8}, {"id": 9}], "child_sales_accounts": [{"id": 5}],
        "sales_account": {"id": 1, "appointment_ids": [9, 8], "child_sales_account_ids": ["5", 6]}});
    let account = verbs::view::<SalesAccount>(1).decode(StatusCode::OK, body.to_string().as_bytes()).unwrap();
    assert_eq!(account.appointments().iter().map(|row| row.id).collect::<Vec<_>>(), [9, 8]);
    assert_eq!(account.child_sales_accounts().iter().map(|row| row.id).collect::<Vec<_>>(), [5]);

    let body = json!({"users": [{"id": 3}, {"id": 4}], "task": {"id": 1, "owner_id": 3, "user_ids": [4]}});
    let task = tasks::view(1).decode(StatusCode::OK, body.to_string().as_bytes()).unwrap();
    assert_eq!((task.users()[0].id, task.owner().unwrap().id), (4, 3));
}

#[test]
fn rows_of_a_page_share_its_side_loads() {
    let body = json!({"users": [{"id": 5, "display_name": "Mara"}, {"id": 6, "display_name": "Tor"}],
        "contacts": [{"id": 1, "owner_id": 6}, {"id": 2, "owner_id": "5"}], "meta": {"total": 2}});
    let page = views::rows::<Contact>(7).decode(StatusCode::OK, body.to_string().as_bytes()).unwrap();
    let names = page.listed().iter().map(|contact| contact.owner().unwrap().display_name.unwrap()).collect::<Vec<_>>();
    assert_eq!(names, ["Tor", "Mara"]);
}

/// Every id of a recorded reply whose object came along is resolved.
#[test]
fn recorded_replies_are_resolved() {
    let mut resolved = 0;
    for exchange in ["contact", "deal", "lead_classic", "sales_account"].into_iter().flat_map(exchanges) {
        let body = &exchange.body;
        resolved += count(read::<Contact>(body), |reply| [reply.owner().is_some(), reply.contact_status().is_some()]);
        resolved += count(read::<Deal>(body), |reply| [reply.deal_stage().is_some(), reply.sales_account().is_some()]);
        resolved += count(read::<Lead>(body), |reply| [reply.lead_source().is_some(), reply.stage().is_some()]);
        resolved +=
            count(read::<SalesAccount>(body), |reply| [reply.owner().is_some(), reply.industry_type().is_some()]);
    }
    assert_eq!(resolved, 8);
}

fn read<T: freshsales::Record>(body: &[u8]) -> Option<Single<T>> {
    verbs::view::<T>(1).decode(StatusCode::OK, body).ok().filter(|single| !single.side_loads.as_map().is_empty())
}

fn count<T>(reply: Option<T>, found: impl Fn(&T) -> [bool; 2]) -> usize {
    reply.map_or(0, |reply| found(&reply).into_iter().filter(|found| *found).count())
}
