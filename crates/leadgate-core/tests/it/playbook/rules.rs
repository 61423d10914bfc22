//! What the rules make of events and changes: the table in `cases.toml`, and what a table cannot say.

use std::sync::Arc;

use jiff::Timestamp;
use leadgate_core::catalog::Catalog;
use leadgate_core::identity::Email;
use leadgate_core::intake::{self, Event, ReadingRules};
use leadgate_core::mirror::{Change, Mirrored, SeenBy, Told};
use leadgate_core::plan::{self, Plan, PlanContext, PlanMemory};
use leadgate_core::playbook::{Response, Trigger, forecast};
use leadgate_core::record::{RecordKind, RecordRef};
use leadgate_core::rules::{Rules, RulesError};
use leadgate_core::steps::{Step, StepTarget};
use leadgate_core::submission::{RawSubmission, Route, SubmissionId};
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

const DESTINATIONS: &str = r#"
[destinations]
slack = { kind = "slack", url = "https://hooks.example.com/x" }
hook = { kind = "webhook", url = "https://hooks.example.com/y", secrets = ["whsec_YS1zaWduaW5nLXNlY3JldC1vZi1zb21lLWxlbmd0aA=="] }
mail = { kind = "email", smtp = "smtps://mail.example.com", from = "leads@example.com", to = ["sales@example.com"] }
[[playbook.rules]]
"#;

#[derive(Deserialize)]
struct Cases {
    conditions: Vec<(String, String)>,
    texts: Vec<(String, String)>,
    mistakes: Vec<(String, String)>,
    plans: Vec<(String, String, String)>,
}

fn cases() -> Cases {
    toml::from_str(include_str!("cases.toml")).unwrap()
}

pub(super) fn event() -> Event {
    let map = |value: Value| value.as_object().cloned().unwrap();
    Event {
        name: "Trial Started".into(),
        at: Some("2026-03-03T10:00:00Z".parse().unwrap()),
        email: Some(Email::parse("ada@example.com").unwrap()),
        properties: map(json!({
            "plan": "pro", "value": 1500, "price": 12.5, "seats": "7", "tags": ["a", "b"], "beta": true, "none": null,
        })),
        traits: map(json!({ "company": "Acme", "title": "CTO" })),
        context: map(json!({ "page": { "path": "/pricing" } })),
        ..Event::default()
    }
}

fn parse(rule: &str) -> Result<Rules, RulesError> {
    Rules::parse(&format!("{DESTINATIONS}{rule}"), &|_| None)
}

pub(super) fn respond(rules: Rules, trigger: Trigger<'_>) -> Response {
    let reading = ReadingRules { phone_region: None, rules: Arc::new(rules) };
    let catalog = Catalog::default();
    let now: Timestamp = "2026-03-03T10:05:00Z".parse().unwrap();
    let context = PlanContext::new(SubmissionId(Uuid::nil()), now, &catalog, &reading);
    reading.rules.playbook.respond(trigger, &context)
}

fn to_event(rule: &str) -> Response {
    respond(parse(rule).unwrap(), Trigger::Event(&event()))
}

fn names(response: &Response) -> String {
    response.steps.iter().map(Step::name).collect::<Vec<_>>().join(" ")
}

#[test]
fn conditions_hold_or_say_why_not() {
    for (condition, expected) in cases().conditions {
        let rule = format!(
            "name = \"r\"\nevent = \"*\"\nwhen = '''{condition}'''\nsteps = [{{ do = \"note\", text = \"x\" }}]"
        );
        let said = to_event(&rule).decisions.join("; ");
        let expected = match expected.as_str() {
            "yes" => "rule \"r\" fired",
            "no" => "its condition does not hold",
            other => other,
        };
        assert!(said.contains(expected), "{condition}: {said}");
    }
}

#[test]
fn texts_are_filled_in_or_left_out() {
    for (text, expected) in cases().texts {
        let rule = format!("name = \"r\"\nevent = \"*\"\nsteps = [{{ do = \"note\", text = '''{text}''' }}]");
        let Ok(rules) = parse(&rule) else {
            assert!(expected.starts_with("left out"), "{text}: {:?}", parse(&rule));
            continue;
        };
        let response = respond(rules, Trigger::Event(&event()));
        let said = match response.steps.last() {
            Some(Step::AddNote(note)) => note.text.clone(),
            _ => response.decisions.join("; "),
        };
        let fits = if expected.starts_with("left out") { said.contains(&expected) } else { said == expected };
        assert!(fits, "{text}: {said}");
    }
}

