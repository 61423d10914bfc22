//! The client's further calls on records against an account of the right generation: copies, teams, lists and calls on many records.

use freshsales::deals::{Deal, DealAttributes};
use freshsales::leads::{Lead, LeadAttributes};
use freshsales::sales_accounts::{SalesAccount, SalesAccountAttributes};
use freshsales::teams::{self, TeamChange};
use freshsales::verbs::UniqueKey;
use freshsales::{Client, Credentials, contacts, deals, leads, sales_accounts, views};
use freshsales_sandbox::{Account, Generation, Kind, Sandbox, SandboxConfig};
use serde_json::json;

/// An account with a company, a person and a deal that hang together.
struct Scene {
    _sandbox: Sandbox,
    account: Account,
    suite: Client,
    classic: Client,
    company: i64,
    person: i64,
    deal: i64,
}

async fn scene() -> Scene {
    let sandbox = Sandbox::start(SandboxConfig::default(), ([127, 0, 0, 1], 0).into()).await.unwrap();
    let account = sandbox.account();
    let company = account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    let person = account.seed_contact(&json!({"last_name": "Okafor", "sales_accounts": [{"id": company}]}));
    let deal = json!({"name": "Pilot", "amount": 5, "sales_account_id": company, "contacts_added_list": [person]});
    let deal = account.seed_deal(&deal);
    let client = |ours, theirs| {
        let credentials = Credentials::parse("sandbox-key", &sandbox.url(theirs)).unwrap();
        Client::builder(credentials).generation(ours).build().unwrap()
    };
    let suite = client(freshsales::Generation::Suite, Generation::Suite);
    let classic = client(freshsales::Generation::Classic, Generation::Classic);
    Scene { account, suite, classic, company, person, deal, _sandbox: sandbox }
}

#[tokio::test]
async fn what_hangs_on_a_record_is_listed() {
    let scene = scene().await;
    let deals_of = [
        scene.suite.send(&deals::of_contact(scene.person)).await.unwrap().output.records,
        scene.suite.send(&deals::of_account(scene.company)).await.unwrap().output.records,
    ];
    assert!(deals_of.iter().all(|deals| deals.len() == 1 && deals[0].id == scene.deal));
    let people = [
        scene.suite.send(&contacts::of_account(scene.company)).await.unwrap().output,
        scene.classic.send(&contacts::of_deal(scene.deal).page(1, 100)).await.unwrap().output,
    ];
    assert!(people.iter().all(|page| page.records[0].id == scene.person && page.total == Some(1)));
}

#[tokio::test]
async fn a_team_is_managed() {
    let scene = scene().await;
    let user = scene.account.selector_id("owners", "Nadia Rahman").unwrap();
    let role = scene.account.selector_id("designations", "Account manager").unwrap();
    let team =
        scene.suite.send(&teams::manage::<Deal>(scene.deal, [TeamChange::put(user, role)])).await.unwrap().output;
    assert_eq!((team[0].user_id, team[0].entity_id), (Some(user), Some(scene.deal)));
    assert_eq!(
        scene.suite.send(&teams::manage::<Deal>(scene.deal, [TeamChange::remove(user, role)])).await.unwrap().output,
        []
    );
}

#[tokio::test]
async fn records_are_copied_with_what_must_differ() {
    let scene = scene().await;
    let renamed = SalesAccountAttributes::new().name("Acme 2");
    let copy = scene.suite.send(&sales_accounts::clone(scene.company, renamed)).await.unwrap().output.record;
    assert_eq!(copy.name.as_deref(), Some("Acme 2"));
    let same_name = scene.suite.send(&sales_accounts::clone(scene.company, SalesAccountAttributes::new())).await;
    assert_eq!(same_name.unwrap_err().class().name(), "not_unique");
    let copy = scene.suite.send(&deals::clone(scene.deal, DealAttributes::new().name("Second"))).await.unwrap();
    assert_eq!((copy.output.record.name.as_deref(), scene.account.deals().len()), (Some("Second"), 2));
}

#[tokio::test]
async fn leads_have_the_same_calls_on_classic() {
    let scene = scene().await;
    let upsert = || leads::upsert(UniqueKey::emails("amir@example.com"), LeadAttributes::new().last_name("Haddad"));
    let lead = scene.classic.send(&upsert()).await.unwrap().output.record.id;
    assert_eq!(scene.classic.send(&upsert()).await.unwrap().output.record.id, lead);
    let copy = scene.classic.send(&leads::clone(lead, LeadAttributes::new())).await.unwrap().output.record.id;
    let owner = scene.account.selector_id("owners", "Nadia Rahman").unwrap();
    scene.classic.send(&leads::bulk_assign_owner([lead, copy], owner)).await.unwrap();
    assert!(scene.account.leads().iter().all(|lead| lead["owner_id"] == owner));
    scene.classic.send(&leads::forget(copy)).await.unwrap();
    scene.classic.send(&leads::bulk_destroy([lead])).await.unwrap();
    assert!(scene.account.leads().is_empty());
    let views = scene.classic.send(&views::saved::<Lead>()).await.unwrap().output;
    let bin = views.iter().find(|view| view.name.as_deref() == Some("Recycle Bin")).unwrap();
    assert_eq!(scene.classic.send(&views::rows::<Lead>(bin.id)).await.unwrap().output.records[0].id, lead);
}

#[tokio::test]
async fn an_account_goes_with_its_people_and_deals_where_that_is_asked() {
    let scene = scene().await;
    scene.suite.send(&sales_accounts::bulk_destroy_with_contacts_and_deals([scene.company])).await.unwrap();
    let left = [Kind::SalesAccount, Kind::Contact, Kind::Deal].map(|kind| scene.account.count(kind));
    assert_eq!(left, [0, 0, 0]);
}

#[tokio::test]
async fn a_view_is_scrolled_batch_by_batch() {
    let scene = scene().await;
    for at in 0..4 {
        scene.account.seed(Kind::SalesAccount, &json!({"name": format!("Company {at}")}));
    }
    let views = scene.suite.send(&views::saved::<SalesAccount>()).await.unwrap().output;
    let all = views.iter().find(|view| view.name.as_deref() == Some("All Accounts")).unwrap().id;
    let (mut ids, mut after) = (Vec::new(), 0);
    loop {
        let batch = views::scroll::<SalesAccount>(all).limit(2).after(after);
        let rows = scene.suite.send(&batch).await.unwrap().output.records;
        ids.extend(rows.iter().map(|row| row.id));
        match rows.last() {
            Some(last) if rows.len() == 2 => after = last.id,
            _ => break,
        }
    }
    assert_eq!((ids.len(), ids[0]), (5, scene.company));
    assert_eq!(scene.suite.send(&views::scroll::<Deal>(1)).await.unwrap_err().class().name(), "not_found");
}
