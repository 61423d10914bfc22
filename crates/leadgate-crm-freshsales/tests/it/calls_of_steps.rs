//! The calls that the steps of a playbook make: each does one thing.

use freshsales_sandbox::{Generation, Kind};
use leadgate_core::catalog::{Section, SectionContent};
use leadgate_core::crm::{CrmCall, CrmReply, NewActivity, NewDeal, NewTask};
use leadgate_core::record::{RecordKind, RecordRef};
use rstest::rstest;
use serde_json::json;

use crate::port::{Port, fields, start_of_time};

async fn ada(port: &Port) -> RecordRef {
    port.created(json!({ "email": "ada@example.com", "last_name": "King" })).await
}

async fn names(port: &Port, section: Section) -> Vec<leadgate_core::catalog::NamedId> {
    match port.reply(CrmCall::ReadCatalog(section)).await {
        CrmReply::Catalog(SectionContent::Names(names)) => names,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn stages_say_where_they_stand() {
    let port = Port::open(Generation::Suite).await;
    let stages = names(&port, Section::Stages).await;
    let closed: Vec<&str> =
        stages.iter().filter(|stage| stage.stage.unwrap().closed).map(|stage| stage.name.as_str()).collect();
    assert_eq!(closed, ["Won", "Lost"]);
    assert!(stages.windows(2).all(|pair| pair[0].stage.unwrap().position < pair[1].stage.unwrap().position));
}

#[tokio::test]
async fn a_deal_is_listed_updated_and_read() {
    let port = Port::open(Generation::Suite).await;
    let person = ada(&port).await;
    let (stage, pipeline) = (None, None);
    let deal = NewDeal { name: "Engine".into(), amount: None, person, company: None, stage, pipeline };
    let CrmReply::Deal { id, .. } = port.reply(CrmCall::CreateDeal(deal)).await else { panic!() };
    let CrmReply::Deals(deals) = port.reply(CrmCall::ListDeals(person)).await else { panic!() };
    assert_eq!((deals[0].id, deals[0].standing.stage), (id, None), "a listing does not tell how deals stand");
    let update = CrmCall::UpdateDeal { deal: id, fields: fields(json!({ "amount": "49.00", "tags": ["trial"] })) };
    port.snapshot(update).await;
    let seen = port.snapshot(CrmCall::ReadDeal(id)).await;
    assert_eq!((&seen.fields["tags"], seen.created_at), (&json!(["trial"]), Some(start_of_time())));
    assert!(
        ["deal_stage_id", "deal_pipeline_id", "stage_updated_time"].iter().all(|name| seen.fields.contains_key(*name))
    );
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn tasks_and_activities_are_added_and_read_back(#[case] generation: Generation) {
    let port = Port::open(generation).await;
    let record = ada(&port).await;
    let (title, at) = ("Call Ada".to_owned(), start_of_time());
    let task = NewTask { record, title: title.clone(), text: None, due: at, owner: None };
    let CrmReply::Note { id } = port.reply(CrmCall::AddTask(task)).await else { panic!() };
    let CrmReply::Notes(tasks) = port.reply(CrmCall::ListTasks(record)).await else { panic!() };
    assert_eq!((tasks[0].id, tasks[0].text.as_str()), (id, "Call Ada"));
    let kind = names(&port, Section::ActivityTypes).await[0].id;
    let activity = NewActivity { record, title, text: None, kind, at, owner: None };
    let CrmReply::Note { id } = port.reply(CrmCall::AddActivity(activity)).await else { panic!() };
    let CrmReply::Notes(seen) = port.reply(CrmCall::ListActivities(record)).await else { panic!() };
    assert_eq!((seen[0].id, seen[0].created_at.is_some()), (id, true));
}

#[tokio::test]
async fn a_lead_is_converted() {
    let port = Port::open(Generation::Classic).await;
    let lead = ada(&port).await;
    let convert = || CrmCall::ConvertLead { lead: lead.id, fields: fields(json!({ "last_name": "King" })) };
    assert_eq!(port.snapshot(convert()).await.record.kind, RecordKind::Contact);
    assert!(port.call(convert()).await.result.is_err());
}

/// The account's activities go oldest first: what was written lately is on the last page, or on the one before if others wrote since. Its notes go
/// newest first, and a record's tasks come all at once.
#[rstest]
#[case::task(Kind::Task, CrmCall::ListTasks as fn(RecordRef) -> CrmCall, (301, 1))]
#[case::activity(Kind::SalesActivity, CrmCall::ListActivities as fn(RecordRef) -> CrmCall, (201, 3))]
#[case::note(Kind::Note, CrmCall::ListNotes as fn(RecordRef) -> CrmCall, (201, 3))]
#[tokio::test]
async fn what_others_write_after_it_hides_no_entry(
    #[case] kind: Kind,
    #[case] list: fn(RecordRef) -> CrmCall,
    #[case] rows_and_requests: (usize, u32),
) {
    let port = Port::open(Generation::Suite).await;
    let record = ada(&port).await;
    let activity_type = names(&port, Section::ActivityTypes).await[0].id;
    let seed = |title: &str| {
        let entry = json!({
            "title": title, "description": title, "due_date": "2026-06-16T00:00:00Z", "sales_activity_type_id": activity_type,
            "start_date": "2026-06-16T00:00:00Z", "end_date": "2026-06-16T01:00:00Z",
            "targetable_type": "Contact", "targetable_id": record.id,
        });
        port.account().seed(kind, &entry)
    };
    for _ in 0..299 {
        seed("before");
    }
    let written = seed("ours");
    seed("another's");
    let answer = port.call(list(record)).await;
    let Ok(CrmReply::Notes(seen)) = answer.result else { panic!("{answer:?}") };
    assert!(seen.iter().any(|entry| entry.id == written), "{} rows", seen.len());
    assert_eq!((seen.len(), answer.requests), rows_and_requests);
}
