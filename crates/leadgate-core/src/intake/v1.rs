//! The shapes of the `/v1` API. Strict: an unknown field is an error that names the known ones.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::guide::record_kind;
use super::text::Checked;
use super::{
    Company, Deal, IntakeError, Lead, Note, NoteTarget, ReadingRules, StageMove, Submission, deal_id, from_json,
};
use crate::identity::{Email, Phone};
use crate::lane::Lane;
use crate::record::{RecordKind, RecordRef, field};

const MOST_TAGS: usize = 50;
const MOST_CUSTOM_FIELDS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadBody {
    email: Option<String>,
    phone: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    job_title: Option<String>,
    company: Option<CompanyBody>,
    address: Option<AddressBody>,
    country: Option<String>,
    employees: Option<u32>,
    source: Option<String>,
    campaign: Option<String>,
    medium: Option<String>,
    owner: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    custom_fields: serde_json::Map<String, Value>,
    deal: Option<DealBody>,
    note: Option<String>,
    utm: Option<UtmBody>,
    language: Option<String>,
    #[serde(default)]
    overwrite: bool,
    wants_id: Option<bool>,
    lane: Option<Lane>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UtmBody {
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
    term: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a company name, or an object with name, website and employees")]
enum CompanyBody {
    Name(String),
    Full(FullCompany),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullCompany {
    name: String,
    website: Option<String>,
    employees: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressBody {
    street: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zipcode: Option<String>,
    country: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DealBody {
    name: String,
    amount: Option<Value>,
    stage: Option<String>,
}

pub(super) fn lead(body: &[u8], rules: &ReadingRules) -> Result<Submission, IntakeError> {
    let body: LeadBody = from_json(body)?;
    let mut checked = Checked::default();
    let email = checked.line("email", body.email).and_then(|text| checked.keep("email", Email::parse(&text)));
    let phone = checked.line("phone", body.phone);
    let employees = body.employees;
    let mut lead = Lead {
        email,
        phone,
        company: company(&mut checked, body.company, employees),
        source: checked.line("source", body.source),
        campaign: checked.line("campaign", body.campaign),
        owner: checked.line("owner", body.owner),
        tags: tags(&mut checked, body.tags),
        custom: custom(&mut checked, body.custom_fields),
        deal: deal(&mut checked, body.deal),
        note: checked.lines("note", body.note),
        utm: utm(&mut checked, body.utm.unwrap_or_default()),
        language: checked.line("language", body.language),
        employees,
        overwrite: body.overwrite,
        id_may_wait: body.wants_id == Some(false),
        lane: writable_lane(&mut checked, body.lane),
        ..Lead::default()
    };
    let address = body.address.unwrap_or_default();
    let plain = [
        (field::FIRST_NAME, "first_name", body.first_name),
        (field::LAST_NAME, "last_name", body.last_name),
        (field::JOB_TITLE, "job_title", body.job_title),
        (field::ADDRESS, "address.street", address.street),
        (field::CITY, "address.city", address.city),
        (field::STATE, "address.state", address.state),
        (field::ZIPCODE, "address.zipcode", address.zipcode),
        (field::COUNTRY, "country", body.country.or(address.country)),
        (field::MEDIUM, "medium", body.medium),
    ];
    for (name, path, value) in plain {
        lead.fields.extend(checked.line(path, value).map(|value| (name, value)));
    }
    check_identity(&mut checked, &lead, rules);
    checked.finish(Submission::Lead(Box::new(lead)))
}

/// Without an e-mail the phone is all there is to recognise the person by, so it must be understood.
fn check_identity(checked: &mut Checked, lead: &Lead, rules: &ReadingRules) {
    if lead.email.is_some() {
        return;
    }
    match &lead.phone {
        None => checked.problem("email", "or phone is required: one of them is what a person is recognised by"),
        Some(phone) if Phone::parse(phone, rules.phone_region.as_deref()).e164().is_none() => {
            checked.problem("phone", "could not be understood; send it with its country code, such as +49 30 901820");
        }
        Some(_) => {}
    }
}

fn company(checked: &mut Checked, body: Option<CompanyBody>, employees: Option<u32>) -> Option<Company> {
    let full = match body? {
        CompanyBody::Name(name) => FullCompany { name, website: None, employees: None },
        CompanyBody::Full(full) => full,
    };
    let name = checked.line("company.name", Some(full.name));
    let website = checked.line("company.website", full.website);
    name.map(|name| Company { name, website, employees: full.employees.or(employees) })
}

fn utm(checked: &mut Checked, body: UtmBody) -> BTreeMap<String, String> {
    let said = [
        ("source", body.source),
        ("medium", body.medium),
        ("campaign", body.campaign),
        ("term", body.term),
        ("content", body.content),
    ];
    let read = said.map(|(name, value)| (name, checked.line(&format!("utm.{name}"), value)));
    read.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn tags(checked: &mut Checked, tags: Vec<String>) -> Vec<String> {
    if tags.len() > MOST_TAGS {
        checked.problem("tags", format!("are more than {MOST_TAGS}"));
    }
    tags.into_iter().filter_map(|tag| checked.line("tags", Some(tag))).collect()
}

fn custom(checked: &mut Checked, fields: serde_json::Map<String, Value>) -> serde_json::Map<String, Value> {
    if fields.len() > MOST_CUSTOM_FIELDS {
        checked.problem("custom_fields", format!("are more than {MOST_CUSTOM_FIELDS}"));
    }
    for (name, value) in &fields {
        let path = format!("custom_fields.{}", name.chars().filter(|c| !c.is_control()).take(60).collect::<String>());
        if !name.starts_with("cf_") || name.len() > 255 {
            checked.problem(&path, "is not a custom field's name; the CRM's own start with cf_");
        }
        match value {
            Value::Array(_) | Value::Object(_) => checked.problem(&path, "is not a text, number, true or false"),
            Value::String(text) => drop(checked.lines(&path, Some(text.clone()))),
            _ => {}
        }
    }
    fields
}

fn deal(checked: &mut Checked, body: Option<DealBody>) -> Option<Deal> {
    let body = body?;
    let amount = body.amount.and_then(|amount| checked.keep("deal.amount", decimal(&amount)));
    let name = checked.line("deal.name", Some(body.name)).or_else(|| {
        checked.problem("deal.name", "is required");
        None
    })?;
    Some(Deal { name, amount, stage: checked.line("deal.stage", body.stage) })
}

/// An amount as a number or as the text of one; kept as text, because money is no float.
fn decimal(value: &Value) -> Result<String, &'static str> {
    const WRONG: &str = "is not a decimal number such as 1250.00";
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Err(WRONG),
    };
    let parsed = text.parse::<rust_decimal::Decimal>().map_err(|_| WRONG)?;
    if parsed.is_sign_negative() { Err("is negative") } else { Ok(parsed.to_string()) }
}

fn writable_lane(checked: &mut Checked, lane: Option<Lane>) -> Option<Lane> {
    if lane == Some(Lane::Sync) {
        checked.problem("lane", "is one of interactive, event, bulk");
    }
    lane
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteBody {
    text: Option<String>,
    email: Option<String>,
    target: Option<TargetBody>,
    lane: Option<Lane>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetBody {
    #[serde(rename = "type")]
    kind: String,
    id: i64,
}

pub(super) fn note(body: &[u8]) -> Result<Submission, IntakeError> {
    let body: NoteBody = from_json(body)?;
    let mut checked = Checked::default();
    let text = checked.lines("text", body.text).unwrap_or_else(|| {
        checked.problem("text", "is required");
        String::new()
    });
    let lane = writable_lane(&mut checked, body.lane);
    let email = checked.line("email", body.email).and_then(|text| checked.keep("email", Email::parse(&text)));
    let record = body.target.and_then(|target| record(&mut checked, &target));
    let target = match (record, email) {
        (Some(record), None) => Some(NoteTarget::Record(record)),
        (None, Some(email)) => Some(NoteTarget::Person(email)),
        _ => None,
    };
    match target {
        Some(target) => checked.finish(Submission::Note(Note { target, text, lane })),
        None => {
            checked.problem("target", "or email is required, and only one of them, to say what the note is about");
            Err(checked.refuse())
        }
    }
}

fn record(checked: &mut Checked, target: &TargetBody) -> Option<RecordRef> {
    let kind: Option<RecordKind> = record_kind(&target.kind);
    if kind.is_none() {
        checked.problem("target.type", "is none of contact, lead, deal, company");
    }
    if target.id <= 0 {
        checked.problem("target.id", "is not the number of a record");
    }
    kind.map(|kind| RecordRef { kind, id: target.id })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageBody {
    stage: Option<Value>,
}

pub(super) fn stage(body: &[u8], target: Option<i64>) -> Result<Submission, IntakeError> {
    let body: StageBody = from_json(body)?;
    let deal = deal_id(target)?;
    let mut checked = Checked::default();
    let stage = match body.stage {
        Some(Value::String(name)) => checked.line("stage", Some(name)),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let stage = stage.unwrap_or_else(|| {
        checked.problem("stage", "is required: the stage's name, its id, or `pipeline / stage`");
        String::new()
    });
    checked.finish(Submission::StageMove(StageMove { deal, stage }))
}
