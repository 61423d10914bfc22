//! The steps of the playbook against a CRM that fails: each of them once, and deals moved only as the guards allow.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use leadgate_core::catalog::Catalog;
use leadgate_core::identity::Email;
use leadgate_core::intake::{Event, ReadingRules};
use leadgate_core::job::JobState;
use leadgate_core::lane::Lane;
use leadgate_core::plan::{Plan, PlanContext};
use leadgate_core::playbook::Trigger;
use leadgate_core::record::RecordKind;
use leadgate_core::rules::Rules;
use leadgate_core::submission::SubmissionId;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;
use uuid::Uuid;

use crate::exactly_once::{Gateway, fate};
use crate::model_crm::{Fate, ModelCrm};
use crate::model_deals::{ACTIVE, NEW, WON};

const EVERYTHING: &str = r#"
  { do = "person", create = true, tags = ["trial"] },
  { do = "convert" },
  { do = "deal", create = { name = "Trial", stage = "New" } },
  { do = "move", stage = "Trial Active", guards = { touched_within = "24h" } },
  { do = "set", on = "deal", fields = { amount = "49.00", custom = { cf_plan = "Pro" } } },
  { do = "note", on = "deal", text = "Trial started" },
  { do = "task", title = "Call Ada" },
  { do = "activity", type = "Meeting", title = "Intro" },
  { do = "list", list = "Nurture" },
"#;

/// A job that does these steps for Ada, for what happened at that time.
fn job(steps: &str, at: Timestamp) -> JobState {
    let text = format!("[[playbook.rules]]\nname = \"r\"\nevent = \"*\"\nsteps = [{steps}]");
    let reading = ReadingRules { phone_region: None, rules: Arc::new(Rules::parse(&text, &|_| None).unwrap()) };
    let event = Event { email: Some(Email::parse("ada@example.com").unwrap()), at: Some(at), ..Event::default() };
    let catalog = Catalog::default();
    let late = "2030-01-01T00:00:00Z".parse().unwrap();
    let context = PlanContext::new(SubmissionId(Uuid::nil()), late, &catalog, &reading);
    let response = reading.rules.playbook.respond(Trigger::Event(&event), &context);
    let plan = Plan {
        steps: response.steps,
        keys: response.keys,
        recalls: Vec::new(),
        lane: Lane::Event,
        decisions: response.decisions,
    };
    JobState::new(&plan)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A CRM in 2026 with Ada in it.
fn crm() -> ModelCrm {
    let mut crm = ModelCrm::new(false, Some(true));
    crm.now = at("2026-03-03T10:00:00Z");
    crm.seed(RecordKind::Contact, json!({ "email": "ada@example.com", "first_name": "Ada" }));
    crm
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn each_step_is_done_once_whatever_happens(
        separate_leads: bool,
        fates in prop::collection::vec(fate(), 0..40),
    ) {
        let mut crm = ModelCrm::new(separate_leads, (!separate_leads).then_some(true));
        crm.now = at("2026-03-03T10:00:00Z");
        let mut gateway = Gateway::default();
        let (outcome, story) = gateway.drive(&mut crm, job(EVERYTHING, at("2026-03-03T09:59:00Z")), &fates).unwrap();
        prop_assert_eq!(crm.people.len(), 1, "{:?}", crm.calls);
        prop_assert_eq!(crm.deals.len(), 1, "{:?}", crm.calls);
        let (deal, fields) = crm.deals.values().next().unwrap();
        prop_assert_eq!((deal.standing.stage, outcome.deal), (Some(ACTIVE), Some(deal.id)), "{}", story);
        prop_assert_eq!(&fields["custom_field"], &json!({ "cf_plan": "Pro" }));
        prop_assert_eq!(crm.notes.len(), 1, "{:?}", crm.calls);
        prop_assert_eq!(crm.entries.len(), 2, "{:?}", crm.calls);
        prop_assert_eq!(crm.listed.len(), usize::from(!separate_leads));
        prop_assert_eq!(crm.people.values().next().unwrap().0, RecordKind::Contact);
    }

    #[test]
    fn two_events_of_the_same_words_leave_two_entries(fates in prop::collection::vec(fate(), 0..24)) {
        let mut crm = crm();
        let mut gateway = Gateway::default();
        let steps = r#"{ do = "task", title = "Call Ada" }, { do = "activity", type = "Meeting", title = "Call Ada" }"#;
        for _ in 0..2 {
            gateway.drive(&mut crm, job(steps, at("2026-03-03T09:59:00Z")), &fates).unwrap();
        }
        prop_assert_eq!(crm.entries.len(), 4, "{:?}", crm.calls);
    }
}

#[rstest]
#[case::forwards(NEW, "2026-01-01T00:00:00Z", "Trial Active", "", "moved to \"Trial Active\"")]
#[case::there(ACTIVE, "2026-01-01T00:00:00Z", "Trial Active", "", "in \"Trial Active\" already")]
#[case::backwards(13, "2026-01-01T00:00:00Z", "Trial Active", "", "skipped by guard backwards")]
#[case::allowed_backwards(13, "2026-01-01T00:00:00Z", "Trial Active", "backwards = true", "moved to")]
#[case::closed(WON, "2026-01-01T00:00:00Z", "Trial Active", "backwards = true, closed = true", "moved to")]
#[case::touched(
    NEW,
    "2026-03-03T08:00:00Z",
    "Trial Active",
    "touched_within = \"24h\"",
    "skipped by guard touched_within"
)]
#[case::touched_long_ago(NEW, "2026-03-01T08:00:00Z", "Trial Active", "touched_within = \"24h\"", "moved to")]
#[case::late_news(NEW, "2026-03-03T09:59:30Z", "Trial Active", "", "skipped by guard by time")]
fn guards_hold_moves_back(
    #[case] stage: i64,
    #[case] since: &str,
    #[case] to: &str,
    #[case] guards: &str,
    #[case] said: &str,
) {
    let mut crm = crm();
    crm.seed_deal(stage, at(since));
    let step =
        format!("{{ do = \"deal\", find = \"any\" }}, {{ do = \"move\", stage = \"{to}\", guards = {{ {guards} }} }}");
    let (_, story) = Gateway::default().drive(&mut crm, job(&step, at("2026-03-03T09:59:00Z")), &[]).unwrap();
    assert!(story.contains(said), "{story}");
    assert_eq!(crm.calls.contains(&"move_deal"), said.starts_with("moved"));
}

