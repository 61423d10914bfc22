//! How long 10,000 leads take by 200 rules: `cargo run --release -p leadgate-core --example routing_bench`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods)]

use std::fmt::Write as _;
use std::time::Instant;

use jiff::Timestamp;
use leadgate_core::intake::{self, ReadingRules, Submission};
use leadgate_core::routing::{LeadFacts, RoutingMoment, RoutingState};
use leadgate_core::rules::Rules;
use leadgate_core::submission::{RawSubmission, Route};

const LEADS: usize = 10_000;
const RULES: usize = 200;
const COUNTRIES: [&str; 8] = ["Germany", "FR", "USA", "Brazil", "Norway", "JP", "Kenya", "India"];

fn main() {
    let mut text = String::from("[routing]\ntime_zone = \"Europe/Berlin\"\ndefault = { group = \"g\" }\n");
    text.push_str("[routing.groups.g]\nmembers = [{ owner = \"a\", weight = 3 }, \"b\", \"c\"]\n");
    for rule in 0..RULES {
        let country = COUNTRIES[rule % COUNTRIES.len()];
        write!(
            text,
            "[[routing.rules]]\nname = \"r{rule}\"\ngroup = \"g\"\nwhen = {{ employees = {{ min = {rule}, max = {rule} }}, \
             country = [\"{country}\", \"AT\"], email_domain = [\"*.firm{rule}.example\", \"firm*.example\"], \
             custom = {{ cf_plan = [\"plan {rule}\", \"pro*\"] }}, hours = {{ from = \"00:00\", to = \"24:00\" }} }}\n",
        )
        .unwrap();
    }
    let routing = Rules::parse(&text, &|_| None).unwrap().routing;
    let leads: Vec<_> = (0..LEADS).map(lead).collect();
    let (mut state, started, mut by_rule) = (RoutingState::default(), Instant::now(), 0_usize);
    for lead in &leads {
        let decision = routing.decide(&LeadFacts::of(lead), &RoutingMoment::at(Timestamp::UNIX_EPOCH), &mut state);
        by_rule += usize::from(decision.rule.is_some());
    }
    let took = started.elapsed();
    println!("{LEADS} leads by {RULES} rules: {} ms; {by_rule} by a rule, the rest by the default", took.as_millis());
}

fn lead(number: usize) -> Box<leadgate_core::intake::Lead> {
    let (rule, country) = (number % (RULES * 2), COUNTRIES[number % COUNTRIES.len()]);
    let body = format!(
        "{{\"email\":\"p{number}@mail.firm{rule}.example\",\"country\":\"{country}\",\"employees\":{rule},\
         \"custom_fields\":{{\"cf_plan\":\"Plan {rule}\"}},\"source\":\"Web\"}}"
    );
    match intake::read(&RawSubmission::new(Route::Lead, None, body.into_bytes()), &ReadingRules::default()).unwrap() {
        Submission::Lead(lead) => lead,
        _ => unreachable!(),
    }
}
