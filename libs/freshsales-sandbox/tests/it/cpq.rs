//! Products with their prices, documents, and products on deals and documents.

use freshsales_sandbox::{CustomField, CustomFieldType, Kind, Switches};
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, id};

async fn product(app: &App, body: Value) -> Value {
    app.post("/cpq/products", &json!({ "product": body })).await.ok(200)["product"].clone()
}

async fn priced(app: &App, name: &str, price: f64) -> i64 {
    product(app, json!({"name": name, "unit_price": price})).await["id"].as_i64().unwrap()
}

fn deal(app: &App) -> i64 {
    app.account.seed_deal(&json!({"name": "Pilot", "amount": 100}))
}

async fn document(app: &App) -> String {
    let body = json!({"cpq_document": {"deal_id": deal(app), "document_type": "Quote", "amount": "0"}});
    format!("/cpq/cpq_documents/{}", id(&app.post("/cpq/cpq_documents", &body).await.ok(200), "cpq_document"))
}

#[tokio::test]
async fn prices_are_set_changed_and_removed_one_by_one() {
    let app = App::start().await;
    let made = product(&app, json!({"name": "Seat"})).await;
    assert_eq!((&made["pricing_type"], &made["owner_id"], &made["is_active"]), (&json!(0), &Value::Null, &json!(true)));
    let path = format!("/cpq/products/{}?include=product_pricings", made["id"]);
    let set = |rows: Value| {
        let (app, path) = (&app, &path);
        async move { app.put(path, &json!({"product": {"product_pricings": rows}})).await.ok(200)["product"].clone() }
    };
    let rows = json!([{"currency_code": "USD", "unit_price": "80"}, {"currency_code": "eur", "currency_value": 75.5}]);
    let two = set(rows).await;
    assert_eq!((&two["base_currency_amount"], &two["pricing_type"]), (&json!(80.0), &json!(1)));
    assert_eq!(two["product_pricings"][1]["unit_price"], json!(75.5));
    let (usd, eur) = (two["product_pricings"][0]["id"].clone(), two["product_pricings"][1]["id"].clone());
    let one = set(json!([{"currency_code": "EUR", "unit_price": 70}, {"id": usd, "_destroy": true}])).await;
    assert_eq!((&one["product_pricings"][0]["id"], &one["product_pricings"][0]["unit_price"]), (&eur, &json!(70.0)));
    assert_eq!((one["product_pricings"].as_array().unwrap().len(), &one["base_currency_amount"]), (1, &Value::Null));
    let bare = app.get(&format!("/cpq/products/{}", made["id"])).await.ok(200);
    assert!(bare["product"].get("product_pricings").is_none());
}

#[rstest]
#[case(json!({"name": " "}), "Name can't be empty")]
#[case(json!({"name": "A", "parent_product": 1}), "Invalid parent product provided.")]
#[case(json!({"name": "A", "owner_id": 1}), "Invalid owner provided.")]
#[case(json!({"name": "A", "unit_price": "many"}), "Invalid value for unit_price.")]
#[case(json!({"name": "A", "product_pricings": [{"unit_price": 1}]}), "Invalid currency provided.")]
#[case(json!({"name": "A", "product_pricings": [{"id": 1, "unit_price": 1}]}), "Invalid product pricing provided.")]
#[case(json!({"name": "A", "product_pricings": [{"currency_code": "USD", "unit_price": -1}]}), "Invalid value for unit_price.")]
#[tokio::test]
async fn a_product_that_makes_no_sense_is_refused(#[case] body: Value, #[case] sentence: &str) {
    let app = App::start().await;
    assert_eq!(app.post("/cpq/products", &json!({ "product": body })).await.message(), sentence);
    assert_eq!(app.account.count(Kind::Product), 0);
}

#[rstest]
#[case(Kind::Product)]
#[case(Kind::CpqDocument)]
#[tokio::test]
async fn deleted_records_come_back_until_they_are_forgotten(#[case] kind: Kind) {
    let app = App::start().await;
    let path = match kind {
        Kind::Product => format!("/cpq/products/{}", priced(&app, "Seat", 80.0).await),
        _ => document(&app).await,
    };
    let record: i64 = path.rsplit('/').next().unwrap().parse().unwrap();
    let said = app.delete(&path).await.ok(200);
    let document = json!({"msg": {"id": record, "code": "success"}});
    assert_eq!(said, if kind == Kind::Product { json!({"success": "200"}) } else { document });
    assert_eq!([app.get(&path).await.status, app.delete(&path).await.status], [404, 404]);
    let restored = app.put(&format!("{path}/restore"), &json!({})).await.ok(200);
    assert_eq!((id(&restored, kind.singular()), &restored[kind.singular()]["is_deleted"]), (record, &json!(false)));
    let forgotten = app.delete(&format!("{path}/forget")).await;
    if kind == Kind::Product {
        return assert_eq!(forgotten.status, 404);
    }
    assert_eq!((forgotten.ok(200), app.put(&format!("{path}/restore"), &json!({})).await.status), (json!(true), 404));
}

