//! What a post becomes, and what is wrong with a form before it can be posted.

use std::sync::Arc;

use proptest::prelude::*;
use rstest::rstest;

use super::FormPost;
use crate::intake::{self, IntakeError, Lead, ReadingRules, Submission};
use crate::rules::Rules;
use crate::submission::{RawSubmission, Route};

const DEMO: &str = r#"
[forms.demo]
key = "pk_demo_1234"
origins = ["https://www.example.com"]
fields = { email = "email", name = "full_name", company = "company", size = "employees", phone = "phone", message = "note", plan = "custom.cf_plan", utm_term = "custom.cf_term" }
require = ["email"]
hidden = { source = "Website", owner = "ada@example.com", tags = ["demo"], custom = { cf_form = "demo" } }
"#;

fn rules(text: &str) -> ReadingRules {
    let rules = Rules::parse(text, &|_| None).unwrap();
    ReadingRules { phone_region: None, rules: Arc::new(rules) }
}

fn post(fields: &[(&str, &str)]) -> FormPost {
    let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    FormPost { fields, ..FormPost::default() }
}

fn read_with(rules: &ReadingRules, post: &FormPost) -> Result<Lead, IntakeError> {
    let mut raw = RawSubmission::new(Route::Form, None, post.to_bytes());
    raw.label = Some("demo".to_owned());
    match intake::read(&raw, rules)? {
        Submission::Lead(lead) => Ok(*lead),
        other => panic!("a form gives leads, not {other:?}"),
    }
}

fn read(fields: &[(&str, &str)]) -> Result<Lead, IntakeError> {
    read_with(&rules(DEMO), &post(fields))
}

#[test]
fn listed_fields_become_a_lead_and_others_do_not() {
    let lead = read(&[
        ("email", " Ada@Example.com "),
        ("name", "Ada King Lovelace"),
        ("company", "Acme"),
        ("size", "25"),
        ("message", "Hello\r\nthere"),
        ("plan", "pro"),
        ("owner", "mallory@example.com"),
        ("owner_id", "7"),
        ("tags", "vip"),
        ("source", "Partner"),
        ("custom.cf_discount", "100"),
        ("cf_form", "other"),
    ])
    .unwrap();
    assert_eq!(lead.email.unwrap().as_str(), "ada@example.com");
    assert_eq!(lead.fields.values().map(String::as_str).collect::<Vec<_>>(), ["Ada", "King Lovelace"]);
    let company = lead.company.unwrap();
    assert_eq!((company.name.as_str(), company.employees), ("Acme", Some(25)));
    assert_eq!((lead.source.as_deref(), lead.owner.as_deref()), (Some("Website"), Some("ada@example.com")));
    assert_eq!((lead.tags.as_slice(), lead.note.as_deref()), (&["demo".to_owned()][..], Some("Hello\nthere")));
    assert_eq!(serde_json::Value::Object(lead.custom), serde_json::json!({ "cf_plan": "pro", "cf_form": "demo" }));
}

#[rstest]
#[case("Ada King", Some("Ada"), Some("King"))]
#[case("Ada", Some("Ada"), None)]
#[case("  Ludwig   van Beethoven ", Some("Ludwig"), Some("van Beethoven"))]
#[case("King, Ada", Some("Ada"), Some("King"))]
#[case("King,", None, Some("King"))]
#[case(",", None, None)]
fn a_whole_name_is_split(#[case] name: &str, #[case] first: Option<&str>, #[case] last: Option<&str>) {
    let lead = read(&[("email", "ada@example.com"), ("name", name)]).unwrap();
    let part = |name| lead.fields.get(name).map(String::as_str);
    assert_eq!((part("first_name"), part("last_name")), (first, last));
}