#[test]
fn mistakes_are_found_before_the_gateway_runs() {
    for (rule, expected) in cases().mistakes {
        let rule = rule.replace("\\n", "\n");
        let error = parse(&rule).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(&expected), "{rule}: {error}");
    }
}

#[test]
fn rules_lead_to_steps() {
    for (name, step, expected) in cases().plans {
        let response = to_event(&format!("name = \"r\"\nevent = {name}\nsteps = [{step}]"));
        assert_eq!(names(&response), expected, "{step}: {:?}", response.decisions);
        assert_eq!(response.keys.is_empty(), expected.is_empty());
        assert!(!response.decisions.is_empty());
    }
}

#[test]
fn there_are_more_than_a_hundred_cases() {
    let cases = cases();
    let count = cases.conditions.len() + cases.texts.len() + cases.mistakes.len() + cases.plans.len();
    assert!(count >= 100, "{count}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let rule = "name = \"a\"\nevent = \"A\"\nwhen = \"x\"\nsteps = [{ do = \"note\", text = \"{{ y }}\" }]";
    assert_eq!(parse(rule).unwrap_err().0.len(), 2);
}

fn won() -> (Change, Mirrored) {
    let record = RecordRef { kind: RecordKind::Deal, id: 7 };
    let at = "2026-03-03T10:00:00Z".parse().unwrap();
    let (from, to) = (Some(json!("New")), json!("Won"));
    let change = Change { record, field: "stage".into(), from, to, at, by: SeenBy::Webhook };
    let fields = serde_json::from_value(json!({ "name": "Engine", "amount": "1250.00", "stage": "Won" })).unwrap();
    (change, Mirrored { record, version: None, fields, revision: 1, told: Told::default() })
}

#[test]
fn a_change_is_told_to_slack() {
    let rule = "name = \"won\"\nchange = \"deal.*\"\nfrom = [\"New\", \"Demo\"]\nto = \"Won\"\n\
                when = 'double(record.amount) >= 1000.0'\n\
                steps = [{ do = \"send\", to = \"slack\", text = \"{{ record.name }}: {{ change.from }} → {{ change.to }}\" }]";
    let (change, record) = won();
    let response = respond(parse(rule).unwrap(), Trigger::Change(&change, &record));
    let Some(Step::Send(send)) = response.steps.first() else { panic!("{response:?}") };
    assert_eq!(send.delivery.content["text"], "Engine: New → Won");
    assert_eq!((send.delivery.ordering.as_str(), response.keys[0].as_str()), ("deal:7", "deal:7"));
    assert_eq!(send.delivery.id, "msg_00000000-0000-0000-0000-000000000000_stage_1");
}

/// A deal whose name and address anyone could have typed, told to Slack.
#[rstest]
#[case::filled_in("{{ record.name }}", "&lt;!channel&gt; &amp; Co")]
#[case::among_words("R&D: {{ record.name }}!", "R&D: &lt;!channel&gt; &amp; Co!")]
#[case::by_the_filter_once("* {{ record.name | slack }}", "* &lt;!channel&gt; &amp; Co")]
#[case::replaced_afterwards("{{ 'x' | slack | replace('x', record.name) }}", "&lt;!channel&gt; &amp; Co")]
#[case::joined_afterwards("{{ ('x' | slack) ~ record.name }}", "x&lt;!channel&gt; &amp; Co")]
#[case::by_the_rule("<!here> {{ record.amount }}", "<!here> 1250.00")]
#[case::link(
    "{{ slack_link('https://a.example.com/deals/' ~ record.id, record.name) }}",
    "<https://a.example.com/deals/7|&lt;!channel&gt; &amp; Co>"
)]
#[case::link_among_words("Won: {{ slack_link(record.page, 'deal') }}", "Won: deal")]
fn what_is_filled_in_is_escaped_for_slack(#[case] text: &str, #[case] told: &str) {
    let steps = json!([{ "type": "section", "text": { "type": "mrkdwn", "text": text }, "url": "https://x.example.com/?a=1&b={{ record.id }}" }]);
    let rule = format!(
        "name = \"r\"\nchange = \"deal.*\"\nsteps = [{{ do = \"send\", to = \"slack\", text = {}, blocks = {} }}]",
        toml::Value::from(text),
        toml::Value::try_from(steps).unwrap()
    );
    let (change, mut record) = won();
    record.fields.extend([("name".to_owned(), json!("<!channel> & Co")), ("page".to_owned(), json!("!channel"))]);
    let response = respond(parse(&rule).unwrap(), Trigger::Change(&change, &record));
    let Some(Step::Send(send)) = response.steps.first() else { panic!("{response:?}") };
    let content = &send.delivery.content;
    assert_eq!((&content["text"], &content["escaped"]), (&json!(told), &json!(true)));
    assert_eq!(
        (&content["blocks"][0]["text"]["text"], &content["blocks"][0]["url"]),
        (&json!(told), &json!("https://x.example.com/?a=1&b=7"))
    );
}

