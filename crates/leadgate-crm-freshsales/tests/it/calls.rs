//! Each call does one thing with one request.

use std::collections::BTreeMap;

use freshsales_sandbox::{Generation, Kind};
use leadgate_core::catalog::{Section, SectionContent};
use leadgate_core::crm::{Among, BulkState, CrmCall, CrmReply, LookupBy, NewDeal};
use leadgate_core::identity::Email;
use leadgate_core::record::{RecordKind, RecordRef, Snapshot};
use rstest::rstest;
use serde_json::json;

use crate::port::{Port, fields};

fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).unwrap()
}

fn find(name: &str) -> CrmCall {
    CrmCall::FindPerson(LookupBy::Email(email(name)))
}

#[rstest]
#[case::classic(Generation::Classic, RecordKind::Lead)]
#[case::suite(Generation::Suite, RecordKind::Contact)]
#[tokio::test]
async fn a_person_is_created_found_and_updated(#[case] generation: Generation, #[case] kind: RecordKind) {
    let port = Port::open(generation).await;
    let made = port
        .created(json!({ "email": "ada@example.com", "first_name": "Ada", "last_name": "King", "tags": ["web"] }))
        .await;
    assert_eq!(made.kind, kind);
    let CrmReply::Found(found) = port.reply(find("ada")).await else { panic!() };
    assert_eq!((found[0].record, &found[0].fields["first_name"]), (made, &json!("Ada")));
    let update = CrmCall::UpdatePerson { record: made, fields: fields(json!({ "city": "London" })) };
    assert_eq!(port.snapshot(update).await.fields["city"], "London");
    let whole = port.snapshot(CrmCall::ReadPerson(made)).await;
    assert_eq!((&whole.fields["tags"], whole.created_at), (&json!(["web"]), Some(crate::port::start_of_time())));
    assert!(whole.unread.is_empty() || !whole.unread.contains("owner_id"), "{:?}", whole.unread);
}

#[tokio::test]
async fn a_phone_is_looked_up_exactly() {
    let port = Port::open(Generation::Suite).await;
    let made = port.created(json!({ "last_name": "King", "mobile_number": "+4930901820" })).await;
    let CrmReply::Found(found) = port.reply(CrmCall::FindPerson(LookupBy::Phone("+4930901820".into()))).await else {
        panic!()
    };
    assert_eq!(found.iter().map(|row| row.record).collect::<Vec<_>>(), [made]);
}

#[rstest]
#[case::classic(Generation::Classic)]
#[case::suite(Generation::Suite)]
#[tokio::test]
async fn an_upsert_by_email_never_doubles(#[case] generation: Generation) {
    let port = Port::open(generation).await;
    let upsert = || CrmCall::UpsertPerson {
        email: email("ada"),
        fields: fields(json!({ "email": "ada@example.com", "last_name": "King" })),
    };
    let first = port.snapshot(upsert()).await.record;
    assert_eq!(port.snapshot(upsert()).await.record, first);
}

#[rstest]
#[case::classic(Generation::Classic, Among::Leads)]
#[case::suite(Generation::Suite, Among::Contacts)]
#[tokio::test]
async fn many_people_are_found_at_once_after_the_index_caught_up(#[case] generation: Generation, #[case] among: Among) {
    let port = Port::open(generation).await;
    for name in ["ada", "bob"] {
        port.created(json!({ "email": format!("{name}@example.com"), "last_name": name })).await;
    }
    port.account().advance(std::time::Duration::from_secs(10));
    let answer = port
        .call(CrmCall::FindPeople { among, emails: vec![email("ada"), email("bob"), email("eve")], likely: true })
        .await;
    let Ok(CrmReply::FoundMany { people: found, .. }) = answer.result else { panic!() };
    assert_eq!((found.len(), answer.requests), (2, 1));
}

#[rstest]
#[case::classic(Generation::Classic, Among::Leads)]
#[case::suite(Generation::Suite, Among::Contacts)]
#[tokio::test]
async fn people_on_several_pages_are_found_under_their_own_addresses(
    #[case] generation: Generation,
    #[case] among: Among,
) {
    let port = Port::open(generation).await;
    let mut made = BTreeMap::new();
    for name in (0..103).map(|number| format!("p{number}")) {
        let person = json!({ "email": format!("{name}@example.com"), "last_name": name });
        made.insert(email(&name), (port.created(person).await, json!(name)));
    }
    port.account().advance(std::time::Duration::from_secs(10));
    let emails = made.keys().cloned().collect();
    let answer = port.call(CrmCall::FindPeople { among, emails, likely: true }).await;
    let Ok(CrmReply::FoundMany { people: found, .. }) = answer.result else { panic!() };
    let only = |people: Vec<Snapshot>| match people.as_slice() {
        [person] => (person.record, person.fields["last_name"].clone()),
        _ => panic!("{people:?}"),
    };
    let found: BTreeMap<_, _> = found.into_iter().map(|(email, people)| (email, only(people))).collect();
    assert_eq!((found == made, answer.requests), (true, 2));
}

