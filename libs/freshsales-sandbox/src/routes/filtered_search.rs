//! Filtered search: rules that are AND-ed over the lagging index; rows are partial unless `detail` is asked.

mod rule;

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use self::rule::Rule;
use super::paging::Page;
use crate::model::commerce::CustomModule;
use crate::model::{Kind, Record, State};
use crate::wire::{Answer, Call, Refusal, Render, Reply, SideLoads, WrittenList, list_reply};

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, ["filtered_search", entity]) => {
            let kind = Kind::SEARCHABLE.into_iter().find(|kind| kind.singular() == *entity)?;
            Some(search(state, call, kind))
        }
        _ => None,
    }
}

/// The checked rules of a body.
fn rules(state: &State, kind: Kind, body: &Map<String, Value>) -> Result<Vec<Rule>, Refusal> {
    let Some(Value::Array(sent)) = body.get("filter_rule") else {
        return Err(Refusal::invalid("Filter rule can't be blank"));
    };
    sent.iter().map(|rule| Rule::read(state, kind, rule)).collect()
}

/// Records of a custom module. They are read as they are, without the lag of the index.
pub(super) fn of_module(state: &State, call: &Call, module: &CustomModule) -> Answer {
    let body = call.object()?;
    let rules = rules(state, Kind::ModuleRecord, &body)?;
    let asks_deleted = rules.iter().any(Rule::asks_deleted);
    let records = state.table(Kind::ModuleRecord).by_update(asks_deleted);
    let of_module = records.filter(|record| record.id_in("module_id") == Some(module.id));
    let mut found: Vec<_> = of_module.filter(|record| rules.iter().all(|rule| rule.holds(state, record))).collect();
    sort(state, &mut found, call, &body);
    let (page, total) = (Page::of(state, call, Some(&body)), found.len());
    let render = Render::new(state, call.generation, &[]);
    let detailed = state.switches.search_gives_whole_rows && body.get("detail") == Some(&Value::Bool(true));
    let mut loads = SideLoads::default();
    let row = |record: &Arc<Record>| match detailed {
        true => Value::Object(render.record(record)),
        false => partial(&render, record, &mut loads),
    };
    let rows: Vec<Value> = page.of_rows(found.into_iter()).into_iter().map(row).collect();
    Ok(Reply::json(json!({ module.plural_key(): rows, "meta": {"total": total} })))
}

fn search(state: &mut State, call: &Call, kind: Kind) -> Answer {
    let body = call.object()?;
    let found = found(state, call, kind, &body)?;
    let state = &*state;
    let meta = json!({"total": found.len()});
    let page = Page::of(state, call, Some(&body));
    let includes = call.includes();
    let render = Render::new(state, call.generation, &includes);
    let detailed = state.switches.search_gives_whole_rows && body.get("detail") == Some(&Value::Bool(true));
    if detailed {
        let mut list = WrittenList::new(render);
        page.of_rows(found.iter()).into_iter().for_each(|record| list.add(record));
        return Ok(list.reply(kind, Some(&meta)));
    }
    let mut loads = SideLoads::default();
    let rows = page.of_rows(found.iter()).into_iter().map(|record| partial(&render, record, &mut loads)).collect();
    Ok(list_reply(loads, kind, rows, Some(meta)))
}

/// What the search finds, in order; another page of the last one costs no walk.
fn found(
    state: &mut State,
    call: &Call,
    kind: Kind,
    body: &Map<String, Value>,
) -> Result<Arc<Vec<Arc<Record>>>, Refusal> {
    let asked = |name: &str| body.get(name).and_then(Value::as_str).or_else(|| call.query(name)).unwrap_or_default();
    let search = format!("{:?} {} {}", body.get("filter_rule"), asked("sort"), asked("sort_type"));
    let revision = state.index.revision();
    if let Some(again) = state.last_found.again(kind, &search, revision) {
        return Ok(again);
    }
    let rules = rules(state, kind, body)?;
    let mut found = matching(state, kind, &rules);
    sort(state, &mut found, call, body);
    let found = Arc::new(found.into_iter().cloned().collect());
    let by_own_attributes = matches!(asked("sort"), "" | "id" | "created_at" | "updated_at");
    if by_own_attributes && rules.iter().all(Rule::looks_at_the_record_alone) {
        state.last_found.keep(kind, search, revision, Arc::clone(&found));
    }
    Ok(found)
}