/// A structure for Slack that a rule takes as a whole from what anyone could have sent.
#[rstest]
#[case::all_blocks(json!("{{ properties.blocks }}"), "/0/text/text", "&lt;!channel&gt;")]
#[case::what_is_no_text(json!("{{ properties.blocks }}"), "/0/url", "https://x.example.com/?a=1&b=2")]
#[case::a_number(json!("{{ properties.blocks }}"), "/0/count", "3")]
#[case::elements(json!([{ "type": "context", "elements": "{{ properties.items }}" }]), "/0/elements/0/text", "&lt;!here&gt;")]
#[case::deeper(json!([{ "type": "x", "deep": { "list": ["{{ properties.blocks }}"] } }]), "/0/deep/list/0/0/text/text", "&lt;!channel&gt;")]
#[case::a_list_as_text(json!([{ "text": ["{{ properties.word }}"] }]), "/0/text/0", "&lt;!here&gt;")]
#[case::a_list_of_texts(json!([{ "elements": "{{ properties.texts }}" }]), "/0/elements/text/0", "&lt;!here&gt;")]
#[case::a_link_of_the_rules(
    json!("{{ [{'type': 'section', 'text': {'text': slack_link('https://a.example.com', properties.word)} }] }}"),
    "/0/text/text",
    "<https://a.example.com|&lt;!here&gt;>"
)]
fn what_a_structure_brings_is_escaped_for_slack(#[case] blocks: Value, #[case] place: &str, #[case] told: &str) {
    let section = json!({ "type": "section", "text": { "type": "mrkdwn", "text": "<!channel>" }, "url": "https://x.example.com/?a=1&b=2", "count": 3 });
    let event = Event {
        properties: serde_json::from_value(json!({
            "blocks": [section], "items": [{ "type": "mrkdwn", "text": "<!here>" }], "word": "<!here>", "texts": { "text": ["<!here>"] },
        }))
        .unwrap(),
        ..event()
    };
    let send = toml::Value::try_from(json!([{ "do": "send", "to": "slack", "text": "x", "blocks": blocks }])).unwrap();
    let response =
        respond(parse(&format!("name = \"r\"\nevent = \"*\"\nsteps = {send}")).unwrap(), Trigger::Event(&event));
    let Some(Step::Send(send)) = response.steps.first() else { panic!("{response:?}") };
    let found = send.delivery.content["blocks"].pointer(place).unwrap_or(&Value::Null);
    assert_eq!(found.as_str().map_or_else(|| found.to_string(), str::to_owned), told, "{:?}", send.delivery.content);
}

#[test]
fn a_change_leads_to_steps_on_its_record() {
    let rule = "name = \"won\"\nchange = \"deal.stage\"\nsteps = [{ do = \"note\", text = \"x\" }, { do = \"move\", stage = \"Paid\" }, \
                { do = \"tag\", on = \"deal\", tags = [\"won\"] }]";
    let (change, record) = won();
    let response = respond(parse(rule).unwrap(), Trigger::Change(&change, &record));
    assert_eq!(names(&response), "add_note move_found set_fields");
    assert!(matches!(&response.steps[1], Step::MoveFound(step) if step.target == StepTarget::Record(record.record)));
}

