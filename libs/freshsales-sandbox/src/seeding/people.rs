//! Companies, contacts and leads.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::words::{COMPANY_ENDS, COMPANY_STARTS, COUNTRIES, Country, JOB_TITLES};
use super::{CONTACTS_PER_COMPANY, Seeding};
use crate::model::{AccountLink, Email, Kind, List, Record};

/// A company and what its people have from it.
pub(super) struct Company {
    pub(super) record: Arc<Record>,
    pub(super) name: String,
    domain: String,
    country: &'static Country,
    city: &'static str,
}

/// Companies with numbers from `first` on, so that no two share a name.
pub(super) fn companies(seeding: &mut Seeding<'_>, first: usize, count: usize, contacts: usize) -> Vec<Company> {
    (0..count)
        .map(|at| {
            let created = seeding.moment(at * CONTACTS_PER_COMPANY, contacts);
            company(seeding, first + at, created)
        })
        .collect()
}

fn company(seeding: &mut Seeding<'_>, number: usize, created: Timestamp) -> Company {
    let country = &COUNTRIES[seeding.below(COUNTRIES.len())];
    let city = seeding.one_of(&country.cities);
    let (name, label) = company_name(number, country);
    let domain = format!("{label}.example");
    let mut record = seeding.record(Kind::SalesAccount, created);
    record.set("name", json!(name));
    record.set("city", json!(city));
    record.set("country", json!(country.name));
    record.set("website", json!(format!("https://www.{domain}")));
    record.set("phone", seeding.phone(country.dial));
    record.set("number_of_employees", json!(1 + seeding.below(40) * (1 + seeding.below(25))));
    let territory = seeding.one_of(&seeding.territories.clone());
    record.set("territory_id", json!(territory));
    let industries = seeding.state.catalog.list(List::IndustryTypes).len();
    let industry = seeding.below(industries);
    record.set("industry_type_id", json!(seeding.state.catalog.list(List::IndustryTypes)[industry].id));
    Company { record: seeding.finish(record), name, domain, country, city }
}

/// The name of the company of this number and its label in the domain; neither repeats.
fn company_name(number: usize, country: &Country) -> (String, String) {
    let start = COMPANY_STARTS[number % COMPANY_STARTS.len()];
    let rest = number / COMPANY_STARTS.len();
    let end = COMPANY_ENDS[(rest + number) % COMPANY_ENDS.len()];
    let generation = rest / COMPANY_ENDS.len();
    let form = country.company_form;
    let (start_label, end_label) = (start.to_lowercase(), end.to_lowercase());
    if generation == 0 {
        return (format!("{start} {end} {form}"), format!("{start_label}{end_label}"));
    }
    (format!("{start} {end} {} {form}", generation + 1), format!("{start_label}{end_label}{}", generation + 1))
}

pub(super) fn contacts(seeding: &mut Seeding<'_>, companies: &[Company], count: usize) -> Vec<Arc<Record>> {
    let mut addresses = HashSet::new();
    (0..count)
        .map(|at| {
            let company = &companies[at / CONTACTS_PER_COMPANY];
            if at % CONTACTS_PER_COMPANY == 0 {
                addresses.clear();
            }
            let created = seeding.moment(at, count).max(company.record.created_at);
            let mut record = person(seeding, Kind::Contact, created, company.country, company.city);
            add_address(seeding, &mut record, &company.domain, &mut addresses);
            record.accounts = vec![AccountLink { account: company.record.id, primary: true }];
            set_lifecycle(seeding, &mut record);
            seeding.finish(record)
        })
        .collect()
}

pub(super) fn leads(seeding: &mut Seeding<'_>, count: usize) -> Vec<Arc<Record>> {
    let stages: Vec<i64> = seeding.state.catalog.list(List::LeadStages).iter().map(|stage| stage.id).collect();
    let mut addresses = HashSet::new();
    (0..count)
        .map(|at| {
            let country = &COUNTRIES[seeding.below(COUNTRIES.len())];
            let city = seeding.one_of(&country.cities);
            let created = seeding.moment(at, count);
            let mut record = person(seeding, Kind::Lead, created, country, city);
            add_address(seeding, &mut record, &format!("{}.example", country.code), &mut addresses);
            record.set("lead_stage_id", json!(seeding.one_of(&stages)));
            seeding.finish(record)
        })
        .collect()
}

fn person(seeding: &mut Seeding<'_>, kind: Kind, created: Timestamp, country: &'static Country, city: &str) -> Record {
    let mut record = seeding.record(kind, created);
    record.set("first_name", json!(seeding.one_of(&country.first_names)));
    record.set("last_name", json!(seeding.one_of(&country.last_names)));
    record.set("job_title", json!(seeding.one_of(&JOB_TITLES)));
    record.set("city", json!(city));
    record.set("country", json!(country.name));
    let source = seeding.one_of(&seeding.sources.clone());
    record.set("lead_source_id", json!(source));
    if seeding.likely(0.4) {
        record.set("mobile_number", seeding.phone(country.dial));
    }
    if seeding.likely(0.1) {
        record.set("work_number", seeding.phone(country.dial));
    }
    if seeding.likely(0.5) {
        let territory = seeding.one_of(&seeding.territories.clone());
        record.set("territory_id", json!(territory));
    }
    record
}

/// `first.last@domain`, with a number behind the name where the domain has that address already.
fn add_address(seeding: &mut Seeding<'_>, record: &mut Record, domain: &str, taken: &mut HashSet<String>) {
    let part = |name: &str| plain(record.text(name).unwrap_or_default());
    let local = format!("{}.{}", part("first_name"), part("last_name"));
    let numbered = (2..).map(|number| format!("{local}{number}"));
    let Some(local) = std::iter::once(local.clone()).chain(numbered).find(|local| !taken.contains(local)) else {
        return;
    };
    let address = format!("{local}@{domain}");
    taken.insert(local);
    record.emails = vec![Email { id: seeding.state.next_part_id(), address, primary: true, label: None }];
}

/// Letters as mail addresses have them.
fn plain(name: &str) -> String {
    let letters = name.to_lowercase();
    letters
        .chars()
        .map(|letter| match letter {
            'ä' | 'á' | 'ã' => 'a',
            'ö' | 'ó' => 'o',
            'ü' => 'u',
            other => other,
        })
        .collect()
}

/// Half are leads, a third is qualified, the rest has bought.
fn set_lifecycle(seeding: &mut Seeding<'_>, record: &mut Record) {
    let draw = seeding.chance.fraction();
    let at = if draw < 0.5 { 0 } else { 1 + usize::from(draw > 0.83) };
    let catalog = &seeding.state.catalog;
    let Some(stage) = catalog.list(List::LifecycleStages).get(at).map(|stage| stage.id) else { return };
    let statuses: Vec<i64> = catalog.statuses_of(stage).map(|status| status.id).collect();
    record.set("lifecycle_stage_id", json!(stage));
    if !statuses.is_empty() {
        record.set("contact_status_id", json!(seeding.one_of(&statuses)));
    }
}