#[rstest]
#[case::nothing(&[], "email is required")]
#[case::blank(&[("email", "  ")], "email is required")]
#[case::no_address(&[("email", "ada")], "email is not an e-mail address; send one address such as name@example.com")]
#[case::injection(&[("email", "ada@example.com\r\nBcc: x@example.com")], "email holds control characters")]
#[case::line_break_in_a_line(&[("email", "a@x.io"), ("company", "A\r\nB")], "company holds control characters; send plain text")]
#[case::nul_in_the_note(&[("email", "a@x.io"), ("message", "a\0b")], "message holds control characters; send plain text")]
#[case::size(&[("email", "a@x.io"), ("size", "many")], "size is not a whole number such as 25")]
fn mistakes_name_the_pages_field(#[case] fields: &[(&str, &str)], #[case] expected: &str) {
    let message = read(fields).unwrap_err().to_string();
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn what_campaign_links_say_fills_what_the_operator_left_open() {
    let open = rules(&DEMO.replace("source = \"Website\", ", ""));
    let mut post = post(&[("email", "a@x.io"), ("utm_source", "news"), ("referrer", "https://search.example/?q=crm")]);
    let link = "https://www.example.com/demo?utm_source=ad&utm_campaign=Spring+2026&utm_medium=cpc&utm_term=crm&token=s3cret#x";
    post.page = Some(link.to_owned());
    let lead = read_with(&open, &post).unwrap();
    assert_eq!((lead.source.as_deref(), lead.campaign.as_deref()), (Some("news"), Some("Spring 2026")));
    assert_eq!((lead.fields["medium"].as_str(), &lead.custom["cf_term"]), ("cpc", &"crm".into()));
    let note = "utm_source: news\nutm_medium: cpc\nutm_campaign: Spring 2026\npage_url: https://www.example.com/demo\nreferrer: https://search.example/?q=crm";
    assert_eq!(lead.note.as_deref(), Some(note));
    assert_eq!(read_with(&rules(DEMO), &post).unwrap().source.as_deref(), Some("Website"));
}

#[test]
fn the_note_says_nothing_of_the_way_where_the_operator_does_not_want_it() {
    let mut post = post(&[("email", "a@x.io")]);
    post.page = Some("https://www.example.com/demo?utm_source=ad".to_owned());
    assert_eq!(read_with(&rules(&format!("{DEMO}trail = false\n")), &post).unwrap().note, None);
}

#[rstest]
#[case("javascript:alert(1)")]
#[case("data:text/html,x")]
#[case("not a link")]
fn what_is_no_page_is_not_repeated(#[case] address: &str) {
    let lead = read(&[("email", "a@x.io"), ("page_url", address), ("referrer", address)]).unwrap();
    assert_eq!(lead.note, None);
}

#[test]
fn captured_texts_are_one_line_and_cut() {
    let long = format!("a\r\nb{}", "x".repeat(400));
    let lead = read(&[("email", "a@x.io"), ("utm_campaign", &long)]).unwrap();
    let campaign = lead.campaign.unwrap();
    assert_eq!((campaign.len(), campaign.starts_with("abx")), (255, true));
}

#[test]
fn boxes_of_one_name_are_one_text() {
    let lead = read(&[("email", "a@x.io"), ("plan", "pro"), ("plan", ""), ("plan", "team")]).unwrap();
    assert_eq!(lead.custom["cf_plan"], "pro, team");
}

#[test]
fn by_phone_alone() {
    let by_phone = rules(&DEMO.replace("require = [\"email\"]", ""));
    let phone = |typed: &str| read_with(&by_phone, &post(&[("phone", typed)])).map(|lead| lead.phone);
    assert_eq!(phone("+49 30 901820").unwrap().as_deref(), Some("+49 30 901820"));
    assert!(phone("12").unwrap_err().to_string().starts_with("phone could not be understood"));
    assert_eq!(phone("").unwrap_err().to_string(), "email or phone is required");
}

#[test]
fn a_form_that_is_gone_says_so() {
    let message = read_with(&ReadingRules::default(), &post(&[])).unwrap_err().to_string();
    assert!(message.contains("the form \"demo\" is no longer in the rules file"), "{message}");
}

#[rstest]
#[case::no_key("key = \"pk_demo_1234\"", "", "forms.demo.key: a form needs a key")]
#[case::short_key("pk_demo_1234", "pk", "forms.demo.key: a form needs a key")]
#[case::key_from_nowhere("pk_demo_1234", "$NOPE", "forms.demo.key: the environment has no variable NOPE")]
#[case::no_origins("[\"https://www.example.com\"]", "[]", "forms.demo.origins: list the origins")]
#[case::origin("https://www.example.com\"]", "https://www.example.com/x\"]", "forms.demo.origins[0]: is not an origin")]
#[case::owner("\"full_name\"", "\"owner\"", "forms.demo.fields.name: \"owner\" is no field that a page may fill in")]
#[case::custom("custom.cf_plan", "custom.plan", "forms.demo.fields.plan: \"plan\" is not a custom field's name")]
#[case::nobody("email = \"email\"", "email = \"note\"", "")]
#[case::required(
    "require = [\"email\"]",
    "require = [\"mail\"]",
    "forms.demo.require: \"mail\" is not among the fields"
)]
#[case::honeypot("require", "honeypot = \"company\"\nrequire", "forms.demo.fields.company: has a meaning of its own")]
#[case::seconds("require", "min_seconds = -1\nrequire", "forms.demo.min_seconds: is not a number of seconds")]
#[case::untimed("require", "time_required = true\nrequire", "forms.demo.time_required: goes with min_seconds")]
#[case::redirect("require", "redirect = \"/thanks\"\nrequire", "forms.demo.redirect: is not the whole address")]
#[case::script("require", "redirect = \"javascript:x\"\nrequire", "forms.demo.redirect: is not the whole address")]
#[case::rate("require", "limits = { per_address = \"5\" }\nrequire", "forms.demo.limits.per_address: is not a rate")]
#[case::name("[forms.demo]", "[forms.\"a b\"]", "forms.a b.key: the form's name is part of its address")]
#[case::typo("require", "requires", "unknown field `requires`")]
fn a_mistake_in_a_form_is_told_at_the_start(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let text = DEMO.replace(from, to);
    assert_ne!(text, DEMO);
    match Rules::parse(&text, &|_| None) {
        Err(error) => assert!(!expected.is_empty() && error.to_string().contains(expected), "{error}"),
        Ok(_) => assert!(expected.is_empty(), "taken"),
    }
}

proptest! {
    #[test]
    fn no_post_breaks_the_reader(fields in prop::collection::vec(("email|name|size|phone|message|plan|utm_[a-z]{4,8}|page_url|[a-z_]{0,6}", "\\PC{0,40}|https?://[!-~]{0,40}"), 0..8), page in proptest::option::of("\\PC{0,60}")) {
        let post = FormPost { fields, page, origin: None };
        if let Ok(lead) = read_with(&rules(DEMO), &post) {
            prop_assert_eq!(lead.owner.as_deref(), Some("ada@example.com"));
            prop_assert_eq!(lead.source.as_deref(), Some("Website"));
            prop_assert_eq!(lead.tags, vec!["demo".to_owned()]);
        }
    }

    #[test]
    fn no_stored_bytes_break_the_reader(body in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut raw = RawSubmission::new(Route::Form, None, body);
        raw.label = Some("demo".to_owned());
        let _ = intake::read(&raw, &rules(DEMO));
    }
}