#[test]
fn a_webhook_says_everything_when_the_rule_says_nothing() {
    let response = to_event("name = \"r\"\nevent = \"*\"\nsteps = [{ do = \"send\", to = \"hook\" }]");
    let Some(Step::Send(send)) = response.steps.first() else { panic!("{response:?}") };
    let content = &send.delivery.content;
    assert_eq!((&content["type"], &content["timestamp"]), (&json!("event"), &json!("2026-03-03T10:00:00Z")));
    assert_eq!(content["data"]["properties"]["plan"], "pro");
    assert!(send.delivery.id.starts_with("msg_") && send.delivery.id.ends_with("_1"));
}

#[test]
fn numbers_stay_numbers_in_custom_fields_and_blanks_are_left_out() {
    let response = to_event(
        "name = \"r\"\nevent = \"*\"\nsteps = [{ do = \"set\", fields = { custom = { cf_value = \"{{ properties.value }}\", \
         cf_none = \"{{ properties.missing }}\", cf_text = \"v{{ properties.value }}\" } } }]",
    );
    let Some(Step::SetFields(set)) = response.steps.last() else { panic!("{response:?}") };
    assert_eq!(set.fields["custom_field"], json!({ "cf_value": 1500, "cf_text": "v1500" }));
}

#[test]
fn an_event_about_nobody_leaves_out_what_needs_somebody_and_keeps_the_rest() {
    let rules = parse(
        "name = \"r\"\nevent = \"*\"\nsteps = [{ do = \"note\", text = \"x\" }, { do = \"send\", to = \"hook\" }]",
    )
    .unwrap();
    let nobody = Event { email: None, anonymous_id: Some("a1".into()), ..event() };
    let response = respond(rules, Trigger::Event(&nobody));
    assert_eq!(names(&response), "send");
    assert!(
        response.decisions.join(";").contains("step 1 (note) left out: nobody is named"),
        "{:?}",
        response.decisions
    );
}

#[test]
fn what_a_trial_costs_is_told_before() {
    let rules = parse(
        "name = \"trial\"\nevent = \"Trial Started\"\nsteps = [{ do = \"person\", create = true }, \
         { do = \"deal\", create = { name = \"Trial\", stage = \"New\" } }, { do = \"move\", stage = \"Trial Active\" }, \
         { do = \"note\", on = \"deal\", text = \"Trial started {{ event.at | date }}\" }]",
    )
    .unwrap();
    let reading = ReadingRules { phone_region: None, rules: Arc::new(rules) };
    let catalog = Catalog::default();
    let context =
        PlanContext::new(SubmissionId(Uuid::nil()), "2026-03-03T10:05:00Z".parse().unwrap(), &catalog, &reading);
    let told = forecast(&reading.rules.playbook, Trigger::Event(&event()), &context, false);
    assert_eq!(
        told.requests_if_known,
        ["create_person", "find_person", "list_deals", "read_deal", "read_deal", "move_deal", "add_note"]
    );
    assert_eq!(told.requests_if_unknown, ["create_person", "create_deal", "move_deal", "add_note"]);
    assert_eq!(told.steps[3], "add a note to the deal: Trial started 3 March 2026");
}

#[test]
fn what_routing_costs_is_told_before() {
    let rules = "name = \"r\"\nevent = \"*\"\nsteps = [{ do = \"person\", create = true }]\n\
        [routing]\nmatch_company = [\"domain\"]\nsticky = [\"company\"]\ndefault = { owner = \"Kim\", territory = \"EU\" }\n";
    let reading = ReadingRules { phone_region: None, rules: Arc::new(parse(rules).unwrap()) };
    let (catalog, now) = (Catalog::default(), "2026-03-03T10:05:00Z".parse().unwrap());
    let context = PlanContext::new(SubmissionId(Uuid::nil()), now, &catalog, &reading);
    let told = forecast(&reading.rules.playbook, Trigger::Event(&event()), &context, false);
    assert_eq!(told.requests_if_unknown, ["find_companies", "create_person"]);
    assert!(told.decisions.join(";").contains("the default applies"), "{:?}", told.decisions);
}