#[rstest]
#[case::all_are_there(&["ada", "bob"], true)]
#[case::one_is_missing(&["ada", "eve"], false)]
#[tokio::test]
async fn people_are_counted_in_one_request(#[case] names: &[&str], #[case] all: bool) {
    let port = Port::open(Generation::Suite).await;
    for name in ["ada", "bob", "olga"] {
        port.created(json!({ "email": format!("{name}@example.com"), "last_name": name })).await;
    }
    port.account().advance(std::time::Duration::from_secs(10));
    let emails = names.iter().map(|name| email(name)).collect();
    let answer = port.call(CrmCall::ConfirmPeople { emails, at_most: 500 }).await;
    assert_eq!((answer.result.unwrap(), answer.requests), (CrmReply::Confirmed(all), 1));
}

#[tokio::test]
async fn a_bulk_upsert_is_followed_to_its_end() {
    let port = Port::open(Generation::Suite).await;
    let people = ["ada", "bob"]
        .map(|name| (email(name), fields(json!({ "last_name": name, "email": format!("{name}@example.com") }))));
    let CrmReply::BulkStarted { ticket } = port.reply(CrmCall::UpsertPeople(people.to_vec())).await else { panic!() };
    port.account().advance(std::time::Duration::from_secs(10));
    let CrmReply::Bulk(BulkState::Finished { failed_count, .. }) = port.reply(CrmCall::BulkStatus { ticket }).await
    else {
        panic!()
    };
    assert_eq!((failed_count, port.account().contacts().len()), (0, 2));
}

#[rstest]
#[case::classic(Generation::Classic, true)]
#[case::suite(Generation::Suite, false)]
#[tokio::test]
async fn the_account_says_what_it_is(#[case] generation: Generation, #[case] separate_leads: bool) {
    let port = Port::open(generation).await;
    let CrmReply::Catalog(SectionContent::Account(facts)) = port.reply(CrmCall::ReadCatalog(Section::Account)).await
    else {
        panic!()
    };
    assert_eq!((facts.separate_leads, facts.bulk_people.is_some()), (separate_leads, !separate_leads));
    assert_eq!(facts.contact_email_unique, (!separate_leads).then_some(true));
    assert_eq!(facts.lead_stage_id.is_some(), !separate_leads);
}

#[rstest]
#[case(Section::Stages, "Negotiation")]
#[case(Section::Sources, "Web")]
#[tokio::test]
async fn names_are_read(#[case] section: Section, #[case] name: &str) {
    let port = Port::open(Generation::Suite).await;
    let CrmReply::Catalog(SectionContent::Names(names)) = port.reply(CrmCall::ReadCatalog(section)).await else {
        panic!()
    };
    assert!(names.iter().any(|named| named.name == name), "{names:?}");
}

#[tokio::test]
async fn a_company_is_made_once_and_linked() {
    let port = Port::open(Generation::Suite).await;
    let upsert =
        || CrmCall::UpsertCompany { name: "Acme".into(), fields: fields(json!({ "website": "https://acme.example" })) };
    let company = port.snapshot(upsert()).await.record;
    assert_eq!(port.snapshot(upsert()).await.record, company);
    let CrmReply::Found(found) = port.reply(CrmCall::FindCompany { name: "Acme".into() }).await else { panic!() };
    assert_eq!(found[0].record, company);
    let made = port.created(json!({ "email": "ada@example.com", "last_name": "K", "company_id": company.id })).await;
    let whole = port.snapshot(CrmCall::ReadPerson(made)).await;
    assert_eq!(whole.fields["company_id"], json!(company.id));
}

#[tokio::test]
async fn a_deal_is_made_listed_and_moved() {
    let port = Port::open(Generation::Suite).await;
    let person = port.created(json!({ "email": "ada@example.com", "last_name": "K" })).await;
    let deal = NewDeal {
        name: "Engine".into(),
        amount: Some("12.50".into()),
        person,
        company: None,
        stage: None,
        pipeline: None,
    };
    let CrmReply::Deal { id, .. } = port.reply(CrmCall::CreateDeal(deal)).await else { panic!() };
    let CrmReply::Deals(deals) = port.reply(CrmCall::ListDeals(person)).await else { panic!() };
    assert_eq!((deals[0].id, deals[0].name.as_str()), (id, "Engine"));
    let stage = port.account().stage_id("Negotiation").unwrap();
    let CrmReply::Deal { shown, .. } = port.reply(CrmCall::MoveDeal { deal: id, stage, pipeline: None }).await else {
        panic!()
    };
    assert_eq!(shown["deal_stage_id"], json!(stage));
}

#[rstest]
#[case::classic(Generation::Classic, Kind::Lead)]
#[case::suite(Generation::Suite, Kind::Contact)]
#[tokio::test]
async fn a_note_is_added_and_read_back(#[case] generation: Generation, #[case] kind: Kind) {
    let port = Port::open(generation).await;
    let record: RecordRef = port.created(json!({ "email": "ada@example.com", "last_name": "K" })).await;
    let CrmReply::Note { id } = port.reply(CrmCall::AddNote { record, text: "hello".into() }).await else { panic!() };
    let CrmReply::Notes(notes) = port.reply(CrmCall::ListNotes(record)).await else { panic!() };
    assert_eq!((notes[0].id, notes[0].text.as_str()), (id, "hello"));
    assert_eq!(port.account().notes_of(kind, record.id).len(), 1);
}
