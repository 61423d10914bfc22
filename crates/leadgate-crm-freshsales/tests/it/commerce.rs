//! The client's requests for lists, products, documents, custom modules, fields and teams, each made of a sandbox account.

use std::time::Duration;

use freshsales::contacts::{self, Contact, ContactAttributes};
use freshsales::cpq_documents::{self, CpqDocumentAttributes};
use freshsales::custom_modules::{self, CustomModuleAttributes, Module, ModuleRecordAttributes};
use freshsales::deals::{self, Deal, DealAttributes};
use freshsales::fields::{self, FieldAttributes};
use freshsales::filtered_search::{Operator, Rule};
use freshsales::lists::{self, Members};
use freshsales::product_lines::LineAttributes;
use freshsales::products::{self, ProductAttributes};
use freshsales::sales_accounts::SalesAccount;
use freshsales::teams::{self, TeamChange};
use freshsales::{Client, Credentials, Error, ErrorClass, Request, selectors};
use freshsales_sandbox::{Account, Clock, Generation, Kind, Sandbox, SandboxConfig};
use rust_decimal::Decimal;
use serde_json::json;

struct Suite {
    _sandbox: Sandbox,
    account: Account,
    client: Client,
}

impl Suite {
    async fn open() -> Self {
        Self::of(Generation::Suite, freshsales::Generation::Suite).await
    }