#[tokio::test]
async fn bulk_calls_change_what_they_name() {
    let app = App::start().await;
    let (one, two) = (priced(&app, "A", 1.0).await, priced(&app, "B", 2.0).await);
    let owner = app.account.selector_id("owners", "Nadia Rahman").unwrap();
    let bulk = |action: &'static str, body: Value| {
        let app = &app;
        async move { app.post(&format!("/cpq/products/products_bulk_{action}"), &body).await }
    };
    let assigned = bulk("assign", json!({"selected_ids": [one, two, 1], "owner_id": owner})).await.ok(200);
    assert_eq!(assigned["message"], "2 products updated.");
    assert_eq!(app.account.records(Kind::Product)[1]["owner_id"], owner);
    assert_eq!(
        bulk("assign", json!({"selected_ids": [one], "owner_id": 1})).await.message(),
        "Invalid owner provided."
    );
    bulk("delete", json!({"selected_ids": [one, two]})).await.ok(200);
    assert_eq!(app.account.count(Kind::Product), 0);
    let restored = bulk("restore", json!({"selected_ids": [one]})).await.ok(200);
    assert_eq!((&restored["message"], app.account.count(Kind::Product)), (&json!("1 product restored."), 1));
    let body = json!({"ids": [one, two], "product": {"description": "Both"}});
    app.put("/cpq/products/products_bulk_update", &body).await.ok(200);
    assert_eq!(app.account.records(Kind::Product)[0]["description"], "Both");
    assert_eq!(bulk("delete", json!({"selected_ids": []})).await.message(), "Selected ids can't be blank");
}

#[tokio::test]
async fn documents_have_bulk_calls_of_their_own() {
    let app = App::start().await;
    let path = document(&app).await;
    let ids = json!([path.rsplit('/').next().unwrap()]);
    let stage = json!({"ids": ids, "cpq_document": {"stage": "Sent"}});
    app.put("/cpq/cpq_documents/cpq_documents_bulk_update", &stage).await.ok(200);
    assert_eq!(app.get(&path).await.ok(200)["cpq_document"]["stage"], "Sent");
    for (action, count) in [("delete", 0), ("restore", 1)] {
        let path = format!("/cpq/cpq_documents/cpq_documents_bulk_{action}");
        app.post(&path, &json!({ "selected_ids": ids })).await.ok(200);
        assert_eq!(app.account.count(Kind::CpqDocument), count);
    }
    let wrong = json!({"ids": ids, "cpq_document": {"deal_id": 1}});
    let refused = app.put("/cpq/cpq_documents/cpq_documents_bulk_update", &wrong).await;
    assert_eq!(refused.message(), "Invalid deal provided.");
}

#[rstest]
#[case(json!({"document_type": "Quote"}), "Deal can't be empty")]
#[case(json!({"deal_id": 1, "document_type": "Quote"}), "Invalid deal provided.")]
#[case(json!({"deal_id": "DEAL"}), "Document type can't be empty")]
#[case(json!({"deal_id": "DEAL", "document_type": "Quote", "contact_id": 1}), "Invalid contact provided.")]
#[case(json!({"deal_id": "DEAL", "document_type": "Quote", "currency_code": "XYZ"}), "Invalid currency provided.")]
#[case(json!({"deal_id": "DEAL", "document_type": "Quote", "products": [{"id": 1}]}), "Invalid product provided.")]
#[tokio::test]
async fn a_document_that_makes_no_sense_is_refused(#[case] body: Value, #[case] sentence: &str) {
    let app = App::start().await;
    let body = json!({ "cpq_document": body }).to_string().replace("DEAL", &deal(&app).to_string());
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(app.post("/cpq/cpq_documents", &body).await.message(), sentence);
    assert_eq!(app.account.count(Kind::CpqDocument), 0);
}

#[tokio::test]
async fn a_document_shows_its_text_and_products_to_who_made_it() {
    let app = App::start().await;
    let body = json!({"cpq_document": {"deal_id": deal(&app), "document_type": "Quote", "amount": 12.5}});
    let made = app.post("/cpq/cpq_documents", &body).await.ok(200)["cpq_document"].clone();
    assert_eq!((&made["products"], &made["html_content_settings"]), (&json!([]), &json!({})));
    assert_eq!((&made["base_currency_amount"], &made["document_number"]), (&Value::Null, &json!("DOC-1")));
    let path = format!("/cpq/cpq_documents/{}", made["id"]);
    let seen = app.get(&format!("{path}?include=html_content")).await.ok(200)["cpq_document"].clone();
    assert_eq!((seen.get("products"), seen.get("html_content_settings")), (None, None));
    assert_eq!((&seen["amount"], &seen["base_currency_amount"]), (&json!(12.5), &json!(12.5)));
}