fn holds(state: &State, record: &Record, rules: &[Rule], asks_deleted: bool) -> bool {
    record.deleted == asks_deleted && !record.converted && rules.iter().all(|rule| rule.holds(state, record))
}

/// Documents that fulfil every rule. An address or an update date narrows the walk through an index.
fn matching<'a>(state: &'a State, kind: Kind, rules: &[Rule]) -> Vec<&'a Arc<Record>> {
    let asks_deleted = rules.iter().any(Rule::asks_deleted);
    let holds = |record: &&Arc<Record>| holds(state, record, rules, asks_deleted);
    if let Some(addresses) = rules.iter().find_map(Rule::addresses) {
        let mut found: Vec<_> =
            addresses.iter().flat_map(|address| state.index.by_email(kind, address)).filter(holds).collect();
        found.sort_by_key(|record| record.id);
        found.dedup_by_key(|record| record.id);
        return found;
    }
    if let Some(after) = rules.iter().find_map(Rule::updated_after) {
        return state.index.updated_after(kind, after).filter(holds).collect();
    }
    state.index.documents(kind).filter(holds).collect()
}

/// By the asked attribute, else by id; the id breaks ties.
fn sort(state: &State, found: &mut [&Arc<Record>], call: &Call, body: &Map<String, Value>) {
    let asked = |name: &str| body.get(name).and_then(Value::as_str).or_else(|| call.query(name));
    let descending = asked("sort_type").is_some_and(|word| word.eq_ignore_ascii_case("desc"));
    match asked("sort").unwrap_or("id") {
        "updated_at" => found.sort_by_key(|record| (record.updated_at, record.id)),
        "created_at" => found.sort_by_key(|record| (record.created_at, record.id)),
        "id" => found.sort_by_key(|record| record.id),
        attribute => {
            let text = |record: &Record| rule::comparable(state, record, attribute);
            found.sort_by(|one, other| text(one).total_cmp(&text(other)).then(one.id.cmp(&other.id)));
        }
    }
    if descending {
        found.reverse();
    }
}

const PERSON: &[&str] = &[
    "id",
    "job_title",
    "lead_score",
    "email",
    "work_number",
    "mobile_number",
    "open_deals_amount",
    "display_name",
    "avatar",
    "last_contacted_mode",
    "last_contacted",
    "first_name",
    "last_name",
    "city",
    "country",
    "created_at",
    "updated_at",
];
const ACCOUNT: &[&str] =
    &["id", "name", "website", "phone", "avatar", "open_deals_amount", "city", "country", "created_at", "updated_at"];
const DEAL: &[&str] = &["id", "name", "amount", "deal_pipeline_id", "deal_stage_id", "updated_at"];

const MODULE_RECORD: &[&str] = &["id", "name", "created_at", "updated_at"];

/// A row without custom fields and without related ids, those of the asked includes excepted.
fn partial(render: &Render<'_>, record: &Record, loads: &mut SideLoads) -> Value {
    let names = match record.kind {
        Kind::Contact | Kind::Lead => PERSON,
        Kind::SalesAccount => ACCOUNT,
        Kind::ModuleRecord => MODULE_RECORD,
        _ => DEAL,
    };
    let mut full = render.record_with(record, loads);
    let mut row = Map::new();
    row.insert("partial".to_owned(), Value::Bool(true));
    let Some(full) = full.as_object_mut() else { return Value::Object(row) };
    let bare = Render { includes: &[], ..*render }.record(record);
    for name in names {
        row.extend(full.shift_remove(*name).map(|value| ((*name).to_owned(), value)));
    }
    row.extend(std::mem::take(full).into_iter().filter(|(name, _)| !bare.contains_key(name)));
    Value::Object(row)
}