/// The last two of some events in order of arrival: whether their deliveries are of one line, and whether one job waits for the other.
fn in_one_line(events: &[Value]) -> (bool, bool) {
    let rules = parse("name = \"r\"\nevent = \"*\"\nsteps = [{ do = \"send\", to = \"hook\" }]").unwrap();
    let reading = ReadingRules { phone_region: None, rules: Arc::new(rules) };
    let (catalog, mut memory) = (Catalog::default(), PlanMemory::default());
    let now: Timestamp = "2026-03-03T10:05:00Z".parse().unwrap();
    let context = PlanContext::new(SubmissionId(Uuid::nil()), now, &catalog, &reading);
    let plans = events.iter().map(|body| {
        let raw = RawSubmission::new(Route::Event, None, body.to_string().into_bytes());
        plan::derive(&intake::read(&raw, &reading).unwrap(), &context, &mut memory).plan
    });
    let plans: Vec<Plan> = plans.collect();
    let line = |plan: &Plan| match &plan.steps[0] {
        Step::Send(step) => step.delivery.ordering.clone(),
        other => panic!("{}", other.name()),
    };
    let [.., first, second] = &plans[..] else { panic!("two are compared") };
    (line(first) == line(second), first.keys.iter().any(|key| second.keys.contains(key)))
}

#[rstest]
#[case::an_address(json!([{ "anonymous_id": "d" }, { "anonymous_id": "d", "email": "ada@x.io" }]))]
#[case::an_address_of_a_user(json!([{ "user_id": "7" }, { "user_id": "7", "email": "ada@x.io" }]))]
#[case::a_user(json!([{ "anonymous_id": "d" }, { "anonymous_id": "d", "user_id": "7" }]))]
#[case::a_user_with_an_address(json!([{ "anonymous_id": "d" }, { "anonymous_id": "d", "user_id": "7", "email": "ada@x.io" }]))]
#[case::a_user_without_traits(json!([{ "anonymous_id": "d", "user_id": "7" }, { "user_id": "7" }]))]
#[case::another_device(json!([{ "user_id": "7", "email": "ada@x.io" }, { "user_id": "7", "anonymous_id": "d" }]))]
#[case::only_addresses(json!([{ "email": "ada@x.io" }, { "email": "Ada@X.io" }]))]
#[case::a_server_after_a_browser(json!([{ "anonymous_id": "d", "user_id": "7", "email": "ada@x.io" }, { "email": "ada@x.io" }]))]
#[case::a_browser_after_a_server(json!([{ "email": "ada@x.io" }, { "user_id": "7", "email": "ada@x.io" }]))]
#[case::an_address_among_the_properties(json!([{ "user_id": "7", "email": "ada@x.io" }, { "properties": { "email": "ada@x.io" } }]))]
#[case::an_address_that_two_users_have(json!([
    { "user_id": "7", "email": "ada@x.io" }, { "user_id": "8", "email": "ada@x.io" }, { "email": "ada@x.io" },
]))]
#[case::a_device_whose_user_is_its_second(json!([
    { "anonymous_id": "d", "user_id": "7" }, { "anonymous_id": "d", "user_id": "8" }, { "anonymous_id": "d" },
]))]
#[case::a_number(json!([{ "user_id": "7" }, { "user_id": "7", "phone": "+4930901820" }]))]
fn what_becomes_known_of_a_person_leaves_their_events_in_one_line(#[case] mut events: Value) {
    let events = events.as_array_mut().unwrap();
    events.iter_mut().for_each(|event| event["event"] = json!("A"));
    assert_eq!(in_one_line(events), (true, true));
}

#[rstest]
#[case::two_users(json!([{ "user_id": "7" }, { "user_id": "8" }]))]
#[case::two_users_of_one_device(json!([{ "anonymous_id": "d", "user_id": "7" }, { "anonymous_id": "d", "user_id": "8" }]))]
#[case::two_addresses_at_one_device(json!([
    { "anonymous_id": "d", "user_id": "7", "email": "ada@x.io" }, { "anonymous_id": "d", "user_id": "8", "email": "bob@x.io" },
]))]
#[case::many_users_of_one_device(json!([
    { "anonymous_id": "d", "user_id": "7" }, { "anonymous_id": "d", "user_id": "8" }, { "anonymous_id": "d", "user_id": "9" },
]))]
fn the_events_of_two_people_do_not_wait_for_each_other(#[case] mut events: Value) {
    let events = events.as_array_mut().unwrap();
    events.iter_mut().for_each(|event| event["event"] = json!("A"));
    assert_eq!(in_one_line(events), (false, false));
}
