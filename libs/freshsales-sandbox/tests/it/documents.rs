//! Files and links: uploads as forms, what is attached to a record, and fetching a file without a key.

use freshsales_sandbox::Kind;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::{App, Got};

/// Uploads a file that has every byte, with more fields of the form.
pub(crate) async fn upload(app: &App, fields: &[(&str, &str)]) -> Got {
    let mut body: Vec<u8> = b"--x--y\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.bin\"\r\nContent-Type: application/x-all\r\n\r\n".to_vec();
    body.extend(0..=255_u8);
    for (name, value) in fields {
        let part = format!("\r\n--x--y\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}");
        body.extend(part.as_bytes());
    }
    body.extend(b"\r\n--x--y--\r\n");
    let request = app.request(Method::POST, "/crm/sales/api/documents");
    App::send(request.header("content-type", "multipart/form-data; boundary=\"x--y\"").body(body)).await
}

#[tokio::test]
async fn an_uploaded_file_is_attached_and_can_be_fetched_without_a_key() {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "King"}));
    let target = [("targetable_type", "Contact"), ("targetable_id", &contact.to_string()), ("is_shared", "true")];
    let document = upload(&app, &target).await.ok(200)["document"].take();
    assert_eq!((&document["name"], &document["content_file_size"]), (&json!("a b.bin"), &json!(256)));
    assert_eq!((&document["content_file_size_readable"], &document["is_shared"]), (&json!("256 Bytes"), &json!(true)));
    let url = document["url"].as_str().unwrap();
    let file = app.http.get(url).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "application/x-all");
    assert_eq!(file.bytes().await.unwrap().to_vec(), (0..=255).collect::<Vec<u8>>());
    let wrong = url.replace("/files/", "/files/0");
    assert_eq!(app.http.get(wrong).send().await.unwrap().status(), 404);
}

#[rstest]
#[case(18_211, "17.8 KB")]
#[case(1024, "1 KB")]
#[case(1_258_291, "1.2 MB")]
#[tokio::test]
async fn sizes_are_readable(#[case] bytes: u64, #[case] readable: &str) {
    let app = App::start().await;
    let contact = app.account.seed_contact(&json!({"last_name": "King"}));
    let head = format!(
        "--b\r\ncontent-disposition: form-data; name=\"targetable_id\"\r\n\r\n{contact}\r\n--b\r\ncontent-disposition: form-data; name=\"targetable_type\"\r\n\r\nContact\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n"
    );
    let body = head + &"x".repeat(usize::try_from(bytes).unwrap()) + "\r\n--b--\r\n";
    let request = app.request(Method::POST, "/api/documents").header("content-type", "multipart/form-data; boundary=b");
    let document = App::send(request.body(body)).await.ok(200)["document"].take();
    assert_eq!(document["content_file_size_readable"], readable);
    assert_eq!(document["content_content_type"], "application/octet-stream");
}

#[tokio::test]
async fn files_and_links_of_a_record_are_listed() {
    let app = App::start().await;
    let deal = app.account.seed_deal(&json!({"name": "Engine", "amount": 1}));
    let other = app.account.seed_deal(&json!({"name": "Other", "amount": 1}));
    upload(&app, &[("targetable_type", "Deal"), ("targetable_id", &deal.to_string()), ("file_name", "spec.pdf")])
        .await
        .ok(200);
    let link = json!({"url": "https://docs.example.com/spec", "targetable_type": "Deal", "targetable_id": deal});
    let made = app.post("/document_links", &link).await.ok(200);
    assert_eq!((&made["document_link"]["name"], &made["document_link"]["is_shared"]), (&link["url"], &json!(false)));
    let path = |deal: i64| format!("/deals/{deal}/document_associations");
    let attached = app.get(&path(deal)).await.ok(200);
    assert_eq!(
        (&attached["documents"][0]["name"], &attached["document_links"][0]["url"]),
        (&json!("spec.pdf"), &link["url"])
    );
    assert_eq!(attached["document_associations"][1]["attachable"]["type"], "document_link");
    let empty = json!({"documents": [], "document_links": [], "document_associations": []});
    assert_eq!(app.classic_get(&path(other)).await.ok(200), empty);
}

#[rstest]
#[case::no_target(&[])]
#[case::unknown_target(&[("targetable_type", "Deal"), ("targetable_id", "1")])]
#[case::wrong_kind(&[("targetable_type", "Nothing"), ("targetable_id", "1")])]
#[tokio::test]
async fn a_file_without_a_target_is_refused(#[case] fields: &[(&str, &str)]) {
    let app = App::start().await;
    let got = upload(&app, fields).await;
    assert_eq!((got.status, got.json()["msg"].is_string(), app.account.count(Kind::Document)), (400, true, 0));
}

#[rstest]
#[case("/documents", json!({"file_name": "x"}), "File can't be empty")]
#[case("/document_links", json!({"targetable_type": "Deal", "targetable_id": 1}), "Invalid targetable provided.")]
#[tokio::test]
async fn what_is_not_a_file_or_a_link_is_refused(#[case] path: &str, #[case] body: Value, #[case] sentence: &str) {
    let app = App::start().await;
    let got = app.post(path, &body).await;
    assert_eq!((got.status, got.message().as_str()), (400, sentence));
}

#[rstest]
#[case::cut(
    "multipart/form-data; boundary=b",
    "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nxx"
)]
#[case::no_boundary("multipart/form-data", "--b--")]
#[case::no_file(
    "multipart/form-data; boundary=b",
    "--b\r\ncontent-disposition: form-data; name=\"file_name\"\r\n\r\nxx\r\n--b--"
)]
#[tokio::test]
async fn a_broken_form_is_refused(#[case] content_type: &str, #[case] body: &str) {
    let app = App::start().await;
    let request = app.request(Method::POST, "/crm/sales/api/documents").header("content-type", content_type);
    let got = App::send(request.body(body.to_owned())).await;
    assert_eq!((got.status, got.message().as_str()), (400, "File can't be empty"));
}
