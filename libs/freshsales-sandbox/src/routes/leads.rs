//! Leads: the shared routes and the conversion.

use http::Method;
use serde_json::{Value, json};

use super::{path_id, records};
use crate::model::{Kind, State};
use crate::switches::{ConvertAgain, ConvertReply};
use crate::wire::{Answer, Call, Refusal, Render, Reply};
use crate::write::convert;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, ["leads", id, "convert"]) => Some(path_id(id).and_then(|id| convert_lead(state, call, id))),
        _ => records::route(state, call, path, Kind::Lead),
    }
}

fn convert_lead(state: &mut State, call: &Call, id: i64) -> Answer {
    let lead = records::live(state, Kind::Lead, id)?;
    if lead.converted {
        return Err(match state.switches.convert_again {
            ConvertAgain::NotFound => Refusal::NotFound,
            ConvertAgain::Refuse => Refusal::invalid("Lead is already converted"),
        });
    }
    let converted = convert::convert(state, &lead, &call.attributes(Kind::Lead)?)?;
    let includes = call.includes();
    let nested = state.switches.convert_reply == ConvertReply::Nested;
    let render = Render { with_accounts: nested, ..Render::new(state, call.generation, &includes) };
    let mut body = json!({"contact": render.record(&converted.contact)});
    if state.switches.convert_reply == ConvertReply::SideLoads {
        if let Some(account) = &converted.account {
            body["sales_accounts"] = json!([crate::wire::partial_account(account)]);
        }
        if let Some(deal) = &converted.deal {
            let amount: &Value = deal.get("amount");
            body["deals"] = json!([{"id": deal.id, "name": deal.get("name"), "amount": amount}]);
        }
    }
    Ok(Reply::json(body))
}
