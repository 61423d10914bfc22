//! Lists, products, documents, custom modules and teams: recorded replies lose nothing, requests are as recorded.

use freshsales::cpq_documents::{self, CpqDocument, CpqDocumentAttributes};
use freshsales::custom_modules::{self, CustomModule, CustomModuleAttributes, ModuleRecordAttributes};
use freshsales::deals::{self, Deal, DealAttributes};
use freshsales::filtered_search::{Operator, Rule};
use freshsales::lists::{self, Members};
use freshsales::product_lines::LineAttributes;
use freshsales::products::{self, Product, ProductAttributes};
use freshsales::teams::{self, TeamChange};
use freshsales::{Done, Generation, Idempotency, Request, Route, contacts, fields};
use http::StatusCode;
use rstest::rstest;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::fixtures::{assert_written_back, page, read, single, single_replies};
use crate::requests::assert_sends;
use crate::script::{exchange_named, exchanges};

#[test]
fn products_documents_and_modules_lose_nothing() {
    single_replies::<Product>("cpq", 3);
    single_replies::<CpqDocument>("cpq", 2);
    single_replies::<CustomModule>("custom_module", 1);
    let related = exchange_named("cpq", "related products");
    assert_written_back(&related, json!({ "products": read(&related, &cpq_documents::related_products(1)) }));
    let record = exchange_named("custom_module", "create record");
    let request = custom_modules::of("cm_project").create(&ModuleRecordAttributes::new());
    let created = read(&record, &request);
    assert_written_back(&record, json!({ "cm_project": created.record }));
    let team = exchange_named("contact", "team members");
    let request = teams::manage::<freshsales::contacts::Contact>(1, []);
    assert_written_back(&team, json!({ "team_users": read(&team, &request) }));
}

#[test]
fn lists_and_their_contacts_lose_nothing() {
    for exchange in exchanges("lists") {
        let written = match exchange.path.split('?').next().unwrap() {
            "lists" if exchange.method == "GET" => page("lists", &read(&exchange, &lists::all())),
            "contacts/lists/40217000001" => page("contacts", &read(&exchange, &lists::contacts(1))),
            path if path.ends_with("_contacts") => json!(read(&exchange, &lists::add_contacts(1, [2]))),
            _ => json!({ "list": read(&exchange, &lists::create("x")).record }),
        };
        assert_written_back(&exchange, written);
    }
}

#[test]
fn what_is_known_of_a_reply_is_typed() {
    let document = read(&exchange_named("cpq", "products of a document"), &cpq_documents::view(1)).record;
    let line = &document.products.as_ref().unwrap()[0];
    assert_eq!((line.quantity, line.item_id), (Some(Decimal::from(70)), Some(40211000101)));
    assert_eq!((document.amount, document.has_products), (Some(Decimal::ZERO), Some(true)));
    let product = read(&exchange_named("cpq", "set prices"), &products::view(1)).record;
    assert_eq!(product.product_pricings.unwrap()[1].unit_price, Some(Decimal::from(75)));
    let deal: Deal = read(&exchange_named("deal", "products on a deal"), &deals::view(1)).record;
    assert_eq!(deal.products.unwrap()[0].deal_id, Some(deal.id));
}

