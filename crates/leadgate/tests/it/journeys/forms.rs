//! The page and the rules of the documentation, posted as a browser posts them: a person in the account with source, tag and note.

use leadgate_testkit::TestGateway;
use rstest::rstest;
use serde_json::json;

const PAGE: &str = include_str!("../../../../../docs/examples/form.html");
const RULES: &str = include_str!("../../../../../docs/examples/form-rules.toml");
const ADDRESS: &str = "https://www.example.com/demo?utm_campaign=Spring&utm_medium=cpc&utm_term=crm";

/// What a visitor types into the page's fields, by their names.
const TYPED: [(&str, &str); 5] = [
    ("name", "Ada King"),
    ("email", "Ada@Example.org"),
    ("company", "Analytical Engines"),
    ("plan", "Pro"),
    ("message", "Can it work\r\nwith cards?"),
];

/// The value of an attribute of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value)
}

/// The fields of the page as a browser without JavaScript sends them: every one of them, the hidden ones with their values.
fn fields() -> Vec<(String, String)> {
    let tags = PAGE.split('<').filter(|tag| ["input", "select", "textarea"].iter().any(|kind| tag.starts_with(kind)));
    let typed = |name: &str| TYPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let field = |tag: &str| {
        let name = attribute(tag, "name")?;
        Some((name.to_owned(), typed(name).or(attribute(tag, "value")).unwrap_or_default().to_owned()))
    };
    tags.filter_map(field).collect()
}

async fn gateway() -> TestGateway {
    TestGateway::builder().rules(RULES).open().await
}

fn path() -> String {
    let action = PAGE.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0;
    url::Url::parse(action).unwrap().path().to_owned()
}

#[tokio::test]
async fn the_documented_page_makes_a_lead_with_source_tag_and_note() {
    let gateway = gateway().await;
    let answer = gateway.post_form(&path(), ADDRESS, &fields()).await;
    assert_eq!((answer.status, answer.headers["location"].to_str().unwrap()), (303, "https://www.example.com/thanks"));
    gateway.settle().await;
    let contact = &gateway.account().contacts()[0];
    assert_eq!(contact["lead_source_id"], json!(gateway.account().selector_id("lead_sources", "Web").unwrap()));
    let said = ["email", "first_name", "last_name", "medium", "tags"].map(|name| contact[name].clone());
    assert_eq!(json!(said), json!(["ada@example.org", "Ada", "King", "cpc", ["demo"]]));
    assert_eq!(contact["sales_accounts"][0]["name"], "Analytical Engines");
    let note = gateway.account().notes()[0]["description"].as_str().unwrap().to_owned();
    for part in ["message: Can it work\nwith cards?", "plan: Pro", "utm_campaign: Spring", "utm_term: crm"] {
        assert!(note.contains(part), "{part} is not in {note}");
    }
    assert!(note.ends_with("page_url: https://www.example.com/demo"), "{note}");
}

#[rstest]
#[case::of_the_link("utm = { campaign = \"spring\", term = \"crm\" }", true)]
#[case::of_another_link("utm = { content = \"banner\" }", false)]
#[tokio::test]
async fn a_post_is_routed_by_the_link_that_led_to_the_page(#[case] when: &str, #[case] routed: bool) {
    let routing = format!("[routing]\n[[routing.rules]]\nwhen = {{ {when} }}\nowner = \"Mara Olsen\"\n");
    let gateway = TestGateway::builder().rules(&format!("{RULES}\n{routing}")).open().await;
    let mara = gateway.account().add_owner("Mara Olsen", "mara@example.com", true);
    assert_eq!(gateway.post_form(&path(), ADDRESS, &fields()).await.status, 303);
    gateway.settle().await;
    assert_eq!(gateway.account().contacts()[0]["owner_id"] == json!(mara), routed);
}

#[tokio::test]
async fn a_second_click_and_a_robot_add_nothing() {
    let gateway = gateway().await;
    let mut caught = fields();
    caught.iter_mut().find(|(name, _)| name == "website2").unwrap().1 = "https://spam.test".to_owned();
    for fields in [fields(), fields(), caught] {
        assert_eq!(gateway.post_form(&path(), ADDRESS, &fields).await.status, 303);
    }
    gateway.settle().await;
    assert_eq!((gateway.account().contacts().len(), gateway.account().notes().len()), (1, 1));
}

#[test]
fn the_page_is_as_short_as_the_documentation_says() {
    assert!(PAGE.lines().count() <= 20, "{}", PAGE.lines().count());
}