    async fn of(generation: Generation, spoken: freshsales::Generation) -> Self {
        let config = SandboxConfig { clock: Clock::Stepped(crate::port::start_of_time()), ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let credentials = Credentials::parse("sandbox-key", &sandbox.url(generation)).unwrap();
        let client = Client::builder(credentials).generation(spoken).build().unwrap();
        Self { account: sandbox.account(), _sandbox: sandbox, client }
    }

    async fn ask<R: Request>(&self, request: &R) -> R::Output {
        self.client.send(request).await.unwrap().output
    }

    async fn refused<R: Request>(&self, request: &R) -> Error
    where
        R::Output: std::fmt::Debug,
    {
        self.client.send(request).await.unwrap_err()
    }

    async fn is_missing<R: Request>(&self, request: &R) -> bool
    where
        R::Output: std::fmt::Debug,
    {
        *self.refused(request).await.class() == ErrorClass::NotFound
    }

    async fn contact(&self, name: &str) -> i64 {
        self.ask(&contacts::create(ContactAttributes::new().last_name(name))).await.record.id
    }

    async fn deal(&self) -> i64 {
        self.ask(&deals::create(DealAttributes::new().name("Pilot").amount(Decimal::ONE_HUNDRED))).await.record.id
    }

    async fn product(&self, name: &str, price: i64) -> i64 {
        let attributes = ProductAttributes::new().name(name).price("USD", price.into());
        self.ask(&products::create(attributes)).await.record.id
    }
}

#[tokio::test]
async fn lists_are_made_filled_moved_and_emptied() {
    let suite = Suite::open().await;
    let (june, fair) =
        (suite.ask(&lists::create("June")).await.record.id, suite.ask(&lists::create("Fair")).await.record.id);
    let renamed = suite.ask(&lists::rename(june, "July")).await.record;
    assert_eq!((renamed.id, renamed.name.as_deref()), (june, Some("July")));
    assert_eq!(suite.ask(&lists::all().page(1, 1)).await.total_pages, Some(2));
    let (one, two) = (suite.contact("One").await, suite.contact("Two").await);
    let said = suite.ask(&lists::add_contacts(june, [one, two])).await;
    assert_eq!(said.message.as_deref(), Some("2 contacts updated."));
    suite.ask(&lists::move_contacts(june, fair, [two])).await;
    let ids = |page: freshsales::Page<Contact>| page.records.iter().map(|contact| contact.id).collect::<Vec<_>>();
    assert_eq!(ids(suite.ask(&lists::contacts(june)).await), [one]);
    suite.ask(&lists::remove_contacts(june, [one])).await;
    assert_eq!(suite.ask(&lists::contacts(june)).await.total, Some(0));
    suite.ask(&lists::remove_contacts(fair, Members::All)).await;
    suite.account.advance(Duration::from_secs(2));
    assert_eq!(ids(suite.ask(&lists::contacts(fair).page(1, 100)).await), Vec::<i64>::new());
}

#[tokio::test]
async fn a_contact_is_written_with_its_lists() {
    let suite = Suite::open().await;
    let list = suite.ask(&lists::create("June")).await.record.id;
    let attributes = ContactAttributes::new().last_name("One").contact_list_ids([list]);
    let contact = suite.ask(&contacts::create(attributes)).await.record.id;
    let page = suite.ask(&lists::contacts(list).include(["owner"])).await;
    assert_eq!((page.records[0].id, page.total, page.records[0].owner_id.is_some()), (contact, Some(1), true));
}

#[tokio::test]
async fn products_are_made_priced_deleted_and_restored() {
    let suite = Suite::open().await;
    let id = suite.product("Seat", 80).await;
    let prices = ProductAttributes::new().price("EUR", Decimal::new(755, 1));
    let product = suite.ask(&products::update(id, prices).include(["product_pricings"])).await.record;
    let euro = &product.product_pricings.as_ref().unwrap()[1];
    assert_eq!((euro.unit_price, product.base_currency_amount), (Some(Decimal::new(755, 1)), Some(Decimal::from(80))));
    let cheaper = ProductAttributes::new().remove_price(euro.id.unwrap());
    suite.ask(&products::update(id, cheaper)).await;
    let seen = suite.ask(&products::view(id).include(["product_pricings"])).await.record;
    assert_eq!((seen.product_pricings.unwrap().len(), seen.pricing_type), (1, Some(1)));
    suite.ask(&products::delete(id)).await;
    assert!(suite.is_missing(&products::view(id)).await);
    assert_eq!(suite.ask(&products::restore(id)).await.record.is_deleted, Some(false));
}

#[tokio::test]
async fn products_are_changed_in_bulk() {
    let suite = Suite::open().await;
    let ids = [suite.product("A", 1).await, suite.product("B", 2).await];
    let owner = suite.ask(&selectors::owners()).await[1].id;
    suite.ask(&products::bulk_assign_owner(ids, owner)).await;
    suite.ask(&products::bulk_update(ids, &ProductAttributes::new().category("Software"))).await;
    let product = suite.ask(&products::view(ids[1])).await.record;
    assert_eq!((product.owner_id, product.category.as_deref()), (Some(owner), Some("Software")));
    suite.ask(&products::bulk_destroy(ids)).await;
    assert_eq!(suite.account.count(Kind::Product), 0);
    let said = suite.ask(&products::bulk_restore(ids)).await;
    assert!(said.message.is_some());
    assert_eq!(suite.account.count(Kind::Product), 2);
}

#[tokio::test]
async fn documents_are_made_filled_deleted_restored_and_forgotten() {
    let suite = Suite::open().await;
    let (deal, seat) = (suite.deal().await, suite.product("Seat", 80).await);
    let quote = CpqDocumentAttributes::new().deal_id(deal).document_type("Quote").amount(Decimal::new(125, 1));
    let made = suite.ask(&cpq_documents::create(quote)).await.record;
    assert_eq!((made.amount, made.products.as_deref()), (Some(Decimal::new(125, 1)), Some(&[][..])));
    let lines = CpqDocumentAttributes::new().products([LineAttributes::of(seat).quantity(70).discount(Decimal::TEN)]);
    suite.ask(&cpq_documents::update(made.id, lines)).await;
    let seen = suite.ask(&cpq_documents::view(made.id).include(["products"])).await.record;
    let line = &seen.products.as_ref().unwrap()[0];
    assert_eq!((line.product_id, line.quantity, line.unit_price), (Some(seat), Some(70.into()), Some(80.into())));
    assert_eq!((line.cpq_document_id, line.discount), (Some(made.id), Some(Decimal::TEN)));
    let related = suite.ask(&cpq_documents::related_products(made.id)).await;
    assert_eq!((related[0].id, related[0].product_pricings.as_ref().unwrap().len()), (seat, 1));
    suite.ask(&cpq_documents::delete(made.id)).await;
    suite.ask(&cpq_documents::restore(made.id)).await;
    suite.ask(&cpq_documents::forget(made.id)).await;
    assert!(suite.is_missing(&cpq_documents::restore(made.id)).await);
}

#[tokio::test]
async fn documents_are_changed_in_bulk() {
    let suite = Suite::open().await;
    let quote = CpqDocumentAttributes::new().deal_id(suite.deal().await).document_type("Quote");
    let ids = [suite.ask(&cpq_documents::create(quote)).await.record.id];
    let owner = suite.ask(&selectors::owners()).await[1].id;
    suite.ask(&cpq_documents::bulk_assign_owner(ids, owner)).await;
    suite.ask(&cpq_documents::bulk_update(ids, &CpqDocumentAttributes::new().stage("Sent"))).await;
    let document = suite.ask(&cpq_documents::view(ids[0])).await.record;
    assert_eq!((document.owner_id, document.stage.as_deref()), (Some(owner), Some("Sent")));
    suite.ask(&cpq_documents::bulk_destroy(ids)).await;
    suite.ask(&cpq_documents::bulk_restore(ids)).await;
    assert_eq!(suite.account.count(Kind::CpqDocument), 1);
}

#[tokio::test]
async fn deals_have_products_contacts_and_choices_from_selectors() {
    let suite = Suite::open().await;
    let (seat, contact) = (suite.product("Seat", 80).await, suite.contact("One").await);
    let paid = suite.ask(&selectors::deal_payment_statuses()).await[0].id;
    let basic = suite.ask(&selectors::deal_products()).await[0].id;
    let line = LineAttributes::of(seat).quantity(2).unit_price(Decimal::from(75)).setup_fee(Decimal::ONE);
    let attributes = DealAttributes::new()
        .name("Pilot")
        .amount(Decimal::ONE_HUNDRED)
        .deal_payment_status_id(paid)
        .deal_product_id(basic)
        .forecast_category(1)
        .add_contacts([contact])
        .products([line]);
    let id = suite.ask(&deals::create(attributes)).await.record.id;
    let view = deals::view(id).include(["products", "contacts", "deal_payment_status", "deal_product", "creater"]);
    let deal = suite.ask(&view).await.record;
    let line = &deal.products.as_ref().unwrap()[0];
    assert_eq!((line.deal_id, line.unit_price, line.setup_fee), (Some(id), Some(75.into()), Some(1.into())));
    assert_eq!(
        (deal.deal_payment_status_id, deal.deal_product_id, deal.has_products),
        (Some(paid), Some(basic), Some(true))
    );
    assert_eq!(
        (deal.contact_ids, deal.forecast_category, deal.deal_prediction),
        (Some(vec![contact]), Some(1), Some(0))
    );
    let emptied = DealAttributes::new().products([]).remove_contacts([contact]);
    let deal = suite.ask(&deals::update(id, emptied).include(["products", "contacts"])).await.record;
    assert_eq!((deal.products, deal.contact_ids), (Some(vec![]), Some(vec![])));
}

async fn projects(suite: &Suite) -> (i64, Module) {
    let attributes = CustomModuleAttributes::new()
        .entity_name("cm_project")
        .singular_name("Project")
        .plural_name("Projects")
        .icon("i");
    let module = suite.ask(&custom_modules::create(attributes)).await.record;
    (module.id, custom_modules::of(module.entity_name.unwrap()))
}

#[tokio::test]
async fn modules_are_made_listed_changed_and_deleted() {
    let suite = Suite::open().await;
    let (id, _) = projects(&suite).await;
    let custom: Vec<_> =
        suite.ask(&custom_modules::all()).await.into_iter().filter(|m| m.custom == Some(true)).collect();
    assert_eq!((custom.len(), custom[0].id), (1, id));
    suite.ask(&custom_modules::update(id, CustomModuleAttributes::new().description("What we build"))).await;
    let module = suite.ask(&custom_modules::view(id)).await.record;
    assert_eq!(
        (module.description.as_deref(), module.plural_name.as_deref()),
        (Some("What we build"), Some("Projects"))
    );
    suite.ask(&custom_modules::delete(id)).await;
    assert!(suite.is_missing(&custom_modules::view(id)).await);
}

#[tokio::test]
async fn fields_are_added_to_forms() {
    let suite = Suite::open().await;
    projects(&suite).await;
    let form = suite.ask(&fields::forms_of("cm_project")).await[0].id.unwrap();
    let made =
        suite.ask(&fields::create("cm_project", form, FieldAttributes::new().label("Budget").field_type(2))).await;
    assert_eq!(
        (made.name.as_deref(), made.r#type.as_deref(), made.is_custom()),
        (Some("cf_budget"), Some("number"), true)
    );
    let form = suite.ask(&fields::forms::<Deal>()).await[0].id.unwrap();
    let attributes = FieldAttributes::new().label("Contract").field_type(1).required(true);
    suite.ask(&fields::create("deals", form, attributes)).await;
    let listed = suite.ask(&fields::list::<Deal>()).await;
    let contract = listed.iter().find(|field| field.name.as_deref() == Some("cf_contract")).unwrap();
    assert_eq!(contract.required, Some(true));
    let refused = suite.refused(&deals::create(DealAttributes::new().name("A").amount(Decimal::ONE))).await;
    assert!(matches!(refused.class(), ErrorClass::Validation { .. }), "{refused}");
}

#[tokio::test]
async fn records_of_a_module_are_made_found_changed_copied_and_deleted() {
    let suite = Suite::open().await;
    let (_, projects) = projects(&suite).await;
    let named = |name: &str| ModuleRecordAttributes::new().name(name);
    let id = suite.ask(&projects.create(&named("A"))).await.record.id;
    suite.ask(&projects.update(id, &named("B"))).await;
    assert_eq!(suite.ask(&projects.view(id)).await.record.name.as_deref(), Some("B"));
    let copy = suite.ask(&projects.clone_record(id, &named("C"))).await.record;
    let rules = vec![Rule::new("name", Operator::IsIn, json!(["B", "C"]))];
    let found = suite.ask(&projects.search(rules).full_rows().page(1, 1)).await;
    assert_eq!((found.records[0].id, found.total), (id, Some(2)));
    suite.ask(&projects.delete(id)).await;
    suite.ask(&projects.forget(id)).await;
    let third = suite.ask(&projects.create(&named("D"))).await.record.id;
    suite.ask(&projects.bulk_destroy([copy.id, third])).await;
    assert_eq!(suite.account.count(Kind::ModuleRecord), 0);
}

#[tokio::test]
async fn teams_of_all_three_kinds_are_managed() {
    let suite = Suite::open().await;
    let (contact, deal) = (suite.contact("One").await, suite.deal().await);
    let company = suite.account.seed(Kind::SalesAccount, &json!({"name": "A"}));
    let (owners, roles) = (suite.ask(&selectors::owners()).await, suite.ask(&selectors::designations()).await);
    let join = [TeamChange::put(owners[1].id, roles[0].id), TeamChange::put(owners[2].id, roles[1].id)];
    let team = suite.ask(&teams::manage::<Deal>(deal, join.clone())).await;
    assert_eq!((team.len(), team[1].designation_id, team[1].entity_id), (2, Some(roles[1].id), Some(deal)));
    let leave = [TeamChange::remove(owners[1].id, roles[0].id)];
    suite.ask(&teams::manage::<Deal>(deal, leave)).await;
    assert_eq!(suite.ask(&deals::view(deal)).await.record.team_user_ids, Some(vec![owners[2].id]));
    assert_eq!(suite.ask(&teams::manage::<Contact>(contact, join.clone())).await.len(), 2);
    assert_eq!(suite.ask(&teams::manage::<SalesAccount>(company, join)).await.len(), 2);
    let wrong = teams::manage::<Deal>(deal, [TeamChange::put(1, roles[0].id)]);
    assert!(matches!(suite.refused(&wrong).await.class(), ErrorClass::Validation { .. }));
}

#[tokio::test]
async fn a_contact_can_be_removed_for_good() {
    let suite = Suite::open().await;
    let id = suite.contact("One").await;
    suite.ask(&contacts::forget(id)).await;
    assert!(suite.is_missing(&contacts::view(id)).await);
}

#[tokio::test]
async fn every_selector_of_the_generation_is_served() {
    let suite = Suite::open().await;
    let position = |position: Option<i64>| position.unwrap() > 0;
    assert!(suite.ask(&selectors::territories()).await.iter().all(|entry| position(entry.position)));
    let currency = &suite.ask(&selectors::currencies()).await[0];
    assert_eq!((currency.currency_code.as_deref(), currency.exchange_rate), (Some("USD"), Some(Decimal::ONE)));
    let pipeline = &suite.ask(&selectors::deal_pipelines()).await[0];
    assert_eq!((pipeline.rotting_days, pipeline.configs.as_ref().unwrap().len()), (Some(30), 3));
    let kinds = suite.ask(&selectors::sales_activity_types()).await;
    let outcomes = suite.ask(&selectors::sales_activity_outcomes_of(kinds[1].id)).await;
    assert!(outcomes.iter().all(|outcome| outcome.sales_activity_type_id == Some(kinds[1].id)) && !outcomes.is_empty());
    assert_eq!(suite.ask(&selectors::lifecycle_stages()).await[0].default, Some(true));
    for choices in [
        selectors::lead_sources(),
        selectors::deal_reasons(),
        selectors::deal_types(),
        selectors::industry_types(),
        selectors::business_types(),
        selectors::campaigns(),
        selectors::designations(),
    ] {
        assert!(!suite.ask(&choices).await.is_empty());
    }
}

#[tokio::test]
async fn a_classic_account_says_that_it_has_none_of_it() {
    let classic = Suite::of(Generation::Classic, freshsales::Generation::Classic).await;
    assert!(classic.is_missing(&lists::all()).await);
    assert!(classic.is_missing(&products::view(1)).await);
    assert!(classic.is_missing(&custom_modules::all()).await);
    assert!(classic.is_missing(&custom_modules::of("cm_a").view(1)).await);
    assert_eq!(classic.ask(&selectors::lead_stages()).await[0].choice_type, Some(5));
    assert!(!classic.ask(&selectors::lead_reasons()).await.is_empty());
}

#[tokio::test]
async fn an_upsert_merges_into_the_contact_that_it_finds() {
    let suite = Suite::open().await;
    let made = ContactAttributes::new().last_name("One").email("one@example.com").tags(["Old"]);
    let id = suite.ask(&contacts::create(made)).await.record.id;
    let key = contacts::UniqueKey::emails("one@example.com");
    let upsert = contacts::upsert(key, ContactAttributes::new().tags(["New"]));
    let found = suite.client.upsert(&upsert).await.unwrap().record;
    assert_eq!((found.id, found.tags.unwrap()), (id, vec!["Old".to_owned(), "New".to_owned()]));
}

#[tokio::test]
async fn a_module_s_records_keep_their_other_fields_and_are_streamed() {
    let suite = Suite::open().await;
    let (_, projects) = projects(&suite).await;
    let form = suite.ask(&fields::forms_of("cm_project")).await[0].id.unwrap();
    for label in ["Budget", "Seats"] {
        suite.ask(&fields::create("cm_project", form, FieldAttributes::new().label(label).field_type(2))).await;
    }
    let made = ModuleRecordAttributes::new().name("A").custom_field("cf_budget", 10);
    let id = suite.ask(&projects.create(&made)).await.record.id;
    let update = projects.update(id, &ModuleRecordAttributes::new().custom_field("cf_seats", 2));
    suite.client.update(&update).await.unwrap();
    let custom = suite.ask(&projects.view(id)).await.record.custom_field.unwrap();
    assert_eq!((&custom["cf_budget"], &custom["cf_seats"]), (&json!(10), &json!(2)));
    suite.ask(&projects.create(&ModuleRecordAttributes::new().name("B"))).await;
    let found = projects.search(vec![Rule::new("name", Operator::IsIn, json!(["A", "B"]))]);
    assert_eq!(suite.client.stream(found).page_size(1).collect_all().await.unwrap().len(), 2);
}