#[test]
fn a_call_for_many_records_answers_a_sentence() {
    let said: Done = read(&exchange_named("lists", "remove all"), &lists::remove_contacts(1, Members::All));
    assert_eq!(said.message.as_deref(), Some("Updating now... we'll let you know once this is done."));
    let request = products::bulk_destroy([1]);
    let decoded = |body: &str| request.decode(StatusCode::OK, body.as_bytes()).is_ok();
    assert_eq!([decoded(r#"{"errors":{"code":400}}"#), decoded("[]"), decoded("{}")], [false, false, true]);
}

#[test]
fn lists_are_written_as_recorded() {
    assert_sends(&lists::create("Newsletter June"), "lists", "create");
    assert_sends(&lists::rename(40217000001, "Newsletter July"), "lists", "rename");
    assert_sends(&lists::add_contacts(40217000001, [40201000001, 40201000002]), "lists", "add contacts");
    assert_sends(&lists::remove_contacts(40217000001, Members::All), "lists", "remove all");
    assert_sends(&lists::move_contacts(40217000001, 40217000002, [40201000001]), "lists", "move");
    assert_sends(&lists::contacts(40217000001).page(2, 50), "lists", "contacts of a list");
    assert_eq!(lists::create("x").to_parts(Generation::Suite).route, Route::MayBeMissing);
    assert_eq!(
        [lists::create("x").kind(), lists::rename(1, "x").kind()],
        [Idempotency::Write, Idempotency::KeyedWrite]
    );
}

#[test]
fn products_and_documents_are_written_as_recorded() {
    let product = ProductAttributes::new()
        .name("Seat licence")
        .category("Software")
        .product_code("SEAT")
        .sku_number("SKU-001")
        .description("One named user");
    assert_sends(&products::create(product), "cpq", "create product");
    let prices = ProductAttributes::new().pricing_type(1).price("USD", 80.into()).price("EUR", 75.into());
    assert_sends(&products::update(40211000001, prices).include(["product_pricings"]), "cpq", "set prices");
    assert_sends(&products::restore(40211000001), "cpq", "restore product");
    let owner = ProductAttributes::new().owner_id(40200000101);
    assert_sends(&products::bulk_update([40211000001], &owner), "cpq", "bulk update products");
    let quote = CpqDocumentAttributes::new()
        .deal_id(40203000001)
        .contact_id(40201000001)
        .document_type("Quote")
        .display_name("Quote 70 seats")
        .amount(Decimal::ZERO);
    assert_sends(&cpq_documents::create(quote), "cpq", "create document");
    let line = LineAttributes::of(40211000001).quantity(70).discount(Decimal::TEN);
    let lines = CpqDocumentAttributes::new().products([line]);
    assert_sends(&cpq_documents::update(40221000001, lines), "cpq", "products of a document");
    let line = LineAttributes::of(40211000001).quantity(70).unit_price(Decimal::from(80)).discount(Decimal::ZERO);
    assert_sends(&deals::update(40203000001, DealAttributes::new().products([line])), "deal", "products on a deal");
}

#[rstest]
#[case("80", json!(80))]
#[case("80.50", json!(80.5))]
#[case("0.1", json!(0.1))]
#[case("-3", json!(-3))]
#[case("12345678901234567.89", json!("12345678901234567.89"))]
fn prices_are_sent_as_numbers_that_mean_the_same(#[case] price: &str, #[case] sent: Value) {
    let prices = ProductAttributes::new().price("USD", price.parse().unwrap()).remove_price(7);
    let body = products::update(1, prices).to_parts(Generation::Suite).body.unwrap();
    let rows = json!([{"currency_code": "USD", "unit_price": sent}, {"id": 7, "_destroy": true}]);
    assert_eq!(body["product"]["product_pricings"], rows);
}

#[test]
fn modules_and_their_records_are_written_as_recorded() {
    let module = CustomModuleAttributes::new()
        .entity_name("cm_project")
        .singular_name("Project")
        .plural_name("Projects")
        .icon("icon-1")
        .field("description", Value::Null)
        .show_in_navigation_menu(true);
    assert_sends(&custom_modules::create(module), "custom_module", "create module");
    let record = ModuleRecordAttributes::new().name("Warehouse roll-out").custom_field("cf_budget", 10000);
    let projects = custom_modules::of("cm_project");
    assert_sends(&projects.create(&record), "custom_module", "create record");
    assert_sends(&projects.delete(40223000101), "custom_module", "delete record");
}

/// Method and path of requests that no example shows, by the official list of operations.
#[rstest]
#[case(products::bulk_assign_owner([1], 2).to_parts(Generation::Suite), "POST cpq/products/products_bulk_assign", json!({"selected_ids": [1], "owner_id": 2}))]
#[case(products::bulk_destroy([1]).to_parts(Generation::Suite), "POST cpq/products/products_bulk_delete", json!({"selected_ids": [1]}))]
#[case(products::bulk_restore([1]).to_parts(Generation::Suite), "POST cpq/products/products_bulk_restore", json!({"selected_ids": [1]}))]
#[case(cpq_documents::bulk_restore([1]).to_parts(Generation::Suite), "POST cpq/cpq_documents/cpq_documents_bulk_restore", json!({"selected_ids": [1]}))]
#[case(cpq_documents::forget(1).to_parts(Generation::Suite), "DELETE cpq/cpq_documents/1/forget", Value::Null)]
#[case(cpq_documents::restore(1).to_parts(Generation::Suite), "PUT cpq/cpq_documents/1/restore", Value::Null)]
#[case(deals::forget(1).to_parts(Generation::Suite), "DELETE deals/1/forget", Value::Null)]
#[case(custom_modules::view(1).to_parts(Generation::Suite), "GET settings/module_customizations/1", Value::Null)]
#[case(custom_modules::of("cm_a").bulk_destroy([1]).to_parts(Generation::Suite), "POST custom_module/cm_a/bulk_destroy", json!({"selected_ids": [1]}))]
#[case(custom_modules::of("cm_a").forget(1).to_parts(Generation::Suite), "DELETE custom_module/cm_a/1/forget", Value::Null)]
#[case(fields::create("cm_a", 7, fields::FieldAttributes::new().label("Budget").field_type(2)).to_parts(Generation::Suite), "POST settings/cm_a/forms/7/fields", json!({"label": "Budget", "field_type": 2}))]
#[case(teams::manage::<Deal>(1, [TeamChange::remove(2, 3)]).to_parts(Generation::Suite), "POST deals/1/manage_team_members", json!({"team_users": [{"user_id": 2, "designation_id": 3, "_destroy": true}]}))]
fn requests_follow_the_official_list(
    #[case] parts: freshsales::RequestParts,
    #[case] route: &str,
    #[case] body: Value,
) {
    assert_eq!(format!("{} {}", parts.method, parts.path), route);
    assert_eq!(parts.body.unwrap_or_default(), body);
}

#[test]
fn rows_of_a_module_are_the_only_list_of_the_reply() {
    let search = custom_modules::of("cm_project").search(vec![Rule::new("name", Operator::Is, "A")]).page(2, 10);
    assert_eq!(search.to_parts(Generation::Suite).path, "filtered_search/cm_project");
    let body = br#"{"cm_projects":[{"partial":true,"id":5}],"meta":{"total":11}}"#;
    let found = search.decode(StatusCode::OK, body).unwrap();
    assert_eq!((found.records[0].id, found.total), (5, Some(11)));
    assert!(search.decode(StatusCode::OK, br#"{"a":[],"b":[]}"#).is_err());
}

#[test]
fn a_module_s_record_can_be_confirmed_without_a_body() {
    let projects = custom_modules::of("cm_project");
    let update = projects.update(7, &ModuleRecordAttributes::new());
    assert_eq!(update.decode(StatusCode::NO_CONTENT, b"").unwrap().record.id, 7);
    let create = projects.create(&ModuleRecordAttributes::new());
    assert!(create.decode(StatusCode::NO_CONTENT, b"").is_err());
}

#[test]
fn a_single_reply_keeps_its_side_loads() {
    let exchange = exchange_named("cpq", "create product");
    assert_written_back(&exchange, single(&read(&exchange, &products::view(1))));
}

#[rstest]
#[case::sentence(r#"{"message":"2 contacts updated."}"#, Some("2 contacts updated."))]
#[case::without_a_body("", None)]
#[case::bare("true", None)]
fn every_bulk_call_is_answered_alike(#[case] body: &str, #[case] message: Option<&str>) {
    let read = |done: Result<Done, _>| done.map(|done| done.message);
    let (old, new) = (contacts::bulk_destroy([1]), products::bulk_destroy([1]));
    for done in [old.decode(StatusCode::OK, body.as_bytes()), new.decode(StatusCode::OK, body.as_bytes())] {
        assert_eq!(read(done).unwrap().as_deref(), message);
    }
    old.decode(StatusCode::OK, b"false").unwrap_err();
    new.decode(StatusCode::OK, br#"{"errors":{"code":400}}"#).unwrap_err();
}