#[tokio::test]
async fn lines_take_name_and_price_from_the_product_and_replace_each_other() {
    let app = App::start().await;
    let (seat, setup) = (priced(&app, "Seat", 80.0).await, priced(&app, "Setup", 500.0).await);
    for (path, key) in [(format!("/deals/{}", deal(&app)), "deal"), (document(&app).await, "cpq_document")] {
        let path = format!("{path}?include=products");
        let put = |lines: Value| {
            let (app, path) = (&app, &path);
            async move { app.put(path, &json!({ key: {"products": lines} })).await.ok(200)[key].clone() }
        };
        let two = put(json!([{"id": seat, "quantity": 70, "discount": "10"}, {"id": setup, "unit_price": 400}])).await;
        let lines = &two["products"];
        assert_eq!(
            (&lines[0]["name"], &lines[0]["unit_price"], &lines[0]["discount"]),
            (&json!("Seat"), &json!(80.0), &json!(10.0))
        );
        assert_eq!(
            (&lines[1]["quantity"], &lines[1]["unit_price"], &lines[1]["setup_fee"]),
            (&json!(1), &json!(400.0), &Value::Null)
        );
        assert_eq!(lines[0]["item_id"], lines[0]["association_id"].to_string());
        let one = put(json!([{"id": seat, "quantity": 1.5}])).await;
        assert_eq!(one["products"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&one["products"][0]["association_id"], &one["products"][0]["quantity"]),
            (&lines[0]["association_id"], &json!(1.5))
        );
        let none = put(json!([])).await;
        assert_eq!((&none["has_products"], &none["products"]), (&json!(false), &json!([])));
    }
}

#[rstest]
#[case(false, "100.0", 0.0)]
#[case(true, "5540.0", 5540.0)]
#[tokio::test]
async fn products_set_the_amount_where_the_account_says_so(
    #[case] follows: bool,
    #[case] deal_amount: &str,
    #[case] document_amount: f64,
) {
    let app = App::start().await;
    app.account.set_switches(Switches { products_set_amount: follows, ..Switches::default() });
    let seat = priced(&app, "Seat", 80.0).await;
    let lines = json!({"products": [{"id": seat, "quantity": 70, "discount": 10, "setup_fee": 500}]});
    let deal = app.put(&format!("/deals/{}", deal(&app)), &lines).await.ok(200)["deal"].clone();
    assert_eq!((&deal["amount"], &deal["expected_deal_value"]), (&json!(deal_amount), &json!(deal_amount)));
    let document = app.put(&document(&app).await, &lines).await.ok(200)["cpq_document"].clone();
    assert_eq!((&document["amount"], &document["has_products"]), (&json!(document_amount), &json!(true)));
}

#[tokio::test]
async fn a_line_outlives_its_product_but_no_new_one_is_made_of_it() {
    let app = App::start().await;
    let seat = priced(&app, "Seat", 80.0).await;
    let path = format!("/deals/{}?include=products", deal(&app));
    let lines = json!({"deal": {"products": [{"id": seat}]}});
    app.put(&path, &lines).await.ok(200);
    app.account.delete(Kind::Product, seat);
    assert_eq!(app.get(&path).await.ok(200)["deal"]["products"][0]["name"], "Seat");
    assert_eq!(app.put(&path, &lines).await.message(), "Invalid product provided.");
}

#[tokio::test]
async fn products_have_the_account_s_custom_fields() {
    let app = App::start().await;
    app.account.add_custom_field(CustomField::new(Kind::Product, "cf_margin", CustomFieldType::Number).required());
    assert_eq!(app.post("/cpq/products", &json!({"name": "A"})).await.message(), "Margin can't be empty");
    let made = product(&app, json!({"name": "A", "custom_field": {"cf_margin": 30}})).await;
    assert_eq!(made["custom_field"], json!({"cf_margin": 30}));
    let other = json!({"name": "A", "custom_field": {"cf_margin": 1, "cf_other": 1}});
    assert_eq!(app.post("/cpq/products", &other).await.status, 400);
}

#[tokio::test]
async fn classic_accounts_have_no_products() {
    let app = App::start().await;
    assert_eq!(app.classic_post("/cpq/products", &json!({"name": "A"})).await.status, 404);
    assert_eq!(app.classic_get("/cpq/cpq_documents/1").await.status, 404);
    assert_eq!((app.get("/cpq/products/x").await.text, app.get("/cpq/products/1").await.status), (String::new(), 404));
}