#[test]
fn a_deal_is_looked_at_anew_when_the_quota_held_its_move_up() {
    let mut crm = crm();
    let deal = crm.seed_deal(NEW, at("2026-01-01T00:00:00Z"));
    let mut was_read = false;
    let mut sales = |crm: &mut ModelCrm, _: &JobState| {
        let is_read = crm.calls.iter().filter(|call| **call == "read_deal").count() == 2;
        if is_read && !was_read {
            was_read = true;
            crm.now += SignedDuration::from_hours(3);
            crm.deals.get_mut(&deal).unwrap().0.standing.stage = Some(WON);
        }
    };
    let job = job(r#"{ do = "move", stage = "Trial Active" }"#, at("2026-03-03T09:59:00Z"));
    let (_, story) = Gateway::default().drive_beside(&mut crm, job, &[], &mut sales).unwrap();
    assert!(story.contains("skipped by guard closed"), "{story}");
    assert!(!crm.calls.contains(&"move_deal"), "{:?}", crm.calls);
}

#[rstest]
#[case::before_it_was_sent(Fate::DiedBefore, "moved to")]
#[case::after_it_was_sent(Fate::DiedAfter, "although the answer was lost")]
fn a_move_that_a_dead_process_may_have_sent_is_recognised_later(#[case] fate: Fate, #[case] said: &str) {
    let mut crm = crm();
    crm.seed_deal(NEW, at("2026-01-01T00:00:00Z"));
    let fates = [[Fate::Answered; 6].as_slice(), &[fate]].concat();
    let job = job(r#"{ do = "move", stage = "Trial Active" }"#, at("2026-03-03T09:59:00Z"));
    let (_, story) = Gateway::default().drive(&mut crm, job, &fates).unwrap();
    assert!(story.contains(said), "{story}");
    assert_eq!(crm.deals.values().next().unwrap().0.standing.stage, Some(ACTIVE));
}

#[test]
fn a_closed_deal_is_not_opened_again() {
    let mut crm = crm();
    crm.seed_deal(WON, at("2026-01-01T00:00:00Z"));
    let open = r#"{ do = "deal" }, { do = "move", stage = "New" }, { do = "note", on = "deal", text = "x" }"#;
    let (_, story) = Gateway::default().drive(&mut crm, job(open, at("2026-03-03T09:59:00Z")), &[]).unwrap();
    assert!(story.contains("no such open deal") && story.contains("there is no deal to move"), "{story}");
    assert!(crm.notes.is_empty());
    let any = r#"{ do = "deal", find = "any" }, { do = "move", stage = "New" }"#;
    let (_, story) = Gateway::default().drive(&mut crm, job(any, at("2026-03-03T09:59:00Z")), &[]).unwrap();
    assert!(story.contains("skipped by guard closed"), "{story}");
}

#[rstest]
#[case::closed_meanwhile(WON, "1970-01-01T00:00:00Z", "guard closed")]
#[case::moved_on_meanwhile(13, "1970-01-01T00:00:00Z", "guard backwards")]
#[case::touched_meanwhile(11, "2026-03-03T10:00:00Z", "guard touched_within")]
fn what_a_person_does_to_the_deal_after_it_was_found_counts(
    #[case] stage: i64,
    #[case] since: &str,
    #[case] said: &str,
) {
    let mut crm = crm();
    let deal = crm.seed_deal(NEW, at("2026-01-01T00:00:00Z"));
    let (step, since) = (r#"{ do = "move", stage = "Trial Active", guards = { touched_within = "24h" } }"#, at(since));
    let mut somebody = |crm: &mut ModelCrm, _: &JobState| {
        let standing = &mut crm.deals.get_mut(&deal).unwrap().0.standing;
        if crm.calls.contains(&"read_deal") {
            (standing.stage, standing.stage_since) = (Some(stage), Some(since));
        }
    };
    let job = job(step, at("2026-03-03T10:00:30Z"));
    let (_, story) = Gateway::default().drive_beside(&mut crm, job, &[], &mut somebody).unwrap();
    assert!(story.contains(said) && !crm.calls.contains(&"move_deal"), "{story}");
}

#[test]
fn what_the_gateway_moved_itself_nobody_touched_and_later_news_win() {
    let mut crm = crm();
    crm.seed_deal(NEW, at("2026-01-01T00:00:00Z"));
    let mut gateway = Gateway::default();
    let to = |stage: &str| {
        format!("{{ do = \"move\", stage = \"{stage}\", guards = {{ backwards = true, touched_within = \"24h\" }} }}")
    };
    gateway.drive(&mut crm, job(&to("Trial Active"), at("2026-03-03T09:50:00Z")), &[]).unwrap();
    crm.now += SignedDuration::from_secs(10);
    let (_, story) = gateway.drive(&mut crm, job(&to("New"), at("2026-03-03T09:40:00Z")), &[]).unwrap();
    assert!(story.contains("guard by time"), "{story}");
    let (_, story) = gateway.drive(&mut crm, job(&to("Signed"), at("2026-03-03T09:55:00Z")), &[]).unwrap();
    assert!(story.contains("moved to \"Signed\""), "{story}");
}

#[test]
fn a_person_who_is_gone_is_looked_for_once_and_what_was_done_is_not_done_again() {
    let (mut crm, mut gateway) = (crm(), Gateway::default());
    let steps = r#"{ do = "person", create = true }, { do = "tag", tags = ["trial"] }, { do = "task", title = "Call" },
        { do = "list", list = "Nurture" }"#;
    let mut gone = false;
    let mut somebody = |crm: &mut ModelCrm, _: &JobState| {
        if !gone && !crm.entries.is_empty() {
            gone = true;
            crm.people.clear();
            crm.seed(RecordKind::Contact, json!({ "email": "ada@example.com" }));
        }
    };
    let job = job(steps, at("2026-03-03T09:59:00Z"));
    let (outcome, story) = gateway.drive_beside(&mut crm, job, &[], &mut somebody).unwrap();
    let now = *crm.people.keys().next().unwrap();
    assert_eq!((outcome.person.unwrap().id, crm.entries.len(), crm.people.len()), (now, 1, 1), "{story}");
    assert!(crm.listed.iter().all(|(_, contact)| *contact == now) && crm.listed.len() == 1, "{story}");
    assert_eq!(story.matches("searching again").count(), 1, "{story}");
}

#[test]
fn a_person_who_is_gone_again_is_left_to_people() {
    let (mut crm, mut gateway) = (crm(), Gateway::default());
    let mut somebody = |crm: &mut ModelCrm, _: &JobState| {
        if crm.calls.last() == Some(&"find_person") {
            crm.people.clear();
            crm.seed(RecordKind::Contact, json!({ "email": "ada@example.com" }));
        }
    };
    let job = job(r#"{ do = "deal" }"#, at("2026-03-03T09:59:00Z"));
    let parking = gateway.drive_beside(&mut crm, job, &[], &mut somebody).unwrap_err();
    assert!(parking.message.contains("does not exist"), "{}", parking.message);
}

#[test]
fn without_a_person_in_the_crm_nothing_is_written() {
    let mut crm = ModelCrm::new(false, Some(true));
    let steps = r#"{ do = "move", stage = "New" }, { do = "note", text = "x" }, { do = "task", title = "x" },
        { do = "tag", tags = ["x"] }, { do = "convert" }, { do = "list", list = "Nurture" }"#;
    let (outcome, story) = Gateway::default().drive(&mut crm, job(steps, at("2026-03-03T09:59:00Z")), &[]).unwrap();
    assert!(outcome.person.is_none() && story.contains("the rule makes nobody"), "{story}");
    assert_eq!(story.matches("skipped").count(), 7, "{story}");
    assert_eq!(crm.calls, ["describe_account", "find_person"]);
}

#[test]
fn a_trial_moves_the_deal_and_leaves_a_note_in_six_requests() {
    let mut crm = crm();
    crm.seed_deal(NEW, at("2026-01-01T00:00:00Z"));
    let steps = r#"{ do = "move", stage = "Trial Active" }, { do = "note", on = "deal", text = "Trial started {{ event.at | date }}" }"#;
    Gateway::default().drive(&mut crm, job(steps, at("2026-03-03T09:59:00Z")), &[Fate::Answered]).unwrap();
    assert_eq!(
        crm.calls,
        [
            "describe_account",
            "find_person",
            "read_catalog",
            "list_deals",
            "read_deal",
            "read_deal",
            "move_deal",
            "add_note"
        ]
    );
    assert_eq!(crm.notes[0].1.text, "<p>Trial started 3 March 2026</p>");
}
