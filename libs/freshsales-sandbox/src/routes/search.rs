//! Search: a bare array of hits from the lagging index; ids are strings.

use http::Method;
use serde_json::{Map, Value, json};

use crate::model::{Kind, List, Record, State};
use crate::wire::{Answer, Call, Render, Reply};
use crate::{Generation, Profile};

const DEFAULT_HITS: usize = 25;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::GET, ["search"]) => Some(Ok(search(state, call))),
        _ => None,
    }
}

fn search(state: &State, call: &Call) -> Reply {
    let tutorial = state.config.profile == Profile::Tutorial;
    let query = call.query("q").unwrap_or_default().trim();
    let minimum = state.switches.search_minimum_characters.max(if tutorial { 3 } else { 1 });
    let limit = super::paging::rows_of(state, call.number("per_page").unwrap_or(DEFAULT_HITS));
    let kinds = asked(call);
    let hits = if query.chars().count() < minimum { Vec::new() } else { state.index.find(query, &kinds, limit) };
    if tutorial {
        return enveloped(state, call, &hits.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    }
    Reply::json(hits.iter().map(|record| hit(state, call.generation, record)).collect())
}

/// The kinds that `include` names; all of them where it names none.
fn asked(call: &Call) -> Vec<Kind> {
    let includes = call.includes();
    let exists = |kind: &Kind| *kind != Kind::Lead || call.generation == Generation::Classic;
    let all = Kind::SEARCHABLE.into_iter().filter(exists);
    let named: Vec<Kind> = all.clone().filter(|kind| includes.contains(&kind.singular())).collect();
    if named.is_empty() { all.collect() } else { named }
}

/// The guide's dialect: one array per kind, ids as numbers.
fn enveloped(state: &State, call: &Call, hits: &[&Record]) -> Reply {
    let mut body = Map::new();
    for kind in Kind::SEARCHABLE {
        let rows = hits.iter().filter(|record| record.kind == kind).map(|record| {
            let mut row = hit(state, call.generation, record);
            row["id"] = json!(record.id);
            row
        });
        body.insert(kind.plural().to_owned(), rows.collect());
    }
    Reply::json(Value::Object(body))
}

fn hit(state: &State, generation: Generation, record: &Record) -> Value {
    let render = Render::new(state, generation, &[]);
    let owner = record.id_in("owner_id").and_then(|id| state.catalog.entry(List::Users, id));
    let owner = owner.map(|user| json!({"id": user.id, "name": user.name}));
    let account = record.accounts.iter().find(|link| link.primary).map(|link| link.account);
    let account_name =
        account.and_then(|id| state.record(Kind::SalesAccount, id)).map(|account| account.display_name());
    let (id, name) = (record.id.to_string(), record.display_name());
    let email = record.primary_email();
    let updated_at = render.moment(record.updated_at);
    match (record.kind, generation) {
        (Kind::Contact, Generation::Suite) => json!({
            "id": id, "type": "contact", "name": name, "email": email, "avatar": null,
            "country": record.get("country"), "owner": owner, "primary_sales_account_name": account_name,
            "mcr_id": render.record(record).get("mcr_id"), "updated_at": updated_at,
        }),
        (Kind::Contact, Generation::Classic) => {
            json!({"id": id, "type": "contact", "name": name, "email": email, "avatar": null})
        }
        (Kind::Lead, _) => json!({
            "id": id, "type": "lead", "name": name, "email": email, "avatar": null,
            "company_name": record.get("company").get("name"),
        }),
        (Kind::SalesAccount, _) => json!({
            "id": id, "type": "sales_account", "name": name, "avatar": null,
            "website": record.get("website"), "country": record.get("country"), "owner": owner, "updated_at": updated_at,
        }),
        _ => {
            let stage = record.id_in("deal_stage_id").and_then(|id| state.catalog.entry(List::DealStages, id));
            json!({
                "id": id, "type": record.kind.singular(), "name": name,
                "stage_name": stage.map(|stage| stage.name.as_str()), "sales_account_name": account_name, "avatar": null,
            })
        }
    }
}
